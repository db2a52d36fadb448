"""What a system's events say in our own words: facts that should stand, and what is still missing. Values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from goodword.domain.errors import DomainError

Fact = Mapping[str, Any]
"""A fact as every door takes it: the fields of `domain/fact_shapes.py`."""
TOLERANCE = timedelta(minutes=5)
"""How far another system's clock may be ahead of ours."""


class Unreadable(DomainError):
    """An event that says too little, or nonsense: it waits for a person, and changes nothing."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Seen:
    """One stored event as the readers of a system take it: who said what, and when."""

    event_id: str
    type: str
    happened_at: datetime
    content: Mapping[str, Any]
    patient: bool = True
    """False: what this event waits for has not come for so long that we go on without it."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What is known of an event before it is judged; `reason` is set where it is not to be judged."""

    event_id: str
    type: str
    happened_at: datetime
    mode: str = ""
    links: Sequence[str] = ()
    customer: str = ""
    subscription: str = ""
    outcome: str = "received"
    reason: str = ""
    detail: str = ""


@dataclass(slots=True)
class Wanted:
    """Facts that should stand. `refunded` are sales whose refunds are all in `refunds`: others of ours are withdrawn.

    `waiting` says which event waits for what; `empty` which event says nothing that is a fact, and why.
    """

    customers: list[Fact] = field(default_factory=list)
    sales: list[Fact] = field(default_factory=list)
    events: list[Fact] = field(default_factory=list)
    refunds: list[Fact] = field(default_factory=list)
    cancels: list[Fact] = field(default_factory=list)
    refunded: set[str] = field(default_factory=set)
    waiting: dict[str, str] = field(default_factory=dict)
    empty: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Wanted") -> None:
        """Take in what others of the same system want."""
        for name in ("customers", "sales", "events", "refunds", "cancels"):
            getattr(self, name).extend(getattr(other, name))
        self.refunded |= other.refunded
        self.waiting |= other.waiting
        self.empty |= other.empty


def moment(seconds: Any) -> datetime:
    """A moment given in seconds since 1970."""
    if type(seconds) is not int or not 0 < seconds < 2**34:
        raise Unreadable("invalid_date", f"{str(seconds)[:40]!r} is no moment in seconds")
    return datetime.fromtimestamp(seconds, UTC)


def written(at: datetime) -> str:
    """A moment as facts carry it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def text_of(value: Any, limit: int) -> str:
    """A text of another system, cut to what a field of ours holds; empty for anything else."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())[:limit].strip()
