"""The faults that `engine_mutations.py` puts into the engine, one at a time. Only the list lives here.

`file` is a name inside `goodword/domain/settlement/`; `old` must stand there exactly once; `new` takes its place.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One fault, in words and in text."""

    what: str
    file: str
    old: str
    new: str


# The fewest that say anything about the oracle; fewer make the campaign fail.
MUTANTS_MIN = 40
MUTANTS: list[Mutant] = []
