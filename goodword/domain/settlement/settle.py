"""The settlement itself: facts in, lines out. Two passes over the conversions in order, then the budget.

First it is decided whose each conversion is and on what basis; then, with every period's totals known, what is paid.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from hashlib import blake2b

from goodword.domain.settlement.arithmetic import Ratio
from goodword.domain.settlement.bonuses import Bonuses
from goodword.domain.settlement.budget import keep_within
from goodword.domain.settlement.component import Decided
from goodword.domain.settlement.decide import Fold, decide
from goodword.domain.settlement.drafts import Draft, commission, sort_key
from goodword.domain.settlement.index import Index
from goodword.domain.settlement.limits import Room, guard, limit, round_together
from goodword.domain.settlement.overrides import Recruiters
from goodword.domain.settlement.program import WHOLE_PPM, Program
from goodword.domain.settlement.rates import rate
from goodword.domain.settlement.records import FactSet, Instant
from goodword.domain.settlement.result import KINDS, Line, Outcome, Settlement
from goodword.domain.settlement.steps import write_steps


def settle(program: Program, facts: FactSet, as_of: Instant | None = None) -> Settlement:
    """What a set of facts is worth under a program: a pure function of the set.

    Order and batching of the facts never change the result. Facts after `as_of` are ignored; None stands for the
    latest `at` of any fact. The same arguments always give the same lines, in the same order.
    """
    with _no_collection():
        return _settle(program, facts, as_of)


def _settle(program: Program, facts: FactSet, as_of: Instant | None) -> Settlement:
    index = Index(program, facts, as_of)
    fold = Fold(index)
    decided = [decide(fold, conversion) for conversion in index.conversions]
    payer = Payer(fold)
    drafts = [draft for one in decided if one.components for draft in payer.drafts(one)]
    if program.budget is not None:
        keep_within(program.budget, drafts)
    publisher = Publisher(index)
    lines = [publisher.line(draft) for draft in drafts]
    outcomes = [Outcome(one.conversion.id, one.outcome) for one in decided if not one.components]
    return Settlement(lines, outcomes, index.notices)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the cycle collector: a settlement makes no cycles, and walking its records again and again halves it."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


class Payer:
    """The second pass: the money of one conversion after the other."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._program = fold.program
        self._room = Room(fold.program)
        self._recruiters = Recruiters(fold.index)
        self._bonuses = Bonuses(fold.program)

    def drafts(self, decided: Decided) -> list[Draft]:
        """The lines of a conversion before the budget, in output order."""
        program = self._program
        for component in decided.components:
            rate(component, self._fold.tallies, program.currency, decided.day)
            component.untailed = component.exact
            tail = component.party.standing.tail_ppm
            if tail != WHOLE_PPM:
                exact = component.exact
                component.exact = Ratio(exact.numerator * tail, exact.denominator * WHOLE_PPM)
        round_together(decided, program.rounding)
        if self._room.bounds:
            limit(decided, self._room, program.rounding)
        if program.guardrail_ppm is not None:
            guard(decided, self._fold.index, program.guardrail_ppm)
        if self._room.watches:
            self._room.use(decided)
        drafts = [commission(decided, component) for component in decided.components]
        if self._recruiters.levels:
            drafts += self._recruiters.overrides(decided)
        if self._bonuses.any:
            drafts += self._bonuses.bonuses(decided)
        return sorted(drafts, key=sort_key) if len(drafts) > 1 else drafts


class Publisher:
    """Turns drafts into lines: stable ids, maturity, and steps that are written when asked for."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._maturity: dict[int, tuple[date, str]] = {}

    def line(self, draft: Draft) -> Line:
        """The line of a draft."""
        program = self._index.program
        hold = program.hold_days if draft.hold_days is None else draft.hold_days
        matures_on, state = self._matures(draft.decided.day + hold)
        conversion, kind = draft.decided.conversion.id, KINDS[draft.kind]
        return Line(
            line_id(conversion, draft.partner, draft.rule, kind, draft.level),
            conversion,
            draft.partner,
            draft.rule,
            draft.terms,
            kind,
            draft.level,
            program.currency,
            draft.share_ppm,
            draft.basis,
            draft.rate,
            draft.amount,
            matures_on,
            state,
            draft.reasons,
            partial(write_steps, draft, self._index),
        )

    def _matures(self, day: int) -> tuple[date, str]:
        found = self._maturity.get(day)
        if found is None:
            payable = self._index.as_of >= self._index.zone.first_instant(day)
            found = self._maturity[day] = (date.fromordinal(day), "payable" if payable else "pending")
        return found


def line_id(conversion: str, partner: str, rule: str, kind: str, level: int) -> str:
    """The stable id of a line: the same five always give the same id, and no other five do."""
    parts = f"{len(conversion)}:{conversion}{len(partner)}:{partner}{len(rule)}:{rule}{kind}{level}"
    return "lin_" + blake2b(parts.encode(), digest_size=16).hexdigest()
