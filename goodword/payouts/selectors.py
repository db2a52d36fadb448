"""Reading payouts for pages, statements and files."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from goodword.commissions.models import Line
from goodword.domain.money import to_decimal
from goodword.payouts.methods import account_of
from goodword.payouts.models import Payout, PayoutLine, PayoutMethod, PayoutRun

FILE_COLUMNS = ("payee", "account", "amount", "currency", "reference")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run with its sums in minor units."""

    run: PayoutRun
    payouts: int
    total_minor: int
    open_payouts: int
    paid_minor: int
    returned_minor: int


def runs() -> QuerySet[PayoutRun]:
    """The runs of the active program with the figures of their payouts, newest first."""
    money = "payouts__amount_minor"
    return (
        PayoutRun.objects.select_related("prepared_by", "approved_by", "exported_by")
        .annotate(
            payout_count=Count("payouts"),
            total=Sum(money, default=0),
            open_count=Count("payouts", filter=Q(payouts__state="exported")),
            paid=Sum(money, filter=Q(payouts__state="paid"), default=0),
            returned=Sum(money, filter=Q(payouts__state="returned"), default=0),
        )
        .order_by("-number")
    )


def summary_of(run: Any) -> RunSummary:
    """The sums of a run that `runs` gave."""
    return RunSummary(run, run.payout_count, run.total, run.open_count, run.paid, run.returned)


def payouts_of(run: PayoutRun) -> QuerySet[Payout]:
    """The payouts of a run by name of the partner."""
    return Payout.objects.filter(run=run).select_related("partner", "method").order_by("partner__name", "pk")


def payouts_to(partner: UUID) -> QuerySet[Payout]:
    """A partner's payouts, newest first."""
    payouts = Payout.objects.filter(partner=partner).select_related("run", "method")
    return payouts.order_by("-run__prepared_at", "-pk")


def lines_of(payout: Payout) -> QuerySet[PayoutLine]:
    """The commission lines inside a payout."""
    return PayoutLine.unscoped.filter(payout=payout, program=payout.program_id).order_by("line")


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A line inside a payout with what the commission line says of itself; empty texts when it is gone."""

    line: str
    amount_minor: int
    conversion: str
    conversion_at: datetime | None
    rule: str
    terms: str = ""
    rate: str = ""
    basis_minor: int = 0
    currency: str = ""


def lines_with_commissions(payout: Payout) -> list[PaidLine]:
    """The lines of a payout, oldest sale first."""
    rows = list(lines_of(payout).values_list("line", "amount_minor"))
    known = {line.line: line for line in Line.objects.filter(line__in=[line for line, _ in rows])}
    paid = [_paid_line(line, amount, known.get(line)) for line, amount in rows]
    return sorted(paid, key=lambda p: (p.conversion_at is None, p.conversion_at, p.line))


def _paid_line(line: str, amount: int, about: Line | None) -> PaidLine:
    if about is None:
        return PaidLine(line, amount, "", None, "")
    return PaidLine(
        line,
        amount,
        about.conversion,
        about.conversion_at,
        about.rule,
        terms=about.terms,
        rate=about.rate,
        basis_minor=about.basis_minor,
        currency=about.currency,
    )


def current_method(partner: UUID) -> PayoutMethod | None:
    """Where the partner's money goes now, if it has told us."""
    return PayoutMethod.objects.filter(partner=partner, replaced_at=None).first()


def payout_file(run: PayoutRun) -> bytes:
    """The CSV file that a bank clerk or a payment tool reads. The same run gives the same bytes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(FILE_COLUMNS)
    for payout in payouts_of(run).exclude(state="cancelled"):
        writer.writerow(
            (
                _plain_cell(payout.method.holder),
                _plain_cell(account_of(payout.method)),
                to_decimal(payout.amount_minor, payout.currency),
                payout.currency,
                payout.reference,
            )
        )
    return out.getvalue().encode()


def _plain_cell(text: str) -> str:
    """A name such as `=HYPERLINK(...)` must stay a name when the file is opened in a spreadsheet."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
