"""The chart of accounts, the recipes that may be posted, and how a line's target differs from its books.

Pure: amounts in, balanced postings out. Which line is worth what is settlement's business, writing is the ledger's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID

Side = Literal["debit", "credit"]
Bucket = Literal["pending", "held", "payable"]
OPEN_BUCKETS: tuple[Bucket, ...] = ("pending", "held", "payable")
"""Where an earned amount may sit before a payout takes it."""


@dataclass(frozen=True, slots=True)
class AccountKind:
    """One row of the chart: whose account it is, the side it normally stands on, and what it means."""

    name: str
    owned_by: Literal["partner", "program"]
    normal_side: Side
    meaning: str


CHART: dict[str, AccountKind] = {
    kind.name: kind
    for kind in (
        AccountKind("pending", "partner", "credit", "earned, not yet matured"),
        AccountKind("held", "partner", "credit", "earned, stopped by a hold"),
        AccountKind("payable", "partner", "credit", "earned, matured, due at the next payout; below zero: a debt"),
        AccountKind("in_payout", "partner", "credit", "inside a payout that is not confirmed yet"),
        AccountKind("paid", "partner", "credit", "all that was ever paid out to the partner"),
        AccountKind("withheld", "partner", "credit", "kept back from a payout, e.g. tax"),
        AccountKind("commission_expense", "program", "debit", "what the program's commissions cost"),
        AccountKind("discharged", "program", "debit", "contra account of all `paid`: debts that cash has settled"),
        AccountKind("provider_cash", "program", "debit", "money at the bank or provider; credits are money sent"),
        AccountKind("clawback_receivable", "program", "debit", "debts that partners are asked to pay back in money"),
        AccountKind("written_off", "program", "debit", "debts of partners that were given up"),
        AccountKind("fx_difference", "program", "debit", "gains and losses between two exchange rates"),
        AccountKind("fees", "program", "debit", "what banks and providers charge for payouts"),
    )
}
"""Every account that exists. A partner account is kept per partner and currency, a program account per currency."""
_OF_PARTNERS = frozenset(name for name, kind in CHART.items() if kind.owned_by == "partner")


class Posting(NamedTuple):
    """One leg of a transaction: an amount on one side of one account. `owner` is the partner, or none."""

    account: str
    owner: UUID | None
    debit_minor: int
    credit_minor: int
    subject: str = ""


class Subject(NamedTuple):
    """What a recipe is about: a commission line and its partner."""

    line: str
    partner: UUID


class Booked(NamedTuple):
    """What the books say of one line: earned in all, and how much of it lies in each open bucket.

    Whatever was earned and lies in none of them has moved on: into a payout, paid, withheld, claimed or written off.
    `entries` counts the legs so far; it names the next posting, so that one difference can never be booked twice.
    """

    earned: int = 0
    pending: int = 0
    held: int = 0
    payable: int = 0
    entries: int = 0

    @property
    def moved(self) -> int:
        """The part of the earned amount that has left the open buckets."""
        return self.earned - self.pending - self.held - self.payable


NOTHING_BOOKED = Booked()
"""A line that the books do not know yet."""


def target(amount: int, bucket: Bucket, moved: int) -> dict[str, int]:
    """What one line's books should say: its amount earned, and what has not moved on in its bucket.

    When more has moved on than is earned now (a refund after payout), the rest is a debt: payable goes below zero,
    whatever the bucket, because the next payout has to net it.

    >>> target(100, "pending", 0)
    {'earned': 100, 'pending': 100, 'held': 0, 'payable': 0}
    >>> target(0, "held", 100)
    {'earned': 0, 'pending': 0, 'held': 0, 'payable': -100}
    """
    left = amount - moved
    place: Bucket = "payable" if left < 0 else bucket
    return {"earned": amount, **{name: left if name == place else 0 for name in OPEN_BUCKETS}}


def difference(subject: Subject, booked: Booked, wanted: dict[str, int]) -> list[Posting]:
    """The postings that take a line from what is booked to what is wanted; none when they agree.

    They balance because both sides do: what a line earned is what lies in its buckets and what has moved on.
    """
    legs = [
        _leg(name, subject.partner, wanted[name] - getattr(booked, name), subject.line)
        for name in OPEN_BUCKETS
        if wanted[name] != getattr(booked, name)
    ]
    if wanted["earned"] != booked.earned:
        legs.append(_leg("commission_expense", None, booked.earned - wanted["earned"], subject.line))
    assert balanced(legs), f"unbalanced difference for line {subject.line}"
    return legs


def recipe_of(booked: Booked, wanted: dict[str, int]) -> str:
    """The name of the recipe that a difference amounts to.

    A first booking is an accrual, less than before a clawback, more a correction; the same amount in another place
    a hold, a release or a maturity.

    >>> recipe_of(Booked(earned=5, pending=5, entries=2), target(5, "payable", 0))
    'maturity'
    """
    if wanted["earned"] != booked.earned:
        if wanted["earned"] < booked.earned:
            return "clawback"
        return "correction" if booked.entries else "accrual"
    if wanted["held"] > booked.held:
        return "hold"
    if wanted["held"] < booked.held:
        return "release"
    return "maturity" if wanted["payable"] > booked.payable else "correction"


def accrual(subject: Subject, minor: int, into: Bucket = "pending") -> list[Posting]:
    """A commission is earned: the program's cost, the partner's claim."""
    return _move(subject, minor, source="commission_expense", into=into)


def hold(subject: Subject, minor: int, source: Bucket = "pending") -> list[Posting]:
    """A hold stops an amount."""
    return _move(subject, minor, source=source, into="held")


def release(subject: Subject, minor: int, into: Bucket = "pending") -> list[Posting]:
    """A hold is lifted: exactly what was held goes back."""
    return _move(subject, minor, source="held", into=into)


def maturity(subject: Subject, minor: int) -> list[Posting]:
    """The waiting time is over: the amount is due at the next payout."""
    return _move(subject, minor, source="pending", into="payable")


def payout(subject: Subject, minor: int) -> list[Posting]:
    """A payout takes what is payable of a line; below zero it nets a debt."""
    return _move(subject, minor, source="payable", into="in_payout")


def payout_cancelled(subject: Subject, minor: int) -> list[Posting]:
    """A payout that was not paid gives back what it took: cancelled, refused, or returned before it was confirmed."""
    return _move(subject, minor, source="in_payout", into="payable")


def payout_paid(subject: Subject, minor: int) -> list[Posting]:
    """The money has arrived: the claim is settled, cash has gone out.

    `paid` keeps the sum per partner for ever; `discharged` takes the same amount off again for the program as a
    whole, so that what is left is a claim less and cash less.
    """
    return _move(subject, minor, source="in_payout", into="paid") + _move(
        subject, minor, source="discharged", into="provider_cash"
    )


def payout_returned(subject: Subject, minor: int) -> list[Posting]:
    """Money that had been confirmed came back: cash is here again and the amount is payable again."""
    return _move(subject, minor, source="paid", into="payable") + _move(
        subject, minor, source="provider_cash", into="discharged"
    )


def clawback(subject: Subject, minor: int, source: Bucket = "pending") -> list[Posting]:
    """A commission is taken back, in part or whole. From `payable` after a payout this leaves a debt."""
    return _move(subject, minor, source=source, into="commission_expense")


def claim(subject: Subject, minor: int) -> list[Posting]:
    """A debt is not netted any more: the partner is asked to pay it back in money."""
    return _move(subject, minor, source="clawback_receivable", into="payable")


def write_off(subject: Subject, minor: int) -> list[Posting]:
    """A partner's debt is given up."""
    return _move(subject, minor, source="written_off", into="payable")


def correction(subject: Subject, booked: Booked, amount: int, bucket: Bucket) -> list[Posting]:
    """Whatever it takes to make the books of a line agree with its amount and bucket."""
    return difference(subject, booked, target(amount, bucket, booked.moved))


def mirrored(postings: Sequence[Posting]) -> list[Posting]:
    """The same legs with the sides exchanged: the body of a reversal."""
    return [Posting(p.account, p.owner, p.credit_minor, p.debit_minor, p.subject) for p in postings]


def balanced(postings: Sequence[Posting]) -> bool:
    """Whether debits equal credits, with each leg on one side only and above zero."""
    net = 0
    for _, _, debit, credit, _ in postings:
        if debit < 0 or credit < 0 or (debit > 0) == (credit > 0):
            return False
        net += debit - credit
    return net == 0


def _move(subject: Subject, minor: int, *, source: str, into: str) -> list[Posting]:
    """Debit the source, credit the destination; a negative amount goes the other way."""
    assert minor != 0, "nothing to post"
    return [_leg(source, subject.partner, -minor, subject.line), _leg(into, subject.partner, minor, subject.line)]


def _leg(account: str, partner: UUID | None, credit: int, line: str) -> Posting:
    owner = partner if account in _OF_PARTNERS else None
    return Posting(account, owner, 0, credit, line) if credit > 0 else Posting(account, owner, -credit, 0, line)
