"""Bonuses: a flat amount, once per period, on the conversion that reaches a total (section 6)."""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.cells import find, period_key, take
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.dates import period_of
from goodword.domain.settlement.rules.layout import (
    BONUS,
    COUNT,
    NONE,
    U_LINES,
    U_MEMBERS,
    U_REACHED,
    VOLUME,
    WHOLE_PPM,
    Row,
)
from goodword.domain.settlement.rules.tables import World

_APART = 1 << 29
"Keeps the customers of bonuses apart from those of tallies."


@rule
def pay_bonuses(w: World, lo: int, count: int, conversion: Row, number: int, keys: int, hold_days: int) -> None:
    """Write the bonus lines of a conversion. `kept`: whether something was kept, by component."""
    first = 0
    while first < count:
        line = t.lines(w, lo + first)
        last = first
        while last < count and t.lines(w, lo + last).order == line.order:
            last += 1
        if not line.in_tail:
            its = t.terms(w, line.terms)
            for row in range(its.bonus_lo, its.bonus_lo + its.bonus_n):
                _bonus(
                    w,
                    lo + first,
                    lo + last,
                    conversion,
                    number,
                    row,
                    t.bonuses(w, row),
                    keys,
                    t.kepts(w, first).value,
                    hold_days,
                )
        first = last


@rule
def _bonus(
    w: World, lo: int, hi: int, conversion: Row, number: int, row: int, one: Row, keys: int, kept: int, hold_days: int
) -> None:
    own, volume = (0, 0)
    for at in range(lo, hi):
        if t.rules(w, t.lines(w, at).rule).on == one.on:
            own += 1
            if not t.rules(w, t.lines(w, at).rule).adds:
                volume += t.lines(w, at).basis if one.reverse else t.lines(w, at).made
    if own == 0 or (one.reverse and kept == 0):
        return
    owner = t.lines(w, lo).partner * keys + one.key
    key = period_key(owner, one.per, period_of(conversion.day, one.per))
    cell = t.cells(w, t.REACHED, take(w, t.REACHED, key, U_REACHED))
    before = cell.a
    if one.measure == VOLUME:
        cell.a += volume
    elif one.measure == COUNT or _is_new(w, cell.g | _APART, conversion.customer):
        cell.a += 1
    if cell.b or cell.a < one.reaches:
        return
    cell.b = 1
    _fill(t.lines(w, t.used(w, U_LINES).value), t.lines(w, lo), number, row, one, before, cell.a, hold_days)
    t.used(w, U_LINES).value += 1


@rule
def _is_new(w: World, cell: int, customer: int) -> bool:
    key = cell << 32 | customer
    at = find(w, t.MEMBERS, key)
    if t.cells(w, t.MEMBERS, at).key != NONE:
        return False
    t.cells(w, t.MEMBERS, at).key = key
    t.used(w, U_MEMBERS).value += 1
    return True


@rule
def _fill(line: Row, party: Row, number: int, row: int, one: Row, before: int, after: int, hold_days: int) -> None:
    line.kind, line.level, line.child = (BONUS, 0, NONE)
    line.conversion, line.partner, line.agreement, line.terms = (number, party.partner, party.agreement, party.terms)
    line.rule, line.order, line.hold_days = (row, party.order, hold_days)
    line.share, line.share_ppm, line.ppm, line.tail_ppm, line.in_tail = (NONE, WHOLE_PPM, 0, WHOLE_PPM, 0)
    line.basis, line.before, line.after = (0, before, after)
    line.first = line.rounded = line.amount = one.flat
    line.reasons, line.stage_lo, line.stage_n, line.together, line.pick_n = (0, 0, 0, 0, 0)
