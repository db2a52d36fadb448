"""Pages about partners: the list, one partner, and what can be done there."""

from collections.abc import Callable, Iterator
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.decisions import Decision, decide
from goodword.backoffice.forms import CodeForm, LinkForm, MoveForm, NewPartnerForm, PartnerForm, partner_initial
from goodword.backoffice.refusals import form_page, told, tried
from goodword.commissions.models import Hold
from goodword.commissions.selectors import Figures, LineFilter, figures, lines_page, taken_back
from goodword.domain.money import to_decimal
from goodword.domain.partner_states import partner_may
from goodword.insights.band import band_of, last_maturity
from goodword.insights.clicks import clicks_drawing, clicks_of
from goodword.insights.csv import csv_response
from goodword.insights.listing import Choice, Column, Filter, Listing, chosen, listing, searched
from goodword.insights.partners import codes_of, links_with_clicks, with_balances
from goodword.insights.qr import qr_svg
from goodword.insights.story import story_of_partner
from goodword.insights.templatetags.show import masked
from goodword.insights.wording import money_text
from goodword.partners import services
from goodword.partners.models import Partner
from goodword.partners.selectors import (
    agreement_in_force,
    agreements_of,
    groups_with_counts,
    latest_version,
    partners_found,
    status_counts,
)
from goodword.payouts.debts import waiting_proposals
from goodword.payouts.models import PayoutMethod
from goodword.referrals.models import Code, Link
from goodword.referrals.selectors import link_address as address_of_link
from goodword.referrals.sharing import create_code, create_link, revoke_code, revoke_link

COLUMNS = (
    Column("Partner", sort="name"),
    Column("Terms"),
    Column("Status"),
    Column("Since", sort="joined"),
    Column("Not yet safe", sort="pending", numeric=True),
    Column("Payable", sort="payable", numeric=True),
    Column("Earned in all", sort="earned", numeric=True),
)
ORDERS = {
    "name": ("sort_name", "id"),
    "joined": ("joined_at", "id"),
    "pending": ("pending_minor", "id"),
    "payable": ("payable_minor", "id"),
    "earned": ("earned_minor", "id"),
}


def _listing(request: StaffRequest) -> Listing:
    counts = status_counts()
    statuses = [Choice("", "All", sum(counts.values()))]
    statuses += [Choice(s, label, counts[s]) for s, label in Partner.STATUSES if counts.get(s)]
    groups = [Choice("", "All groups"), *(Choice(g.key, g.name, g.partner_count) for g in groups_with_counts())]
    status, group = chosen(request, "status", statuses), chosen(request, "group", groups)
    filters = [Filter("status", "Status", status, statuses)]
    if len(groups) > 1:
        filters.append(Filter("group", "Group", group, groups))
    found = partners_found(searched(request), status=status, group=group, at=timezone.now())
    rows = with_balances(found, request.program.currency)
    return listing(request, rows, columns=COLUMNS, orders=ORDERS, default="-earned", filters=filters)


def partners(request: StaffRequest) -> HttpResponse:
    return render(request, "backoffice/partners/list.html", {"listing": _listing(request)})


def partners_csv(request: StaffRequest) -> HttpResponseBase:
    currency = request.program.currency
    header = ["id", "number", "name", "contact", "e-mail", "country", "status", "group", "terms", "since", "currency"]
    header += ["not yet safe", "payable", "earned in all"]

    def rows() -> Iterator[list[Any]]:
        for one in _listing(request).ordered.iterator(chunk_size=500):
            terms = f"{one.terms_name}, version {one.terms_number}" if one.terms_name else ""
            shown = [one.public_id, one.external_id, one.name, one.contact_name, _email(request, one), one.country]
            shown += [one.get_status_display(), one.group.name if one.group else "", terms, one.joined_at, currency]
            sums = (one.pending_minor, one.payable_minor, one.earned_minor)
            yield shown + [to_decimal(minor, currency) for minor in sums]

    return csv_response(f"{request.program.slug}-partners", header, rows())


def _email(request: StaffRequest, partner: Partner) -> str:
    return masked(partner.email, request.role)


def partner(request: StaffRequest, partner: str) -> HttpResponse:
    one, now = access.find(Partner, partner), timezone.now()
    lines = lines_page(request.program, LineFilter(partner=one.pk), now=now, size=8)
    found, last = figures(request.program, one.pk, now=now), last_maturity(request.program, one.pk, now=now)
    context = {
        "partner": one,
        "debts": waiting_proposals(one),
        "figures": found,
        "last_maturity": last,
        "band": band_of(found, last),
        **_consequences(found),
        "agreement": agreement_in_force(one, now),
        "agreements": agreements_of(one),
        "links": [(link, link_address(link), qr_svg(link_address(link))) for link in links_with_clicks(one)],
        "codes": codes_of(one),
        "found": clicks_of(request.program, partner=one, now=now),
        "lines": lines.rows,
        "more_lines": lines.next,
        "taken_back": taken_back(request.program, one.pk, size=5)[0],
        "holds": Hold.objects.filter(partner=one, released_at=None).select_related("placed_by").order_by("-placed_at"),
        "method": PayoutMethod.objects.filter(partner=one, replaced_at=None).first(),
        "seats": one.seats.filter(ended_at=None).select_related("user").order_by("created_at"),
        "recruits": one.recruits.order_by("name"),
        "story": story_of_partner(one),
        "may_pause": partner_may(one.status, "pause"),
        "may_resume": partner_may(one.status, "resume"),
        "may_end": partner_may(one.status, "end"),
    }
    return render(request, "backoffice/partners/page.html", context)


def partner_clicks_chart(request: StaffRequest, partner: str) -> HttpResponse:
    """The drawing of a partner's clicks alone: the first of a process takes a second."""
    found = clicks_of(request.program, partner=access.find(Partner, partner), now=timezone.now())
    return render(request, "parts/drawing.html", clicks_drawing(found))


def _consequences(found: Figures) -> dict[str, str]:
    """What pausing, ending and holding mean, in figures."""
    owed, waiting = money_text(found.owed, found.currency), money_text(found.pending + found.payable, found.currency)
    return {
        "pause_words": "New clicks on their links stop counting, and they can make no new links."
        f" The {owed} they have earned stay theirs and are paid as agreed.",
        "end_words": "Their agreement ends now: later sales pay nothing, except what the terms promise after the end."
        f" The {owed} they have earned stay theirs. This cannot be undone.",
        "hold_words": f"{waiting} that would become payable, and all that comes, waits until somebody lets go."
        " What is inside a payout already stays there.",
    }


def link_address(link: Link) -> str:
    """The address a partner shares."""
    return address_of_link(link.program.slug, link.key)


def partner_add(request: StaffRequest) -> HttpResponse:
    form = NewPartnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (made := tried(form, lambda: _create(request, form))):
        messages.success(request, f"{made.name} is a partner now.")
        return redirect("backoffice:partner", request.program.slug, made.public_id)
    context = {"form": form, "title": "Add a partner", "button": "Add partner", "crumb": None}
    return form_page(request, "backoffice/partners/form.html", context)


def _create(request: StaffRequest, form: NewPartnerForm) -> Partner:
    terms, day, now = form.cleaned_data["terms"], form.cleaned_data["joined_on"], timezone.now()
    return services.create_partner(
        request.program,
        form.details,
        actor=actor_of(request),
        now=now,
        version=latest_version(terms) if terms else None,
        group=form.cleaned_data["group"],
        parent=form.cleaned_data["parent"],
        joined_at=first_instant(request, day) if day else None,
    )


def first_instant(request: StaffRequest, day: Any) -> datetime:
    """When a day begins in the program's zone."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(request.program.timezone))


def partner_edit(request: StaffRequest, partner: str) -> HttpResponse:
    one = access.find(Partner, partner)
    form = PartnerForm(request.POST or None, initial=partner_initial(one), partner=one)
    if request.method == "POST" and form.is_valid():
        saved = tried(
            form,
            lambda: services.update_partner(
                one,
                form.details,
                actor=actor_of(request),
                group=form.cleaned_data["group"],
                parent=form.cleaned_data["parent"],
            ),
        )
        if saved:
            messages.success(request, "Saved.")
            return redirect("backoffice:partner", request.program.slug, one.public_id)
    context = {"form": form, "title": f"Edit {one.name}", "button": "Save", "crumb": one}
    return form_page(request, "backoffice/partners/form.html", context)


def _back(request: StaffRequest, one: Partner) -> HttpResponse:
    return redirect(_page_of(request, one))


def _page_of(request: StaffRequest, one: Partner) -> str:
    return reverse("backoffice:partner", args=[request.program.slug, one.public_id])


def partner_pause(request: StaffRequest, partner: str) -> HttpResponse:
    one = access.find(Partner, partner)
    ask = Decision(
        title=f"Pause {one.name}?",
        label="Why (the partner reads this)",
        button="Pause",
        done=f"{one.name} is paused. New clicks no longer count.",
        back=_page_of(request, one),
        needed="Write one sentence the partner will understand.",
    )
    return decide(request, ask, lambda reason: services.pause_partner(one, reason=reason, actor=actor_of(request)))


def partner_resume(request: StaffRequest, partner: str) -> HttpResponse:
    one = access.find(Partner, partner)
    told(
        request,
        lambda: services.resume_partner(one, actor=actor_of(request)),
        f"{one.name} is active again. Clicks count from now on.",
    )
    return _back(request, one)


def partner_end(request: StaffRequest, partner: str) -> HttpResponse:
    one, now = access.find(Partner, partner), timezone.now()
    ask = Decision(
        title=f"End the partnership with {one.name}?",
        label="Why (the partner reads this)",
        button="End the partnership",
        done=f"The partnership with {one.name} has ended. What was earned is paid as agreed.",
        back=_page_of(request, one),
        needed="Write one sentence the partner will understand.",
    )
    return decide(
        request,
        ask,
        lambda reason: services.end_partner(one, reason=reason, for_cause=False, actor=actor_of(request), now=now),
    )


def partner_terms(request: StaffRequest, partner: str) -> HttpResponse:
    one = access.find(Partner, partner)
    form = MoveForm(request.POST or None, initial={"starts_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        moved = tried(
            form,
            lambda: services.put_on_terms(
                one,
                data["version"],
                starts_at=first_instant(request, data["starts_on"]),
                actor=actor_of(request),
                reason=data["reason"],
            ),
            starts_at="starts_on",
        )
        if moved:
            messages.success(request, f"{one.name} stands on {data['version'].terms.name} from then on.")
            return _back(request, one)
    context = {"form": form, "title": f"Put {one.name} on other terms", "button": "Change terms", "crumb": one}
    return form_page(request, "backoffice/partners/form.html", context)


def link_add(request: StaffRequest, partner: str) -> HttpResponse:
    form = LinkForm(request.POST or None, initial={"destination": request.program.site_url})
    return _share_form(
        request,
        partner,
        (form, "link", create_link),
        lambda made: f"The link {link_address(made)} works from now on.",
    )


def code_add(request: StaffRequest, partner: str) -> HttpResponse:
    form = CodeForm(request.POST or None)
    return _share_form(
        request, partner, (form, "code", create_code), lambda made: f"The code {made.key} counts from now on."
    )


def _share_form(
    request: StaffRequest, partner: str, making: tuple[Any, str, Callable[..., Any]], done: Callable[[Any], str]
) -> HttpResponse:
    """A form that makes a link or a code for a partner."""
    one = access.find(Partner, partner)
    form, thing, create = making
    if request.method == "POST" and form.is_valid():
        made = tried(form, lambda: create(request.program, one, actor=actor_of(request), **form.cleaned_data))
        if made:
            messages.success(request, done(made))
            return _back(request, one)
    context = {"form": form, "title": f"New {thing} for {one.name}", "button": f"Make {thing}", "crumb": one}
    return form_page(request, "backoffice/partners/form.html", context)


def link_revoke(request: StaffRequest, link: str) -> HttpResponse:
    one = access.find(Link, link)
    told(
        request,
        lambda: revoke_link(one, actor=actor_of(request), now=timezone.now()),
        f"The link {one.key} no longer counts. Earlier clicks keep their credit.",
    )
    return _back(request, one.partner)


def code_revoke(request: StaffRequest, code: str) -> HttpResponse:
    one = access.find(Code, code)
    told(
        request,
        lambda: revoke_code(one, actor=actor_of(request), now=timezone.now()),
        f"The code {one.key} is revoked.",
    )
    return _back(request, one.partner)


def partner_invite(request: StaffRequest, partner: str) -> HttpResponse:
    """Give the contact person the way into the partner pages."""
    one = access.find(Partner, partner)
    told(
        request,
        lambda: services.invite_to_partner(one, email=one.email, name=one.contact_name, actor=actor_of(request)),
        f"The invitation for {one.name} is on its way to {one.email}.",
    )
    return _back(request, one)
