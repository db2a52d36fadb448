"""Pay (section 5): the exact money of a component before tail, rounding and limits; how long a rule goes on paying; and
what `choose: best` compares.
"""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.basis import figure
from goodword.domain.settlement.rules.cells import find, find_tie, period_key
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.dates import add_months, period_of, whole_months
from goodword.domain.settlement.rules.exact import fits, fits_sum, gcd
from goodword.domain.settlement.rules.layout import (
    AFTER,
    CONVERSION,
    COUNT,
    FLAT,
    MARGINAL,
    NONE,
    SCHEDULE,
    TIERS,
    VOLUME,
    WHOLE,
    WHOLE_PPM,
    Row,
)
from goodword.domain.settlement.rules.tables import World
from goodword.domain.settlement.rules.tallies import is_new_customer, total_before, total_in

OVER = -2
"No rate: the rule is over."


@rule
def lasts_still(payments: int, months: int, first: int, count: int, day: int) -> bool:
    """Whether something that started on a day (0: not yet) and has paid so many times still pays on another day."""
    if payments != NONE and count >= payments:
        return False
    return months == NONE or day < add_months(first or day, months)


@rule
def still_runs(w: World, one: Row, tie: int, partner: int, day: int) -> tuple[int, int]:
    """The rate of a percent or schedule (0 for other pay) and the whole months since the rule's first component.

    OVER in place of the rate when `lasts` or the schedule is over.
    """
    if one.payments == NONE and one.months == NONE and (one.pay != SCHEDULE):
        return (one.ppm, 0)
    started = find_tie(w, tie, partner, one.key)
    first, count = (0, 0)
    if started != NONE:
        first, count = (t.ties(w, started).day, t.ties(w, started).count)
    if not lasts_still(one.payments, one.months, first, count, day):
        return (OVER, 0)
    if one.pay != SCHEDULE:
        return (one.ppm, 0)
    months = whole_months(first, day) if first else 0
    left = months
    for row in range(one.schedule_lo, one.schedule_lo + one.schedule_n):
        step = t.schedules(w, row)
        if step.months == NONE or left < step.months:
            return (step.ppm, months)
        left -= step.months
    return (OVER, 0)


@rule
def step_at(w: World, one: Row, total: int, per: int) -> int:
    """The row of the last step whose `from` is at or below a total, which is a ratio `total / per`."""
    found = one.step_lo
    for row in range(one.step_lo + 1, one.step_lo + one.step_n):
        if t.steps(w, row).start * per > total:
            break
        found = row
    return found


@rule
def sliced(w: World, one: Row, low: int, high: int, per: int) -> tuple[int, bool]:
    """The money of the volume from `low / per` to `high / per`, each slice at its own rate, in millionths / per; and
    whether it could be written down.
    """
    money = 0
    last = one.step_lo + one.step_n - 1
    for row in range(one.step_lo, last + 1):
        start = max(low, t.steps(w, row).start * per)
        end = high
        if row < last and t.steps(w, row + 1).start * per < high:
            end = t.steps(w, row + 1).start * per
        if end <= start:
            continue
        if not fits(end - start, t.steps(w, row).ppm) or not fits_sum(money, (end - start) * t.steps(w, row).ppm):
            return (0, False)
        money += (end - start) * t.steps(w, row).ppm
    return (money, True)


@rule
def looks_at_before(line: Row, one: Row) -> bool:
    """Whether the total before a component picks its step: by its mode, or because its part of the basis was 0 as made
    and a refund gave it a unit (largest remainder), so that there is nothing to place.
    """
    if one.mode not in (AFTER, WHOLE):
        return True
    return line.made == 0 and line.basis > 0 and not one.reduce and one.per != CONVERSION


@rule
def final_total(w: World, line: Row, one: Row, owner: int, day: int) -> int:
    """The total of the component's whole period."""
    if one.per == CONVERSION:
        return line.after
    return total_in(t.cells(w, t.FINALS, find(w, t.FINALS, period_key(owner, one.per, period_of(day, one.per)))), one)


@rule
def exact_money(w: World, line: Row, one: Row, kept: int, kept_of: int) -> tuple[int, int, bool]:
    """A component's money before the tail, as a ratio, and whether it could be written down.

    `line.before` is the total that decides a tier that is not cut into slices.
    """
    if one.pay == FLAT:
        return _flat_money(line, one.flat, kept, kept_of)
    if one.pay != TIERS:
        return _part(line.basis, line.ppm, 1)
    if one.mode == MARGINAL and one.measure == VOLUME and (line.after > line.before):
        size = line.after - line.before
        money, written = sliced(w, one, line.before, line.after, 1)
        if not written:
            return (0, 1, False)
        if line.basis == size:
            return (money, WHOLE_PPM, True)
        common = gcd(line.basis, size)
        return _part(money, line.basis // common, size // common)
    step = t.steps(w, step_at(w, one, line.before, 1))
    if step.flat != NONE:
        return _flat_money(line, step.flat, kept, kept_of)
    return _part(line.basis, step.ppm, 1)


@rule
def _part(figure: int, times: int, per: int) -> tuple[int, int, bool]:
    """`figure × times / (per × 1,000,000)`."""
    if not fits(figure, times) or not fits(per, WHOLE_PPM):
        return (0, 1, False)
    return (figure * times, per * WHOLE_PPM, True)


@rule
def _flat_money(line: Row, flat: int, kept: int, kept_of: int) -> tuple[int, int, bool]:
    """A flat × share × what was kept × units."""
    if not fits(flat, line.share_ppm) or not fits(flat * line.share_ppm, line.quantity):
        return (0, 1, False)
    whole = flat * line.share_ppm * line.quantity
    if not fits(whole, kept) or not fits(WHOLE_PPM, kept_of):
        return (0, 1, False)
    return (whole * kept, WHOLE_PPM * kept_of, True)


@rule
def tailed(numerator: int, denominator: int, tail_ppm: int) -> tuple[int, int, bool]:
    """The part of a ratio that a tail pays."""
    if tail_ppm == WHOLE_PPM:
        return (numerator, denominator, True)
    common = gcd(tail_ppm, WHOLE_PPM)
    over, under = (tail_ppm // common, WHOLE_PPM // common)
    if not fits(numerator, over) or not fits(denominator, under):
        return (0, 1, False)
    return (numerator * over, denominator * under, True)


@rule
def worth(
    w: World, one: Row, conversion: Row, partner: int, owner: int, sale_line: int, history: Row, rate: Row
) -> tuple[int, int, bool]:
    """What a rule would pay on one line alone (NONE: the whole sale), exactly, as made, at full share, before tail,
    rounding and limits: a ratio, and whether it could be written down. A rule that is over is worth 0.

    Uses the next free row of picks.
    """
    ppm, _ = still_runs(w, one, history.tie, partner, conversion.day)
    if ppm == OVER:
        return (0, 1, True)
    if one.pay == FLAT:
        units = t.sale_lines(w, sale_line).quantity if one.each_unit and sale_line != NONE else 1
        return (one.flat * units, 1, fits(one.flat, units))
    numerator, times, denominator = _line_figure(w, conversion, one, sale_line)
    if not fits(abs(numerator), abs(times)):
        return (0, 1, False)
    numerator = max(numerator * times, 0)
    if not fits(numerator, rate.numerator) or not fits(denominator, rate.denominator):
        return (0, 1, False)
    numerator, denominator = (numerator * rate.numerator, denominator * rate.denominator)
    common = gcd(numerator, denominator)
    numerator, denominator = (numerator // common, denominator // common)
    if one.pay != TIERS:
        return _part(numerator, ppm, denominator)
    return _tiers_worth(w, one, conversion, owner, numerator, denominator)


@rule
def _line_figure(w: World, conversion: Row, one: Row, sale_line: int) -> tuple[int, int, int]:
    if sale_line == NONE or conversion.line_n == 1:
        return figure(w, conversion, one, 0, 0)
    free = w.picks_n - 1
    t.picks(w, free).value = sale_line
    return figure(w, conversion, one, free, 1)


@rule
def _tiers_worth(w: World, one: Row, conversion: Row, owner: int, basis: int, per: int) -> tuple[int, int, bool]:
    before = total_before(w, one, owner, conversion.day)
    highest = max(before, t.steps(w, one.step_lo + one.step_n - 1).start)
    if not fits(highest, per) or not fits_sum(highest * per, basis):
        return (0, 1, False)
    if one.mode == MARGINAL and one.measure == VOLUME:
        money, written = sliced(w, one, before * per, before * per + basis, per)
        return (money, per * WHOLE_PPM, written and fits(per, WHOLE_PPM))
    total = before * per
    if one.mode == AFTER:
        if one.measure == VOLUME:
            total += basis
        elif one.measure == COUNT or is_new_customer(w, one, owner, conversion.customer, conversion.day):
            total += per
    step = t.steps(w, step_at(w, one, total, per))
    if step.flat != NONE:
        return (step.flat, 1, True)
    return _part(basis, step.ppm, per)
