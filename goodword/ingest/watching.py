"""Keeps the link table like the database: told of every change, looking by itself twice a second, all anew after a gap.

A notification only wakes: what changed is read from `ingest_change`, from where the last reading ended. So one that got
lost costs half a second, and a change committed late by a slow transaction is not skipped.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from goodword.ingest.database import Trouble, connect
from goodword.ingest.links import COLUMNS, Link, LinkTable, link_of

_log = logging.getLogger("goodword.ingest")
CHANNEL: Final = "goodword_ingest"
LOOK_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 0.25
TIDY_SECONDS: Final = 3600.0
_PART: Final = 500

_ALL_LINKS: Final = COLUMNS + "ORDER BY link.id"
_BY_ADDRESS: Final = COLUMNS + "WHERE program.slug = $1 AND link.key = $2"
_NARROW: Final[dict[str, tuple[str, Callable[[Link], UUID]]]] = {
    "link": (COLUMNS + "WHERE link.id = any($1)", lambda link: link.id),
    "partner": (COLUMNS + "WHERE partner.id = any($1)", lambda link: link.partner),
    "program": (COLUMNS + "WHERE program.id = any($1)", lambda link: link.program),
}
_HORIZON: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
_CHANGES: Final = """
SELECT horizon.next, change.id, change.kind, change.target
  FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS next) horizon
  LEFT JOIN ingest_change change ON change.batch >= $1::text::xid8 ORDER BY change.id
"""
_TIDY: Final = "DELETE FROM ingest_change WHERE at < now() - interval '1 day'"


class Watch:
    """Follows the database for as long as the process lives; `ready` is set once the table was filled."""

    def __init__(self, table: LinkTable, *, on_key: Callable[[], None] = lambda: None) -> None:
        self.table, self.ready = table, asyncio.Event()
        self._on_key = on_key
        self._woken = asyncio.Event()
        self._horizon = "0"
        self._seen: frozenset[int] = frozenset()
        self._tidied = time.monotonic()

    async def run(self) -> None:
        """Never ends: connects, reads everything, follows; starts over whenever the connection is lost."""
        while True:
            connection = None
            try:
                connection = await connect()
                await self._follow(connection)
            except Trouble as error:
                _log.info("links are followed again as soon as the database answers: %s", error)
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self, connection: Any) -> None:
        await connection.add_listener(CHANNEL, lambda *_: self._woken.set())
        connection.add_termination_listener(lambda *_: self._woken.set())
        await self._read_all(connection)
        self.ready.set()
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            await self._read_changes(connection)
            await self._tidy(connection)

    async def _read_all(self, connection: Any) -> None:
        # First the horizon: what is committed while the links are read is read once more.
        self._horizon = await connection.fetchval(_HORIZON)
        self._seen = frozenset()
        self._on_key()
        rows, links = await connection.fetch(_ALL_LINKS, timeout=60), []
        for start in range(0, len(rows), _PART):
            links += [link_of(row) for row in rows[start : start + _PART]]
            await asyncio.sleep(0)  # redirects go on meanwhile
        self.table.replace_all(links)

    async def _read_changes(self, connection: Any) -> None:
        found = await connection.fetch(_CHANGES, self._horizon)
        fresh = [row for row in found if row["id"] is not None and row["id"] not in self._seen]
        targets: dict[str, list[UUID]] = {}
        for row in fresh:
            targets.setdefault(row["kind"], []).append(row["target"])
        if "all" in targets:
            await self._read_all(connection)
            return
        if targets.keys() & {"key", "program"}:
            self._on_key()
        for kind in targets.keys() & _NARROW.keys():
            await self._renew(connection, kind, targets[kind])
        self._horizon, self._seen = found[0]["next"], frozenset(row["id"] for row in found)

    async def _renew(self, connection: Any, kind: str, targets: list[UUID]) -> None:
        statement, of = _NARROW[kind]
        changed = frozenset(targets)
        links = [link_of(row) for row in await connection.fetch(statement, list(changed))]
        self.table.renew(links, gone=lambda link: of(link) in changed)

    async def _tidy(self, connection: Any) -> None:
        if time.monotonic() - self._tidied > TIDY_SECONDS:
            self._tidied = time.monotonic()
            await connection.execute(_TIDY)


async def look_up(connection: Any, address: str) -> Link | None:
    """Ask the database for the link at `<program>/<key>`: it may have been made a moment ago."""
    slug, _, key = address.partition("/")
    row = await connection.fetchrow(_BY_ADDRESS, slug, key.lower())
    return None if row is None else link_of(row)
