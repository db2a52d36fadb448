"""What recruiters earn on what their recruits earned or sold (section 6, step 11)."""

from collections.abc import Iterator

from goodword.domain.money import to_decimal
from goodword.domain.settlement.arithmetic import checked_amount, percent_text, rounded_ratio
from goodword.domain.settlement.component import Component, Decided
from goodword.domain.settlement.drafts import OVERRIDE, Draft
from goodword.domain.settlement.index import Index, Standing
from goodword.domain.settlement.lasting import lasts_still
from goodword.domain.settlement.program import WHOLE_PPM, Override


class Recruiters:
    """Walks up from a partner to its recruiters, and remembers for how long each override has run."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._by_terms = {
            name: {override.level: override for override in terms.overrides}
            for name, terms in index.program.terms.items()
        }
        self.levels = max((level for levels in self._by_terms.values() for level in levels), default=0)
        self._started: dict[tuple[str, str], list[int]] = {}

    def overrides(self, decided: Decided) -> list[Draft]:
        """The override lines of a conversion whose components are final."""
        found: dict[tuple[str, str, int], Draft] = {}
        for component in decided.components:
            for recruiter, in_force, override in self._above(component.partner, decided.conversion.at):
                if override.of_sale and component.rule.adds:
                    continue
                started = self._started.get((recruiter, component.partner))
                if not lasts_still(override.lasts, started, decided.day):
                    continue
                key = (recruiter, component.rule.key, override.level)
                if key not in found:
                    found[key] = _begin(decided, component, recruiter, in_force, override)
                found[key].source[1].append(component)
                if override.flat is None or component.amount > 0:
                    started = self._started.setdefault((recruiter, component.partner), [decided.day, 0])
                    started[1] += 1
        for draft in found.values():
            self._finish(draft)
        return list(found.values())

    def _above(self, partner: str, at: int) -> Iterator[tuple[str, Standing, Override]]:
        """The ancestors with an override for their level and an agreement in force."""
        known = self._index.partners
        child = known.get(partner)
        for level in range(1, self.levels + 1):
            if child is None or child.parent is None:
                return
            recruiter = child.parent
            in_force = self._index.in_force(recruiter, at)
            override = self._by_terms[in_force.terms.name].get(level) if in_force else None
            if in_force is not None and override is not None:
                yield recruiter, in_force, override
            child = known.get(recruiter)

    def _finish(self, draft: Draft) -> None:
        override, components = draft.source
        if override.flat is not None:
            draft.amount = override.flat * sum(component.amount > 0 for component in components)
        else:
            draft.basis = sum(component.basis if override.of_sale else component.amount for component in components)
            draft.amount = rounded_ratio(draft.basis * override.ppm, WHOLE_PPM, self._index.program.rounding)
            draft.rate = percent_text(override.ppm)
        if override.flat is not None:
            draft.rate = to_decimal(override.flat, self._index.program.currency)
        checked_amount(max(draft.amount, draft.basis), draft.decided.conversion.id)


def _begin(decided: Decided, child: Component, recruiter: str, in_force: Standing, override: Override) -> Draft:
    draft = Draft()
    draft.decided, draft.source = decided, (override, [])
    draft.partner, draft.rule, draft.terms = recruiter, child.rule.key, in_force.terms.name
    draft.kind, draft.level, draft.order = OVERRIDE, override.level, child.party.order
    draft.share_ppm, draft.basis, draft.rate, draft.amount = WHOLE_PPM, 0, "", 0
    draft.hold_days, draft.reasons, draft.stages = child.rule.hold_days, (), ()
    return draft
