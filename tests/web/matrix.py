"""One test for a whole table: it walks every address, tries every cell, and reports all that fail at once."""

from collections.abc import Container, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from django.db import transaction

SHOWN_MAX = 60


class Cell(Protocol):
    def __call__(self, where: str) -> AbstractContextManager[None]: ...


class Walk:
    """`for name, route, cell in walk:` gives every address, undone afterwards; `with cell("who"):` tries one thing.

    What fails in a cell is noted, a crash too, and the walk goes on. At its end it fails with all that was noted, and
    with every address at which nothing was tried.
    """

    only: Container[str] | None = None  # a campaign walks these addresses alone

    def __init__(self, addresses: Iterable[tuple[str, str]]) -> None:
        self.addresses = [pair for pair in addresses if self.only is None or pair[0] in self.only]
        self.cells = 0
        self.faults: list[str] = []

    def __iter__(self) -> Iterator[tuple[str, str, Cell]]:
        assert self.addresses, "there is nothing to walk"
        for name, route in self.addresses:
            before = self.cells
            with transaction.atomic():
                yield name, route, self._cell
                transaction.set_rollback(True)
            if self.cells == before:
                self.faults.append(f"{name}: nothing was tried")
        assert not self.faults, self.report()

    @contextmanager
    def _cell(self, where: str) -> Iterator[None]:
        self.cells += 1
        try:
            yield
        except Exception as fault:  # noqa: BLE001  (a crash is a fault of its cell, not the end of the walk)
            told = str(fault) if isinstance(fault, AssertionError) else f"{type(fault).__name__}: {fault}"
            self.faults.append(f"{where}: {told}")

    def report(self) -> str:
        more = [f"... and {len(self.faults) - SHOWN_MAX} more"] if len(self.faults) > SHOWN_MAX else []
        return "\n".join([f"{len(self.faults)} faults in {self.cells} cells", *self.faults[:SHOWN_MAX], *more])
