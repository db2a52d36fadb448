"""The application in front (RSGI): referral links and tracked events are answered here, the rest by the pages."""

import asyncio
import gc
import os
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final
from unicodedata import category

from django.conf import settings

from goodword.ingest.batches import Batcher, Full
from goodword.ingest.clicks import ClickIds, key_of
from goodword.ingest.database import Side, Trouble
from goodword.ingest.following import SEALED, Visit, follow
from goodword.ingest.handing import Pages
from goodword.ingest.keys import Keys
from goodword.ingest.last_known import LastKnown
from goodword.ingest.links import Link, LinkTable
from goodword.ingest.losses import Losses
from goodword.ingest.pages import LinkPages
from goodword.ingest.places import links_file, losses_file, pages_place, spool_folder
from goodword.ingest.salts import Salts
from goodword.ingest.spool import Spool
from goodword.ingest.store import ClickStore
from goodword.ingest.tracking import Tracking, tracked_path
from goodword.ingest.watching import Watch, look_up

LINK_PATH: Final = "/r/"
LOOKUPS_MAX: Final = 100
FIRST_TABLE_SECONDS: Final = 5.0
NEWER_TABLE_SECONDS: Final = 1.0
"""How long a start waits for the database: shorter when the last known links are at hand."""
CLICKS_AT_ONCE: Final = 2000
CLICKS_WAITING_MAX: Final = 50_000
COLLECT_AFTER: Final = 50_000
_SEALED: Final = list(SEALED)
_TRY_AGAIN: Final = [*_SEALED, ("content-type", "text/plain; charset=utf-8"), ("retry-after", "2")]


class Front:
    """One per process. `__rsgi_init__` and `__rsgi_del__` are called by Granian around its life."""

    def __init__(self, pages: str, spool: Path, *, links_only: bool = False) -> None:
        self.table = LinkTable()
        self._pages, self._spool, self._links_only = (
            Pages(pages),
            Spool(spool, most=settings.SPOOL_MAX_BYTES),
            links_only,
        )
        self._link_pages = LinkPages(self._pages)
        self._last_known = LastKnown(links_file(), self.table)
        self._ids = ClickIds()
        self._side = Side()
        self._lookups = 0
        self._proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._set_up(loop)
        loop.run_until_complete(self._open())
        _collect_seldom()

    def _set_up(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._losses = Losses(losses_file())
        self._store = ClickStore(loop, self._spool, self._side, self._losses)
        self._clicks: Batcher[bytes] = Batcher(loop, self._store.write, CLICKS_AT_ONCE, CLICKS_WAITING_MAX)
        self._aside: Batcher[bytes] = Batcher(loop, self._store.set_aside, CLICKS_AT_ONCE, CLICKS_WAITING_MAX)
        self._salts = Salts(self._side)
        keys = Keys(self._side)
        self._tracking = Tracking(loop, keys, self._pages)
        self._watch = Watch(self.table, on_key=keys.forget)

    async def _open(self) -> None:
        patience = NEWER_TABLE_SECONDS if self._last_known.load() else FIRST_TABLE_SECONDS
        self._losses.open()
        await self._side.open()
        self._store.start()
        self._tracking.store.start()
        ever = (self._watch.run(), self._salts.run(), self._last_known.run())
        self._tasks = [self._loop.create_task(work) for work in ever]
        try:
            async with asyncio.timeout(patience):
                await self._watch.ready.wait()
                await self._salts.ready.wait()
        except TimeoutError:
            pass  # the database is away: links are followed as they were last known

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self._close())

    async def _close(self) -> None:
        await self._clicks.drained()
        await self._aside.drained()
        await self._tracking.batcher.drained()
        for task in self._tasks:
            task.cancel()
        await self._last_known.close()
        await self._store.close()
        await self._tracking.store.close()
        await self._side.close()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        path = scope.path
        if path.startswith(LINK_PATH):
            link = self.table.by_address.get(path[3:])
            if link is not None and not link.inactive and scope.method == "GET":
                await self._send_on(link, scope, protocol)
            else:
                await self._apart(self._seldom(path[3:], scope, protocol))
        elif (rest := tracked_path(path)) is not None:
            await self._tracking.answer(rest, scope, protocol)
        elif self._links_only:
            protocol.response_empty(404, _SEALED)
        else:
            await self._apart(self._pages.hand_over(scope, protocol))

    async def _apart(self, work: Coroutine[Any, Any, None]) -> None:
        """In a task of asyncio: Granian's own are quicker, and know no time limits."""
        await self._loop.create_task(work)

    async def _send_on(self, link: Link, scope: Any, protocol: Any) -> None:
        """Store the visit, then send the person on."""
        visit = self._visit(link, scope)
        redirect_to(protocol, visit, await self._kept(visit.row))

    def _visit(self, link: Link, scope: Any) -> Visit:
        header = scope.headers.get
        sender = self._sender(scope)
        return follow(
            link, scope.method, scope.query_string, header, sender, self._ids, self._salts.now, time.time_ns()
        )

    async def _kept(self, row: bytes) -> frozenset[bytes]:
        """Wait until the row is durable; the keys of those of its batch that could not be kept."""
        try:
            batch = self._clicks.put(row)
        except Full:
            batch = self._aside.put(row)
        missing: frozenset[bytes] = await batch.done
        return missing

    async def _seldom(self, address: str, scope: Any, protocol: Any) -> None:
        """Whatever is not a visit through a working link that is known by exactly this address."""
        slug, slash, key = address.partition("/")
        if scope.method not in ("GET", "HEAD"):
            protocol.response_empty(405, [("allow", "GET, HEAD"), *_SEALED])
        elif not slash or not key or "/" in key:
            await self._pages.hand_over(scope, protocol)
        elif any(category(char) == "Cc" for char in key):
            await self._link_pages.show(protocol, slug, "broken")
        else:
            await self._find_and_follow(address, scope, protocol)

    async def _find_and_follow(self, address: str, scope: Any, protocol: Any) -> None:
        try:
            link = self.table.find(address) or await self._look_up(address)
        except Trouble:
            protocol.response_str(503, _TRY_AGAIN, "This link cannot be looked up at the moment. Please try again.\n")
            return
        if link is None:
            await self._link_pages.show(protocol, address.partition("/")[0], "unknown")
        elif link.inactive:
            await self._kept(self._visit(link, scope).row)
            await self._link_pages.show(protocol, link.slug, "inactive")
        else:
            await self._send_on(link, scope, protocol)

    async def _look_up(self, address: str) -> Link | None:
        """A link that is not in the table may have been made a moment ago; somebody who guesses is asked to wait."""
        if self.table.is_known_miss(address):
            return None
        if self._lookups >= LOOKUPS_MAX:
            raise TimeoutError
        self._lookups += 1
        try:
            async with self._side.connection() as connection:
                link = await look_up(connection, address)
        finally:
            self._lookups -= 1
        if link is None:
            self.table.note_miss(address)
        return link

    def _sender(self, scope: Any) -> str:
        """The visitor's network address: the peer's, or what the proxies in front that we trust say it is."""
        if self._proxies and (said := scope.headers.get("x-forwarded-for")):
            given = said.split(",")
            return str(given[-min(self._proxies, len(given))]).strip()
        return str(scope.client.rpartition(":")[0].strip("[]"))


def _collect_seldom() -> None:
    """Requests leave no cycles behind them: what stands by now is looked through no more, the rest far less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 50, 50)


def redirect_to(protocol: Any, visit: Visit, missing: frozenset[bytes]) -> None:
    """Send the person on; one whose click could not be kept gets no click id that nobody knows."""
    if missing and key_of(visit.row) in missing:
        protocol.response_empty(302, [("location", visit.without_click), *SEALED])
    elif visit.cookie:
        protocol.response_empty(302, [("location", visit.location), ("set-cookie", visit.cookie), *SEALED])
    else:
        protocol.response_empty(302, [("location", visit.location), *SEALED])


def front() -> Front:
    """The application as the environment describes it."""
    return Front(pages_place(), spool_folder(), links_only=os.environ.get("GOODWORD_LINKS_ONLY") == "1")
