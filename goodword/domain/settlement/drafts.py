"""A line before the budget: commissions, overrides and bonuses in one shape, in the order they are put out."""

from typing import Any

from goodword.domain.settlement.component import Component, Decided


class Draft:
    """One line to be. `order` is its place in credit order; `stages` tell what lowered it, for its steps."""

    __slots__ = (
        "amount",
        "basis",
        "decided",
        "hold_days",
        "kind",
        "level",
        "order",
        "partner",
        "rate",
        "reasons",
        "rule",
        "share_ppm",
        "source",
        "stages",
        "terms",
    )

    decided: Decided
    source: Any
    partner: str
    rule: str
    terms: str
    kind: int
    level: int
    order: int
    share_ppm: int
    basis: int
    rate: str
    amount: int
    hold_days: int | None
    reasons: tuple[str, ...]
    stages: tuple[tuple[Any, ...], ...]


COMMISSION, OVERRIDE, BONUS = 0, 1, 2


def sort_key(draft: Draft) -> tuple[int, int, str, int]:
    """Within one conversion: credit order, kind, rule, level."""
    return draft.order, draft.kind, draft.rule, draft.level


def commission(decided: Decided, component: Component) -> Draft:
    """The draft of a component."""
    draft = Draft()
    party, rule = component.party, component.rule
    draft.decided, draft.source = decided, component
    draft.partner, draft.rule, draft.terms = party.partner, rule.key, party.standing.terms.name
    draft.kind, draft.level, draft.order = COMMISSION, 0, party.order
    draft.share_ppm, draft.basis, draft.rate = party.share_ppm, component.basis, component.rate
    draft.amount, draft.hold_days = component.amount, rule.hold_days
    draft.reasons, draft.stages = component.reasons, component.stages
    return draft
