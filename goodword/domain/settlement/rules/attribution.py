"""Whose conversion it is (section 3 of the contract): candidates, lock, self-referral, agreements, priority, weights,
shares, and who only assisted. Terms and money come later.
"""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.cells import find_tie
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.dates import add_months, whole_months
from goodword.domain.settlement.rules.exact import decay_weight, share_out
from goodword.domain.settlement.rules.layout import (
    ASSIST,
    ASSIST_THEM,
    BY_CREDIT,
    BY_HAND,
    BY_LOCK,
    BY_MODEL,
    COUNT_THEM,
    CREDIT_DENIED,
    DECAY,
    DONE,
    ENDED_FOR_CAUSE,
    EXISTING_CUSTOMER,
    FIRST,
    HAS_LINES,
    LAST,
    LINEAR,
    NEVER,
    NO_AGREEMENT,
    NO_TOUCH,
    NONE,
    OUTSIDE_WINDOW,
    SELF_REFERRAL,
    U_SHARES,
    WHOLE_PPM,
    Row,
)
from goodword.domain.settlement.rules.tables import World


@rule
def in_force(w: World, partner: Row, at: int) -> int:
    """The row of a partner's agreement in force at an instant; NONE when there is none."""
    for row in range(partner.agreement_lo, partner.agreement_lo + partner.agreement_n):
        if t.agreements(w, row).starts <= at < t.agreements(w, row).ends:
            return row
    return NONE


@rule
def last_ended(w: World, partner: Row, at: int) -> int:
    """The row of the agreement with the latest end at or before an instant; NONE when none has ended."""
    best = NONE
    for row in range(partner.agreement_lo, partner.agreement_lo + partner.agreement_n):
        one = t.agreements(w, row)
        if one.ends > at:
            continue
        if (
            best == NONE
            or one.ends > t.agreements(w, best).ends
            or (
                one.ends == t.agreements(w, best).ends
                and (one.starts, one.rank)
                > (
                    t.agreements(w, best).starts,
                    t.agreements(w, best).rank,
                )
            )
        ):
            best = row
    return best


@rule
def tail_percent(w: World, terms: Row, months: int) -> int:
    """The part of a commission, in millionths, paid so many months after the end; NONE past the tail."""
    for row in range(terms.tail_lo, terms.tail_lo + terms.tail_n):
        if months < t.tails(w, row).months:
            return t.tails(w, row).ppm
        months -= t.tails(w, row).months
    return NONE


@rule
def standing(w: World, partner: Row, tie: int, who: int, at: int, day: int) -> tuple[int, int, int, int]:
    """What pays a partner at an instant: the agreement's row, the tail's percent, whether it is a tail, and why not.

    `tie`: the head of the customer's chain. The row is NONE when nothing pays.
    """
    row = in_force(w, partner, at)
    if row != NONE:
        return (row, WHOLE_PPM, 0, HAS_LINES)
    row = last_ended(w, partner, at)
    if row == NONE:
        return (NONE, 0, 0, NO_AGREEMENT)
    ended = t.agreements(w, row)
    if ended.cause:
        return (NONE, 0, 0, ENDED_FOR_CAUSE)
    first = find_tie(w, tie, who, NONE)
    if first != NONE and t.ties(w, first).at < ended.ends:
        percent = tail_percent(w, t.terms(w, ended.terms), whole_months(ended.end_day, day))
        if percent != NONE:
            return (row, percent, 1, HAS_LINES)
    return (NONE, 0, 0, NO_AGREEMENT)


@rule
def lock_runs(program: Row, history: Row, day: int) -> bool:
    """Whether the customer's shares are still fixed on that day."""
    if history.lock_conversion == NONE:
        return False
    return program.lock_months == NONE or day < add_months(history.lock_day, program.lock_months)


@rule
def refers_itself(w: World, customer: Row, partner: Row) -> bool:
    """Whether customer and partner share an e-mail address or a domain of their own."""
    for one in range(customer.token_lo, customer.token_lo + customer.token_n):
        for other in range(partner.token_lo, partner.token_lo + partner.token_n):
            if t.tokens(w, one).value == t.tokens(w, other).value:
                return True
    return False


@rule
def sift(w: World, case: Row, program: Row, conversion: Row, number: int, customer: Row, history: Row) -> None:
    """Put the touches that are left after windows, self-referral and agreements into `candidates` (`case.left`), or
    name the step that took the last one (`case.reason`).
    """
    at = conversion.at
    end = customer.touch_lo + customer.touch_n
    while history.seen_lo < end and _is_over(t.touches(w, history.seen_lo), at, number):
        history.seen_lo += 1
    case.left = 0
    case.reason = NO_TOUCH
    if customer.touch_n and _is_seen(t.touches(w, customer.touch_lo), at, number):
        case.reason = OUTSIDE_WINDOW
    left, for_cause = (0, False)
    for row in range(history.seen_lo, end):
        touch = t.touches(w, row)
        if touch.at > at:
            break
        if not _is_seen(touch, at, number) or (at >= touch.expires and touch.conversion != number):
            continue
        case.reason = max(case.reason, SELF_REFERRAL)
        partner = t.partners(w, touch.partner)
        if program.blocks_self and refers_itself(w, customer, partner):
            continue
        case.reason = max(case.reason, ENDED_FOR_CAUSE)
        if t.stamps(w, touch.partner).value != 4 * number + 1:
            t.stamps(w, touch.partner).value = 4 * number + 1
            _, _, _, why = standing(w, partner, history.tie, touch.partner, at, conversion.day)
            t.slots(w, touch.partner).value = why
        if t.slots(w, touch.partner).value == HAS_LINES:
            t.candidates(w, left).value = row
            left += 1
        elif t.slots(w, touch.partner).value == ENDED_FOR_CAUSE:
            for_cause = True
    case.left = left
    if case.reason == ENDED_FOR_CAUSE and (not for_cause):
        case.reason = NO_AGREEMENT


@rule
def _is_seen(touch: Row, at: int, number: int) -> bool:
    """Whether a touch lies not after the conversion; a code on a sale serves that sale and later ones."""
    return touch.at <= at and (touch.conversion == NONE or touch.conversion <= number)


@rule
def _is_over(touch: Row, at: int, number: int) -> bool:
    """Whether a touch can never count again."""
    return touch.expires <= at and (touch.conversion == NONE or touch.conversion < number)


@rule
def give_shares(w: World, case: Row, program: Row, conversion: Row, customer: Row, first: int, number: int) -> int:
    """The shares that the model gives to the candidates left, written from row `first` on; DONE or BY_HAND."""
    after_self_referral = case.left > 0 or case.reason >= ENDED_FOR_CAUSE
    case.how, case.because = (BY_MODEL, NONE)
    case.share_lo, case.share_n, case.fresh = (first, 0, 1)
    if after_self_referral and customer.existing and (program.existing != COUNT_THEM):
        case.reason = EXISTING_CUSTOMER
        return DONE
    if case.left == 0:
        return DONE
    top = t.touches(w, t.candidates(w, 0).value).rank
    for i in range(1, case.left):
        top = min(top, t.touches(w, t.candidates(w, i).value).rank)
    if program.model == LAST or program.model == FIRST:
        found = NONE
        for i in range(case.left):
            if t.touches(w, t.candidates(w, i).value).rank == top and (found == NONE or program.model == LAST):
                found = t.candidates(w, i).value
        _put_share(t.shares(w, first), t.touches(w, found).partner, WHOLE_PPM, 0, 0, t.touches(w, found).at)
        case.share_n = 1
        return DONE
    return _weigh(w, case, program, conversion.at, top, number)


@rule
def _put_share(share: Row, partner: int, ppm: int, weight: int, total: int, touched: int) -> None:
    share.partner = partner
    share.ppm = ppm
    share.weight = weight
    share.total = total
    share.touched = touched


@rule
def _weigh(w: World, case: Row, program: Row, at: int, top: int, number: int) -> int:
    """Exact sums of weights by partner, then millionths by the largest remainder in first-touch order."""
    in_class = 0
    for i in range(case.left):
        in_class += t.touches(w, t.candidates(w, i).value).rank == top
    count, place, total = (0, 0, 0)
    for i in range(case.left):
        touch = t.touches(w, t.candidates(w, i).value)
        if touch.rank != top:
            continue
        weight = _weight(program, at - touch.at, place, in_class)
        if weight == NONE:
            return BY_HAND
        place += 1
        if place == in_class and total + weight == 0:
            weight = 1
        if t.stamps(w, touch.partner).value != 4 * number + 2:
            t.stamps(w, touch.partner).value = 4 * number + 2
            t.slots(w, touch.partner).value = count
            _put_share(t.shares(w, case.share_lo + count), touch.partner, 0, 0, 0, NEVER)
            t.weights(w, count).value = 0
            count += 1
        share = t.shares(w, case.share_lo + t.slots(w, touch.partner).value)
        t.weights(w, t.slots(w, touch.partner).value).value += weight
        total += weight
        if weight and share.touched == NEVER:
            share.touched = touch.at
    share_out(w, WHOLE_PPM, count)
    kept = 0
    for i in range(count):
        if t.parts(w, i).value:
            share = t.shares(w, case.share_lo + i)
            _put_share(
                t.shares(w, case.share_lo + kept),
                share.partner,
                t.parts(w, i).value,
                t.weights(w, i).value,
                total,
                share.touched,
            )
            kept += 1
    case.share_n = kept
    return DONE


@rule
def _weight(program: Row, age: int, place: int, count: int) -> int:
    """The weight of the touch at a place among so many."""
    if program.model == DECAY:
        return decay_weight(age, program.half_life)
    if program.model == LINEAR or count <= 2:
        return 1
    return 40 * (count - 2) if place == 0 or place == count - 1 else 20


@rule
def attribute(
    w: World, case: Row, program: Row, conversion: Row, number: int, customer: Row, history: Row, first: int
) -> int:
    """The shares of one conversion: a person's decision, else a running lock, else the model; DONE or BY_HAND.

    The candidates that are left stand in `candidates`, where somebody may assist.
    """
    assists = conversion.is_sale and (program.assist or (program.existing == ASSIST_THEM and customer.existing))
    decided = _decided(w, case, program, conversion, customer, history, first)
    if decided and (not assists):
        case.left = 0
        return DONE
    reason = case.reason
    sift(w, case, program, conversion, number, customer, history)
    if decided:
        case.reason = reason
        return DONE
    status = give_shares(w, case, program, conversion, customer, first, number)
    if not assists:
        case.left = 0
    return status


@rule
def _decided(w: World, case: Row, program: Row, conversion: Row, customer: Row, history: Row, first: int) -> bool:
    """Whether a person's decision or a running lock says whose it is; then the shares."""
    credit = conversion.credit if conversion.credit != NONE else customer.credit
    if credit != NONE:
        found = t.credits(w, credit)
        case.how, case.because, case.fresh = (BY_CREDIT, credit, 1)
        case.share_lo, case.share_n = (first, found.share_n)
        for i in range(found.share_n):
            one = t.credit_shares(w, found.share_lo + i)
            _put_share(t.shares(w, first + i), one.partner, one.ppm, 0, 0, NEVER)
        case.reason = HAS_LINES if found.share_n else CREDIT_DENIED
        return True
    if lock_runs(program, history, conversion.day):
        case.how, case.because, case.fresh = (BY_LOCK, history.lock_conversion, 0)
        case.share_lo, case.share_n = (history.lock_lo, history.lock_n)
        case.reason = HAS_LINES
        return True
    return False


@rule
def find_parties(w: World, case: Row, program: Row, conversion: Row, number: int, history: Row) -> None:
    """The partners that an agreement or tail pays, credited ones first, then who assisted; or why there are none."""
    count, for_cause = (0, False)
    for i in range(case.share_n):
        share = t.shares(w, case.share_lo + i)
        t.stamps(w, share.partner).value = 4 * number + 3
        partner = t.partners(w, share.partner)
        row, tail, in_tail, why = standing(w, partner, history.tie, share.partner, conversion.at, conversion.day)
        if row == NONE:
            for_cause |= why == ENDED_FOR_CAUSE
            continue
        if program.at_credit and share.touched != NEVER:
            then = in_force(w, partner, share.touched)
            row = row if then == NONE else then
        party = t.parties(w, count)
        party.share, party.ppm, party.order, party.on = (case.share_lo + i, share.ppm, i, conversion.on)
        _stand(w, party, share.partner, row, t.agreements(w, row).terms, tail, in_tail)
        count += 1
    order = case.share_n
    for i in range(case.left):
        who = t.touches(w, t.candidates(w, i).value).partner
        if t.stamps(w, who).value == 4 * number + 3:
            continue
        t.stamps(w, who).value = 4 * number + 3
        row, tail, in_tail, why = standing(w, t.partners(w, who), history.tie, who, conversion.at, conversion.day)
        party = t.parties(w, count)
        party.share, party.ppm, party.order, party.on = (NONE, WHOLE_PPM, order, ASSIST)
        _stand(w, party, who, row, t.agreements(w, row).terms, tail, in_tail)
        order += 1
        count += 1
    case.party_n = count
    if case.share_n:
        case.reason = ENDED_FOR_CAUSE if for_cause else NO_AGREEMENT


@rule
def _stand(w: World, party: Row, who: int, row: int, terms: int, tail: int, in_tail: int) -> None:
    party.partner = who
    party.agreement = row
    party.terms = terms
    party.tail_ppm = tail
    party.in_tail = in_tail
    party.nth = t.partner_nth(w, who * w.ons_n + party.on).value + 1


@rule
def remember_shares(w: World, case: Row, program: Row, conversion: Row, number: int, history: Row) -> None:
    """Keep the new shares; they set the customer's lock when none is running."""
    if not case.fresh or case.share_n == 0:
        return
    t.used(w, U_SHARES).value += case.share_n
    if program.locks and (not lock_runs(program, history, conversion.day)):
        history.lock_conversion, history.lock_day = (number, conversion.day)
        history.lock_lo, history.lock_n = (case.share_lo, case.share_n)
