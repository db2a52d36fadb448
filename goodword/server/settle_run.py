"""One settlement of files from end to end: facts to tables, tables to lines, lines to a writer. Three things go on at a
time (rules fold, lines are put into words, words are written), and few lines are in memory.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any, NamedTuple, Self

from goodword.domain.settlement import Notice, Total
from goodword.domain.settlement.rules.layout import Table
from goodword.domain.settlement.rules.prepared import Prepared
from goodword.domain.settlement.rules.publish import Chunk, OutcomeRows, Publisher, Totals
from goodword.domain.settlement.rules.run import LINES_AT_ONCE
from goodword.domain.settlement.settle import settle_piecemeal
from goodword.server.line_files import LineWriter
from goodword.server.settle_progress import Progress

_AT_A_TIME = 6
"""Pieces that wait or are worked on behind the rules."""


class Settled(NamedTuple):
    """What there is to say when all lines are written."""

    totals: list[Total]
    lines: int
    outcomes: int
    notices: Sequence[Notice]


def settle_and_write(
    prepared: Prepared, writer: LineWriter | None, progress: Progress, *, lines_at_once: int = LINES_AT_ONCE
) -> Settled:
    """Settle prepared facts and write lines and outcomes; without a writer only totals are taken."""
    publisher = Publisher(prepared)
    totals = Totals(publisher)
    with _Belt(publisher, totals, writer, progress) as belt:
        codes = settle_piecemeal(prepared, belt.take, lines_at_once=lines_at_once)
    progress.settled(len(codes))
    outcomes = OutcomeRows(publisher, codes)
    if writer is not None:
        writer.write_outcomes(outcomes)
    return Settled(totals.totals(), belt.lines, len(outcomes), prepared.notices)


class _Belt:
    """Pieces on their way from the rules to the writer, in order, one thread for words and one for writing."""

    def __init__(self, publisher: Publisher, totals: Totals, writer: LineWriter | None, progress: Progress) -> None:
        self._publisher, self._totals, self._writer, self._progress = publisher, totals, writer, progress
        self._wording, self._writing = ThreadPoolExecutor(1, "words"), ThreadPoolExecutor(1, "writing")
        self._room = BoundedSemaphore(_AT_A_TIME)
        self._under_way: deque[Future[Any]] = deque()  # both threads append: it is never replaced, only taken from
        self.lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for pool in (self._wording, self._writing):
            pool.shutdown(cancel_futures=kind is not None)
        if kind is None:
            self._look(wait=True)

    def take(self, tables: Mapping[str, Table]) -> None:
        """Take the next lines; waits while there are enough under way."""
        lines = tables["lines"]
        self.lines += len(lines)
        self._progress.settled(int(lines["conversion"][-1]) + 1)
        self._room.acquire()
        self._look()
        self._under_way.append(self._wording.submit(self._freeing, self._put_into_words, tables))

    def _put_into_words(self, tables: Mapping[str, Table]) -> None:
        chunk = self._publisher.publish(tables)
        chunk.add_to(self._totals)
        if self._writer is None:
            self._room.release()
            return
        formed = self._writer.form(chunk)
        self._under_way.append(self._writing.submit(self._freeing, self._write, formed))

    def _write(self, formed: Any) -> None:
        assert self._writer is not None
        self._progress.written(self._writer.write(formed))
        self._room.release()

    def _freeing(self, work: Callable[[Any], None], given: Any) -> None:
        """Do some work; when it fails, nobody waits for its room."""
        try:
            work(given)
        except BaseException:
            self._room.release()
            raise

    def _look(self, *, wait: bool = False) -> None:
        """Raise what went wrong on the way."""
        while self._under_way and (wait or self._under_way[0].done()):
            self._under_way.popleft().result()


__all__ = ["Chunk", "Settled", "settle_and_write"]
