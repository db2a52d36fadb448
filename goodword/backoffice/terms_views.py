"""Pages about terms, their versions and agreements: what partners are promised, in plain words."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.forms import EndForm, TermsForm
from goodword.backoffice.partner_views import first_instant
from goodword.backoffice.refusals import form_page, tried
from goodword.backoffice.terms_edit_views import waiting_review
from goodword.domain.settlement.strict_json import pretty_json
from goodword.insights.csv import csv_response
from goodword.insights.listing import Choice, Column, Filter, Listing, chosen, listing, searched
from goodword.insights.story import story_of, story_of_agreement
from goodword.insights.terms import changes_of, words_of
from goodword.partners import services
from goodword.partners.agreements import end_agreement
from goodword.partners.models import Agreement, Terms, TermsVersion
from goodword.partners.selectors import latest_version, terms_overview, versions_with_use


def terms_list(request: StaffRequest) -> HttpResponse:
    return render(request, "backoffice/terms/list.html", {"all_terms": terms_overview(timezone.now())})


def terms_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["key", "name", "default", "latest version", "published", "partners"]

    def rows() -> Iterator[list[Any]]:
        for one in terms_overview(timezone.now()):
            newest: Any = one.newest  # type: ignore[attr-defined]
            latest = [newest.number, newest.published_at] if newest else ["", ""]
            yield [one.key, one.name, "yes" if one.is_default else "no", *latest, one.partner_count]  # type: ignore[attr-defined]

    return csv_response(f"{request.program.slug}-terms", header, rows())


def terms_add(request: StaffRequest) -> HttpResponse:
    form = TermsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = tried(form, lambda: services.create_terms(request.program, actor=actor_of(request), **form.cleaned_data))
        if made:
            messages.success(request, "Now say what these terms promise.")
            return redirect("backoffice:terms-publish", request.program.slug, made.public_id)
    return form_page(request, "backoffice/terms/add.html", {"form": form})


def terms(request: StaffRequest, terms: str) -> HttpResponse:
    one = access.find(Terms, terms)
    newest = latest_version(one)
    if newest is None:
        context = {"terms": one, "versions": [], "version": None, "waiting": waiting_review(request, one)}
        return render(request, "backoffice/terms/page.html", context)
    return _version_page(request, one, newest)


def terms_version(request: StaffRequest, version: str) -> HttpResponse:
    one = access.find(TermsVersion, version)
    return _version_page(request, one.terms, one)


def _version_page(request: StaffRequest, one: Terms, version: TermsVersion) -> HttpResponse:
    versions = versions_with_use(one, timezone.now())
    before = next((each for each in versions if each.number == version.number - 1), None)
    context = {
        "terms": one,
        "version": version,
        "is_latest": versions[0].number == version.number,
        "versions": versions,
        "before": before,
        "changes": changes_of(request.program, before.document, version.document) if before else [],
        "waiting": waiting_review(request, one),
        "words": words_of(request.program, version.document),
        "source": pretty_json(version.document),
        "story": story_of("terms", version.public_id),
    }
    return render(request, "backoffice/terms/page.html", context)


AGREEMENT_COLUMNS = (
    Column("Partner", sort="partner"),
    Column("Terms"),
    Column("From", sort="from"),
    Column("Until"),
    Column("State"),
)
AGREEMENT_ORDERS = {"partner": ("partner_name", "id"), "from": ("starts_at", "id")}


def _agreements_found(text: str, state: str) -> QuerySet[Agreement]:
    now = timezone.now()
    in_force = Q(starts_at__lte=now) & (Q(ends_at=None) | Q(ends_at__gt=now))
    which = {"now": in_force, "ahead": Q(starts_at__gt=now), "over": Q(ends_at__lte=now)}.get(state, Q())
    rows = Agreement.objects.filter(which).exclude(ends_at=F("starts_at"))
    if text:
        rows = rows.filter(Q(partner__name__icontains=text) | Q(terms_version__terms__name__icontains=text))
    return rows.select_related("partner", "terms_version__terms").annotate(partner_name=F("partner__name"))


def _agreements(request: StaffRequest) -> Listing:
    states = [
        Choice("", "All"),
        Choice("now", "In force"),
        Choice("ahead", "Begins later"),
        Choice("over", "Over"),
    ]
    state = chosen(request, "state", states)
    return listing(
        request,
        _agreements_found(searched(request), state),
        columns=AGREEMENT_COLUMNS,
        orders=AGREEMENT_ORDERS,
        default="-from",
        filters=[Filter("state", "State", state, states)],
    )


def agreements(request: StaffRequest) -> HttpResponse:
    context = {"listing": _agreements(request), "now": timezone.now()}
    return render(request, "backoffice/terms/agreements.html", context)


def agreements_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "partner", "partner id", "terms", "from", "until", "for cause", "accepted", "accepted by"]
    rows = (
        [
            one.public_id,
            one.partner.name,
            one.partner.public_id,
            one.terms_version.settlement_key,
            one.starts_at,
            one.ends_at,
            "yes" if one.for_cause else "no",
            one.accepted_at,
            one.accepted_by,
        ]
        for one in _agreements(request).ordered
    )
    return csv_response(f"{request.program.slug}-agreements", header, rows)


def agreement(request: StaffRequest, agreement: str) -> HttpResponse:
    one = access.find(Agreement, agreement)
    if one.ends_at == one.starts_at:
        raise Http404
    context = {
        "agreement": one,
        "words": words_of(request.program, one.terms_version.document),
        "story": story_of_agreement(one),
        "now": timezone.now(),
    }
    return render(request, "backoffice/terms/agreement.html", context)


def agreement_end(request: StaffRequest, agreement: str) -> HttpResponse:
    """End an agreement after a day, for cause or not."""
    one = access.find(Agreement, agreement)
    form = EndForm(request.POST or None, initial={"ends_on": timezone.localdate()})
    ended: Agreement | None = None
    if request.method == "POST" and form.is_valid():
        ended = tried(form, lambda: _end(request, one, form), ends_at="ends_on")
    if ended:
        messages.success(request, f"The agreement of {one.partner.name} ends after that day.")
        return redirect("backoffice:agreement", request.program.slug, one.public_id)
    title = f"End the agreement of {one.partner.name}"
    context = {"form": form, "title": title, "button": "End it", "tone": "danger", "crumb": one.partner}
    return form_page(request, "backoffice/partners/form.html", context)


def _end(request: StaffRequest, one: Agreement, form: EndForm) -> Agreement:
    given = form.cleaned_data
    day = given["ends_on"] + timedelta(days=1)
    return end_agreement(
        one,
        ends_at=first_instant(request, day),
        for_cause=given["for_cause"],
        reason=given["reason"],
        actor=actor_of(request),
    )
