"""What a door says of a batch of rows, whatever they become. Data only."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from goodword.domain.errors import Problem
from goodword.referrals.models import Import

Found = Mapping[str, Any]


class Good(NamedTuple):
    """A row that can be written: its place in the batch, id, hash, what its door has read of it, and its money."""

    place: int
    key: str
    content_hash: str
    content: Any
    currency: str = ""
    minor: int | None = None


class Verdict(NamedTuple):
    """What would become of a batch.

    `known`: the keys among the good rows that are stored already; `changed`: those of them that would be replaced.
    """

    good: Sequence[Good]
    problems: Mapping[int, Sequence[Problem]]
    known: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()


class Door(Protocol):
    """One kind of row on its way in."""

    def check(self, items: Sequence[Found]) -> Verdict:
        """Judge a batch; nothing is written."""
        ...

    def write(self, rows: Sequence[Good], imported_in: Import) -> None:
        """Write rows that `check` judged good in this transaction."""
        ...
