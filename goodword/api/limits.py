"""How often one key may call, counted over all processes and machines, so that one caller cannot starve the rest.

A bucket of tokens per key stands in the database. A process takes them in small leases: one at first, more while it
uses them up, so that a busy key costs a statement for every 25 calls and an idle one wastes nothing.
"""

import os
import time
from dataclasses import dataclass
from typing import Final

from django.db import connection

from goodword.accounts.access import ApiRequest
from goodword.api.problems import Refusal

PER_SECOND: Final = float(os.environ.get("GOODWORD_API_RATE", "100"))
BURST: Final = 4 * PER_SECOND
HEADERS_MAX: Final = 32 * 1024
LEASE_MAX: Final = 25
LEASE_SECONDS: Final = 1.0
_KEYS_MAX: Final = 10_000


@dataclass(slots=True)
class _Lease:
    """Tokens that this process has taken for a key: what is left of how many, and until when."""

    left: int
    size: int
    until: float


_leases: dict[str, _Lease] = {}


def refuse_too_many(request: ApiRequest) -> None:
    """Take one token of the caller's key; raises `rate_limited` with Retry-After when there is none."""
    wait = take(str(request.api_key.pk), time.monotonic())
    if wait > 0:
        raise Refusal(
            "rate_limited",
            f"more than {PER_SECOND:g} calls a second with one key",
            remedy="send facts in batches, and wait as Retry-After says",
            headers={"Retry-After": str(int(wait) + 1)},
        )


def refuse_large_headers(request: ApiRequest) -> None:
    """A request is described in little: more than that is a mistake, or somebody's test of our memory."""
    size = sum(len(name) + len(value) for name, value in request.headers.items())
    if size > HEADERS_MAX:
        raise Refusal(
            "headers_too_large", f"the headers are {size} characters", remedy=f"at most {HEADERS_MAX} characters"
        )


def take(key: str, now: float, *, per_second: float | None = None, burst: float | None = None) -> float:
    """Take a token at this moment of this process's clock: 0, or the seconds until there is one again.

    Without `per_second` and `burst` it is a token of an API key's bucket.
    """
    per_second, burst = per_second or PER_SECOND, burst or BURST
    lease = _leases.get(key)
    if lease is None or lease.until <= now or lease.left < 1:
        used_up = lease is not None and lease.left < 1 and lease.until > now
        size = min(LEASE_MAX, 2 * lease.size) if lease and used_up else 1
        granted, wait = _borrow(key, size, per_second, burst)
        if wait:
            return wait
        if len(_leases) > _KEYS_MAX:
            _leases.clear()
        lease = _leases[key] = _Lease(granted, size, now + LEASE_SECONDS)
    lease.left -= 1
    return 0.0


# The database's clock counts for everybody. The table is not logged: a crash forgets who called how often, no more.
_THERE = """least(%(burst)s::float8, bucket.tokens + %(rate)s::float8
    * greatest(0, extract(epoch FROM statement_timestamp() - bucket.since))::float8)"""
_BORROW = f"""
INSERT INTO api_bucket AS bucket (key, tokens, granted, since)
VALUES (%(key)s, %(burst)s::float8 - least(%(size)s, floor(%(burst)s::float8)),
        least(%(size)s, floor(%(burst)s::float8)), statement_timestamp())
ON CONFLICT (key) DO UPDATE SET
    granted = least(%(size)s, floor({_THERE})),
    tokens = {_THERE} - least(%(size)s, floor({_THERE})),
    since = greatest(bucket.since, statement_timestamp())
RETURNING granted, tokens
"""  # noqa: S608 - words of this module


def forget_idle() -> None:
    """Drop the buckets of whoever has not called for a day: they are full again."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM api_bucket WHERE since < statement_timestamp() - interval '1 day'")


def _borrow(key: str, size: int, per_second: float, burst: float) -> tuple[int, float]:
    """Up to `size` tokens of the key's bucket, and 0; or none, and the seconds until there is one."""
    with connection.cursor() as cursor:
        cursor.execute(_BORROW, {"key": key, "size": size, "burst": float(burst), "rate": float(per_second)})
        granted, tokens = cursor.fetchone()
    return (int(granted), 0.0) if granted >= 1 else (0, (1 - tokens) / per_second)
