"""The link table on disk, for a front that starts while the database is away: addresses and keys, and no secret.

A file is written beside the old one and put in its place whole, so what is read back is one whole table or none. The
database is always right: as soon as it answers, `watching.py` fills the table anew.
"""

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from goodword.ingest.clicks import packed_link
from goodword.ingest.links import Link, LinkTable, place_of
from goodword.ingest.spool import flush_folder
from goodword.ingest.visitors import attributes_of

_log = logging.getLogger("goodword.ingest")
KIND: Final = "goodword links"
VERSION: Final = 1
LOOK_SECONDS: Final = 2.0
LATEST_SECONDS: Final = 30.0
"""The table is written when nothing changed between two looks, and at the latest so long after a change."""


class NotOurs(Exception):
    """The file holds no whole table that this release can read."""


class LastKnown:
    """Keeps the table's file like the table, and fills an empty table from it."""

    def __init__(self, path: Path, table: LinkTable, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._table, self._clock = path, table, clock
        self._kept = self._looked_at = table.edition
        self._changed_at = 0.0
        self._in_trouble = False

    def load(self) -> bool:
        """Fill the table with what the file says; False when there is no file that can be read."""
        try:
            made_at, links = read_back(self._path.read_bytes())
        except FileNotFoundError:
            return False
        except (OSError, NotOurs) as error:
            _log.warning("%s is not used: %s", self._path, error)
            return False
        self._table.replace_all(links)
        self._kept = self._looked_at = self._table.edition
        _log.info("%d links as of %s are followed until the database answers", len(links), made_at)
        return True

    async def run(self) -> None:
        """Never ends: looks every few seconds whether there is something to write."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Write the table if it changed and has settled, or changes for so long that waiting would be a risk."""
        edition, now = self._table.edition, self._clock()
        if edition == self._kept and (edition == 0 or self._path.exists()):
            return
        if self._looked_at == self._kept:
            self._changed_at = now
        if edition == self._looked_at or now - self._changed_at >= LATEST_SECONDS:
            await self.keep()
        self._looked_at = edition

    async def close(self) -> None:
        """Write what changed since the last writing."""
        if self._table.edition != self._kept:
            await self.keep()

    async def keep(self) -> None:
        """Write the table now. A disk that takes nothing is told of once, and stops nothing."""
        edition, links = self._table.edition, self._table.links()
        try:
            await asyncio.get_running_loop().run_in_executor(None, _replace, self._path, links)
        except OSError as error:
            if not self._in_trouble:
                _log.error("the last known links cannot be written to %s: %s", self._path, error)
            self._in_trouble = True
        else:
            self._kept, self._looked_at, self._in_trouble = edition, edition, False


def read_back(content: bytes) -> tuple[str, list[Link]]:
    """When the table was written, and its links. Raises NotOurs."""
    head, newline, body = content.partition(b"\n")
    try:
        said = msgspec.json.decode(head)
        if not newline or said["kind"] != KIND or said["version"] != VERSION:
            raise NotOurs("it is no table of links of this release")
        if hashlib.sha256(body).hexdigest() != said["sha256"]:
            raise NotOurs("it was not written whole, or was changed")
        return str(said["made_at"]), [_link_of(row) for row in msgspec.json.decode(body)]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise NotOurs(f"it cannot be read ({type(error).__name__})") from error


def written(links: list[Link]) -> bytes:
    """The file for these links: a line that says what it is, then one row for each."""
    body = msgspec.json.encode([_row_of(link) for link in links])
    head = {
        "kind": KIND,
        "version": VERSION,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "links": len(links),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return msgspec.json.encode(head) + b"\n" + body


def _row_of(link: Link) -> tuple[Any, ...]:
    return (
        link.id, link.program, link.partner, link.slug, link.key, link.inactive, link.place.plain, link.hosts,
        link.window_days,
    )  # fmt: skip


def _link_of(row: list[Any]) -> Link:
    key, program, partner, slug, name, inactive, destination, hosts, days = row
    keys = UUID(key), UUID(program), UUID(partner)
    return Link(
        id=keys[0],
        program=keys[1],
        partner=keys[2],
        slug=slug,
        key=name,
        inactive=inactive,
        place=place_of(destination),
        hosts=tuple(hosts),
        window_days=days,
        cookie=attributes_of(slug, days),
        row=packed_link(keys[1], keys[2], keys[0]),
    )


def _replace(path: Path, links: list[Link]) -> None:
    """On disk under another name first; several fronts of one folder write the same, each its own."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(written(links))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        flush_folder(path.parent)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
