"""Money given back at Stripe as facts: refunds that are told as totals or one by one, and disputes.

Stripe tells a refund twice: as a new total on the charge, and as a refund of its own. Both ways lead to the same fact,
named by the total that had been given back after it. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from goodword.connections.stripe_events import pointer
from goodword.connections.stripe_money import currency_of, decimal_text
from goodword.connections.wanted import Fact, moment, text_of, written

REASON: Final = "refunded at Stripe"
_GONE: Final = frozenset({"failed", "canceled"})
_NO_LOSS: Final = frozenset({"won", "prevented"})
_FINAL: Final = frozenset({"won", "lost", "warning_closed", "prevented", "charge_refunded"})


@dataclass(frozen=True, slots=True)
class Step:
    """What had been given back of a charge at a moment; `seen` false: before that moment."""

    total: int
    at: datetime
    currency: str
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """A refund that Stripe told on its own."""

    name: str
    amount: int
    at: datetime
    currency: str
    gone: bool

    @staticmethod
    def read(found: Mapping[str, Any]) -> "Known":
        """From the refund object."""
        gone = found.get("status") in _GONE
        return Known(pointer(found), found["amount"], moment(found["created"]), str(found.get("currency", "")), gone)


@dataclass(frozen=True, slots=True)
class Dispute:
    """A customer's bank took the money back, for the time being or for good."""

    charge: str
    payment: str
    amount: int
    currency: str
    at: datetime
    status: str
    reason: str

    @staticmethod
    def read(found: Mapping[str, Any]) -> "Dispute":
        """From the dispute object."""
        return Dispute(
            pointer(found["charge"]), pointer(found.get("payment_intent")), found["amount"], found["currency"],
            moment(found["created"]), found["status"], text_of(found.get("reason"), 60),
        )  # fmt: skip

    @property
    def takes(self) -> bool:
        """Whether money is gone: not for a question of the bank alone, and not once it was won."""
        return self.status not in _NO_LOSS and not self.status.startswith("warning_") and self.amount > 0

    @property
    def is_final(self) -> bool:
        return self.status in _FINAL


def refund_facts(sale: str, payment: str, steps: Sequence[Step], known: Sequence[Known]) -> list[Fact]:
    """Everything that was given back of a payment, refund by refund.

    The refunds that were told one by one are all there are when they make up the highest total that was told.
    """
    highest = max((step.total for step in steps), default=0)
    if sum(one.amount for one in known) >= highest:
        totals = _totals_of([one for one in known if not one.gone])
    else:
        totals = _totals_in(steps)
    return _differences(sale, payment, totals)


def _totals_of(known: Sequence[Known]) -> list[Step]:
    total, found = 0, []
    for one in sorted(known, key=lambda one: (one.at, one.name)):
        total += one.amount
        found.append(Step(total, one.at, one.currency))
    return found


def _totals_in(steps: Sequence[Step]) -> list[Step]:
    """One step for each total: the earliest that was seen, or else the first that knew it as past."""
    first: dict[int, Step] = {}
    for step in sorted(steps, key=lambda step: (not step.seen, step.at)):
        first.setdefault(step.total, step)
    return [first[total] for total in sorted(first)]


def _differences(sale: str, payment: str, totals: Sequence[Step]) -> list[Fact]:
    found: list[Fact] = []
    before = 0
    for step in totals:
        if step.total > before:
            name = f"{payment}:refunded:{step.total}"
            found.append(_refund(name, sale, step.total - before, step.currency, at=step.at, reason=REASON))
            before = step.total
    return found


def dispute_fact(sale: str, name: str, dispute: Dispute) -> Fact:
    """What a dispute took."""
    reason = f"disputed: {dispute.reason.replace('_', ' ')}" if dispute.reason else "disputed"
    return _refund(name, sale, dispute.amount, dispute.currency, at=dispute.at, reason=reason)


def _refund(name: str, sale: str, amount: int, currency: str, *, at: datetime, reason: str) -> Fact:
    code = currency_of(currency)
    money = {"amount": decimal_text(amount, code), "currency": code}
    return {"id": name, "sale": sale, **money, "at": written(at), "reason": reason}
