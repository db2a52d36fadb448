"""The visitor cookie of the redirect: first-party, signed, of one program only, never readable by scripts.

It holds a random number and nothing else. Somebody who sends a privacy signal gets none. The signature is the one that
`django.core.signing.Signer` makes, worked out with the key prepared: cookies of older releases stay readable.
"""

import hashlib
import hmac
import os
import re
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer

COOKIE = "gw_visitor"
SALT = "goodword.site.visitor"
_FOUND = re.compile(rf'(?:^|;)\s*{COOKIE}="?([A-Za-z0-9_-]{{1,64}}):([A-Za-z0-9_-]{{43}})"?\s*(?:;|$)')


def visitor_of(cookies: str) -> str | None:
    """The visitor that the cookie header names, or None where there is none of ours with an intact signature."""
    found = _FOUND.search(cookies)
    if found is None:
        return None
    visitor = found[1]
    if hmac.compare_digest(_signature(visitor), found[2]):
        return visitor
    return _by_older_key(f"{visitor}:{found[2]}") if settings.SECRET_KEY_FALLBACKS else None


def new_visitor() -> str:
    """A fresh random visitor id: 128 bits, told to nobody but the cookie."""
    return urlsafe_b64encode(_random())[:22].decode()


class _Randomness:
    """Random bytes of the system, drawn for many at once."""

    def __init__(self) -> None:
        self._drawn, self._used = b"", 0

    def __call__(self) -> bytes:
        used = self._used
        if used >= len(self._drawn):
            self._drawn, used = os.urandom(16 * 512), 0
        self._used = used + 16
        return self._drawn[used : used + 16]


_random = _Randomness()


def cookie_for(visitor: str, attributes: str) -> str:
    """The value of Set-Cookie; `attributes` are those of the program's links, from `attributes_of`."""
    return f"{COOKIE}={visitor}:{_signature(visitor)}{attributes}"


def attributes_of(slug: str, days: int) -> str:
    """Under this program's links alone, for as long as a click counts."""
    secure = "; Secure" if settings.SESSION_COOKIE_SECURE else ""
    return f"; HttpOnly; Max-Age={days * 86_400}; Path=/r/{slug}/; SameSite=Lax{secure}"


def _by_older_key(signed: str) -> str | None:
    try:
        return Signer(salt=SALT).unsign(signed)
    except BadSignature:
        return None


@cache
def _begun() -> tuple[Any, Any]:
    """HMAC-SHA256 with the key taken in already: what is signed is all that is left to do, in a third of the time."""
    key = hashlib.sha256(f"{SALT}signer{settings.SECRET_KEY}".encode()).digest().ljust(64, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in key)), hashlib.sha256(bytes(byte ^ 0x5C for byte in key))


def _signature(visitor: str) -> str:
    inner, outer = _begun()
    inner, outer = inner.copy(), outer.copy()
    inner.update(visitor.encode())
    outer.update(inner.digest())
    return urlsafe_b64encode(outer.digest())[:43].decode()
