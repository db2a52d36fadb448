"""The local dates of many instants at once: what `Zone.day` says of each, as an array.

A zone's offset is looked up once a day, not once an instant; the second at which it changes is found by halving.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

_DAY: Final = 86_400
_STRETCH: Final = 400 * _DAY
"""Offsets are looked up, and kept, for stretches of so many seconds."""
_SPANS: Final = 30
"""So many stretches are looked up one after the other, whether anything lies in each or not."""
_AT_ONCE: Final = 1 << 20
"""Instants taken at a time, so that the figures in between stay few."""
_EPOCH: Final = date(1970, 1, 1).toordinal()
_FIRST: Final = int(datetime(1, 1, 2, tzinfo=UTC).timestamp())
_LAST: Final = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp())
_LAST_DAY: Final = date.max.toordinal()

Array = NDArray[Any]


def local_days(timezone: str, instants: Array) -> Array:
    """The ordinals of the local dates on which instants (microseconds) fall; within the years 1 to 9999."""
    found = np.empty(len(instants), np.int32)
    for lo in range(0, len(instants), _AT_ONCE):
        part = slice(lo, lo + _AT_ONCE)
        found[part] = _days(timezone, instants[part] // 1_000_000)
    return found


def _days(timezone: str, seconds: Array) -> Array:
    first, last = int(seconds.min()) // _STRETCH, int(seconds.max()) // _STRETCH
    spans = range(first, last + 1) if last - first < _SPANS else np.unique(seconds // _STRETCH).tolist()
    changes = [change for span in spans for change in _offsets(timezone, span)]
    if len(changes) == 1:
        local = seconds + changes[0][1]
    else:
        since, offsets = np.array(changes, np.int64).T
        local = seconds + offsets[np.searchsorted(since, seconds, "right") - 1]
    days: Array = np.clip(local // _DAY + _EPOCH, 1, _LAST_DAY)
    return days


@lru_cache(maxsize=4096)
def _offsets(timezone: str, stretch: int) -> tuple[tuple[int, int], ...]:
    """The zone's offset at the start of a stretch and after each change in it, with the second each begins."""
    zone = ZoneInfo(timezone)
    start = stretch * _STRETCH
    found = [(start, _offset(zone, start))]
    for second in range(start + _DAY, start + _STRETCH + _DAY, _DAY):
        before, after = found[-1][1], _offset(zone, second)
        if before == after:
            continue
        low, high = second - _DAY, second
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
        if high < start + _STRETCH:
            found.append((high, after))
    return tuple(found)


def _offset(zone: ZoneInfo, second: int) -> int:
    at = datetime.fromtimestamp(min(max(second, _FIRST), _LAST), zone)
    away = at.utcoffset()
    assert away is not None
    return away.days * _DAY + away.seconds
