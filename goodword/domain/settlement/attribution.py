"""Whose conversion it is (section 3 of the contract): candidates, lock, self-referral, priority, weights, shares,
and who only assisted. Terms and money come later.
"""

from collections.abc import Sequence
from typing import NamedTuple

from goodword.domain.settlement.arithmetic import decay_weight, share_out
from goodword.domain.settlement.calendar import DAY, add_months
from goodword.domain.settlement.index import NEVER, Attributed, Candidate, History, Index, Lock, Standing
from goodword.domain.settlement.program import WHOLE_PPM, Attribution
from goodword.domain.settlement.records import CODE, Conversion, Instant, Sale, Share

LOCK = "lock"
NO_TOUCH, OUTSIDE_WINDOW, SELF_REFERRAL = "no_touch", "outside_window", "self_referral"
EXISTING_CUSTOMER, CREDIT_DENIED = "existing_customer", "credit_denied"
NO_AGREEMENT, ENDED_FOR_CAUSE = "no_agreement", "ended_for_cause"


class Sifted(NamedTuple):
    """The candidates that are left after windows, self-referral and agreements, or the step that took the last."""

    candidates: list[Candidate]
    reason: str
    after_self_referral: bool = False


def attribute(index: Index, conversion: Conversion, history: History, day: int) -> Attributed:
    """The shares and assists of one conversion."""
    rules = index.program.attribution
    assists = isinstance(conversion, Sale) and (
        rules.assist or (rules.existing_customers == "assist" and history.existing)
    )
    given = _decided(index, conversion, history, day)
    if given is not None and not assists:
        return given
    sifted = _sift(index, conversion, history)
    if given is None:
        given = _by_touches(index, conversion, history, sifted)
    return given._replace(assisting=_assisting(sifted.candidates, given.shares)) if assists else given


def _decided(index: Index, conversion: Conversion, history: History, day: int) -> Attributed | None:
    """A person's decision, or else a running lock."""
    credits_ = index.credits
    if credits_:
        credit = credits_.get(("conversion", conversion.id)) or credits_.get(("customer", conversion.customer))
        if credit is not None:
            shares = tuple(share for share in credit.shares if share.ppm)
            return Attributed(shares, "credit", credit.id, (), {}, (), "" if shares else CREDIT_DENIED)
    lock = running_lock(index.program.attribution, history, day)
    if lock is None:
        return None
    return lock.attributed


def running_lock(rules: Attribution, history: History, day: int) -> Lock | None:
    """The customer's lock, if it still runs on that day."""
    lock = history.lock
    if lock is None or (rules.lock_months is not None and day >= add_months(lock.day, rules.lock_months)):
        return None
    return lock


def _sift(index: Index, conversion: Conversion, history: History) -> Sifted:
    candidates = _candidates(index, conversion, history)
    if not candidates:
        return Sifted([], NO_TOUCH)
    at = conversion.at
    candidates = [one for one in candidates if at < one.expires]
    if not candidates:
        return Sifted([], OUTSIDE_WINDOW)
    if index.program.blocks_self_referral and history.customer is not None:
        candidates = [one for one in candidates if not index.refers_itself(history, one.partner)]
        if not candidates:
            return Sifted([], SELF_REFERRAL)
    standings = {partner: standing(index, partner, at, history) for partner in {one.partner for one in candidates}}
    left = [one for one in candidates if isinstance(standings[one.partner], Standing)]
    if left:
        return Sifted(left, "", after_self_referral=True)
    for_cause = ENDED_FOR_CAUSE in standings.values()
    return Sifted([], ENDED_FOR_CAUSE if for_cause else NO_AGREEMENT, after_self_referral=True)


def _candidates(index: Index, conversion: Conversion, history: History) -> list[Candidate]:
    """The customer's touches not after the conversion, codes of earlier sales and of this one included, in order."""
    touches, seen, at = history.touches, history.seen, conversion.at
    while seen < len(touches) and touches[seen].at <= at:
        seen += 1
    history.seen = seen
    found = touches[:seen]
    if history.codes:
        found = sorted(found + history.codes)
    code = conversion.code if isinstance(conversion, Sale) else None
    partner = index.codes.get(code) if code is not None else None
    if partner is not None:
        rank = index.ranks.get(CODE, index.last_rank)
        found.append(Candidate(at, 1, conversion.id, rank, NEVER, partner))
    return found


def remember_code(index: Index, conversion: Conversion, history: History) -> None:
    """A code on a sale is a touch for the customer's later conversions."""
    if not isinstance(conversion, Sale) or conversion.code is None:
        return
    partner = index.codes.get(conversion.code)
    if partner is not None:
        rank = index.ranks.get(CODE, index.last_rank)
        expires = conversion.at + index.program.attribution.window_of(CODE) * DAY
        history.codes.append(Candidate(conversion.at, 1, conversion.id, rank, expires, partner))


def _by_touches(index: Index, conversion: Conversion, history: History, sifted: Sifted) -> Attributed:
    rules = index.program.attribution
    if sifted.after_self_referral and history.existing and rules.existing_customers != "count":
        return Attributed((), rules.model, "", (), {}, (), EXISTING_CUSTOMER)
    if not sifted.candidates:
        return Attributed((), rules.model, "", (), {}, (), sifted.reason)
    top = min(one.rank for one in sifted.candidates)
    left = [one for one in sifted.candidates if one.rank == top]
    if rules.model in {"last", "first"}:
        one = left[-1] if rules.model == "last" else left[0]
        return Attributed((Share(one.partner, WHOLE_PPM),), rules.model, "", (), {one.partner: one.at}, (), "")
    return _weighed(rules, conversion.at, left)


def _weighed(rules: Attribution, at: Instant, candidates: Sequence[Candidate]) -> Attributed:
    """Shares by the model's weights: exact sums per partner, then the largest remainder in first-touch order."""
    weights = _weights(rules, at, candidates)
    sums: dict[str, int] = {}
    touched: dict[str, Instant] = {}
    for one, weight in zip(candidates, weights, strict=True):
        sums[one.partner] = sums.get(one.partner, 0) + weight
        if weight:
            touched.setdefault(one.partner, one.at)
    ppms = share_out(WHOLE_PPM, list(sums.values()))
    parts = [(partner, ppm, sums[partner]) for partner, ppm in zip(sums, ppms, strict=True) if ppm]
    shares = tuple(Share(partner, ppm) for partner, ppm, _ in parts)
    given = (*(weight for _, _, weight in parts), sum(sums.values()))
    return Attributed(shares, rules.model, "", given, touched, (), "")


def _weights(rules: Attribution, at: Instant, candidates: Sequence[Candidate]) -> list[int]:
    count = len(candidates)
    if rules.model == "decay":
        half_life = rules.half_life_days * DAY
        weights = [decay_weight(at - one.at, half_life) for one in candidates]
        return weights if any(weights) else [0] * (count - 1) + [1]
    if rules.model == "linear" or count <= 2:
        return [1] * count
    return [40 * (count - 2), *[20] * (count - 2), 40 * (count - 2)]


def _assisting(candidates: Sequence[Candidate], shares: Sequence[Share]) -> tuple[str, ...]:
    credited = {share.partner for share in shares}
    return tuple(dict.fromkeys(one.partner for one in candidates if one.partner not in credited))


def standing(index: Index, partner: str, at: Instant, history: History) -> Standing | str:
    """What pays a partner at an instant, or why nothing does."""
    found = index.in_force(partner, at)
    if found is not None:
        return found
    ended = index.last_ended(partner, at)
    if ended is None:
        return NO_AGREEMENT
    if ended.agreement.cause:
        return ENDED_FOR_CAUSE
    ends = ended.agreement.ends or 0
    if history.first_share.get(partner, NEVER) < ends:
        tail = index.tail_percent(ended, at)
        if tail is not None:
            return Standing(ended, ended.terms, tail, in_tail=True)
    return NO_AGREEMENT
