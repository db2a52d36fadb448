"""A partner's statement of one month, read from the ledger.

A month holds what was booked in it. Books are only added to, so a statement never changes; what is learned
later stands in a later month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncMonth

from goodword.commissions.models import Line
from goodword.ledger.models import Entry
from goodword.partners.models import Partner
from goodword.portal.filters import Month, month_of

OWED_KINDS = ("pending", "held", "payable", "in_payout")
WORDS = {
    "accrual": "earned",
    "clawback": "taken back",
    "correction": "corrected",
    "payout_paid": "paid to you",
    "payout_returned": "came back from the bank",
    "claim": "asked back in money",
    "write_off": "debt given up",
    "reversal": "a booking undone",
}
EARNED, TAKEN_BACK, PAID = ("earned", "corrected"), ("taken back",), ("paid to you", "came back from the bank")


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One change of what is owed to the partner."""

    at: datetime
    what: str
    line: str
    conversion: str
    amount: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A month: what was owed before, every change, what is owed after."""

    month: Month
    before: int
    entries: Sequence[StatementEntry]

    @property
    def after(self) -> int:
        return self.before + sum(entry.amount for entry in self.entries)


def _owed(partner: Partner) -> QuerySet[Entry]:
    return Entry.objects.filter(
        account__owner=partner.pk, account__kind__in=OWED_KINDS, currency=partner.program.currency
    )


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of a month, without its entries."""

    month: Month
    before: int
    earned: int
    taken_back: int
    paid: int
    after: int


def sums_by_month(partner: Partner) -> list[Sums]:
    """The months in which something was booked for the partner, newest first, in one query."""
    zone = ZoneInfo(partner.program.timezone)
    rows = (
        _owed(partner)
        .annotate(month=TruncMonth("transaction__recorded_at", tzinfo=zone))
        .values_list("month", "transaction__kind")
        .annotate(amount=Sum(F("credit_minor") - F("debit_minor")))
        .order_by()
    )
    by_month: dict[str, dict[str, int]] = {}
    for month, kind, amount in rows:
        by_month.setdefault(f"{month:%Y-%m}", {})[WORDS.get(kind, kind)] = amount
    found, owed = [], 0
    for key in sorted(by_month):
        words, month = by_month[key], month_of(key, zone)
        assert month, f"{key} is no month"
        earned, back, paid = (sum(words.get(word, 0) for word in group) for group in (EARNED, TAKEN_BACK, PAID))
        found.append(Sums(month, owed, earned, back, paid, owed + sum(words.values())))
        owed = found[-1].after
    return found[::-1]


def statement_of(partner: Partner, month: Month) -> Statement:
    """The statement of one month. Moves from one place to another change nothing that is owed and are left out."""
    change = Sum(F("credit_minor") - F("debit_minor"))
    earlier = _owed(partner).filter(transaction__recorded_at__lt=month.starts_at)
    rows = (
        _owed(partner)
        .filter(transaction__recorded_at__gte=month.starts_at, transaction__recorded_at__lt=month.ends_at)
        .values("transaction__sequence", "transaction__recorded_at", "transaction__kind", "subject")
        .annotate(amount=change)
        .exclude(amount=0)
        .order_by("transaction__sequence", "subject")
    )
    found = list(rows)
    sales = dict(Line.objects.filter(line__in={row["subject"] for row in found}).values_list("line", "conversion"))
    entries = [
        StatementEntry(
            at=row["transaction__recorded_at"],
            what=WORDS.get(row["transaction__kind"], row["transaction__kind"].replace("_", " ")),
            line=row["subject"],
            conversion=sales.get(row["subject"], ""),
            amount=row["amount"],
        )
        for row in found
    ]
    return Statement(month, earlier.aggregate(sum=change)["sum"] or 0, entries)
