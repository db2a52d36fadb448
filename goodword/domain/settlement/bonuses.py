"""Bonuses: a flat amount, once per period, on the conversion that reaches a total (section 6)."""

from collections.abc import Sequence

from goodword.domain.money import to_decimal
from goodword.domain.settlement.calendar import period_of
from goodword.domain.settlement.component import Component, Decided, Party
from goodword.domain.settlement.drafts import BONUS, Draft
from goodword.domain.settlement.program import WHOLE_PPM, Bonus, Program


class _Count:
    """What one partner has towards one bonus in one period."""

    __slots__ = ("customers", "given", "total")

    def __init__(self) -> None:
        self.total = 0
        self.customers: set[str] = set()
        self.given = False


class Bonuses:
    """The running totals of every bonus; a renewal goes on counting."""

    def __init__(self, program: Program) -> None:
        self._currency = program.currency
        self.any = any(terms.bonuses for terms in program.terms.values())
        self._counts: dict[tuple[str, str, str, int], _Count] = {}

    def bonuses(self, decided: Decided) -> list[Draft]:
        """The bonus lines of a conversion."""
        by_party: dict[int, list[Component]] = {}
        for component in decided.components:
            by_party.setdefault(component.party.order, []).append(component)
        found = []
        for components in by_party.values():
            party = components[0].party
            if party.standing.in_tail:
                continue
            for bonus in party.standing.terms.bonuses:
                own = [component for component in components if component.rule.on == bonus.on]
                if own and (draft := self._count(decided, party, bonus, own)):
                    found.append(draft)
        return found

    def _count(self, decided: Decided, party: Party, bonus: Bonus, components: Sequence[Component]) -> Draft | None:
        key = (party.partner, bonus.key, bonus.per, period_of(decided.day, bonus.per))
        count = self._counts.setdefault(key, _Count())
        if bonus.reverse and not components[0].kept.ratio.numerator:
            return None
        before = count.total
        if bonus.measure == "volume":
            counted = [one for one in components if not one.rule.adds]
            count.total += sum(one.basis if bonus.reverse else one.made for one in counted)
        elif bonus.measure == "count":
            count.total += 1
        else:
            count.customers.add(decided.conversion.customer)
            count.total = len(count.customers)
        if count.given or count.total < bonus.reaches:
            return None
        count.given = True
        return self._draft(decided, party, bonus, (before, count.total))

    def _draft(self, decided: Decided, party: Party, bonus: Bonus, totals: tuple[int, int]) -> Draft:
        draft = Draft()
        draft.decided, draft.source = decided, (bonus, totals)
        draft.partner, draft.rule, draft.terms = party.partner, bonus.key, party.standing.terms.name
        draft.kind, draft.level, draft.order = BONUS, 0, party.order
        draft.share_ppm, draft.basis, draft.rate = WHOLE_PPM, 0, to_decimal(bonus.flat, self._currency)
        draft.amount, draft.hold_days, draft.reasons, draft.stages = bonus.flat, None, (), ()
        return draft
