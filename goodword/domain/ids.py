"""Identifiers: UUIDv7 keys, and the typed public form a person sees (`prt_01k9...`)."""

import os
import time
import uuid

from goodword.domain.errors import DomainError

PREFIXES = {
    "organization": "org",
    "program": "prg",
    "user": "usr",
    "api_key": "key",
    "partner": "prt",
    "group": "grp",
    "application": "app",
    "agreement": "agr",
    "terms": "trm",
    "link": "lnk",
    "code": "cod",
    "customer": "cus",
    "touch": "tch",
    "conversion": "cnv",
    "refund": "rfd",
    "cancel": "can",
    "credit": "crd",
    "rate": "fxr",
    "signal": "sig",
    "live_test": "tst",
    "page_lead": "pgl",
    "told_click": "tcl",
    "import": "imp",
    "hold": "hld",
    "missed_credit": "mcr",
    "transaction": "txn",
    "payout_run": "run",
    "payout": "pay",
    "debt_proposal": "dbt",
    "mail": "eml",
    "webhook_endpoint": "whe",
    "webhook_event": "evt",
    "webhook_delivery": "whd",
    "connection": "cnx",
    "received_event": "rcv",
}
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
_VALUE = {char: value for value, char in enumerate(_ALPHABET)}
_LENGTH = 26


class MalformedId(DomainError):
    """The text is no public id of this kind."""

    code = "malformed_id"


def uuid7() -> uuid.UUID:
    """A time-ordered random key (RFC 9562 version 7)."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (
        (milliseconds & (2**48 - 1)) << 80
        | 0x7 << 76
        | (random >> 68 & 0xFFF) << 64
        | 0b10 << 62
        | random & (2**62 - 1)
    )
    return uuid.UUID(int=value)


def uuid7_texts(count: int) -> list[str]:
    """Many new keys of one instant as text, each above the one before: an index takes them in at its end."""
    now = (time.time_ns() // 1_000_000 & (2**48 - 1)) << 80 | 0x7 << 76 | 0b10 << 62
    entropy = os.urandom(10 * count)
    randoms = sorted(int.from_bytes(entropy[at : at + 10], "big") >> 6 for at in range(0, 10 * count, 10))
    return [_key_text(now | (random >> 62) << 64 | random & (2**62 - 1)) for random in randoms]


def _key_text(value: int) -> str:
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def public_id(kind: str, key: uuid.UUID) -> str:
    """The public form of a key: three letters for the kind, then 26 letters and digits that sort like the key."""
    value = key.int
    chars = [_ALPHABET[value >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5)]
    return f"{PREFIXES[kind]}_{''.join(chars)}"


def parse_public_id(kind: str, text: str) -> uuid.UUID:
    """The key behind a public id; raises MalformedId for anything else, a public id of another kind included."""
    prefix, _, rest = text.partition("_")
    if prefix != PREFIXES[kind] or len(rest) != _LENGTH or any(char not in _VALUE for char in rest) or rest[0] > "7":
        raise MalformedId(
            f"{text[:40]!r} is no {kind} id", value=text[:40], remedy=f"give an id such as {PREFIXES[kind]}_…"
        )
    value = 0
    for char in rest:
        value = value << 5 | _VALUE[char]
    return uuid.UUID(int=value)
