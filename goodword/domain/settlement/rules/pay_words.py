"""Puts into words what is paid on a basis: rate, schedule, tiers, tail and rounding."""

from goodword.domain.settlement.rules import sheet, tables
from goodword.domain.settlement.rules.basis import kept_ratio
from goodword.domain.settlement.rules.basis_words import put_remainder, put_rounding
from goodword.domain.settlement.rules.bytes_in_place import copy, put
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.exact import fits, fits_sum, gcd, mul_div
from goodword.domain.settlement.rules.layout import (
    AFTER,
    COMMISSION,
    FLAT,
    MARGINAL,
    NONE,
    TIERS,
    VOLUME,
    WHOLE_PPM,
    Row,
    Table,
)
from goodword.domain.settlement.rules.layout import SCHEDULE as BY_SCHEDULE
from goodword.domain.settlement.rules.rates import exact_money, looks_at_before, step_at, tailed
from goodword.domain.settlement.rules.sheet import (
    AT_FROM,
    AT_LINE,
    AT_RATE,
    AT_RESULT,
    PART,
    RATE,
    ROUND,
    SCHEDULE,
    TAIL,
    TIER,
    Sheet,
    comes_to,
    comes_to_money,
    said,
)
from goodword.domain.settlement.rules.tables import World
from goodword.domain.settlement.rules.writing import (
    NO_FIT,
    put_bracketed,
    put_exact,
    put_money,
    put_number,
    put_percent,
)


@rule
def is_sliced(line: Row, one: Row) -> bool:
    """Whether the line's volume is cut at the steps of its tiers."""
    return one.pay == TIERS and one.mode == MARGINAL and one.measure == VOLUME and line.after > line.before


@rule
def write_rate_text(w: World, p: Sheet, line: Row, one: Row, places: int) -> None:
    """The rate of a commission as it is told: a percent, several for slices, or a flat amount."""
    rates, at = sheet.rates(p), sheet.pen(p)[AT_RATE]
    if one.pay == FLAT:
        at = put_money(rates, at, one.flat, places)
    elif one.pay != TIERS:
        at = put_percent(rates, at, line.ppm)
    elif is_sliced(line, one):
        at = _put_slices(w, rates, at, line, one, NONE)
    else:
        step = tables.steps(w, step_at(w, one, line.before, 1))
        is_flat = step.flat != NONE
        at = put_money(rates, at, step.flat, places) if is_flat else put_percent(rates, at, step.ppm)
    sheet.pen(p)[AT_RATE] = at


@rule
def _put_slices(w: World, buffer: Table, at: int, line: Row, one: Row, places: int) -> int:
    """Each slice's percent and size; `places` NONE: only the percents."""
    first, last = True, one.step_lo + one.step_n - 1
    for row in range(one.step_lo, last + 1):
        start, end = max(line.before, tables.steps(w, row).start), line.after
        if row < last:
            end = min(end, tables.steps(w, row + 1).start)
        if end <= start:
            continue
        if not first:
            at = put(buffer, at, ", ") if places == NONE else put(buffer, at, " + ")
        first = False
        at = put_percent(buffer, at, tables.steps(w, row).ppm)
        if places != NONE:
            at = put(buffer, at, " * ")
            at = put_money(buffer, at, end - start, places)
    return at


@rule
def write_pay(
    w: World, p: Sheet, line: Row, one: Row, conversion: Row, graded: int, places: int, over: int, under: int
) -> bool:
    """Schedule, tier and rate of a commission, which come to an exact figure."""
    if one.pay == BY_SCHEDULE:
        at = put(sheet.froms(p), sheet.pen(p)[AT_FROM], "whole months since the first: ")
        said(p, SCHEDULE, put_number(sheet.froms(p), at, line.months))
        _comes_to_rate(p)
    if one.pay == TIERS:
        _write_tier(p, line, one, places)
    froms, at, is_flat = sheet.froms(p), sheet.pen(p)[AT_FROM], one.pay == FLAT
    if one.pay == TIERS:
        is_flat = not is_sliced(line, one) and tables.steps(w, step_at(w, one, line.before, 1)).flat != NONE
    if is_sliced(line, one):
        at = _put_sliced_sum(w, froms, at, line, one, places)
    else:
        at = _copy_rate(p, froms, at)
        if is_flat:
            at = _put_flat_factors(froms, at, line, conversion, graded)
            if at == NO_FIT:
                return False
        else:
            at = put(froms, at, " * ")
            at = put_money(froms, at, line.basis, places)
    said(p, RATE, at)
    return comes_to_exact(p, over, under, places)


@rule
def comes_to_exact(p: Sheet, numerator: int, denominator: int, places: int) -> bool:
    """Close a step with an exact figure; false when 64 bits are not enough for it."""
    at = put_exact(sheet.results(p), sheet.pen(p)[AT_RESULT], numerator, denominator, places)
    if at == NO_FIT:
        return False
    comes_to(p, at)
    return True


@rule
def _comes_to_rate(p: Sheet) -> None:
    comes_to(p, _copy_rate(p, sheet.results(p), sheet.pen(p)[AT_RESULT]))


@rule
def _copy_rate(p: Sheet, into: Table, at: int) -> int:
    """The text of the line's rate, which was written first."""
    pen = sheet.pen(p)
    return copy(into, at, sheet.rates(p), sheet.rate_ends(p)[pen[AT_LINE]], pen[AT_RATE])


@rule
def _write_tier(p: Sheet, line: Row, one: Row, places: int) -> None:
    froms, at = sheet.froms(p), sheet.pen(p)[AT_FROM]
    if looks_at_before(line, one):
        at = put(froms, at, "total before: ")
    elif one.mode == AFTER:
        at = put(froms, at, "total after: ")
    else:
        at = put(froms, at, "total of the period: ")
    said(p, TIER, put_total(froms, at, one.measure, line.before, places))
    _comes_to_rate(p)


@rule
def put_total(buffer: Table, at: int, measure: int, total: int, places: int) -> int:
    """What was counted: money or a number."""
    return put_money(buffer, at, total, places) if measure == VOLUME else put_number(buffer, at, total)


@rule
def _put_sliced_sum(w: World, froms: Table, at: int, line: Row, one: Row, places: int) -> int:
    size = line.after - line.before
    if line.basis == size:
        return _put_slices(w, froms, at, line, one, places)
    at = put(froms, at, "(")
    at = _put_slices(w, froms, at, line, one, places)
    at = put(froms, at, ") * ")
    at = put_money(froms, at, line.basis, places)
    at = put(froms, at, " / ")
    return put_money(froms, at, size, places)


@rule
def _put_flat_factors(froms: Table, at: int, line: Row, conversion: Row, graded: int) -> int:
    if line.share_ppm != WHOLE_PPM:
        at = put(froms, at, " * ")
        at = put_percent(froms, at, line.share_ppm)
        at = put(froms, at, " share")
    if line.quantity != 1:
        at = put(froms, at, " * ")
        at = put_number(froms, at, line.quantity)
        at = put(froms, at, " units")
    if line.returned == 0 and line.kept_months == NONE:
        return at
    kept, kept_of = 1, 1
    if conversion.amount:
        kept, kept_of = conversion.amount - line.returned, conversion.amount
    if line.kept_months != NONE:
        if not fits(kept, line.kept_months) or not fits(kept_of, graded):
            return NO_FIT
        kept, kept_of = kept * line.kept_months, kept_of * graded
    at = put(froms, at, " * ")
    at = put_number(froms, at, kept)
    at = put(froms, at, " / ")
    at = put_number(froms, at, kept_of)
    return put(froms, at, " kept")


@rule
def write_tail(
    p: Sheet, numerator: int, denominator: int, tail_ppm: int, over: int, under: int, places: int
) -> bool:  # fmt: skip
    """The part that an ended agreement still pays of a figure."""
    at = put_bracketed(sheet.froms(p), sheet.pen(p)[AT_FROM], numerator, denominator, places)
    if at == NO_FIT:
        return False
    at = put(sheet.froms(p), at, " * ")
    said(p, TAIL, put_percent(sheet.froms(p), at, tail_ppm))
    return comes_to_exact(p, over, under, places)


@rule
def write_rounding(
    p: Sheet, numerator: int, denominator: int, amount: int, places: int, mode: int, together: bool
) -> bool:  # fmt: skip
    """The rounding of an exact figure."""
    at = put_exact(sheet.froms(p), sheet.pen(p)[AT_FROM], numerator, denominator, places)
    if at == NO_FIT:
        return False
    if together:
        at = put(sheet.froms(p), at, " together")
    if numerator % denominator:
        at = put_rounding(sheet.froms(p), at, mode)
    said(p, ROUND, at)
    comes_to_money(p, amount, places)
    return True


@rule
def together(w: World, at: int, lines: int) -> tuple[int, int, int, bool]:
    """A line's exact money and that of all partners that picked its rule, over one denominator, and whether 64 bits are
    enough. `lines`: how many there are.
    """
    own, all_, per = 0, 0, 1
    mine = tables.lines(w, at)
    row = at
    while row > 0 and tables.lines(w, row - 1).conversion == mine.conversion:
        row -= 1
    while row < lines and tables.lines(w, row).conversion == mine.conversion:
        line = tables.lines(w, row)
        if line.kind == COMMISSION and line.rule == mine.rule:
            over, under, fit = exact_of(w, line)
            common = gcd(over, under)
            over, under = over // common, under // common
            common = gcd(per, under)
            up, times = under // common, per // common
            if not fit or not fits(all_, up) or not fits(over, times) or not fits(per, up):
                return 0, 0, 1, False
            if not fits_sum(all_ * up, over * times):
                return 0, 0, 1, False
            own, all_, per = own * up, all_ * up + over * times, per * up
            if row == at:
                own = over * times
        row += 1
    return own, all_, per, True


@rule
def exact_of(w: World, line: Row) -> tuple[int, int, bool]:
    """A commission's exact money after the tail, and whether 64 bits are enough."""
    over, under, fit = untailed(w, line)
    if not fit:
        return 0, 1, False
    return tailed(over, under, line.tail_ppm)


@rule
def untailed(w: World, line: Row) -> tuple[int, int, bool]:
    """A commission's exact money before the tail, and whether 64 bits are enough."""
    amount, graded = tables.conversions(w, line.conversion).amount, tables.terms(w, line.terms).graded
    kept, kept_of = kept_ratio(amount, line.returned, line.kept_months, graded)
    return exact_money(w, line, tables.rules(w, line.rule), kept, kept_of)


@rule
def write_part(
    p: Sheet, line: Row, own: int, all_: int, per: int, places: int
) -> bool:  # fmt: skip
    """A partner's part of what all that picked the rule get together."""
    froms = sheet.froms(p)
    at = put_money(froms, sheet.pen(p)[AT_FROM], line.rounded, places)
    if all_ == 0:
        at = put_money(froms, sheet.pen(p)[AT_FROM], 0, places)
        said(p, PART, at)
        comes_to_money(p, 0, places)
        return True
    whole, rest = mul_div(line.rounded, own, all_)
    at = put_bracketed(froms, put(froms, at, " * "), own, per, places)
    if NO_FIT in (at, whole):
        return False
    at = put_bracketed(froms, put(froms, at, " / "), all_, per, places)
    if at == NO_FIT:
        return False
    said(p, PART, put_remainder(froms, at, line.first - whole, rest))
    comes_to_money(p, line.first, places)
    return True
