"""Answers `/v1/track/...`: a plain request is stored with its neighbours, every other is carried out by the pages."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from goodword.ingest.batches import Batcher, Full
from goodword.ingest.database import Trouble
from goodword.ingest.event_store import Answer, Away, EventStore
from goodword.ingest.events import KINDS, Request, Unread, read_request
from goodword.ingest.handing import Pages
from goodword.ingest.keys import Keys
from goodword.ingest.plain_json import LENGTH_MAX

PATH: Final = "/v1/track/"
AT_PAGES: Final = "/api/v1/track/"
EVENTS_AT_ONCE: Final = 400
"""So few that the next are read while these are written, so many that a commit is shared."""
EVENTS_WAITING_MAX: Final = 10_000
_HEADERS: Final = [("content-type", "application/json"), ("cache-control", "no-store")]
_BUSY: Final = [("content-type", "application/problem+json"), ("cache-control", "no-store"), ("retry-after", "1")]
_encode: Final = msgspec.json.Encoder().encode


def tracked_path(path: str) -> str | None:
    """What follows `/v1/track/` or `/api/v1/track/`; None for other addresses."""
    short = path.removeprefix("/api")
    return short[len(PATH) :] if short.startswith(PATH) else None


class Tracking:
    """The event side of the front."""

    def __init__(self, loop: asyncio.AbstractEventLoop, keys: Keys, pages: Pages) -> None:
        self.store = EventStore(loop)
        self.batcher: Batcher[Request | Unread] = Batcher(loop, self._write, EVENTS_AT_ONCE, EVENTS_WAITING_MAX)
        self._loop, self._keys, self._pages = loop, keys, pages

    async def answer(self, rest: str, scope: Any, protocol: Any) -> None:
        """Answer a request to `/v1/track/<rest>`."""
        kind, _, more = rest.partition("/")
        if not _is_plain(scope, kind, more):
            await self._apart(self._pages.hand_over(scope, protocol, path=AT_PAGES + rest))
            return
        body = await protocol()
        told = None
        try:
            header = scope.headers.get("authorization") or ""
            key = self._keys.known(header) or await self._apart(self._keys.find(header))
            if key is not None:
                told = await self._store(Unread(kind, more == "batch", body, key, datetime.now(UTC)))
        except (Away, Full, *Trouble):
            _say_busy(protocol)
            return
        if told is None:
            await self._apart(self._pages.hand_over(scope, protocol, path=AT_PAGES + rest, body=body))
        else:
            protocol.response_bytes(202, _HEADERS, _encode({"items": told} if more else told[0]))

    async def _apart(self, work: Coroutine[Any, Any, Any]) -> Any:
        """In a task of asyncio: Granian's own are quicker, and know no time limits."""
        return await self._loop.create_task(work)

    async def _store(self, given: Unread) -> list[dict[str, Any]] | None:
        """What is told of each event; None where the pages have to look at the request."""
        waiting: Request | Unread | None = given
        weight = 1
        if given.is_batch:  # a single event is read with its neighbours: one after the other costs half as much
            waiting = read_request(given)
            weight = len(waiting.events) if waiting else 0
        if waiting is None:
            return None
        answers = await self.batcher.put(waiting, weight).done
        told: list[dict[str, Any]] | None = answers[id(waiting)]
        return told

    async def _write(self, waiting: list[Request | Unread]) -> dict[int, Answer]:
        read = [(id(one), read_request(one) if isinstance(one, Unread) else one) for one in waiting]
        answers = await self.store.write([request for _, request in read if request is not None])
        return {place: None if request is None else answers[id(request)] for place, request in read}


def _is_plain(scope: Any, kind: str, more: str) -> bool:
    """Whether the request is one that may be answered here, by all that stands before its body."""
    if scope.method != "POST" or scope.query_string or kind not in KINDS or more not in ("", "batch"):
        return False
    header = scope.headers.get
    length = header("content-length") or ""
    return (
        header("content-type") in ("application/json", "application/json; charset=utf-8")
        and length.isdecimal()
        and int(length) <= LENGTH_MAX
        and header("content-encoding") is None
        and header("transfer-encoding") is None
        and header("idempotency-key") is None
    )


def _say_busy(protocol: Any) -> None:
    """Too many events wait, or the database is away: nothing was promised, and the same may be sent again."""
    body = {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "code": "try_again",
        "detail": "Events cannot be stored at the moment. Send the same request again.",
    }
    protocol.response_bytes(503, _BUSY, _encode(body))
