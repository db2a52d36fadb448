"""The pages that a referral link can end at instead of a destination: unknown, out of use, broken. Django draws them.

A page is asked for at most every few seconds for each program, and the last one serves while the pages are away: an
address that is guessed at costs no more than a look into memory.
"""

import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from goodword.ingest.following import SEALED
from goodword.ingest.handing import Pages, PagesAway

FRESH_SECONDS: Final = 5.0
KEPT_MAX: Final = 500
PATH: Final = "/link-page/{program}/{kind}"
_PLAIN: Final = {
    "unknown": (404, "This link does not exist. It may have been mistyped or cut off on its way to you."),
    "inactive": (200, "This link is no longer in use."),
    "broken": (400, "This address is broken."),
}


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class LinkPages:
    """Draws link pages with the help of `Pages`, and keeps what was drawn."""

    def __init__(self, pages: Pages) -> None:
        self._pages, self._kept = pages, dict[tuple[str, str], _Kept]()

    async def show(self, protocol: Any, program: str, kind: str) -> None:
        """Answer with this page."""
        page = await self._page(program, kind)
        protocol.response_bytes(page.status, [*page.headers, *SEALED], page.body)

    async def _page(self, program: str, kind: str) -> _Kept:
        name = (program, kind)
        kept = self._kept.get(name)
        if kept is not None and kept.until > time.monotonic():
            return kept
        try:
            status, headers, body = await self._pages.get(
                PATH.format(program=program, kind=kind), urlsplit(settings.BASE_URL).netloc
            )
        except PagesAway:
            status, headers, body = 503, [], b""
        if status >= 500:
            return kept or _plain(kind)
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        ours = {header for header, _ in SEALED} | {"set-cookie"}
        shown = [(header, value) for header, value in headers if header not in ours]
        fresh = self._kept[name] = _Kept(time.monotonic() + FRESH_SECONDS, status, shown, body)
        return fresh


def _plain(kind: str) -> _Kept:
    """While Django is away."""
    status, text = _PLAIN[kind]
    return _Kept(0, status, [("content-type", "text/plain; charset=utf-8")], f"{text}\n".encode())
