"""What the fold knows after the conversions it has taken, by name: later ones can then be taken without those before.

Only the records live here, lists of numbers and names that can be stored as JSON; `saved_state.py` reads and writes
them. What is known and what it means is the rules' own.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

Record = dict[str, Any]
"""What is known of one customer or partner. `last`: the instant of the last conversion of theirs that was taken.

Of a customer: `days` (first and last sale), `nth` (conversions by what they are), `lock` (conversion, day, shares), and
by partner: `ties` (with rule keys), `counted` (totals of tiers it is in), `reached` (totals of bonuses it is in).
Of a partner: `nth`, `totals` and `paid` by rule key and period, `reached` by bonus key and period, `recruiters`.
"""


class Unfit(Exception):
    """The checkpoint does not fit the program or the facts any more: everything has to be taken again."""


class ReachesBack(Exception):
    """A later conversion changes earlier lines: those of its partner have to be settled anew."""


class Checkpoint(NamedTuple):
    """The state of a fold, or the part of it that some customers and partners need."""

    counting: str
    """What is counted, as `counting_of` names it: a checkpoint serves only programs that count the same."""
    customers: dict[str, Record]
    partners: dict[str, Record]
    budget: list[list[int]]
    """Period and what was spent in it."""
    last: int
    """The instant of the last conversion taken; NONE: none was."""


def merged(new: Record, old: Record, partners: Collection[str]) -> Record:
    """A customer's record by a run that saw only these partners whole: what is known with others stays."""
    kept = {name: [entry for entry in old[name] if entry[0] not in partners] for name in ("ties", "counted", "reached")}
    return new | {name: sorted(entries + new[name], key=by_name) for name, entries in kept.items()}


def by_name(entry: list[Any]) -> tuple[str, str]:
    """What entries are sorted by: partner and key."""
    return entry[0], entry[1] or ""
