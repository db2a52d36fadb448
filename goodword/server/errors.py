"""Troubles that the person who runs the product can put right, and how problems of input are told on the terminal.
No traceback is shown.
"""

from goodword.domain.errors import Problem


class OperatorError(RuntimeError):
    """Something about this machine or installation is not as it must be."""


class EmbeddedError(OperatorError):
    """The embedded database cannot do what was asked."""


class PortTaken(OperatorError):
    """The address cannot be listened at."""


class MigrationFailed(OperatorError):
    """The database could not be brought to the level of this release."""


def problem_text(problem: Problem) -> str:
    """One line: file, line, code, field and message, value, remedy."""
    place = ":".join(part for part in (problem.file, str(problem.line or "")) if part)
    value = f" (given: {problem.value})" if problem.value else ""
    remedy = f"; {problem.remedy}" if problem.remedy else ""
    return f"{place}{': ' if place else ''}{problem.code}: {problem.message}{value}{remedy}"
