"""Facts whose texts are numbers already, put in order and into tables. Whether they came as records or as columns of a
file makes no difference here.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goodword.domain.currency import decimals
from goodword.domain.settlement.arithmetic import ALL, Ratio
from goodword.domain.settlement.records import Instant
from goodword.domain.settlement.rules import layout
from goodword.domain.settlement.rules.layout import NEVER, NONE, Table
from goodword.domain.settlement.rules.local_days import local_days
from goodword.domain.settlement.rules.text_columns import grouped

Array = NDArray[Any]
Ranks = Callable[[Array], Array]
"""The ranks of some rows' ids among each other, by code point."""
LARGEST: Final = 2**62
"""What the tables' figures stay below."""
_MANY: Final = 100_000
"""Rows from which on a compiled loop is worth its start."""


class Slices(NamedTuple):
    """Where the rows of each number stand in a table sorted by that number."""

    lo: Array
    n: Array


def slices(numbers: Array, count: int) -> Slices:
    """The slices of numbers from 0 to `count`."""
    n = np.bincount(numbers, minlength=count)
    return Slices(np.cumsum(n) - n, n)


def put(table: Table, name: str, found: Slices) -> None:
    """Write slices into the columns `name_lo` and `name_n`."""
    table[f"{name}_lo"], table[f"{name}_n"] = found


def in_order(at: Array, ranks: Ranks, group: Array | None = None) -> Array:
    """The rows by (group, at, id). Ids are compared only where the rest is equal."""
    order = _by_time(at) if group is None else _by_group(at, group)
    same = _repeats(at, order)
    if group is not None and same.any():
        same &= _repeats(group, order)
    if not same.any():
        return order
    again = np.concatenate(([False], same))
    tied = again.copy()
    tied[:-1] |= same
    rows = order[tied]
    order[tied] = rows[np.lexsort((ranks(rows), np.cumsum(~again)[tied]))]
    return order


def _repeats(values: Array, order: Array) -> Array:
    """Whether each value but the first is that of the row before."""
    ordered = values[order]
    same: Array = ordered[1:] == ordered[:-1]
    return same


def _by_time(at: Array) -> Array:
    return np.argsort(at, kind="stable")


def _by_group(at: Array, group: Array) -> Array:
    if len(at) < _MANY:
        return np.lexsort((at, group))
    found: Array = grouped(_by_time(at), group, int(group.max()) + 1)
    return found


class Agreements(NamedTuple):
    """Agreements in the order given; `ends` NEVER when open."""

    partner: Array
    terms: Array
    starts: Array
    ends: Array
    cause: Array


def agreement_table(given: Agreements, ranks: Ranks, timezone: str) -> tuple[Table, Array]:
    """The table of agreements, and the order in which they stand in it."""
    order = in_order(given.starts, ranks, given.partner)
    table = np.zeros(len(order), layout.Agreement)
    for name in ("terms", "starts", "ends", "cause"):
        table[name] = getattr(given, name)[order]
    table["rank"] = ranks(order)
    table["start_day"] = local_days(timezone, table["starts"])
    closed = table["ends"] < NEVER
    table["end_day"][closed] = local_days(timezone, table["ends"][closed])
    return table, order


class Touches(NamedTuple):
    """Recorded touches, then codes on sales in the order of the sales; a touch for each customer that it counts for."""

    customer: Array
    at: Array
    expires: Array
    partner: Array
    rank: Array
    conversion: Array


def touch_table(given: Touches, ranks: Ranks) -> Table:
    """The table of touches, by customer. `ranks` is asked of recorded touches only."""

    def ranked(rows: Array) -> Array:
        recorded = given.conversion[rows] == NONE
        found = len(rows) + given.conversion[rows].astype(np.int64)
        found[recorded] = ranks(rows[recorded])
        return found

    order = in_order(given.at, ranked, given.customer)
    table = np.empty(len(order), layout.Touch)
    for name in ("at", "expires", "partner", "rank", "conversion"):
        table[name] = getattr(given, name)[order]
    return table


class Refunds(NamedTuple):
    """Refunds of known sales; `sale` is its row."""

    sale: Array
    at: Array
    amount: Array


def refund_table(given: Refunds, ranks: Ranks, amounts: Array) -> tuple[Table, Array]:
    """The table of refunds, cut to what was left of the sales' amounts, and the rows that were more than was left."""
    table = np.zeros(len(given.sale), layout.Refund)
    if not len(table):
        return table, given.sale
    order = in_order(given.at, ranks, given.sale)
    sale, amount = given.sale[order], given.amount[order]
    whole = amounts[sale]
    _, first, n = np.unique(sale, return_index=True, return_counts=True)
    if int(n.max()) * int(amount.max()) >= LARGEST:
        amount, whole = amount.astype(object), whole.astype(object)
    before = np.cumsum(amount) - amount
    before = before - np.repeat(before[first], n)
    left = whole - np.minimum(before, whole)
    table["at"], table["amount"] = given.at[order], np.minimum(amount, left)
    return table, order[amount > left]


class KnownRate(NamedTuple):
    """An exchange rate to the program's currency, from the currency of a code."""

    currency: int
    at: Instant
    id: str
    exact: Fraction


def rate_table(known: Sequence[KnownRate], currency: Array, at: Array) -> tuple[Table, list[Ratio], Array]:
    """The rates that conversions of these currencies and instants are worth, exactly as well, and each one's row.

    Currency 0 has row 0, which is 1/1. NONE: there is no rate yet.
    """
    rows = np.zeros(len(currency), np.int32)
    foreign = np.flatnonzero(currency)
    if not len(foreign):
        return _rates([ALL]), [ALL], rows
    by_currency = sorted(known)
    starts = np.array([one.at for one in by_currency], np.int64)
    codes = np.array([one.currency for one in by_currency], np.int64)
    found = np.full(len(foreign), NONE)
    for code in np.unique(currency[foreign]).tolist():
        lo, hi = np.searchsorted(codes, code), np.searchsorted(codes, code, "right")
        its = np.flatnonzero(currency[foreign] == code)
        place = np.searchsorted(starts[lo:hi], at[foreign[its]], "right")
        found[its] = np.where(place > 0, lo + place - 1, NONE)
    used = np.unique(found[found != NONE])
    rows[foreign] = np.where(found == NONE, NONE, np.searchsorted(used, found) + 1)
    exact = [ALL, *(Ratio(*by_currency[row].exact.as_integer_ratio()) for row in used.tolist())]
    return _rates(exact), exact, rows


def minor_rate(numerator: int, denominator: int, source: str, target: str) -> Fraction:
    """Minor units of one currency for one minor unit of another."""
    return Fraction(numerator, denominator) * Fraction(10) ** (decimals(target) - decimals(source))


def _rates(exact: Sequence[Ratio]) -> Table:
    table = np.zeros(len(exact), layout.Rate)
    for row, (numerator, denominator) in enumerate(exact):
        fits = max(numerator, denominator) <= LARGEST
        table[row] = (numerator, denominator) if fits else (NONE, 1)
    return table
