"""What a pass over a file found: counts, money totals per currency, and what is wrong. Shown before, kept after."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Final

from goodword.domain.errors import Problem
from goodword.domain.money import to_decimal

PROBLEMS_SHOWN: Final = 1_000
_EXAMPLES: Final = 5
_PARTNERS_SHOWN: Final = 20


@dataclass(slots=True)
class Report:
    """Counts of a pass. `bad` counts rows, `problem_count` what is wrong in them; conflicts are bad rows, too."""

    rows: int = 0
    new: int = 0
    duplicates: int = 0
    changed: int = 0
    conflicts: int = 0
    bad: int = 0
    problem_count: int = 0
    totals: dict[str, int] = field(default_factory=dict)
    unknown_partners: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Count what is wrong; only so many are kept to be shown."""
        for problem in problems:
            self.problem_count += 1
            if len(self.problems) < PROBLEMS_SHOWN:
                self.problems.append(problem)
            if problem.code == "unknown_partner" and len(self.unknown_partners) < _PARTNERS_SHOWN:
                self.unknown_partners[problem.value] = self.unknown_partners.get(problem.value, 0) + 1

    def add_example(self, found: dict[str, Any]) -> None:
        """Keep the first few rows as they will be stored."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(_plain(found))

    def add_money(self, currency: str, minor: int) -> None:
        """Count the money of a new row."""
        self.totals[currency] = self.totals.get(currency, 0) + minor

    @property
    def money(self) -> dict[str, str]:
        """Totals of the new rows as decimal strings, by currency."""
        return {currency: to_decimal(minor, currency) for currency, minor in sorted(self.totals.items())}

    def counts(self) -> dict[str, Any]:
        """What is kept with the import."""
        return {
            "rows": self.rows,
            "new": self.new,
            "duplicates": self.duplicates,
            "changed": self.changed,
            "conflicts": self.conflicts,
            "bad": self.bad,
            "totals": self.money,
        }

    def to_json(self) -> dict[str, Any]:
        """What the preview page shows."""
        return {
            **self.counts(),
            "problem_count": self.problem_count,
            "unknown_partners": self.unknown_partners,
            "problems": [asdict(problem) for problem in self.problems],
            "examples": self.examples,
        }


def _plain(value: Any) -> Any:
    """The same with exact numbers as text, as JSON keeps them."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return str(value) if isinstance(value, Decimal) else value
