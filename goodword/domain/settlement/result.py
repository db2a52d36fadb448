"""What a settlement says: lines, outcomes and notices, and their JSON form. Nothing is computed here but totals."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple, Protocol, TypeAlias

from goodword.domain.money import to_decimal

Step: TypeAlias = dict[str, str]
"""One step of the arithmetic: `do` (what), `from` (the sum) and `is` (its result)."""

KINDS = ("commission", "override", "bonus")
STATES = ("pending", "payable")


class Trace(Protocol):
    """Where a line's steps come from when they are asked for."""

    def __call__(self) -> list[Step]:
        """The steps."""
        ...

    def json(self) -> str:
        """The steps as canonical JSON."""
        ...


class Line(NamedTuple):
    """What one partner earns on one conversion by one rule. Amounts are minor units of `currency`.

    `line` is stable: the same conversion, partner, rule key, kind and level always give the same id. `level` is 0 for
    commissions and bonuses. `steps` are put into words only when they are asked for.
    """

    line: str
    conversion: str
    partner: str
    rule: str
    terms: str
    kind: str
    level: int
    currency: str
    share_ppm: int
    basis: int
    rate: str
    amount: int
    matures_on: date
    state: str
    reasons: tuple[str, ...]
    trace: Trace

    @property
    def steps(self) -> list[Step]:
        """The ordered arithmetic, enough for a stranger with a calculator to redo the amount."""
        return self.trace()

    @property
    def steps_json(self) -> str:
        """The steps as canonical JSON: keys in order, nothing between. Cheaper than writing `steps` as JSON."""
        return self.trace.json()


class Outcome(NamedTuple):
    """Why a conversion has no line (`no_touch`, `outside_window`, `self_referral`, ...)."""

    conversion: str
    outcome: str


class Notice(NamedTuple):
    """A refund that has no or not its whole effect: `unmatched` (unknown sale) or `quarantined` (over the amount)."""

    refund: str
    sale: str
    notice: str


class Settlement(NamedTuple):
    """All that follows from a set of facts: lines in order, one outcome per conversion without a line, notices."""

    lines: list[Line]
    outcomes: list[Outcome]
    notices: list[Notice]


def line_to_json(line: Line) -> dict[str, Any]:
    """A line as files and pages carry it: money as decimal strings, keys in a fixed order."""
    return {
        "line": line.line,
        "conversion": line.conversion,
        "partner": line.partner,
        "rule": line.rule,
        "terms": line.terms,
        "kind": line.kind,
        "currency": line.currency,
        "share_ppm": line.share_ppm,
        "basis": to_decimal(line.basis, line.currency),
        "rate": line.rate,
        "amount": to_decimal(line.amount, line.currency),
        "matures_on": line.matures_on.isoformat(),
        "state": line.state,
        "reasons": list(line.reasons),
        "steps": line.steps,
    }


def outcome_to_json(outcome: Outcome) -> dict[str, str]:
    """An outcome as files carry it."""
    return {"conversion": outcome.conversion, "outcome": outcome.outcome}


class Total(NamedTuple):
    """The sum of a partner's lines in one currency and state, in minor units."""

    partner: str
    currency: str
    state: str
    lines: int
    amount: int


def summary(lines: Iterable[Line]) -> list[Total]:
    """Totals per partner, currency and state, in that order (pending before payable)."""
    sums: dict[tuple[str, str, int], list[int]] = {}
    for line in lines:
        cell = sums.setdefault((line.partner, line.currency, STATES.index(line.state)), [0, 0])
        cell[0] += 1
        cell[1] += line.amount
    return [Total(p, c, STATES[s], *sums[p, c, s]) for p, c, s in sorted(sums)]


def amounts_by_line(lines: Iterable[Line]) -> Mapping[str, int]:
    """The amount of each line by its id: what a difference against booked lines needs."""
    return {line.line: line.amount for line in lines}
