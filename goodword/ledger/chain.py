"""The canonical text of a transaction and its hash: what `post` writes and `verify` computes again. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

START = ""
"""What the first transaction of a program names as the hash before it."""


class Leg(NamedTuple):
    """An entry as it is hashed. Legs are put in order, so the order of writing plays no part."""

    account: str
    subject: str
    currency: str
    debit: int
    credit: int


class Content(NamedTuple):
    """Everything of a transaction that its hash covers, besides its legs."""

    program: str
    sequence: int
    kind: str
    cause_kind: str
    cause_id: str
    effective_at: datetime
    recorded_at: datetime
    memo: str
    actor: str
    reverses: str
    evidence: str


def canonical_json(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces: the same text before and after the database kept it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_instant(at: datetime) -> str:
    """An instant in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def chained_hash(previous: str, content: Content, legs: Iterable[Leg]) -> str:
    """SHA-256 over the hash before and the canonical content, in hexadecimal."""
    fields = [
        previous,
        *content[:5],
        canonical_instant(content.effective_at),
        canonical_instant(content.recorded_at),
        *content[7:],
        sorted(legs),
    ]
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
