"""The canonical text of a transaction and its hash: what `post` writes and `verify` computes again. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any, NamedTuple

START = ""
"""What the first transaction of a program names as the hash before it."""


class Leg(NamedTuple):
    """An entry as it is hashed, every field as text. Legs are put in order: the order of writing plays no part."""

    account: str
    subject: str
    currency: str
    debit: str
    credit: str


class Content(NamedTuple):
    """Everything of a transaction that its hash covers besides its legs: texts, the last one canonical JSON."""

    program: str
    sequence: str
    kind: str
    cause_kind: str
    cause_id: str
    effective_at: str
    recorded_at: str
    memo: str
    actor: str
    reverses: str
    evidence: str


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical_json(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces: the same text before and after the database kept it."""
    return _canonical(value)


def canonical_instant(at: datetime) -> str:
    """An instant in UTC, to the microsecond."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")


def chained_hash(previous: str, content: Content, legs: Iterable[Leg]) -> str:
    """SHA-256, in hexadecimal, over one JSON array: the hash before, the content, and an array for each leg.

    All are texts but the evidence, which stands in it as the JSON that it is.
    """
    ordered = ",".join([f"[{_texts(leg)}]" for leg in sorted(legs)])
    texts = _texts((previous, *content[:-1]))
    return hashlib.sha256(f"[{texts},{content.evidence},{ordered}]".encode()).hexdigest()


def _texts(texts: Sequence[str]) -> str:
    """Texts as JSON, with commas between. Nearly all have nothing that JSON escapes: one look at all of them tells."""
    joined = '","'.join(texts)
    if joined.isprintable() and "\\" not in joined and joined.count('"') == 2 * len(texts) - 2:
        return f'"{joined}"'
    return ",".join(map(encode_basestring, texts))
