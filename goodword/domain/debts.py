"""What may be done about a partner's debt besides netting it: asked back in money, or given up. Pure rules only."""

from collections.abc import Mapping
from typing import Literal

from goodword.domain.errors import DomainError
from goodword.domain.money import to_decimal

DebtKind = Literal["claim", "write_off"]
"""A claim asks for the money back, a write-off gives it up."""


class AmountNotOwed(DomainError):
    """More would be asked back or given up than the partner owes, or nothing at all."""

    code = "amount_not_owed"


class DebtDecided(DomainError):
    """Somebody has decided about the proposal already."""

    code = "debt_decided"


class DebtProposed(DomainError):
    """A proposal about this partner's debt waits already."""

    code = "debt_proposed"


def debt_in(payable: Mapping[str, int]) -> int:
    """What a partner owes, from what is payable of each of its lines: nothing unless their sum is below nought.

    >>> debt_in({"a": -700, "b": 200}), debt_in({"a": -700, "b": 900})
    (500, 0)
    """
    return max(-sum(payable.values()), 0)


def check_owed(minor: int, owed: int, currency: str) -> None:
    """An amount above nought and at most the debt; raises AmountNotOwed."""
    if 0 < minor <= owed:
        return
    said = to_decimal(minor, currency)
    raise AmountNotOwed(
        f"{said} {currency} is more than the partner owes now" if minor > 0 else "the amount must be above nought",
        field="amount",
        value=said,
        remedy=f"enter at most {to_decimal(owed, currency)}" if owed else "there is nothing to ask back or give up",
    )


def taken_from(minor: int, payable: Mapping[str, int]) -> dict[str, int]:
    """How much of the amount falls on each line that is below nought: in the lines' order, each up to its own debt.

    >>> taken_from(600, {"a": -500, "b": 100, "c": -300})
    {'a': 500, 'c': 100}
    """
    parts: dict[str, int] = {}
    for line, owed in sorted(payable.items()):
        part = min(-owed, minor - sum(parts.values()))
        if part > 0:
            parts[line] = part
    assert sum(parts.values()) == minor, "more than the lines owe"
    return parts
