"""Hands a request over to the pages, which another process serves with Django, and their answer back. Bytes only.

One connection for each request, closed with it: to a socket on this machine that costs a tenth of a millisecond, and no
answer can ever meet the wrong request. Bodies pass in both directions as they come, of any length.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

CLIENT_HEADER: Final = "x-goodword-client"
SCHEME_HEADER: Final = "x-goodword-scheme"
HEAD_MAX: Final = 256 * 1024
CONNECT_SECONDS: Final = 5.0
_CHUNK: Final = 64 * 1024
_WHOLE_MAX: Final = 1024 * 1024
_PATH_SAFE: Final = "/:@!$&'()*+,;=-._~"
_OF_THIS_HOP: Final = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "trailers", "upgrade",
}  # fmt: skip
_NOT_GIVEN_ON: Final = _OF_THIS_HOP | {CLIENT_HEADER, SCHEME_HEADER, "transfer-encoding", "expect"}
_NOT_GIVEN_BACK: Final = _OF_THIS_HOP | {"transfer-encoding", "server", "date"}
UNAVAILABLE: Final = "The pages do not answer at the moment. Please try again in a few seconds.\n"


class PagesAway(Exception):
    """The pages cannot be reached, or broke off before they began to answer."""


class Answer:
    """The head of an answer of the pages, and its body still to be read."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: "_Body") -> None:
        self.status, self.headers, self.body = status, headers, body


class Pages:
    """Where the pages are: `unix:<path>` or `<host>:<port>`."""

    def __init__(self, place: str) -> None:
        self._place = place

    async def hand_over(self, scope: Any, protocol: Any, *, path: str = "", body: bytes | None = None) -> None:
        """Let the pages answer this request, at `path` if that is another; `body`, where it was read already."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await self._connect()
        except (OSError, TimeoutError):
            _say_unavailable(protocol)
            return
        sending = None
        try:
            writer.write(_head(scope, path or scope.path) + (body or b""))
            if body is None:
                sending = asyncio.ensure_future(_send_body(scope, protocol, writer))
            answer = await _read_head(reader, scope.method)
            await _give_back(answer, protocol)
        except (PagesAway, OSError):
            _say_unavailable(protocol)
        finally:
            if sending is not None:
                sending.cancel()
            writer.close()

    async def get(self, path: str, host: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """One page, asked for by ourselves. Raises PagesAway."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await self._connect()
            try:
                writer.write(
                    f"GET {quote(path)} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode("latin-1")
                )
                answer = await _read_head(reader, "GET")
                return answer.status, answer.headers, await answer.body.whole()
            finally:
                writer.close()
        except (OSError, TimeoutError) as error:
            raise PagesAway from error

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._place.startswith("unix:"):
            return await asyncio.open_unix_connection(self._place.removeprefix("unix:"), limit=HEAD_MAX)
        host, _, port = self._place.rpartition(":")
        return await asyncio.open_connection(host, int(port), limit=HEAD_MAX)


def _head(scope: Any, path: str) -> bytes:
    path = quote(path, safe=_PATH_SAFE)
    target = f"{path}?{scope.query_string}" if scope.query_string else path
    lines = [f"{scope.method} {target} HTTP/1.1"]
    given = scope.headers.items()
    if scope.authority and not any(name == "host" for name, _ in given):
        lines.append(f"host: {scope.authority}")
    lines += [f"{name}: {value}" for name, value in given if name not in _NOT_GIVEN_ON]
    if _is_chunked(given):
        lines.append("transfer-encoding: chunked")
    client = scope.client.rpartition(":")[0].strip("[]")
    lines += [f"{CLIENT_HEADER}: {client}", f"{SCHEME_HEADER}: {scope.scheme}", "connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def _is_chunked(headers: Iterable[tuple[str, str]]) -> bool:
    return any(name == "transfer-encoding" and "chunked" in value.lower() for name, value in headers)


async def _send_body(scope: Any, protocol: Any, writer: asyncio.StreamWriter) -> None:
    """The body as it comes in. When the pages stop listening, what they have answered still counts."""
    given = scope.headers.items()
    chunked = _is_chunked(given)
    if not chunked and not any(name == "content-length" and value != "0" for name, value in given):
        return
    try:
        async for piece in protocol:
            if not piece:
                continue
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
        if chunked:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
    except OSError:
        return


async def _read_head(reader: asyncio.StreamReader, method: str) -> Answer:
    while True:
        try:
            raw = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise PagesAway from error
        first, *lines = raw[:-4].decode("latin-1").split("\r\n")
        status = int(first.split(" ", 2)[1])
        if status >= 200:  # 100 Continue is a word between the two
            break
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    empty = method == "HEAD" or status in (204, 304)
    length = next((int(value) for name, value in headers if name == "content-length"), None)
    chunked = _is_chunked(headers)
    kept = [(name, value) for name, value in headers if name not in _NOT_GIVEN_BACK]
    return Answer(status, kept, _Body(reader, 0 if empty else length, chunked=chunked and not empty))


class _Body:
    """What follows the head: as long as it says, in chunks, or until the connection ends."""

    def __init__(self, reader: asyncio.StreamReader, length: int | None, *, chunked: bool) -> None:
        self._reader, self.length, self._chunked = reader, None if chunked else length, chunked

    async def pieces(self) -> Any:
        """The body piece by piece. Raises PagesAway when it breaks off."""
        if self._chunked:
            async for piece in self._chunks():
                yield piece
            return
        left = self.length
        while left is None or left > 0:
            piece = await self._reader.read(_CHUNK if left is None else min(_CHUNK, left))
            if not piece:
                if left is None:
                    return
                raise PagesAway
            left = None if left is None else left - len(piece)
            yield piece

    async def _chunks(self) -> Any:
        try:
            while size := int((await self._reader.readline()).partition(b";")[0] or b"-", 16):
                yield await self._reader.readexactly(size)
                await self._reader.readexactly(2)
        except (asyncio.IncompleteReadError, ValueError) as error:
            raise PagesAway from error

    async def whole(self) -> bytes:
        """All of it at once."""
        return b"".join([piece async for piece in self.pieces()])


async def _give_back(answer: Answer, protocol: Any) -> None:
    length = answer.body.length
    if length == 0:
        protocol.response_empty(answer.status, answer.headers)
    elif length is not None and length <= _WHOLE_MAX:
        protocol.response_bytes(answer.status, answer.headers, await answer.body.whole())
    else:
        out = protocol.response_stream(answer.status, answer.headers)
        try:
            async for piece in answer.body.pieces():
                await out.send_bytes(piece)
        except PagesAway as error:  # it has begun: the visitor's connection must end as short as ours
            raise ConnectionAbortedError("the pages broke off") from error


def _say_unavailable(protocol: Any) -> None:
    headers = [("content-type", "text/plain; charset=utf-8"), ("retry-after", "2"), ("cache-control", "no-store")]
    protocol.response_str(503, headers, UNAVAILABLE)
