"""Refusals: things a person did that the rules do not allow. A person reads them; the edge chooses the status."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with some input: where, what was given, and what to do about it.

    `code` is stable (`unknown_currency`); `field` is a path such as `lines[2].amount`; `value` is what was given,
    shortened; `message` says what is wrong and `remedy` what to do. `line` is the line of a file, from 1.
    """

    code: str
    message: str
    field: str = ""
    value: str = ""
    remedy: str = ""
    file: str = ""
    line: int = 0


class DomainError(Exception):
    """A refusal with a stable code. Children state a fact (`AgreementNotInForce`) and set `code`.

    `problems` is all that is wrong: one thing, but for the children that gather several.
    """

    code = "refused"

    def __init__(self, message: str, *, field: str = "", value: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.problem = Problem(code=self.code, message=message, field=field, value=value, remedy=remedy)
        self.problems: tuple[Problem, ...] = (self.problem,)


class InvalidInput(DomainError):
    """Several problems of one input, all reported at once (at most 100)."""

    code = "invalid_input"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(p.message for p in problems[:3]))
        self.problems = tuple(problems[:100])
