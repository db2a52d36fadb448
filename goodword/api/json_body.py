"""The body of a request, read strictly: one JSON object in UTF-8, no key twice, no number that a reader could bend.

What the fields mean is not known here.
"""

import json
import threading
from decimal import Decimal, InvalidOperation
from email.message import Message
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from goodword.api.problems import Refusal
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.fields import SAFE_INTEGER

BODY_MAX: Final = 8 * 1024 * 1024
DEPTH_MAX: Final = 32
SECONDS_MAX: Final = 30
_CHUNK: Final = 64 * 1024
_PROBLEMS_MAX: Final = 100


class _BadNumber:
    """Stands where a number was that cannot be kept exactly."""

    def __init__(self, code: str, text: str) -> None:
        self.code, self.text = code, text[:40]


def read_object_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body; raises a refusal that says where it is broken."""
    if request.headers.get("Content-Type") or request.headers.get("Content-Length", "0") != "0":
        _refuse_other_media(request)
    return parse_object(_received(request))


def _refuse_other_media(request: HttpRequest) -> None:
    message = Message()
    message["content-type"] = request.headers.get("Content-Type", "")
    charset = str(message.get_param("charset", "utf-8")).lower().replace("_", "-")
    encoded = request.headers.get("Content-Encoding", "identity").lower() != "identity"
    if message.get_content_type() != "application/json" or charset not in {"utf-8", "utf8"} or encoded:
        given = request.headers.get("Content-Type", "none")[:40]
        raise Refusal(
            "unsupported_media_type",
            f"the body is {given!r}",
            field="Content-Type",
            value=given,
            remedy="send Content-Type: application/json in UTF-8, not compressed",
        )


def _received(request: HttpRequest) -> bytes:
    """The bytes of the body, read in pieces: too much of it, or too slow, and the rest is not waited for."""
    length = request.headers.get("Content-Length", "")
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower() and not length:
        raise Refusal("length_required", "the body has no length", remedy="send Content-Length")
    if length.isdecimal() and int(length) > BODY_MAX:
        raise _too_large()
    taken = _Taken(request)
    reader = threading.Thread(target=taken.read, daemon=True, name="body")
    reader.start()
    reader.join(SECONDS_MAX)
    if reader.is_alive():
        raise Refusal(
            "body_timeout",
            f"the body took longer than {SECONDS_MAX} seconds",
            remedy="send it again",
            headers={"Connection": "close"},
        )
    if taken.error is not None:
        raise taken.error
    return b"".join(taken.pieces)


class _Taken:
    """The body as it comes in. Read beside the request, because a read waits as long as the sender likes.

    When the request is refused for that, the server closes the connection, and the read ends too.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.pieces: list[bytes] = []
        self.error: Refusal | None = None

    def read(self) -> None:
        size = 0
        try:
            while piece := self._request.read(_CHUNK):
                self.pieces.append(piece)
                size += len(piece)
                if size > BODY_MAX:
                    self.error = _too_large()
                    return
        except RequestDataTooBig:
            self.error = _too_large()
        except UnreadablePostError:
            self.error = Refusal("body_timeout", "the body ended before its length", remedy="send the request again")


def _too_large() -> Refusal:
    return Refusal(
        "body_too_large",
        "the body is too large",
        remedy=f"at most {BODY_MAX // 1024 // 1024} MB; send smaller batches",
        headers={"Connection": "close"},
    )


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object from bytes."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(body[: error.start].decode("utf-8", "replace"))
        raise _invalid("the body is not UTF-8", line, column) from None
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _invalid(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise _too_deep() from None
    if type(found) is not dict:
        problem = Problem("expected_object", "the body is not an object", "", remedy='send {"name": "value"}')
        raise InvalidInput([problem])
    if problems := _bad_values(found):
        raise InvalidInput(problems)
    return found


def _place(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _invalid(why: str, line: int, column: int) -> Refusal:
    return Refusal(
        "invalid_json",
        f"the body is not JSON: {why} at line {line}, column {column}",
        value=f"line {line}, column {column}",
        remedy="send one JSON object",
    )


def _too_deep() -> Refusal:
    return Refusal("too_deep", f"the body is nested deeper than {DEPTH_MAX} levels", remedy="send flat objects")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        shown = twice[:40].encode("utf-8", "backslashreplace").decode()
        raise Refusal(
            "duplicate_key", f"the key {shown!r} stands twice in one object", field=shown, remedy="send each key once"
        )
    return found


def _whole(text: str) -> int | _BadNumber:
    if len(text) > 17 or abs(number := int(text)) > SAFE_INTEGER:
        return _BadNumber("out_of_range", text)
    return number


def _fraction(text: str) -> Decimal | _BadNumber:
    try:
        number = Decimal(text[:400])
    except InvalidOperation:
        return _BadNumber("not_a_number", text)
    return _BadNumber("not_a_number", text) if len(text) > 400 or abs(number.adjusted()) > 308 else number


def _constant(text: str) -> _BadNumber:
    return _BadNumber("not_a_number", text)


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_whole, parse_float=_fraction, parse_constant=_constant)


def _bad_values(found: Any) -> list[Problem]:
    """Numbers and text that cannot be kept, by where they stand; raises when the nesting is too deep."""
    problems: list[Problem] = []
    waiting: list[tuple[Any, str, int]] = [(found, "", 1)]
    while waiting and len(problems) < _PROBLEMS_MAX:
        value, path, depth = waiting.pop()
        kind = type(value)
        if kind is str:
            if not value.isascii() or "\0" in value:
                problems += _bad_text(value, path)
        elif kind is dict or kind is list:
            if depth > DEPTH_MAX:
                raise _too_deep()
            if kind is dict:
                problems += [one for name in value for one in _bad_text(name, path)]
                waiting += [(one, f"{path}.{name}" if path else name, depth + 1) for name, one in value.items()]
            else:
                waiting += [(one, f"{path}[{place}]", depth + 1) for place, one in enumerate(value)]
        elif kind is _BadNumber:
            remedy = "whole numbers stay below 2^53" if value.code == "out_of_range" else "send a finite number"
            problems.append(Problem(value.code, f"{value.text} cannot be kept exactly", path, value.text, remedy))
    return problems


def _bad_text(value: str, path: str) -> list[Problem]:
    broken = "\0" in value or any("\ud800" <= char <= "\udfff" for char in value)
    if not broken:
        return []
    shown = value[:40].encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")
    where = path.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")
    message = "the text holds a zero character or half a character"
    return [Problem("invalid_text", message, where, shown, "send whole Unicode characters")]
