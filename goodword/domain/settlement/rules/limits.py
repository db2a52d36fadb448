"""What bounds the amounts of one conversion (section 6, steps 7 to 10): rounding together, floor, caps, guardrail."""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.basis import basis_of
from goodword.domain.settlement.rules.cells import find, find_tie, period_key, take
from goodword.domain.settlement.rules.compiling import copy_row, rule
from goodword.domain.settlement.rules.dates import period_of
from goodword.domain.settlement.rules.exact import fits, fits_sum, gcd, mul_div, rounded, rounded_ratio, share_out
from goodword.domain.settlement.rules.layout import (
    AMOUNT_LIMIT,
    AMOUNT_TOO_LARGE,
    BY_HAND,
    CAP_CUSTOMER,
    CAP_PERIOD,
    CAP_SALE,
    DONE,
    FLOOR,
    GUARDRAIL,
    LIFETIME,
    MONTH,
    NONE,
    U_PAID,
    U_STAGES,
    WHOLE_PPM,
    Row,
)
from goodword.domain.settlement.rules.tables import World


@rule
def round_together(w: World, lo: int, count: int, mode: int) -> int:
    """Round the sum over the partners that picked the same rule once, and share it out by the largest remainder.

    The components' exact money stands in `numerators` and `denominators`. DONE, BY_HAND or AMOUNT_TOO_LARGE.
    """
    for i in range(count):
        t.lines(w, lo + i).together = NONE
    for i in range(count):
        if t.lines(w, lo + i).together != NONE:
            continue
        members = _group(w, lo, i, count)
        if members == 1:
            status = _give(
                t.lines(w, lo + i), rounded_ratio(t.numerators(w, i).value, t.denominators(w, i).value, mode)
            )
        else:
            status = _round_group(w, lo, i, count, mode)
        if status != DONE:
            return status
    for i in range(count):
        t.lines(w, lo + i).together = t.lines(w, lo + i).together >= 2
    return DONE


@rule
def _group(w: World, lo: int, first: int, count: int) -> int:
    """Mark the components of the rule of the first one: 2 + its number where they are several, else 1."""
    one = t.lines(w, lo + first)
    members = 0
    for j in range(first, count):
        other = t.lines(w, lo + j)
        if other.terms == one.terms and t.rules(w, other.rule).key == t.rules(w, one.rule).key:
            members += 1
            other.together = 2
    if members == 1:
        one.together = 1
    return members


@rule
def _give(line: Row, amount: int) -> int:
    if amount >= AMOUNT_LIMIT:
        return AMOUNT_TOO_LARGE
    line.rounded = line.first = line.amount = amount
    return DONE


@rule
def _round_group(w: World, lo: int, first: int, count: int, mode: int) -> int:
    one = t.lines(w, lo + first)
    common, total, members = (1, 0, 0)
    for j in range(first, count):
        if t.lines(w, lo + j).terms == one.terms and t.lines(w, lo + j).rule == one.rule:
            times = t.denominators(w, j).value // gcd(common, t.denominators(w, j).value)
            if not fits(common, times):
                return BY_HAND
            common *= times
    for j in range(first, count):
        if t.lines(w, lo + j).terms == one.terms and t.lines(w, lo + j).rule == one.rule:
            if not fits(t.numerators(w, j).value, common // t.denominators(w, j).value):
                return BY_HAND
            t.weights(w, members).value = t.numerators(w, j).value * (common // t.denominators(w, j).value)
            if not fits_sum(total, t.weights(w, members).value):
                return BY_HAND
            total += t.weights(w, members).value
            members += 1
    whole = rounded_ratio(total, common, mode)
    if whole >= AMOUNT_LIMIT:
        return AMOUNT_TOO_LARGE
    share_out(w, whole, members)
    members = 0
    for j in range(first, count):
        line = t.lines(w, lo + j)
        if line.terms == one.terms and line.rule == one.rule:
            line.rounded = whole
            line.first = line.amount = t.parts(w, members).value
            members += 1
    return DONE


@rule
def part_of(amount: int, share_ppm: int, mode: int) -> int:
    """A limit that is × share, rounded."""
    if share_ppm == WHOLE_PPM:
        return amount
    quotient, rest = mul_div(amount, share_ppm, WHOLE_PPM)
    return rounded(quotient, rest, WHOLE_PPM, mode)


@rule
def limit(w: World, line: Row, one: Row, history: Row, day: int, owner: int, mode: int) -> None:
    """Floor and caps of one component, in order."""
    line.stage_lo = t.used(w, U_STAGES).value
    if one.floor != NONE and line.basis > 0:
        floor = part_of(one.floor, line.share_ppm, mode)
        if line.amount < floor:
            _stage(w, line, FLOOR, floor, one.floor, 0, 0)
    if one.cap_sale != NONE:
        part = part_of(one.cap_sale, line.share_ppm, mode)
        if line.amount > part:
            _stage(w, line, CAP_SALE, part, one.cap_sale, 0, 0)
    if one.cap_customer != NONE:
        tie = find_tie(w, history.tie, line.partner, one.key)
        so_far = 0 if tie == NONE else t.ties(w, tie).paid
        _cap(w, line, CAP_CUSTOMER, one.cap_customer, so_far)
    if one.cap_period != NONE:
        cell = t.cells(w, t.PAID, find(w, t.PAID, period_key(owner, one.cap_per, period_of(day, one.cap_per))))
        _cap(w, line, CAP_PERIOD, one.cap_period, 0 if cell.key == NONE else cell.a)


@rule
def _cap(w: World, line: Row, what: int, cap: int, so_far: int) -> None:
    room = max(cap - so_far, 0)
    if line.amount > room:
        _stage(w, line, what, room, cap, so_far, 0)


@rule
def _stage(w: World, line: Row, what: int, after: int, a: int, b: int, c: int) -> None:
    stage = t.stages(w, t.used(w, U_STAGES).value)
    t.used(w, U_STAGES).value += 1
    stage.what, stage.before, stage.after = (what, line.amount, after)
    stage.a, stage.b, stage.c = (a, b, c)
    line.amount = after
    line.reasons |= 1 << what
    line.stage_n += 1


@rule
def guard(
    w: World, lo: int, count: int, ppm: int, conversion: Row, kept: int, kept_of: int, rate: Row, mode: int
) -> int:
    """Keep all components together within a percent of the conversion's basis, scaled pro rata; DONE or BY_HAND.

    A component's earlier stages are written again behind the others', so that its stages stay together.
    """
    net = conversion.amount - conversion.tax - conversion.shipping
    basis = basis_of(net, 1, kept, kept_of, rate, mode)
    if basis == NONE:
        return BY_HAND
    most, _ = mul_div(basis, ppm, WHOLE_PPM)
    total = 0
    for i in range(count):
        t.weights(w, i).value = t.lines(w, lo + i).amount
        total += t.weights(w, i).value
    if basis == 0 or total <= most:
        return DONE
    share_out(w, most, count)
    for i in range(count):
        line = t.lines(w, lo + i)
        if t.parts(w, i).value != line.amount:
            for j in range(line.stage_n):
                copy_row(t.stages(w, t.used(w, U_STAGES).value + j), t.stages(w, line.stage_lo + j))
            line.stage_lo = t.used(w, U_STAGES).value
            t.used(w, U_STAGES).value += line.stage_n
            _stage(w, line, GUARDRAIL, t.parts(w, i).value, most, total, basis)
    return DONE


@rule
def count_paid(w: World, line: Row, key: Row, owner: int, day: int) -> None:
    """Count a final amount towards the caps per period of its rule key."""
    for per in range(MONTH, LIFETIME + 1):
        if key.paid_periods >> per & 1:
            t.cells(w, t.PAID, take(w, t.PAID, period_key(owner, per, period_of(day, per)), U_PAID)).a += line.amount
