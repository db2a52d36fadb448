"""Reads plain JSON bodies quickly, and knows which are plain: those that no two readers could read differently.

The strict reader of the API is the judge of everything else. What this one returns is what that one would return:
shown by a test that compares them over generated bodies.
"""

import re
from typing import Any, Final

import msgspec

LENGTH_MAX: Final = 8 * 1024 * 1024
_DEPTH_MAX: Final = 6
ODD: Final = re.compile(rb"[\x00-\x1f\x7f\\]")
"""Escapes, and control characters, line ends among them: seldom in what a program sends, and where readers differ."""
_decode: Final = msgspec.json.Decoder().decode


def read_plain(body: bytes) -> dict[str, Any] | None:
    """The object in a plain body; None where the strict reader has to look at it."""
    if ODD.search(body) or len(body) > LENGTH_MAX:
        return None
    try:
        if not body.isascii():
            body.decode()
        found = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if type(found) is not dict:
        return None
    texts = _texts(found, 1)
    # Without escapes each text has two quotes. Of a key that stood twice one was lost in reading; its quotes were not.
    return found if texts is not None and body.count(b'"') == 2 * texts else None


def _texts(value: Any, depth: int) -> int | None:
    """How many texts, keys included, are in it; None for what is not plain: numbers other than small whole ones."""
    kind = type(value)
    if kind is str:
        return 1
    if kind is dict or kind is list:
        if depth > _DEPTH_MAX:
            return None
        count = len(value) if kind is dict else 0
        for one in value.values() if kind is dict else value:
            if type(one) is str:
                count += 1
                continue
            more = _texts(one, depth + 1)
            if more is None:
                return None
            count += more
        return count
    if kind is int:
        return 0 if -(2**53) <= value <= 2**53 else None
    return 0 if value is None or kind is bool else None
