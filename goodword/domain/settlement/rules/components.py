"""The components of one conversion: which rules its partners' lines pick, and on what basis (section 4 of the
contract).
"""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.basis import basis_of, figure, kept_months_of, kept_ratio, returned_of
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.conditions import holds
from goodword.domain.settlement.rules.exact import fits, products_order, share_out
from goodword.domain.settlement.rules.layout import (
    AMOUNT_LIMIT,
    AMOUNT_TOO_LARGE,
    ASSIST,
    BY_ASSIST,
    BY_HAND,
    CHOOSE_FIRST,
    CHOOSE_SUM,
    COMMISSION,
    DONE,
    NONE,
    TIERS,
    U_PICKS,
    WHOLE_PPM,
    Row,
)
from goodword.domain.settlement.rules.rates import OVER, still_runs, worth
from goodword.domain.settlement.rules.tables import World
from goodword.domain.settlement.rules.tallies import step_of, total_before


@rule
def pick_for_lines(
    w: World,
    case: Row,
    conversion: Row,
    customer: Row,
    history: Row,
    party: Row,
    partner: Row,
    its: Row,
    keys: int,
    rate: Row,
) -> int:
    """The rule that each line picks when only one is to be chosen (`first`, `best`), in `line_rules`; NONE: no rule."""
    for i in range(max(conversion.line_n, 1)):
        product, category, sale_line = _line_of(w, conversion, i)
        t.line_rules(w, i).value = NONE
        over, under, beaten = (0, 1, 0)
        for row in range(its.rule_lo, its.rule_lo + its.rule_n):
            one = t.rules(w, row)
            if (
                one.adds
                or one.on != party.on
                or (not holds(w, one, case, conversion, product, category, customer, history, party, partner, rate))
            ):
                continue
            if its.choose == CHOOSE_FIRST:
                t.line_rules(w, i).value = row
                break
            owner = party.partner * keys + one.key
            numerator, denominator, written = worth(w, one, conversion, party.partner, owner, sale_line, history, rate)
            if not written:
                return BY_HAND
            if beaten == 0 or products_order(numerator, under, over, denominator) > 0:
                t.line_rules(w, i).value, over, under = (row, numerator, denominator)
            beaten += 1
    return DONE


@rule
def _line_of(w: World, conversion: Row, i: int) -> tuple[int, int, int]:
    """Product, category and row of the sale's line; the sale's own product and NONE when it has no lines."""
    if conversion.line_n == 0:
        return (conversion.product, 0, NONE)
    line = t.sale_lines(w, conversion.line_lo + i)
    return (line.product, line.category, conversion.line_lo + i)


@rule
def picked_lines(
    w: World,
    row: int,
    case: Row,
    conversion: Row,
    customer: Row,
    history: Row,
    party: Row,
    partner: Row,
    choose: int,
    pick_lo: int,
    rate: Row,
) -> int:
    """How many lines picked a rule; their rows are written to picks from `pick_lo` on."""
    one = t.rules(w, row)
    count = 0
    for i in range(max(conversion.line_n, 1)):
        product, category, sale_line = _line_of(w, conversion, i)
        if one.adds or choose == CHOOSE_SUM:
            if not holds(w, one, case, conversion, product, category, customer, history, party, partner, rate):
                continue
        elif t.line_rules(w, i).value != row:
            continue
        t.picks(w, pick_lo + count).value = sale_line
        count += 1
    return count


@rule
def find_components(
    w: World,
    case: Row,
    mode: int,
    conversion: Row,
    number: int,
    customer: Row,
    history: Row,
    keys: int,
    rate: Row,
    lo: int,
) -> int:
    """Write the conversion's components, in credit and rule order, to lines from `lo` on; `case.line_n` says how many.

    DONE, BY_HAND or AMOUNT_TOO_LARGE.
    """
    case.line_n, case.over = (0, 0)
    for p in range(case.party_n):
        party = t.parties(w, p)
        partner, its = (t.partners(w, party.partner), t.terms(w, party.terms))
        if its.choose != CHOOSE_SUM:
            status = pick_for_lines(w, case, conversion, customer, history, party, partner, its, keys, rate)
            if status != DONE:
                return status
        returned = returned_of(w, conversion, its)
        kept_months = kept_months_of(conversion, its)
        kept, kept_of = kept_ratio(conversion.amount, returned, kept_months, its.graded)
        for row in range(its.rule_lo, its.rule_lo + its.rule_n):
            one = t.rules(w, row)
            if one.on != party.on:
                continue
            pick_lo = t.used(w, U_PICKS).value
            count = picked_lines(w, row, case, conversion, customer, history, party, partner, its.choose, pick_lo, rate)
            if count == 0:
                continue
            ppm, months = still_runs(w, one, history.tie, party.partner, conversion.day)
            if ppm == OVER:
                case.over = 1
                continue
            line = t.lines(w, lo + case.line_n)
            _begin(line, case, conversion, number, party, row, one)
            line.ppm, line.months, line.returned, line.kept_months = (ppm, months, returned, kept_months)
            _take_picks(w, line, one, conversion, count, pick_lo)
            status = _put_basis(w, line, case, mode, conversion, one, party, kept, kept_of, rate)
            if status != DONE:
                return status
            if one.pay == TIERS:
                owner = party.partner * keys + one.key
                line.before = total_before(w, one, owner, conversion.day)
                line.after = line.before + step_of(w, line, one, kept, owner, conversion.customer, conversion.day)
            t.kepts(w, case.line_n).value, t.kept_ofs(w, case.line_n).value = (kept, kept_of)
            case.line_n += 1
    return DONE


@rule
def _begin(line: Row, case: Row, conversion: Row, number: int, party: Row, row: int, one: Row) -> None:
    line.kind, line.level, line.child = (COMMISSION, 0, NONE)
    line.conversion, line.partner, line.rule, line.terms = (number, party.partner, row, party.terms)
    line.agreement, line.order = (party.agreement, party.order)
    line.share, line.share_ppm, line.tail_ppm, line.in_tail = (party.share, party.ppm, party.tail_ppm, party.in_tail)
    line.how, line.because = (case.how, case.because)
    if party.on == ASSIST:
        line.how, line.because = (BY_ASSIST, NONE)
    line.hold_days = one.hold_days
    line.before, line.after, line.spent = (0, 0, 0)
    line.reasons, line.stage_lo, line.stage_n, line.together = (0, 0, 0, 0)


@rule
def _take_picks(w: World, line: Row, one: Row, conversion: Row, count: int, pick_lo: int) -> None:
    """Note which lines a component has, when it has not all of them, and how many units."""
    line.quantity, line.pick_lo, line.pick_n = (1, 0, 0)
    if conversion.line_n == 0:
        return
    if one.each_unit:
        line.quantity = 0
        for at in range(pick_lo, pick_lo + count):
            line.quantity += t.sale_lines(w, t.picks(w, at).value).quantity
    if count < conversion.line_n:
        line.pick_lo, line.pick_n = (pick_lo, count)
        t.used(w, U_PICKS).value += count


@rule
def _put_basis(
    w: World, line: Row, case: Row, mode: int, conversion: Row, one: Row, party: Row, kept: int, kept_of: int, rate: Row
) -> int:
    """The rule's basis, as made and as kept, and the partner's part by the largest remainder over all shares."""
    line.figure, line.figure_times, line.figure_per = figure(w, conversion, one, line.pick_lo, line.pick_n)
    if not fits(abs(line.figure), abs(line.figure_times)):
        return BY_HAND
    exact = line.figure * line.figure_times
    made = basis_of(exact, line.figure_per, 1, 1, rate, mode)
    if made == NONE:
        return BY_HAND
    if made >= AMOUNT_LIMIT:
        return AMOUNT_TOO_LARGE
    whole = made
    if kept != kept_of:
        whole = basis_of(exact, line.figure_per, kept, kept_of, rate, mode)
        if whole == NONE:
            return BY_HAND
    line.whole_made, line.made, line.whole, line.basis = (made, made, whole, whole)
    if party.on == ASSIST or party.ppm == WHOLE_PPM:
        return DONE
    count, rest = (case.share_n, WHOLE_PPM)
    for i in range(case.share_n):
        t.weights(w, i).value = t.shares(w, case.share_lo + i).ppm
        rest -= t.shares(w, case.share_lo + i).ppm
    if rest:
        t.weights(w, count).value = rest
        count += 1
    share_out(w, made, count)
    line.made = t.parts(w, party.order).value
    share_out(w, whole, count)
    line.basis = t.parts(w, party.order).value
    return DONE
