"""Clicks into the database: COPY in one commit per batch, or, while the database is away, into the spool file.

Whatever happens, a click is either durable when `write` is done with it, or named as not kept.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from goodword.ingest.clicks import COLUMNS, TABLE, copied, key_of
from goodword.ingest.database import BadRow, Side, Trouble, connect
from goodword.ingest.losses import Losses
from goodword.ingest.spool import HEAD_BYTES, Spool, SpoolFile, SpoolFull

_log = logging.getLogger("goodword.ingest")
AGAIN_SECONDS: Final = (0.1, 0.2, 0.5, 1.0)
REPLAY_SECONDS: Final = 2.0
TAKE_BACK: Final = (
    f"CREATE TEMPORARY TABLE clicks_back ON COMMIT DROP AS SELECT {', '.join(COLUMNS)} FROM {TABLE} LIMIT 0",  # noqa: S608
    f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) SELECT * FROM clicks_back ON CONFLICT DO NOTHING",  # noqa: S608
)
"""For clicks that may be there already: the primary key decides."""


class ClickStore:
    """Where batches of clicks go. `up`: whether the database took the last one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, spool: Spool, side: Side, losses: Losses) -> None:
        self.up = False
        self._losses = losses
        self._loop, self._spool, self._side = loop, spool, side
        self._connection: Any = None
        self._opening: asyncio.Task[None] | None = None
        self._replaying: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to reach for the database; clicks are taken from now on, into the spool while it is away."""
        self._reach()

    async def write(self, rows: list[bytes]) -> frozenset[bytes]:
        """Make the rows durable; the keys of those that could not be kept anywhere."""
        if self.up:
            try:
                await self._copy(rows)
            except BadRow as error:
                return await self._one_by_one(rows, error)
            except Trouble as error:
                # Whether it was committed is not known: the primary key tells when the spool is replayed.
                self._lose(error)
            else:
                return _ALL_KEPT
        return await self._to_spool(rows)

    async def _copy(self, rows: Sequence[bytes]) -> None:
        await _copy_into(self._connection, TABLE, copied(rows))

    async def _one_by_one(self, rows: Sequence[bytes], error: Exception) -> frozenset[bytes]:
        """One row spoils its batch: store the others."""
        _log.warning("a batch of %d clicks was refused (%s); storing them one by one", len(rows), type(error).__name__)
        bad = []
        for row in rows:
            try:
                await self._copy([row])
            except BadRow as refused:
                _log.error("click %s was refused: %s", key_of(row).hex(), type(refused).__name__)
                bad.append(key_of(row))
                await self._loop.run_in_executor(None, self._losses.add, 1)
            except Trouble as lost:
                self._lose(lost)
                rest = [one for one in rows if key_of(one) not in bad]
                return frozenset(bad) | await self._to_spool(rest)
        return frozenset(bad)

    async def set_aside(self, rows: list[bytes]) -> frozenset[bytes]:
        """Keep rows in the spool at once: too many wait for the database already."""
        missing = await self._to_spool(rows)
        if self.up:
            self._replay_soon()
        return missing

    async def _to_spool(self, rows: Sequence[bytes]) -> frozenset[bytes]:
        try:
            await self._loop.run_in_executor(None, self._spool.append, rows)
        except (SpoolFull, OSError) as error:
            _log.error("%d clicks could not be kept: %s", len(rows), error)
            await self._loop.run_in_executor(None, self._losses.add, len(rows))
            return frozenset(map(key_of, rows))
        return _ALL_KEPT

    def _lose(self, error: BaseException) -> None:
        _log.warning("the database does not take clicks (%s): they are kept in %s", error, self._spool.folder)
        self.up = False
        if self._connection is not None:
            self._connection.terminate()
        self._reach()

    def _reach(self) -> None:
        if self._opening is None or self._opening.done():
            self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        """Try until the database answers; then replay what the spool holds."""
        tries = 0
        while True:
            try:
                self._connection = await connect()
                await self._connection.execute(f"SELECT FROM {TABLE} LIMIT 0")
                break
            except Trouble:
                await asyncio.sleep(AGAIN_SECONDS[min(tries, len(AGAIN_SECONDS) - 1)])
                tries += 1
        self.up = True
        self._replay_soon()

    def _replay_soon(self) -> None:
        if self._replaying is None or self._replaying.done():
            self._replaying = self._loop.create_task(self._replay_until_done())

    async def _replay_until_done(self) -> None:
        """Replay, and look again every few seconds: the file of a front that is dying is locked until it is dead."""
        while self.up:  # else the next connection begins anew
            try:
                if taken := await self.replay():
                    _log.warning("%d clicks came from the spool into the database", taken)
            except Trouble as error:
                _log.warning("the spool is replayed later: %s", error)
            await asyncio.sleep(REPLAY_SECONDS)

    async def replay(self) -> int:
        """Take everything that spool files hold into the database; how many clicks. Twice is once."""
        taken = 0
        for file in await self._loop.run_in_executor(None, self._spool.closed_files):
            taken += await self._replay_file(file)
        return taken

    async def _replay_file(self, file: SpoolFile) -> int:
        """Frame by frame: its clicks and the place behind it are stored in one transaction."""
        taken = 0
        async with self._side.connection() as connection:
            place = await connection.fetchval(_PLACE, file.key)
            for rows, end in file.frames_after(place):
                async with connection.transaction():
                    if await connection.fetchval(_HELD, file.key) < end:
                        taken += await _take_back(connection, rows)
                        await connection.execute(_MOVE, file.key, end)
                place = end
        await self._loop.run_in_executor(None, self._spool.finish, file, max(place, HEAD_BYTES))
        return taken

    async def close(self) -> None:
        """Let go of the database."""
        for task in (self._opening, self._replaying):
            if task is not None:
                task.cancel()
        if self._connection is not None:
            self._connection.terminate()


async def _copy_into(connection: Any, table: str, stream: bytes) -> None:
    async def once() -> AsyncIterator[bytes]:
        yield stream

    await connection.copy_to_table(table, source=once(), columns=COLUMNS, format="binary")


async def _take_back(connection: Any, rows: bytes) -> int:
    """Rows of a frame, those that are there already left as they are; how many were new."""
    make, insert = TAKE_BACK
    await connection.execute(make)
    await _copy_into(connection, "clicks_back", copied([rows]))
    done: str = await connection.execute(insert)
    return int(done.rpartition(" ")[2])


_ALL_KEPT: Final[frozenset[bytes]] = frozenset()
_PLACE: Final = """
WITH made AS (INSERT INTO ingest_spool (id, place, moved_at) VALUES ($1, 0, now()) ON CONFLICT DO NOTHING)
SELECT coalesce((SELECT place FROM ingest_spool WHERE id = $1), 0)
"""
_HELD: Final = "SELECT place FROM ingest_spool WHERE id = $1 FOR UPDATE"
_MOVE: Final = "UPDATE ingest_spool SET place = $2, moved_at = now() WHERE id = $1"
