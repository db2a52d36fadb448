"""A conversion on its way to money: its partners, its components and what was decided. Only the shapes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from goodword.domain.settlement.arithmetic import Ratio
from goodword.domain.settlement.basis import Kept
from goodword.domain.settlement.index import Attributed, History, Standing
from goodword.domain.settlement.program import Rule
from goodword.domain.settlement.records import Conversion


class Party(NamedTuple):
    """A partner of a conversion: its place in credit order, its share, and what pays it."""

    partner: str
    order: int
    share_ppm: int
    standing: Standing
    on: str
    nth: int


class Component:
    """One (conversion, partner, rule): what is paid, on what, and how the amount came about."""

    __slots__ = (
        "after",
        "amount",
        "basis",
        "before",
        "exact",
        "figure",
        "kept",
        "lines",
        "made",
        "months",
        "partner",
        "party",
        "ppm",
        "quantity",
        "rate",
        "reasons",
        "rounded",
        "rule",
        "stages",
        "together",
        "untailed",
        "whole",
        "whole_made",
    )

    party: Party
    partner: str
    rule: Rule
    lines: Sequence[int]
    figure: Ratio
    kept: Kept
    whole: int
    whole_made: int
    basis: int
    made: int
    quantity: int
    ppm: int
    months: int
    before: int
    after: int
    untailed: Ratio
    exact: Ratio
    rate: str
    together: Ratio | None
    rounded: int
    amount: int
    reasons: tuple[str, ...]
    stages: tuple[tuple[Any, ...], ...]


class Decided(NamedTuple):
    """A conversion with its components in credit and rule order, or the outcome that says why it has none."""

    conversion: Conversion
    day: int
    history: History
    attributed: Attributed
    fx: Ratio
    components: list[Component]
    outcome: str
