"""How often one key may call: a bucket of tokens per key in each process, so that one caller cannot starve the rest."""

import os
import time
from typing import Final

from goodword.accounts.access import ApiRequest
from goodword.api.problems import Refusal

PER_SECOND: Final = float(os.environ.get("GOODWORD_API_RATE", "100"))
BURST: Final = 4 * PER_SECOND
HEADERS_MAX: Final = 32 * 1024
_KEYS_MAX: Final = 10_000
_buckets: dict[str, tuple[float, float]] = {}


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


def take(key: str, now: float) -> float:
    """Take a token at this moment: 0, or the seconds until there is one again."""
    tokens, since = _buckets.get(key, (BURST, now))
    tokens = min(BURST, tokens + (now - since) * PER_SECOND)
    if len(_buckets) > _KEYS_MAX:
        _buckets.clear()
    _buckets[key] = (max(tokens - 1, 0), now) if tokens >= 1 else (tokens, now)
    return 0 if tokens >= 1 else (1 - tokens) / PER_SECOND
