"""Pages about commissions: the lines, why each is what it is, and holds."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.decisions import Decision, decide
from goodword.commissions.models import Hold
from goodword.commissions.selectors import STATES, LineFilter, LineRow, line_detail, lines_page
from goodword.commissions.services import place_hold, release_hold
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.domain.money import to_decimal
from goodword.domain.payout_states import check_second_person
from goodword.insights.csv import csv_response
from goodword.insights.lines import STATE_WORDS, story_of_line
from goodword.insights.listing import Choice, Column, Filter, Head, Listing, chosen, listing, searched
from goodword.insights.paging import Page
from goodword.partners.models import Partner

HEADS = (
    Head("Partner", numeric=False),
    Head("Sale", numeric=False),
    Head("When", numeric=False),
    Head("Paid as", numeric=False),
    Head("State", numeric=False),
    Head("Commission", numeric=True),
)
_CSV_PAGE = 1000
_HOLD_NEEDS = "A hold needs a reason. Write one sentence for your colleagues."


def _partner(request: StaffRequest) -> Partner | None:
    text = request.GET.get("partner", "")
    try:
        return Partner.objects.filter(pk=parse_public_id("partner", text)).first() if text else None
    except MalformedId:
        return None


def _which(request: StaffRequest) -> tuple[LineFilter, list[Filter]]:
    states = [Choice("", "All"), *(Choice(state, STATE_WORDS[state].word) for state in STATES if state != "nothing")]
    state = chosen(request, "state", states)
    partner = _partner(request)
    return LineFilter(partner=partner.pk if partner else None, state=state, text=searched(request)), [
        Filter("state", "State", state, states)
    ]


def _cursor(text: str) -> str | None:
    """A cursor that lines_page can read; anything else starts at the first page."""
    at, separator, line = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return text if separator and line and moment.tzinfo else None


def lines(request: StaffRequest) -> HttpResponse:
    which, filters = _which(request)
    found = lines_page(request.program, which, now=timezone.now(), after=_cursor(request.GET.get("after", "")))
    shown = Listing(
        heads=HEADS,
        page=Page(found.rows, next=found.next or ""),
        filters=filters,
        text=which.text,
        total=None,
        ordered=None,  # type: ignore[arg-type]
    )
    return render(request, "backoffice/commissions/lines.html", {"listing": shown, "partner": _partner(request)})


def lines_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["line", "partner", "partner id", "sale", "customer", "at", "kind", "rule", "terms", "rate", "currency"]
    header += ["basis", "commission", "safe on", "state"]
    which, _ = _which(request)

    def rows() -> Iterator[list[Any]]:
        for one in _all_lines(request, which):
            what: list[Any] = [
                one.line,
                one.partner_name,
                Partner(pk=one.partner_id).public_id,
                one.conversion,
                one.customer,
            ]
            what += [one.conversion_at, one.kind, one.rule, one.terms, one.rate, one.currency]
            sums = [to_decimal(minor, one.currency) for minor in (one.basis_minor, one.amount_minor)]
            yield [*what, *sums, one.matures_on, STATE_WORDS[one.state].word.lower()]

    return csv_response(f"{request.program.slug}-commission-lines", header, rows())


def _all_lines(request: StaffRequest, which: LineFilter) -> Iterator[LineRow]:
    after = None
    while True:
        found = lines_page(request.program, which, now=timezone.now(), after=after, size=_CSV_PAGE)
        yield from found.rows
        after = found.next
        if after is None:
            return


def line(request: StaffRequest, line: str) -> HttpResponse:
    return render(request, "backoffice/commissions/line.html", _story(request, line))


def line_explain(request: StaffRequest, line: str) -> HttpResponse:
    """The same for the drawer: only the part that explains."""
    return render(request, "backoffice/commissions/explain.html", {**_story(request, line), "in_drawer": True})


def _story(request: StaffRequest, line: str) -> dict[str, Any]:
    detail = line_detail(request.program, line[:80].replace("\x00", ""))
    if detail is None:
        raise Http404
    return {"story": story_of_line(request.program, detail, now=timezone.now()), "line": detail.row, "detail": detail}


def line_hold(request: StaffRequest, line: str) -> HttpResponse:
    detail = line_detail(request.program, line[:80].replace("\x00", ""))
    if detail is None:
        raise Http404
    partner = Partner.objects.get(pk=detail.row.partner_id)
    ask = Decision(
        title="Hold this line?",
        label="Why",
        button="Hold",
        done="This line is held: it is not paid until somebody lets go.",
        back=reverse("backoffice:line", args=[request.program.slug, detail.row.line]),
        needed=_HOLD_NEEDS,
    )
    return _hold(request, ask, partner, line=detail.row.line)


def partner_hold(request: StaffRequest, partner: str) -> HttpResponse:
    one = access.find(Partner, partner)
    ask = Decision(
        title=f"Hold everything of {one.name}?",
        label="Why",
        button="Place hold",
        done=f"Everything of {one.name} is held until somebody lets go.",
        back=reverse("backoffice:partner", args=[request.program.slug, one.public_id]),
        needed=_HOLD_NEEDS,
    )
    return _hold(request, ask, one, line="")


def _hold(request: StaffRequest, ask: Decision, partner: Partner, *, line: str) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    return decide(
        request,
        ask,
        lambda reason: place_hold(partner, line=line, reason=reason, user=request.user, actor=actor, now=now),
    )


HOLD_COLUMNS = (
    Column("Partner", sort="partner"),
    Column("What is held"),
    Column("Why"),
    Column("Since", sort="since"),
    Column("Action"),
)


def _holds(request: StaffRequest) -> Listing:
    states = [Choice("open", "In place"), Choice("released", "Released"), Choice("all", "All")]
    state = chosen(request, "state", states)
    rows = Hold.objects.select_related("partner", "placed_by", "released_by")
    if state != "all":
        rows = rows.filter(released_at__isnull=state == "open")
    if text := searched(request):
        rows = rows.filter(partner__name__icontains=text)
    return listing(
        request,
        rows,
        columns=HOLD_COLUMNS,
        orders={"partner": ("partner_id", "id"), "since": ("placed_at", "id")},
        default="-since",
        filters=[Filter("state", "State", state, states)],
    )


def holds(request: StaffRequest) -> HttpResponse:
    return render(request, "backoffice/commissions/holds.html", {"listing": _holds(request)})


def holds_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["partner", "line", "reason", "placed", "placed by", "released", "released by"]
    rows = (
        [
            one.partner.name,
            one.line or "everything",
            one.reason,
            one.placed_at,
            one.placed_by or "",
            one.released_at,
            one.released_by or "",
        ]
        for one in _holds(request).ordered
    )
    return csv_response(f"{request.program.slug}-holds", header, rows)


def hold_release(request: StaffRequest, hold: str) -> HttpResponse:
    one = access.find(Hold, hold)
    ask = Decision(
        title="Release this hold?",
        label="Why",
        button="Release",
        done="The hold is released. What is safe is payable again.",
        back=reverse("backoffice:holds", args=[request.program.slug]),
        optional=True,
    )
    return decide(request, ask, lambda reason: _release(request, one, reason))


def _release(request: StaffRequest, hold: Hold, reason: str) -> Hold:
    """An owner releases alone; a finance person not what they held themselves (access matrix: hold, release)."""
    if request.role != "owner":
        check_second_person(hold.placed_by_id, request.user.pk)
    return release_hold(hold, reason=reason, user=request.user, actor=actor_of(request), now=timezone.now())
