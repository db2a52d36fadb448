"""Group commit without a timer: what arrives while one batch is written is the next batch. Knows nothing of rows.

The only thing that waits is a row for the write before its own: alone it is written at once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


class Full(Exception):
    """More rows wait than the bound allows: the caller says so to whoever sent this one."""


class Shared(asyncio.Future[Any]):
    """A future that many wait for: one of them who is cancelled does not cancel it for the others."""

    def cancel(self, msg: Any = None) -> bool:  # noqa: ARG002 - the signature is asyncio's
        """Refused: whoever waits is cancelled alone."""
        return False


@dataclass(slots=True)
class Batch(Generic[Row]):
    """Rows that are written together, and the one future that all who brought them wait for."""

    rows: list[Row]
    done: Shared
    weight: int = 0


@dataclass(slots=True)
class Batcher(Generic[Row]):
    """Takes rows, writes them in batches one after the other; `write` gives the result that the waiting ones get.

    `most` and `waiting_max` are weights: a row weighs 1 unless it says otherwise.
    """

    loop: asyncio.AbstractEventLoop
    write: Callable[[list[Row]], Awaitable[Any]]
    most: int = 1000
    waiting_max: int = 20_000
    waiting: int = 0
    _batches: deque[Batch[Row]] = field(default_factory=deque)
    _writer: asyncio.Task[None] | None = None

    def put(self, row: Row, weight: int = 1) -> Batch[Row]:
        """Take a row; its place in the batch is the last one. Await `done` of the batch. Raises Full."""
        if self.waiting >= self.waiting_max:
            raise Full
        self.waiting += weight
        batches = self._batches
        if not batches or batches[-1].weight >= self.most:
            batches.append(Batch([], Shared(loop=self.loop)))
            if self._writer is None:
                self._writer = self.loop.create_task(self._write_all())
        batch = batches[-1]
        batch.rows.append(row)
        batch.weight += weight
        return batch

    async def _write_all(self) -> None:
        """Write until nothing waits. All that is ready in this turn of the loop is in the first batch."""
        try:
            while self._batches:
                await self._write(self._batches.popleft())
        finally:
            self._writer = None

    async def _write(self, batch: Batch[Row]) -> None:
        try:
            result = await self.write(batch.rows)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            batch.done.set_exception(error)
            batch.done.exception()  # looked at: nobody may be waiting any more
        else:
            batch.done.set_result(result)
        finally:
            self.waiting -= batch.weight

    async def drained(self) -> None:
        """Wait until everything that was taken is written."""
        while self._writer is not None:
            await asyncio.shield(self._writer)
