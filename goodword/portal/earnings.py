"""Earnings of a partner: commission lines, each opening its arithmetic, and every sale the partner had a part in."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from goodword.accounts.access import PartnerRequest
from goodword.commissions.selectors import LineFilter, LinesPage, line_detail, lines_page
from goodword.domain.money import to_decimal
from goodword.insights.csv import csv_response
from goodword.insights.lines import rule_of
from goodword.insights.listing import Choice, Filter
from goodword.insights.paging import Page, page_of
from goodword.partners.selectors import agreement_in_force
from goodword.portal import mine
from goodword.portal.filters import chosen_month, months_filter
from goodword.portal.lines import STATES, Row, lines_of, rows_of
from goodword.portal.receipt import receipt_of, what_happened
from goodword.portal.standing import standing_of, taken_sentence_of
from goodword.portal.words import reasons_sentence
from goodword.referrals.models import Refund

_LINE_HEADER = (
    "date", "sale", "customer", "rule", "terms", "rate", "basis", "amount", "currency", "payable_from", "state",
    "line", "kind", "share_ppm", "reasons", "steps",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines a request asks for, and the filters that say so."""

    which: LineFilter
    filters: list[Filter]

    @property
    def narrowed(self) -> bool:
        return any(each.value for each in self.filters)


def _asked(request: PartnerRequest) -> Asked:
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    period = chosen_month(request)
    which = LineFilter(
        partner=request.partner.pk,
        state=state,
        since=period.starts_at if period else None,
        until=period.ends_at if period else None,
    )
    choices = [Choice("", "All"), *(Choice(key, word) for key, word in STATES.items())]
    months = months_filter(request, lines_of(request.partner), "conversion_at")
    return Asked(which, [Filter("state", "Where the money is", state, choices), months])


def earnings(request: PartnerRequest) -> HttpResponse:
    """My commission lines, newest first."""
    now = timezone.now()
    asked = _asked(request)
    page = _page(request, asked.which, now)
    context = {
        "standing": standing_of(request.partner, now),
        "asked": asked,
        "page": Page(rows_of(request.partner, page.rows, now), page.next or ""),
        "section": "earnings",
        "tab": "earnings",
    }
    return render(request, "portal/earnings.html", context)


def _page(request: PartnerRequest, which: LineFilter, now: datetime) -> LinesPage:
    """The page that the address asks for; a cursor that somebody made up shows the first one."""
    try:
        return lines_page(request.program, which, now=now, after=request.GET.get("after") or None, size=30)
    except ValueError:
        return lines_page(request.program, which, now=now, size=30)


def earnings_csv(request: PartnerRequest) -> HttpResponseBase:
    """The same lines as a file, each with its sums, which `check_statement.py` redoes."""
    now = timezone.now()
    lines = lines_page(request.program, _asked(request).which, now=now, size=mine.ALL_AT_ONCE).rows
    steps = dict(lines_of(request.partner).values_list("line", "steps"))
    rows = (_cells(row, steps.get(row.line.line, [])) for row in rows_of(request.partner, lines, now))
    return csv_response(f"{request.program.slug}-earnings", _LINE_HEADER, rows)


def _cells(row: Row, steps: list[dict[str, str]]) -> tuple[Any, ...]:
    line = row.line
    basis, amount = (to_decimal(minor, line.currency) for minor in (line.basis_minor, line.amount_minor))
    said = (line.rule, line.terms, line.rate, basis, amount, line.currency, line.matures_on, line.state)
    sums = (line.line, line.kind, line.share_ppm, " ".join(line.reasons), json.dumps(steps, ensure_ascii=False))
    return (line.conversion_at, line.conversion, row.customer, *said, *sums)


def line(request: PartnerRequest, line: str) -> HttpResponse:
    """One commission: its arithmetic, why this rule, what would change it, what has happened to it."""
    now = timezone.now()
    detail = line_detail(request.program, line)
    if detail is None or detail.row.partner_id != request.partner.pk:
        raise Http404
    own = detail.row
    row = rows_of(request.partner, [own], now)[0]
    touch = mine.touch_behind(request.partner, own)
    context = {
        "row": row,
        "told": taken_sentence_of(request.partner, own.line, now) or row.word.title,
        "receipt": receipt_of(detail),
        "reasons": reasons_sentence(own.reasons),
        "refunds": Refund.objects.filter(sale=own.conversion, retracted_at=None).order_by("at"),
        "agreement": agreement_in_force(request.partner, own.conversion_at),
        "rule": rule_of(request.program, own.terms, own.rule),
        "touch": touch,
        "link": mine.link_behind(touch),
        "events": what_happened(detail, request.partner.pk),
        "section": "earnings",
    }
    return render(request, "portal/line.html", context)


def conversions(request: PartnerRequest) -> HttpResponse:
    """Every sale and event I had a part in, with what it paid me, or why it paid nothing."""
    page = page_of(request, mine.conversions_of(request.partner), order=("-at", "id"), size=30)
    context = {
        "page": Page(mine.conversion_rows(request.partner, page.rows, timezone.now()), page.next, page.previous),
        "section": "earnings",
        "tab": "conversions",
    }
    return render(request, "portal/conversions.html", context)


def conversions_csv(request: PartnerRequest) -> HttpResponseBase:
    """The same as a file."""
    conversions = list(mine.conversions_of(request.partner).order_by("-at", "id"))
    rows = mine.conversion_rows(request.partner, conversions, timezone.now())
    header = ("date", "what", "id", "customer", "amount", "currency", "commission", "why_not")
    return csv_response(
        f"{request.program.slug}-conversions",
        header,
        (
            (row.at, row.what, row.reference, row.customer, row.amount_text, row.currency, row.commission_text, row.why)
            for row in rows
        ),
    )
