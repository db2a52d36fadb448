"""Which program is being worked on. Managers of program-owned tables read it and raise when there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from django.db import models

if TYPE_CHECKING:
    from goodword.accounts.models import Program

_active: ContextVar["Program | None"] = ContextVar("active_program", default=None)
M = TypeVar("M", bound=models.Model)


class NoActiveProgram(AssertionError):
    """A query on a program's rows ran outside `active_program`: a bug of ours, never a person's."""


@contextmanager
def active_program(program: "Program") -> Iterator["Program"]:
    """Work on one program: scoped managers see its rows only."""
    token = _active.set(program)
    try:
        yield program
    finally:
        _active.reset(token)


def current_program() -> "Program":
    """The active program; raises NoActiveProgram when there is none."""
    program = _active.get()
    if program is None:
        raise NoActiveProgram("wrap this in accounts.scope.active_program(program)")
    return program


def active_or_none() -> "Program | None":
    """The active program, if any: for words and dates that read differently inside one."""
    return _active.get()


class ProgramManager(models.Manager[M]):
    """Rows of the active program only."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(program_id=current_program().pk)
