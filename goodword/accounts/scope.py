"""Which program is being worked on. Managers of program-owned tables read it and raise when there is none."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from django.db import models

if TYPE_CHECKING:
    from goodword.accounts.models import Program

_active: ContextVar["Program | None"] = ContextVar("active_program", default=None)
M = TypeVar("M", bound=models.Model)
T = TypeVar("T")


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


@contextmanager
def no_program() -> Iterator[None]:
    """Start without a program, and forget afterwards the one that `enter` set."""
    token = _active.set(None)
    try:
        yield
    finally:
        _active.reset(token)


def enter(program: "Program") -> None:
    """Make a program active until the surrounding `no_program` ends: for the middleware, which is not a block."""
    _active.set(program)


def scoped(chunks: Iterable[T], program: "Program") -> Iterator[T]:
    """The chunks of a streamed answer, each made with the program active, and nothing left active in between."""
    iterator = iter(chunks)
    while True:
        with active_program(program):
            try:
                chunk = next(iterator)
            except StopIteration:
                return
        yield chunk


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
