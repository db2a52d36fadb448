"""The running totals that tiers look at: per partner, rule key and period, as made and as kept (section 5)."""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.cells import find, period_key, take
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.dates import month_of, period_of
from goodword.domain.settlement.rules.layout import (
    CONVERSION,
    COUNT,
    CUSTOMERS,
    LIFETIME,
    MONTH,
    NONE,
    TRAILING,
    U_MEMBERS,
    U_NODES,
    U_TALLIES,
    VOLUME,
    VOLUME_LIMIT,
    Row,
)
from goodword.domain.settlement.rules.tables import World

_TRAILING_MONTHS = 12


@rule
def total_before(w: World, one: Row, owner: int, day: int) -> int:
    """The total that a component of this rule on this day finds. `owner`: partner and rule key as one number."""
    if one.per == CONVERSION:
        return 0
    if one.per != TRAILING:
        return total_in(
            t.cells(w, t.TALLIES, find(w, t.TALLIES, period_key(owner, one.per, period_of(day, one.per)))), one
        )
    month, total = (month_of(day), 0)
    for back in range(1, _TRAILING_MONTHS + 1):
        at = find(w, t.TALLIES, period_key(owner, MONTH, month - back))
        if t.cells(w, t.TALLIES, at).key == NONE:
            continue
        if one.measure == CUSTOMERS:
            total += _first_seen(w, one, owner, month, back, t.cells(w, t.TALLIES, at))
        else:
            total += total_in(t.cells(w, t.TALLIES, at), one)
    return total


@rule
def total_in(cell: Row, one: Row) -> int:
    """What a cell holds of the measure that a component is by."""
    if cell.key == NONE:
        return 0
    if one.measure == VOLUME:
        return cell.b if one.reduce else cell.a
    if one.measure == COUNT:
        return cell.d if one.reduce else cell.c
    return cell.f if one.reduce else cell.e


@rule
def _first_seen(w: World, one: Row, owner: int, month: int, back: int, cell: Row) -> int:
    """How many customers of a month are in none of the later months of the window."""
    count, at = (0, cell.h)
    while at != NONE:
        node = t.nodes(w, at)
        at = node.next
        if one.reduce and (not node.kept):
            continue
        later = False
        for sooner in range(1, back):
            other = find(w, t.TALLIES, period_key(owner, MONTH, month - sooner))
            if t.cells(w, t.TALLIES, other).key != NONE and is_member(
                w, t.cells(w, t.TALLIES, other).g, node.customer, one.reduce
            ):
                later = True
        if not later:
            count += 1
    return count


@rule
def is_member(w: World, cell: int, customer: int, kept: int) -> bool:
    """Whether a customer is in the tally of that number; `kept`: with something that was kept."""
    at = find(w, t.MEMBERS, cell << 32 | customer)
    return t.cells(w, t.MEMBERS, at).key != NONE and (t.cells(w, t.MEMBERS, at).a == 1 or not kept)


@rule
def is_new_customer(w: World, one: Row, owner: int, customer: int, day: int) -> bool:
    """Whether a customer is not yet in the total of the period."""
    if one.per == CONVERSION or one.per == TRAILING:
        return True
    at = find(w, t.TALLIES, period_key(owner, one.per, period_of(day, one.per)))
    return t.cells(w, t.TALLIES, at).key == NONE or not is_member(w, t.cells(w, t.TALLIES, at).g, customer, one.reduce)


@rule
def step_of(w: World, line: Row, one: Row, kept: int, owner: int, customer: int, day: int) -> int:
    """By how much a component moves the total of its tiers."""
    if one.measure == VOLUME:
        if one.per == CONVERSION:
            return line.whole if one.reduce else line.whole_made
        return line.basis if one.reduce else line.made
    if one.reduce and kept == 0:
        return 0
    if one.measure == CUSTOMERS:
        return 1 if is_new_customer(w, one, owner, customer, day) else 0
    return 1


@rule
def add_to_tallies(w: World, line: Row, key: Row, kept: int, owner: int, customer: int, day: int) -> bool:
    """Count a component in every period its rule key is counted by; false when a volume passes its limit."""
    for kind in range(MONTH, LIFETIME + 1):
        if not key.tallies >> kind & 1:
            continue
        cell = t.cells(w, t.TALLIES, take(w, t.TALLIES, period_key(owner, kind, period_of(day, kind)), U_TALLIES))
        if cell.c == 0:
            cell.h = NONE
        cell.a += line.made
        cell.c += 1
        if cell.a >= VOLUME_LIMIT:
            return False
        if kept:
            cell.b += line.basis
            cell.d += 1
        _add_member(w, cell, customer, kept, key.trailing and kind == MONTH)
    return True


@rule
def _add_member(w: World, cell: Row, customer: int, kept: int, chained: int) -> None:
    """A customer counts once as made, and once as kept."""
    at = find(w, t.MEMBERS, cell.g << 32 | customer)
    member = t.cells(w, t.MEMBERS, at)
    if member.key == NONE:
        member.key = cell.g << 32 | customer
        t.used(w, U_MEMBERS).value += 1
        cell.e += 1
        if chained:
            node = t.nodes(w, t.used(w, U_NODES).value)
            node.customer, node.next, node.kept = (customer, cell.h, 0)
            cell.h, member.b = (t.used(w, U_NODES).value, t.used(w, U_NODES).value)
            t.used(w, U_NODES).value += 1
    if kept and member.a == 0:
        member.a = 1
        cell.f += 1
        if chained:
            t.nodes(w, member.b).kept = 1
