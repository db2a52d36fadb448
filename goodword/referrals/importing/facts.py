"""Rows that become facts: judged and recorded by the same services as those of the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.domain.errors import Problem
from goodword.domain.fact_rules import PROBLEMS_MAX, position_of, without_position
from goodword.referrals.bulk import Origin
from goodword.referrals.importing.verdicts import Found, Good, Verdict
from goodword.referrals.known import take_turns
from goodword.referrals.models import Import
from goodword.referrals.services import check_facts, record_checked


@dataclass(frozen=True, slots=True)
class FactDoor:
    """The door of one kind of fact. One that only looks makes nobody wait."""

    program: Program
    fact: str
    source: str
    actor: Actor
    now: datetime
    writes: bool

    def check(self, items: Sequence[Found]) -> Verdict:
        """Judge a batch; every row that is wrong is named."""
        if self.writes:
            take_turns(self.program, self.fact, items)
        return self._check(items)

    def _check(self, items: Sequence[Found]) -> Verdict:
        checked = check_facts(self.program, self.fact, items, source=self.source, now=self.now)
        if len(checked.problems) >= PROBLEMS_MAX and len(items) > 1:
            return self._in_halves(items)
        problems: dict[int, list[Problem]] = {}
        for problem in checked.problems:
            problems.setdefault(position_of(problem), []).append(_of_row(problem))
        good = [
            Good(row.position, row.external_id, row.payload_hash, row, *_money(row.columns))
            for row in checked.rows
            if row.position not in problems
        ]
        known = checked.known
        changed = [one.key for one in good if one.key in known and known[one.key].payload_hash != one.content_hash]
        return Verdict(good, problems, frozenset(known), frozenset(changed))

    def _in_halves(self, items: Sequence[Found]) -> Verdict:
        """What is reported of a batch has a limit; smaller batches report everything."""
        middle = len(items) // 2
        first, second = self._check(items[:middle]), self._check(items[middle:])
        good = [*first.good, *(one._replace(place=one.place + middle) for one in second.good)]
        later = {place + middle: problems for place, problems in second.problems.items()}
        problems = {**first.problems, **later}
        return Verdict(good, problems, first.known | second.known, first.changed | second.changed)

    def write(self, rows: Sequence[Good], imported_in: Import) -> None:
        """Record rows that this transaction has judged good."""
        origin = Origin(self.source, self.now, imported_in)
        record_checked(self.program, self.fact, [row.content for row in rows], origin, self.actor)


def _of_row(problem: Problem) -> Problem:
    if problem.code != "duplicate_in_batch":
        return without_position(problem)
    message = f"another row of this file has the id {problem.value!r} with other content"
    return Problem(problem.code, message, "id", problem.value, "keep one row per id")


def _money(columns: Mapping[str, Any]) -> tuple[str, int | None]:
    return columns.get("currency") or "", columns.get("amount_minor")
