"""Who is paid in a run and who is not, with the reason: decided from balances, holds and payout details alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

SkipReason = Literal["nothing", "negative", "below_minimum", "held", "no_details", "cooling_off"]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a partner is paid: its payout method, a keyed hash of the account, and from when it may be used."""

    method: UUID
    fingerprint: str
    usable_from: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one partner has payable in one currency, line by line (minor units; negative: to be netted)."""

    partner: UUID
    name: str
    lines: Mapping[str, int]
    destination: Destination | None
    on_hold: bool

    @property
    def total_minor(self) -> int:
        return sum(self.lines.values())

    @property
    def payable_to(self) -> Destination:
        """The destination of a candidate that `plan_run` has found payable."""
        assert self.destination is not None, "nobody is paid without payout details"
        return self.destination


@dataclass(frozen=True, slots=True)
class Skipped:
    """A partner that is left out of a run, and why."""

    partner: UUID
    name: str
    total_minor: int
    reason: SkipReason
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Who is paid and who is left out; both in order of name."""

    paid: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...]

    @property
    def total_minor(self) -> int:
        return sum(candidate.total_minor for candidate in self.paid)


def plan_run(candidates: Sequence[Candidate], *, minimum_minor: int, now: datetime) -> RunPlan:
    """Sort candidates into paid and left out. A partner whose lines add up to less than the minimum waits; what was
    taken back is netted first, because negative lines are part of the sum.
    """
    paid: list[Candidate] = []
    skipped: list[Skipped] = []
    for candidate in sorted(candidates, key=lambda c: (c.name.casefold(), str(c.partner))):
        reason = _reason_to_skip(candidate, minimum_minor, now)
        if reason is None:
            paid.append(candidate)
        elif reason != "nothing":
            until = candidate.destination.usable_from if reason == "cooling_off" and candidate.destination else None
            skipped.append(Skipped(candidate.partner, candidate.name, candidate.total_minor, reason, until))
    return RunPlan(tuple(paid), tuple(skipped))


def _reason_to_skip(candidate: Candidate, minimum_minor: int, now: datetime) -> SkipReason | None:
    total = candidate.total_minor
    if total == 0 and not any(candidate.lines.values()):
        return "nothing"
    if total <= 0:
        return "negative"
    if total < minimum_minor:
        return "below_minimum"
    if candidate.on_hold:
        return "held"
    if candidate.destination is None:
        return "no_details"
    if candidate.destination.usable_from > now:
        return "cooling_off"
    return None
