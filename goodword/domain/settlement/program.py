"""A program and its terms as typed, frozen records, as the settlement reads them. How they are read from a document
and checked is `read_program`; nothing is computed here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from goodword.domain.money import Rounding

Period: TypeAlias = Literal["month", "quarter", "year", "lifetime", "conversion", "trailing_12m"]
Measure: TypeAlias = Literal["volume", "count", "customers"]
WHOLE_PPM = 1_000_000
"""100% in millionths."""


class Condition(NamedTuple):
    """One test of a rule's `when`: the value of `field`, compared by `test` with `operand`."""

    field: str
    operator: str
    operand: Any
    test: Callable[[Any, Any], bool]


class ScheduleStep(NamedTuple):
    """A stretch of months paid at one rate; `months` None: without end."""

    months: int | None
    ppm: int


class TierStep(NamedTuple):
    """From this total on (inclusive), this rate, or this flat amount."""

    start: int
    ppm: int
    flat: int | None = None


@dataclass(frozen=True, slots=True)
class Tiers:
    """A rate that depends on a total: of what, over which period, and how the total picks the step."""

    measure: Measure
    per: Period
    mode: Literal["marginal", "before", "after", "whole"]
    steps: tuple[TierStep, ...]
    reduce: bool = False


@dataclass(frozen=True, slots=True)
class Pay:
    """What a rule pays: exactly one of a percent, a flat amount, a schedule or tiers."""

    kind: Literal["percent", "flat", "schedule", "tiers"]
    ppm: int = 0
    flat: int = 0
    each_unit: bool = False
    schedule: tuple[ScheduleStep, ...] = ()
    tiers: Tiers | None = None


class Lasts(NamedTuple):
    """How long something pays: a number of payments, a number of months, both, or (None) for ever."""

    payments: int | None = None
    months: int | None = None


FOR_EVER = Lasts()


@dataclass(frozen=True, slots=True)
class Base:
    """Which figures of a sale the basis leaves out (`less`) or adds (`plus`)."""

    less: frozenset[str] = frozenset({"tax", "shipping"})
    plus: frozenset[str] = frozenset()


NET = Base()
"""The default: without tax and shipping."""


@dataclass(frozen=True, slots=True)
class Caps:
    """Most a rule pays: on one sale, on one customer for life, in one period."""

    sale: int | None = None
    customer: int | None = None
    period: int | None = None
    per: Period = "month"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of terms: when it applies and what it pays."""

    key: str
    on: str
    index: int
    pay: Pay
    conditions: tuple[Condition, ...] = ()
    lapsed_days: int | None = None
    base: Base = NET
    lasts: Lasts = FOR_EVER
    caps: Caps | None = None
    floor: int | None = None
    adds: bool = False
    hold_days: int | None = None


class Override(NamedTuple):
    """What a recruiter earns on what its recruits earn or sell."""

    level: int
    ppm: int = 0
    of_sale: bool = False
    flat: int | None = None
    lasts: Lasts = Lasts()


@dataclass(frozen=True, slots=True)
class Bonus:
    """A flat amount, once per period, on the conversion that reaches a total."""

    key: str
    on: str
    measure: Measure
    reaches: int
    per: Period
    flat: int
    reverse: bool = True


class TailStep(NamedTuple):
    """After an agreement ended: for so many months this part of the commission."""

    months: int
    ppm: int


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of terms."""

    name: str
    rules: tuple[Rule, ...] = ()
    choose: Literal["first", "best", "sum"] = "first"
    overrides: tuple[Override, ...] = ()
    bonuses: tuple[Bonus, ...] = ()
    clawback_days: int | None = None
    graded_months: int | None = None
    tail: tuple[TailStep, ...] = ()
    chosen_on: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    adding_on: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    has_conditions: bool = True


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose conversion it is: model, windows, priority, lock and the like."""

    model: Literal["last", "first", "linear", "position", "decay"]
    window_days: int
    windows: Mapping[str, int]
    priority: tuple[tuple[str, ...], ...]
    locks: bool
    lock_months: int | None
    half_life_days: int
    existing_customers: Literal["exclude", "count", "assist"]
    assist: bool

    def window_of(self, channel: str) -> int:
        """Days a touch of this channel stays good."""
        return self.windows.get(channel, self.window_days)


@dataclass(frozen=True, slots=True)
class Budget:
    """The most a program pays in a period, and how a shortage is borne."""

    amount: int
    per: Period
    pro_rata: bool


@dataclass(frozen=True, slots=True)
class Program:
    """A program: its currency, zone, rounding, attribution and every version of terms."""

    name: str
    currency: str
    timezone: str
    rounding: Rounding
    terms_at: Literal["conversion", "credit"]
    blocks_self_referral: bool
    hold_days: int
    attribution: Attribution
    guardrail_ppm: int | None
    budget: Budget | None
    terms: Mapping[str, Terms]
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """The document it was read from."""
