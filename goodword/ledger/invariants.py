"""The registry of invariants: what must hold of a program's money, each with a sentence and a way to find offenders.

Packages add theirs in a module called `verify.py`; `commissions/verify.py` runs them all. Checks read, never repair.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from goodword.accounts.models import Program

Check = Callable[["Examined"], Iterable[str]]


@dataclass(frozen=True)
class Examined:
    """A program under examination. Checks may keep here what several of them need (`kept`)."""

    program: Program
    now: datetime
    kept: dict[str, Any]

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """A figure that is dear to make, made once for all checks."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query; `%(program)s` is the program's key, `%(now)s` the moment of the examination."""
        with connection.cursor() as cursor:
            cursor.execute(query, {"program": self.program.pk, "now": self.now, **values})
            return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that must hold: its number in the list of invariants, in words, and who finds what breaks it."""

    id: str
    sentence: str
    offenders: Check


REGISTRY: dict[str, Invariant] = {}


def invariant(number: str, sentence: str) -> Callable[[Check], Check]:
    """Register a check under its number; the function gives one sentence for every offender."""

    def register(check: Check) -> Check:
        known = REGISTRY.get(number)
        assert known is None or known.offenders.__qualname__ == check.__qualname__, f"{number} is checked twice"
        REGISTRY[number] = Invariant(number, sentence, check)
        return check

    return register
