"""The bytes of a webhook: read within limits, unpacked within limits, and parsed strictly. Nothing is stored here."""

import hashlib
import json
import zlib
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from goodword.connections.wanted import Unreadable
from goodword.domain.errors import DomainError

BODY_MAX: Final = 2 * 1024 * 1024
RATIO_MAX: Final = 100
"""A body that unpacks to more than so many times its size is an attack, not an event."""
_CHUNK: Final = 64 * 1024
_DEPTH_MAX: Final = 64


class NotTaken(DomainError):
    """A body we do not take; `status` says how to answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code = status, code
        super().__init__(message)


def body_of(request: HttpRequest) -> bytes:
    """The body as it was signed: what came over the wire, unpacked when it was packed for the way."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip"}:
        raise NotTaken(
            415, "unsupported_encoding", f"Content-Encoding {encoding[:20]!r} is not read; send gzip or none."
        )
    packed = _received(request)
    return _unpacked(packed) if encoding == "gzip" else packed


def _received(request: HttpRequest) -> bytes:
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > BODY_MAX:
        raise _too_large()
    pieces: list[bytes] = []
    size = 0
    try:
        while size <= BODY_MAX and (piece := request.read(_CHUNK)):
            pieces.append(piece)
            size += len(piece)
    except UnreadablePostError:
        raise NotTaken(408, "body_timeout", "The body ended before its length.") from None
    if size > BODY_MAX:
        raise _too_large()
    return b"".join(pieces)


def _too_large() -> NotTaken:
    return NotTaken(413, "body_too_large", f"At most {BODY_MAX // 1024 // 1024} MB are read.")


def _unpacked(packed: bytes) -> bytes:
    """Unpack piece by piece, and stop as soon as it is too much: a bomb is never whole in memory."""
    limit = min(BODY_MAX, max(len(packed), 1024) * RATIO_MAX)
    unpack = zlib.decompressobj(wbits=31)
    try:
        found = unpack.decompress(packed, limit + 1)
    except zlib.error:
        raise NotTaken(400, "invalid_encoding", "The body is not gzip.") from None
    if len(found) > limit:
        raise _too_large()
    if not unpack.eof:
        raise NotTaken(400, "invalid_encoding", "The packed body is cut off.")
    return found


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in the body. Raises Unreadable: the sender was real, so the bytes are kept for a person."""
    try:
        found = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_refused)
    except (UnicodeDecodeError, ValueError, RecursionError, InvalidOperation):
        raise Unreadable("invalid_json", "the body is not JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("expected_object", "the body is not a JSON object")
    _check_depth(found)
    return found


def _refused(text: str) -> Any:
    raise ValueError(text)


def _check_depth(found: Any) -> None:
    waiting = [(found, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _DEPTH_MAX:
            raise Unreadable("too_deep", "the body is nested too deeply")
        if isinstance(value, str) and ("\0" in value or any("\ud800" <= char <= "\udfff" for char in value)):
            raise Unreadable("invalid_text", "the body holds text that cannot be stored")
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting += [(one, depth + 1) for one in inner]


# What a system may change between two deliveries of one event.
_OF_THE_DELIVERY: Final = frozenset({"pending_webhooks", "request"})


def content_hash(body: bytes) -> str:
    """A hash of what a body says: the same for a second delivery of the same event, however it is written down."""
    try:
        found = parsed(body)
    except Unreadable:
        return hashlib.sha256(body).hexdigest()
    kept = {name: value for name, value in found.items() if name not in _OF_THE_DELIVERY}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()
