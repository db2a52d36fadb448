"""What recruiters earn on what their recruits earned or sold (section 6, step 11)."""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.attribution import in_force
from goodword.domain.settlement.rules.cells import find, take
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.exact import mul_div, rounded
from goodword.domain.settlement.rules.layout import (
    AMOUNT_LIMIT,
    AMOUNT_TOO_LARGE,
    DONE,
    NONE,
    OVERRIDE,
    U_LINES,
    U_PICKS,
    U_RECRUITED,
    WHOLE_PPM,
    Row,
)
from goodword.domain.settlement.rules.rates import lasts_still
from goodword.domain.settlement.rules.tables import World


@rule
def ancestor(w: World, partner: int, level: int) -> int:
    """Who stands so many levels above a partner; NONE when nobody does."""
    for _ in range(level):
        if partner != NONE:
            partner = t.partners(w, partner).parent
    return partner


@rule
def override_for(w: World, terms: Row, level: int) -> int:
    """The row of the override that terms have for a level; NONE when they have none."""
    for row in range(terms.override_lo, terms.override_lo + terms.override_n):
        if t.overrides(w, row).level == level:
            return row
    return NONE


@rule
def pay_recruiters(w: World, lo: int, count: int, levels: int, conversion: Row, number: int, mode: int) -> int:
    """Write the override lines of a conversion whose components are final; DONE or AMOUNT_TOO_LARGE."""
    for level in range(1, levels + 1):
        for i in range(count):
            t.lines(w, lo + i).child = NONE
        for i in range(count):
            if t.lines(w, lo + i).child != NONE:
                continue
            recruiter = ancestor(w, t.lines(w, lo + i).partner, level)
            if recruiter == NONE:
                continue
            agreement = in_force(w, t.partners(w, recruiter), conversion.at)
            if agreement == NONE:
                continue
            row = override_for(w, t.terms(w, t.agreements(w, agreement).terms), level)
            if row == NONE:
                continue
            status = _override(
                w,
                lo,
                i,
                count,
                recruiter,
                agreement,
                t.agreements(w, agreement).terms,
                row,
                t.overrides(w, row),
                conversion.day,
                number,
                mode,
            )
            if status != DONE:
                return status
    return DONE


@rule
def _override(
    w: World,
    lo: int,
    first: int,
    count: int,
    recruiter: int,
    agreement: int,
    terms: int,
    row: int,
    one: Row,
    day: int,
    number: int,
    mode: int,
) -> int:
    """One line for all components of one rule key below this recruiter. `child` marks those that have been looked
    at.
    """
    key = t.rules(w, t.lines(w, lo + first).rule).key
    line = t.lines(w, t.used(w, U_LINES).value)
    line.figure, line.before, line.pick_lo, line.pick_n = (0, 0, t.used(w, U_PICKS).value, 0)
    leader = NONE
    for j in range(first, count):
        child = t.lines(w, lo + j)
        if t.rules(w, child.rule).key != key or ancestor(w, child.partner, one.level) != recruiter:
            continue
        child.child = row
        if (one.of_sale and t.rules(w, child.rule).adds) or not _still_pays(w, one, recruiter, child, day):
            continue
        if leader == NONE:
            leader = j
        above = child.amount > 0
        line.before += above
        figure = child.basis if one.of_sale else child.amount
        line.figure += figure
        t.picks(w, t.used(w, U_PICKS).value).value = figure
        t.used(w, U_PICKS).value += 1
        line.pick_n += 1
    if leader == NONE:
        return DONE
    _fill(line, t.lines(w, lo + leader), number, recruiter, agreement, terms, row, one)
    if one.flat != NONE:
        line.amount, line.basis = (one.flat * line.before, 0)
    else:
        quotient, rest = mul_div(line.figure, one.ppm, WHOLE_PPM)
        line.amount, line.basis = (rounded(quotient, rest, WHOLE_PPM, mode), line.figure)
    line.first = line.rounded = line.amount
    t.used(w, U_LINES).value += 1
    return AMOUNT_TOO_LARGE if max(line.amount, line.basis) >= AMOUNT_LIMIT else DONE


@rule
def _still_pays(w: World, one: Row, recruiter: int, child: Row, day: int) -> bool:
    """Whether the override goes on for this recruit; counts the component when it carries one."""
    key = recruiter << 31 | child.partner
    cell = t.cells(w, t.RECRUITED, find(w, t.RECRUITED, key))
    if cell.key == NONE:
        if not lasts_still(one.payments, one.months, 0, 0, day):
            return False
    elif not lasts_still(one.payments, one.months, cell.a, cell.b, day):
        return False
    if one.flat == NONE or child.amount > 0:
        cell = t.cells(w, t.RECRUITED, take(w, t.RECRUITED, key, U_RECRUITED))
        if cell.b == 0:
            cell.a = day
        cell.b += 1
    return True


@rule
def _fill(line: Row, child: Row, number: int, recruiter: int, agreement: int, terms: int, row: int, one: Row) -> None:
    line.kind, line.level, line.child = (OVERRIDE, one.level, row)
    line.conversion, line.partner, line.agreement, line.terms = (number, recruiter, agreement, terms)
    line.rule, line.order, line.hold_days = (child.rule, child.order, child.hold_days)
    line.share, line.share_ppm, line.ppm, line.tail_ppm, line.in_tail = (NONE, WHOLE_PPM, one.ppm, WHOLE_PPM, 0)
    line.reasons, line.stage_lo, line.stage_n, line.together = (0, 0, 0, 0)
