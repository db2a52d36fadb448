"""The arithmetic of lines in words: per line its rate and its steps, from whose it is to the amount, written so that a
stranger with a calculator can redo it. What the figures are is decided elsewhere and stands in the tables.

A `from` that opens with a digit, a bracket, `min(` or `max(` is a sum to be computed: `+ - * /`, percents, and words
that only name a figure; after a comma it may say how the result is rounded. Any other `from` is a statement.
"""

from typing import Any

from goodword.domain.settlement.rules import sheet, tables
from goodword.domain.settlement.rules.basis_words import put_remainder, write_basis, write_split
from goodword.domain.settlement.rules.bytes_in_place import fetch_place, put
from goodword.domain.settlement.rules.compiling import entry, rule
from goodword.domain.settlement.rules.exact import fits, mul_div
from goodword.domain.settlement.rules.layout import (
    BUDGET,
    BY_ASSIST,
    BY_CREDIT,
    BY_HAND,
    BY_LOCK,
    COMMISSION,
    DONE,
    FIRST,
    LAST,
    LINEAR,
    MONTH,
    MORE_ROOM,
    NONE,
    OVERRIDE,
    POSITION,
    QUARTER,
    WHOLE_PPM,
    YEAR,
    Row,
    Table,
)
from goodword.domain.settlement.rules.limit_words import write_pro_rata, write_room, write_stage
from goodword.domain.settlement.rules.pay_words import (
    comes_to_exact,
    put_total,
    together,
    untailed,
    write_part,
    write_pay,
    write_rate_text,
    write_rounding,
    write_tail,
)
from goodword.domain.settlement.rules.rates import tailed
from goodword.domain.settlement.rules.sheet import (
    AGREEMENT,
    AMOUNT,
    AT_FROM,
    AT_LINE,
    AT_RATE,
    AT_RESULT,
    AT_STEP,
    BASIS,
    BONUS,
    MOST_STEPS,
    RATE,
    RULE,
    SHARE,
    TOTAL,
    Sheet,
    comes_to,
    comes_to_money,
    comes_to_name,
    said,
)
from goodword.domain.settlement.rules.sheet import BUDGET as IN_BUDGET
from goodword.domain.settlement.rules.sheet import OVERRIDE as ABOVE
from goodword.domain.settlement.rules.tables import World
from goodword.domain.settlement.rules.writing import put_money, put_name, put_number, put_percent

_ROOM = 4096
"""More than a line's figures and fixed words take, without names and lists."""
_ROOM_OF_FIGURE = 64
_AHEAD = 8


@entry
def write_lines(worlds: Any, sheets: Any, lo: int, hi: int, longest: int) -> tuple[int, int]:
    """Write the lines of rows lo to hi: the rate and the steps of each. Gives why it stopped (DONE, MORE_ROOM, or
    BY_HAND: 64 bits are not enough), and at which row.

    `worlds`, `sheets`: the world and the sheet, each the only one of an array. `longest`: the length of the longest
    name. A line that was not written leaves nothing behind.
    """
    w, p = worlds[0], sheets[0]
    pen, program = sheet.pen(p), tables.program(w, 0)
    for at in range(lo, hi):
        _look_ahead(w, p, tables.lines(w, min(at + 2 * _AHEAD, hi - 1)), tables.lines(w, min(at + _AHEAD, hi - 1)))
        line = tables.lines(w, at)
        if not _has_room(w, p, line, longest):
            return MORE_ROOM, at
        from_, result, step, rate = pen[AT_FROM], pen[AT_RESULT], pen[AT_STEP], pen[AT_RATE]
        if line.kind == COMMISSION:
            fit = _write_commission(w, p, at)
        elif line.kind == OVERRIDE:
            fit = _write_override(w, p, line, tables.overrides(w, line.child))
        else:
            fit = _write_bonus(p, line, tables.bonuses(w, line.rule), program.places)
        if not fit:
            pen[AT_FROM] = from_
            pen[AT_RESULT] = result
            pen[AT_STEP] = step
            pen[AT_RATE] = rate
            return BY_HAND, at
        _write_end(p, line, program)
    return DONE, hi


@rule
def _look_ahead(w: World, p: Sheet, later: Row, soon: Row) -> None:
    """Have what is written soon on its way from memory: names of the next line, where those of a later one begin."""
    bases, id_starts, starts = sheet.bases(p, 0), sheet.id_starts(p), sheet.starts(p)
    if later.kind == COMMISSION:
        fetch_place(starts, bases.agreements + later.agreement)
        if later.how == BY_LOCK:
            fetch_place(id_starts, later.because)
    if soon.kind == COMMISSION:
        fetch_place(sheet.names(p), starts[bases.agreements + soon.agreement])
        if soon.how == BY_LOCK:
            fetch_place(sheet.ids(p), id_starts[soon.because])


@rule
def _has_room(w: World, p: Sheet, line: Row, longest: int) -> bool:
    pen = sheet.pen(p)
    lists = line.pick_n
    if line.kind == COMMISSION:
        lists += tables.rules(w, line.rule).step_n
    most = _ROOM + 8 * longest + _ROOM_OF_FIGURE * lists
    return (
        pen[AT_FROM] + most <= p.froms_n
        and pen[AT_RESULT] + most <= p.results_n
        and pen[AT_RATE] + most <= p.rates_n
        and pen[AT_STEP] + MOST_STEPS < p.does_n
    )


@rule
def _write_end(p: Sheet, line: Row, program: Row) -> None:
    """What the budget left of the line, and its amount."""
    places, pen = program.places, sheet.pen(p)
    if (line.reasons >> BUDGET) & 1:
        if program.budget_pro_rata:
            write_pro_rata(p, IN_BUDGET, line.unbudgeted, line.amount, program.budget, line.spent, places)
        else:
            write_room(p, IN_BUDGET, line.unbudgeted, line.amount, program.budget, line.spent, places)
    said(p, AMOUNT, put_money(sheet.froms(p), pen[AT_FROM], line.amount, places))
    comes_to_money(p, line.amount, places)
    pen[AT_LINE] += 1
    sheet.step_ends(p)[pen[AT_LINE]] = pen[AT_STEP]
    sheet.rate_ends(p)[pen[AT_LINE]] = pen[AT_RATE]


@rule
def _write_commission(w: World, p: Sheet, at: int) -> bool:
    """Shares, agreement, rule, basis, rate, tail, rounding and limits of a component."""
    line, program = tables.lines(w, at), tables.program(w, 0)
    one, conversion = tables.rules(w, line.rule), tables.conversions(w, line.conversion)
    places, mode, graded = program.places, program.rounding, tables.terms(w, line.terms).graded
    _write_share(w, p, line, program.model)
    _write_agreement(p, line, one)
    if not write_basis(w, p, line, one, conversion, graded):
        return False
    if line.how != BY_ASSIST and line.share_ppm != WHOLE_PPM:
        write_split(p, line, places)
    write_rate_text(w, p, line, one, places)
    over, under, fit = untailed(w, line)
    if not fit or not write_pay(w, p, line, one, conversion, graded, places, over, under):
        return False
    if line.tail_ppm != WHOLE_PPM:
        whole, whole_per = over, under
        over, under, fit = tailed(whole, whole_per, line.tail_ppm)
        if not fit or not write_tail(p, whole, whole_per, line.tail_ppm, over, under, places):
            return False
    if not line.together:
        fit = write_rounding(p, over, under, line.first, places, mode, False)
    else:
        own, all_, per, fit = together(w, at, w.lines_n)
        fit = fit and write_rounding(p, all_, per, line.rounded, places, mode, True)
        fit = fit and write_part(p, line, own, all_, per, places)
    for row in range(line.stage_lo, line.stage_lo + line.stage_n):
        write_stage(p, tables.stages(w, row), line.share_ppm, program.guardrail, places, mode)
    return fit


@rule
def _write_share(w: World, p: Sheet, line: Row, model: int) -> None:
    froms, at = sheet.froms(p), sheet.pen(p)[AT_FROM]
    if line.how == BY_ASSIST:
        at = put(froms, at, "assisted, beside the credit")
    elif line.how == BY_CREDIT:
        at = put(froms, at, "decided by credit ")
        at = put_name(froms, at, sheet.names(p), sheet.starts(p), sheet.bases(p, 0).credits + line.because)
    elif line.how == BY_LOCK:
        at = put(froms, at, "kept from conversion ")
        at = put_name(froms, at, sheet.ids(p), sheet.id_starts(p), line.because)
    elif model == LAST:
        at = put(froms, at, "last touch")
    elif model == FIRST:
        at = put(froms, at, "first touch")
    else:
        share = tables.shares(w, line.share)
        at = _put_weight(froms, at, share.weight, share.total, model, line.share_ppm)
    said(p, SHARE, at)
    comes_to(p, put_percent(sheet.results(p), sheet.pen(p)[AT_RESULT], line.share_ppm))


@rule
def _put_weight(froms: Table, at: int, weight: int, total: int, model: int, share_ppm: int) -> int:
    at = put(froms, at, "100% * ")
    at = put_number(froms, at, weight)
    at = put(froms, at, " / ")
    at = put_number(froms, at, total)
    if model == LINEAR:
        at = put(froms, at, " linear")
    elif model == POSITION:
        at = put(froms, at, " position")
    else:
        at = put(froms, at, " decay")
    whole, rest = mul_div(WHOLE_PPM, weight, total)
    return put_remainder(froms, at, share_ppm - whole, rest)


@rule
def _write_agreement(p: Sheet, line: Row, one: Row) -> None:
    """Which agreement pays, by which terms and rule."""
    froms, bases, names, starts = sheet.froms(p), sheet.bases(p, 0), sheet.names(p), sheet.starts(p)
    at = put(froms, sheet.pen(p)[AT_FROM], "agreement ")
    at = put_name(froms, at, names, starts, bases.agreements + line.agreement)
    if line.in_tail:
        at = put(froms, at, " has ended: its tail")
    said(p, AGREEMENT, at)
    comes_to_name(p, bases.terms + line.terms)
    at = put(froms, at, "terms ")
    said(p, RULE, put_name(froms, at, names, starts, bases.terms + line.terms))
    comes_to_name(p, bases.rule_keys + one.key)


@rule
def _write_override(w: World, p: Sheet, line: Row, override: Row) -> bool:
    """What a recruiter's line is a part of, and its rate."""
    froms, rates, pen, program = sheet.froms(p), sheet.rates(p), sheet.pen(p), tables.program(w, 0)
    places = program.places
    at = put(froms, pen[AT_FROM], "level ")
    at = put_number(froms, at, line.level)
    said(p, ABOVE, put(froms, at, " above who sold"))
    comes_to_name(p, sheet.bases(p, 0).terms + line.terms)
    if override.flat != NONE:
        pen[AT_RATE] = put_money(rates, pen[AT_RATE], override.flat, places)
        at = put_money(froms, pen[AT_FROM], override.flat, places)
        at = put(froms, at, " * ")
        at = put_number(froms, at, line.before)
        said(p, RATE, put(froms, at, " paid by this rule"))
        comes_to_money(p, override.flat * line.before, places)
        return True
    pen[AT_RATE] = put_percent(rates, pen[AT_RATE], override.ppm)
    at = _put_figures(w, froms, pen[AT_FROM], line, places)
    said(p, BASIS, put(froms, at, " sold") if override.of_sale else put(froms, at, " commission"))
    comes_to_money(p, line.basis, places)
    at = put_percent(froms, pen[AT_FROM], override.ppm)
    at = put(froms, at, " * ")
    said(p, RATE, put_money(froms, at, line.basis, places))
    if not fits(line.basis, override.ppm):
        return False
    exact = line.basis * override.ppm
    return comes_to_exact(p, exact, WHOLE_PPM, places) and write_rounding(
        p, exact, WHOLE_PPM, line.unbudgeted, places, program.rounding, False
    )


@rule
def _put_figures(w: World, froms: Table, at: int, line: Row, places: int) -> int:
    """What an override is of, one figure for each commission."""
    for row in range(line.pick_lo, line.pick_lo + line.pick_n):
        if row > line.pick_lo:
            at = put(froms, at, " + ")
        at = put_money(froms, at, tables.picks(w, row).value, places)
    return at


@rule
def _write_bonus(p: Sheet, line: Row, bonus: Row, places: int) -> bool:
    """The total that a bonus was for."""
    froms, pen = sheet.froms(p), sheet.pen(p)
    pen[AT_RATE] = put_money(sheet.rates(p), pen[AT_RATE], bonus.flat, places)
    at = put(froms, pen[AT_FROM], "total before: ")
    said(p, TOTAL, put_total(froms, at, bonus.measure, line.before, places))
    comes_to(p, put_total(sheet.results(p), pen[AT_RESULT], bonus.measure, line.after, places))
    at = put(froms, pen[AT_FROM], "reaches ")
    at = put_total(froms, at, bonus.measure, bonus.reaches, places)
    if bonus.per == MONTH:
        at = put(froms, at, " in this month")
    elif bonus.per == QUARTER:
        at = put(froms, at, " in this quarter")
    elif bonus.per == YEAR:
        at = put(froms, at, " in this year")
    else:
        at = put(froms, at, " in this lifetime")
    said(p, BONUS, at)
    comes_to_money(p, bonus.flat, places)
    return True
