"""The order of operations (section 6 of the contract), conversion by conversion: decide, pay, remember, put out.

Nothing of a conversion is remembered before all its figures are known: where it cannot go on (no room, or figures that
need more than 64 bits) the fold stops before it, as if it had not looked.
"""

from typing import Any

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.attribution import attribute, find_parties, remember_shares
from goodword.domain.settlement.rules.bonuses import pay_bonuses
from goodword.domain.settlement.rules.cells import add_tie, find_tie, take
from goodword.domain.settlement.rules.compiling import copy_row, entry, fetch_ahead, rule
from goodword.domain.settlement.rules.components import find_components
from goodword.domain.settlement.rules.dates import period_of
from goodword.domain.settlement.rules.layout import (
    AFTER,
    BONUS,
    BUDGET,
    BY_HAND,
    DONE,
    FX_PENDING,
    HAS_LINES,
    LASTS_OVER,
    MORE_ROOM,
    NO_RULE,
    NONE,
    TIERS,
    U_BUDGET,
    U_COMPONENTS,
    U_LINES,
    U_MEMBERS,
    U_NODES,
    U_PAID,
    U_PICKS,
    U_REACHED,
    U_RECRUITED,
    U_SHARES,
    U_STAGES,
    U_TALLIES,
    U_TIES,
    VOLUME_TOO_LARGE,
    Row,
)
from goodword.domain.settlement.rules.limits import count_paid, guard, limit, round_together
from goodword.domain.settlement.rules.rates import exact_money, final_total, looks_at_before, tailed
from goodword.domain.settlement.rules.recruits import pay_recruiters
from goodword.domain.settlement.rules.tables import World
from goodword.domain.settlement.rules.tallies import add_to_tallies

STRIDE = 4
"""So many conversions are taken while a row comes from memory."""


@entry
def fold(worlds: Any, start: int, stop: int, only_totals: bool) -> tuple[int, int]:
    """Take the conversions from `start` to `stop`; gives the first one not taken, and why (DONE at `stop`).

    `worlds`: the world, as the only one of an array. `only_totals`: only count what tiers look at, for the final totals
    that `whole` tiers need.
    """
    w = worlds[0]
    for number in range(start, stop):
        if number + 4 * STRIDE < stop:
            _look_ahead(w, number)
        status = take_conversion(w, number, only_totals)
        if status != DONE:
            return number, status
    return stop, DONE


@rule
def _look_ahead(w: World, number: int) -> None:
    """Have what later conversions need on its way: rows of one customer lie far from those of the next."""
    later = t.conversions(w, number + 4 * STRIDE)
    fetch_ahead(t.customers(w, later.customer))
    fetch_ahead(t.histories(w, later.customer))
    fetch_ahead(t.customer_nth(w, later.customer * w.ons_n + later.on))
    whose = t.conversions(w, number + 3 * STRIDE).customer
    customer, tie = t.customers(w, whose), t.histories(w, whose).tie
    if tie != NONE:
        fetch_ahead(t.ties(w, tie))
    if customer.touch_n:
        fetch_ahead(t.touches(w, customer.touch_lo))
        fetch_ahead(t.touches(w, customer.touch_lo + customer.touch_n - 1))
    customer = t.customers(w, t.conversions(w, number + 2 * STRIDE).customer)
    if customer.touch_n:
        fetch_ahead(t.partners(w, t.touches(w, customer.touch_lo).partner))
    customer = t.customers(w, t.conversions(w, number + STRIDE).customer)
    if customer.touch_n:
        partner = t.partners(w, t.touches(w, customer.touch_lo).partner)
        if partner.agreement_n:
            fetch_ahead(t.agreements(w, partner.agreement_lo))


@rule
def take_conversion(w: World, number: int, only_totals: bool) -> int:
    """Decide one conversion, pay it, remember it and put out its lines; DONE, or why it could not be taken."""
    program, case, conversion = t.program(w, 0), t.case(w, 0), t.conversions(w, number)
    lo, picks, stages = t.used(w, U_LINES).value, t.used(w, U_PICKS).value, t.used(w, U_STAGES).value
    status = _decide(w, program, case, conversion, number)
    if status == DONE and case.line_n and not only_totals:
        status = pay_components(w, program, case, conversion, lo)
    if status != DONE or case.line_n == 0 or only_totals:
        t.used(w, U_PICKS).value, t.used(w, U_STAGES).value = picks, stages
    if status != DONE:
        return status
    remember(w, program, case, conversion, number)
    if not count_components(w, case, conversion, lo):
        return VOLUME_TOO_LARGE
    t.outcomes(w, number).value = HAS_LINES if case.line_n else case.reason
    if case.line_n == 0 or only_totals:
        return DONE
    t.used(w, U_LINES).value += case.line_n
    if program.levels:
        status = pay_recruiters(w, lo, case.line_n, program.levels, conversion, number, program.rounding)
        if status != DONE:
            return status
    if w.bonuses_n:
        pay_bonuses(w, lo, case.line_n, conversion, number, w.bonuses_n, NONE)
    put_out(w, program, conversion.day, lo)
    return DONE


@rule
def _decide(w: World, program: Row, case: Row, conversion: Row, number: int) -> int:
    """Whose it is, by which agreements and rules, and on what basis; nothing is remembered yet."""
    case.line_n, case.over = 0, 0
    _want_shares(w, conversion)
    if not _has_room(w):
        return MORE_ROOM
    history = t.histories(w, conversion.customer)
    status = attribute(
        w, case, program, conversion, number, t.customers(w, conversion.customer), history, t.used(w, U_SHARES).value
    )
    if status != DONE:
        return status
    find_parties(w, case, program, conversion, number, history)
    _want_lines(w, case, program, conversion)
    if not _has_room(w):
        return MORE_ROOM
    if case.party_n == 0:
        return DONE
    if conversion.rate == NONE:
        case.reason = FX_PENDING
        return DONE
    rate = t.rates(w, conversion.rate)
    if rate.numerator == NONE:
        return BY_HAND
    status = find_components(
        w,
        case,
        program.rounding,
        conversion,
        number,
        t.customers(w, conversion.customer),
        history,
        w.keys_n,
        rate,
        t.used(w, U_LINES).value,
    )
    case.reason = LASTS_OVER if case.over else NO_RULE
    return status


@rule
def _want_shares(w: World, conversion: Row) -> None:
    """What attribution may need at most; the rest is wanted once the parties are known."""
    for table in range(U_COMPONENTS + 1):
        t.wanted(w, table).value = 0
    customer = t.customers(w, conversion.customer)
    shares = customer.touch_n + 1
    if conversion.credit != NONE:
        shares += t.credits(w, conversion.credit).share_n
    if customer.credit != NONE:
        shares += t.credits(w, customer.credit).share_n
    t.wanted(w, U_SHARES).value = shares
    t.wanted(w, U_TIES).value = shares


@rule
def _want_lines(w: World, case: Row, program: Row, conversion: Row) -> None:
    components, bonuses = 0, 0
    for p in range(case.party_n):
        its = t.terms(w, t.parties(w, p).terms)
        components += its.rule_n
        bonuses += its.bonus_n
    t.wanted(w, U_COMPONENTS).value = components
    t.wanted(w, U_TIES).value += components
    t.wanted(w, U_NODES).value = components
    t.wanted(w, U_TALLIES).value = 4 * components
    t.wanted(w, U_PAID).value = 4 * components
    t.wanted(w, U_MEMBERS).value = 4 * components + bonuses
    t.wanted(w, U_RECRUITED).value = components * program.levels
    t.wanted(w, U_REACHED).value = bonuses
    t.wanted(w, U_BUDGET).value = 1
    t.wanted(w, U_LINES).value = components * (1 + program.levels) + bonuses + 1
    t.wanted(w, U_STAGES).value = 10 * components
    t.wanted(w, U_PICKS).value = components * (program.levels + max(conversion.line_n, 1)) + 1


@rule
def _has_room(w: World) -> bool:
    for table in range(U_COMPONENTS):
        if t.used(w, table).value + t.wanted(w, table).value > t.sizes(w, table).value:
            return False
    return t.wanted(w, U_COMPONENTS).value <= t.sizes(w, U_COMPONENTS).value


@rule
def pay_components(w: World, program: Row, case: Row, conversion: Row, lo: int) -> int:
    """The amounts of the components before the budget; DONE, BY_HAND or AMOUNT_TOO_LARGE."""
    for i in range(case.line_n):
        line = t.lines(w, lo + i)
        one = t.rules(w, line.rule)
        if one.pay == TIERS and not looks_at_before(line, one):
            if one.mode == AFTER:
                line.before = line.after
            else:
                line.before = final_total(w, line, one, line.partner * w.keys_n + one.key, conversion.day)
        numerator, denominator, written = exact_money(w, line, one, t.kepts(w, i).value, t.kept_ofs(w, i).value)
        if written:
            numerator, denominator, written = tailed(numerator, denominator, line.tail_ppm)
        if not written:
            return BY_HAND
        t.numerators(w, i).value, t.denominators(w, i).value = numerator, denominator
    status = round_together(w, lo, case.line_n, program.rounding)
    if status != DONE:
        return status
    history = t.histories(w, conversion.customer)
    for i in range(case.line_n):
        line = t.lines(w, lo + i)
        one = t.rules(w, line.rule)
        limit(w, line, one, history, conversion.day, line.partner * w.keys_n + one.key, program.rounding)
    if program.guardrail == NONE:
        return DONE
    return guard(
        w,
        lo,
        case.line_n,
        program.guardrail,
        conversion,
        t.kepts(w, 0).value,
        t.kept_ofs(w, 0).value,
        t.rates(w, conversion.rate),
        program.rounding,
    )


@rule
def remember(w: World, program: Row, case: Row, conversion: Row, number: int) -> None:
    """What later conversions need to know of this one, paid or not."""
    history = t.histories(w, conversion.customer)
    history.last = number
    t.customer_nth(w, conversion.customer * w.ons_n + conversion.on).value += 1
    for p in range(case.party_n):
        party = t.parties(w, p)
        t.partner_nth(w, party.partner * w.ons_n + party.on).value += 1
        t.partner_last(w, party.partner).value = number
    if w.tails_n and case.fresh:
        for i in range(case.share_lo, case.share_lo + case.share_n):
            partner = t.shares(w, i).partner
            if find_tie(w, history.tie, partner, NONE) == NONE:
                history.tie = add_tie(w, history.tie, partner, NONE)
                t.ties(w, history.tie).at = conversion.at
    remember_shares(w, case, program, conversion, number, history)
    if conversion.is_sale:
        history.last_sale_day = conversion.day
        if history.first_sale_day == 0:
            history.first_sale_day = conversion.day


@rule
def count_components(w: World, case: Row, conversion: Row, lo: int) -> bool:
    """Count the components towards tiers, `lasts`, schedules and caps; false when a volume passes its limit."""
    history = t.histories(w, conversion.customer)
    for i in range(case.line_n):
        line = t.lines(w, lo + i)
        code = t.rules(w, line.rule).key
        key, owner = t.keys(w, code), line.partner * w.keys_n + code
        if key.tallies and not add_to_tallies(
            w, line, key, t.kepts(w, i).value, owner, conversion.customer, conversion.day
        ):
            return False
        if key.starts or key.paid_customer:
            at = find_tie(w, history.tie, line.partner, code)
            if at == NONE:
                at = add_tie(w, history.tie, line.partner, code)
                history.tie = at
                t.ties(w, at).day = conversion.day
            t.ties(w, at).count += 1
            t.ties(w, at).paid += line.amount
        if key.paid_periods:
            count_paid(w, line, key, owner, conversion.day)
    return True


@rule
def put_out(w: World, program: Row, day: int, lo: int) -> None:
    """Put the conversion's lines in order, settle their hold, and let the budget pay them first come, first served."""
    hi = t.used(w, U_LINES).value
    _sort(w, lo, hi)
    for at in range(lo, hi):
        line = t.lines(w, at)
        line.unbudgeted, line.spent = line.amount, 0
        if line.hold_days == NONE:
            line.hold_days = program.hold_days
    if program.budget == NONE or program.budget_pro_rata:
        return
    cell = t.cells(w, t.BUDGET, take(w, t.BUDGET, period_of(day, program.budget_per), U_BUDGET))
    for at in range(lo, hi):
        line = t.lines(w, at)
        line.spent = cell.a
        line.amount = min(line.amount, program.budget - cell.a)
        if line.amount < line.unbudgeted:
            line.reasons |= 1 << BUDGET
        cell.a += line.amount


@rule
def _sort(w: World, lo: int, hi: int) -> None:
    """Credit order, kind, rule key, level."""
    for at in range(lo + 1, hi):
        if not _stands_before(w, t.lines(w, at), t.lines(w, at - 1)):
            continue
        spare = t.spare(w, 0)
        copy_row(spare, t.lines(w, at))
        back = at
        while back > lo and _stands_before(w, spare, t.lines(w, back - 1)):
            copy_row(t.lines(w, back), t.lines(w, back - 1))
            back -= 1
        copy_row(t.lines(w, back), spare)


@rule
def _stands_before(w: World, one: Row, other: Row) -> bool:
    if one.order != other.order:
        return one.order < other.order
    if one.kind != other.kind:
        return one.kind < other.kind
    if one.kind == BONUS:
        key, other_key = t.bonuses(w, one.rule).key, t.bonuses(w, other.rule).key
    else:
        key, other_key = t.rules(w, one.rule).key, t.rules(w, other.rule).key
    return key < other_key if key != other_key else one.level < other.level
