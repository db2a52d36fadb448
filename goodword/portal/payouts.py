"""Payouts to a partner, and statements month by month."""

from pathlib import Path
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from goodword.accounts.access import PartnerRequest, find_own
from goodword.commissions.selectors import LineFilter, lines_page
from goodword.domain import check_statement
from goodword.domain.money import to_decimal
from goodword.insights.csv import csv_response
from goodword.payouts.models import Payout
from goodword.payouts.selectors import current_method, lines_of, payouts_to
from goodword.portal.filters import month_of
from goodword.portal.lines import rows_of
from goodword.portal.mine import ALL_AT_ONCE
from goodword.portal.standing import standing_of
from goodword.portal.statement import statement_of, sums_by_month

STATES = {
    "prepared": ("Being prepared", "", "The program team is putting it together; a second person approves it."),
    "approved": ("Approved", "accent", "Two people have checked it; it is sent next."),
    "exported": ("On its way", "accent", "Handed to the bank; we wait for its word."),
    "paid": ("Paid", "good", "The bank has confirmed it."),
    "returned": ("Came back", "bad", "The bank sent it back; the amount is ready again for the next payout."),
    "cancelled": ("Cancelled", "", "It was not sent; the amount is ready again for the next payout."),
}


def _told(payout: Payout) -> dict[str, object]:
    word, tone, title = STATES[payout.state]
    return {"payout": payout, "word": word, "tone": tone, "title": title}


def payouts(request: PartnerRequest) -> HttpResponse:
    """What was sent to me."""
    context = {
        "payouts": [_told(each) for each in payouts_to(request.partner.pk)],
        "standing": standing_of(request.partner, timezone.now()),
        "method_missing": current_method(request.partner.pk) is None,
        "section": "earnings",
        "tab": "payouts",
    }
    return render(request, "portal/payouts.html", context)


def payouts_csv(request: PartnerRequest) -> HttpResponseBase:
    """The same as a file."""
    header = ("reference", "prepared", "settled", "state", "amount", "currency")
    rows = (
        (
            each.reference,
            each.run.prepared_at,
            each.settled_at,
            each.state,
            to_decimal(each.amount_minor, each.currency),
            each.currency,
        )
        for each in payouts_to(request.partner.pk)
    )
    return csv_response(f"{request.program.slug}-payouts", header, rows)


def payout(request: PartnerRequest, payout: str) -> HttpResponse:
    """One payout with the commissions inside it; what was taken back stands in it with a minus."""
    now = timezone.now()
    own = find_own(request, Payout, payout)
    inside = {entry.line: entry.amount_minor for entry in lines_of(own)}
    which = LineFilter(partner=request.partner.pk)
    lines = [each for each in lines_page(request.program, which, now=now, size=ALL_AT_ONCE).rows if each.line in inside]
    rows = [{"row": row, "part": inside[row.line.line]} for row in rows_of(request.partner, lines, now)]
    context = {**_told(own), "rows": rows, "section": "earnings"}
    return render(request, "portal/payout.html", context)


def statements(request: PartnerRequest) -> HttpResponse:
    """The months in which something was booked, each with its sums and its file."""
    context = {"statements": sums_by_month(request.partner), "section": "earnings", "tab": "statements"}
    return render(request, "portal/statements.html", context)


def statement_csv(request: PartnerRequest, month: str) -> HttpResponseBase:
    """One month as a file: from what was owed before to what is owed after, every step between."""
    period = month_of(month, ZoneInfo(request.program.timezone))
    if period is None:
        raise Http404
    statement = statement_of(request.partner, period)
    currency = request.program.currency
    header = ("booked_at", "what", "line", "sale", "amount", "currency")
    rows = [
        (period.starts_at, "owed to you before", "", "", to_decimal(statement.before, currency), currency),
        *(
            (each.at, each.what, each.line, each.conversion, to_decimal(each.amount, currency), currency)
            for each in statement.entries
        ),
        (period.ends_at, "owed to you after", "", "", to_decimal(statement.after, currency), currency),
    ]
    return csv_response(f"{request.program.slug}-statement-{month}", header, rows)


def check_program(request: PartnerRequest) -> HttpResponse:
    """The program that redoes the sums of a downloaded file, for whoever would rather not take our word."""
    text = Path(check_statement.__file__).read_text(encoding="utf-8")
    response = HttpResponse(text, content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="check_statement.py"'
    return response
