"""Columns of texts parsed by compiled loops, as instants and money. What is not plainly right is only told, never
explained.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from goodword.domain.settlement.rules.compiling import entry, rule
from goodword.domain.settlement.rules.text_columns import Column

Array = NDArray[Any]
BROKEN: Final = -(2**63)
"""Stands for a text that is not what it should be."""
MISSING: Final = -(2**63) + 1
"""Stands for a text that is not there."""
_AMOUNT_LIMIT: Final = 10**15


@rule
def _digits(data: Array, start: int, count: int) -> int:
    """The number of some digits; below 0 when there is anything else."""
    found = 0
    for i in range(start, start + count):
        digit = int(data[i]) - 48
        if digit < 0 or digit > 9:
            return -(10**6)
        found = found * 10 + digit
    return found


@rule
def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date that exists; BROKEN for any other."""
    if year < 1 or month < 1 or month > 12 or day < 1:
        return BROKEN
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    length = 31 - (month in (4, 6, 9, 11))
    if month == 2:  # February
        length = 28 + leap
    if day > length:
        return BROKEN
    since_march = (month + 9) % 12
    years = year - (month <= 2)  # January and February
    return years * 365 + years // 4 - years // 100 + years // 400 + (153 * since_march + 2) // 5 + day - 719469


@rule
def _instant(data: Array, start: int, end: int) -> int:
    """Microseconds of `2026-05-01T10:00:00Z`, with a fraction or another offset; BROKEN when it is none."""
    if end - start < 20 or end - start > 32:  # the shortest and longest there are
        return BROKEN
    marks = (data[start + 4], data[start + 7], data[start + 13], data[start + 16])
    if marks != (45, 45, 58, 58) or data[start + 10] not in (84, 116):
        return BROKEN
    day = _days(_digits(data, start, 4), _digits(data, start + 5, 2), _digits(data, start + 8, 2))
    hour, minute = _digits(data, start + 11, 2), _digits(data, start + 14, 2)
    second = _digits(data, start + 17, 2)
    if day == BROKEN or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return BROKEN
    at, fraction = start + 19, 0
    if data[at] == 46:  # "."
        at += 1
        first, unit = at, 100_000
        while at < end and 48 <= data[at] <= 57:  # "0" to "9"
            fraction += (int(data[at]) - 48) * unit
            unit //= 10
            at += 1
        if at == first or at - first > 6:  # microseconds
            return BROKEN
    away = _offset(data, at, end)
    if away == BROKEN:
        return BROKEN
    return ((day * 24 + hour) * 60 + minute - away) * 60_000_000 + second * 1_000_000 + fraction


@rule
def _offset(data: Array, at: int, end: int) -> int:
    """Minutes east of UTC."""
    if end - at == 1 and (data[at] == 90 or data[at] == 122):  # - "Z", "z"
        return 0
    if end - at != 6 or data[at + 3] != 58 or (data[at] != 43 and data[at] != 45):  # - "+", "-"
        return BROKEN
    hours, minutes = _digits(data, at + 1, 2), _digits(data, at + 4, 2)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
        return BROKEN
    away = hours * 60 + minutes
    return away if data[at] == 43 else -away  # "+"


@entry
def _instants(data: Array, starts: Array, ends: Array, found: Array) -> None:
    for row in range(len(starts)):
        found[row] = MISSING if starts[row] == ends[row] else _instant(data, starts[row], ends[row])


def instants(column: Column) -> Array:
    """Microseconds of texts such as `2026-05-01T10:00:00Z`; BROKEN, MISSING."""
    found = np.empty(len(column.starts), np.int64)
    _instants(*column, found)
    return found


@rule
def _amount(data: Array, start: int, end: int, places: int) -> int:
    """Minor units of a decimal of 0 or more; BROKEN when it is none, has more decimals or is too large."""
    whole = 0
    at = start
    while at < end and 48 <= data[at] <= 57:  # "0" to "9"
        whole = whole * 10 + int(data[at]) - 48
        at += 1
        if at - start > 15:  # the limit of an amount
            return BROKEN
    if at == start or (data[start] == 48 and at - start > 1):  # "0"
        return BROKEN
    left = places
    if at < end:
        if data[at] != 46 or at + 1 == end:  # "."
            return BROKEN
        left = places - (end - at - 1)
        if left < 0:
            return BROKEN
        for i in range(at + 1, end):
            digit = int(data[i]) - 48
            if digit < 0 or digit > 9:
                return BROKEN
            whole = whole * 10 + digit
            if whole >= _AMOUNT_LIMIT:
                return BROKEN
    for _ in range(left):
        whole *= 10
        if whole >= _AMOUNT_LIMIT:
            return BROKEN
    return whole if whole < _AMOUNT_LIMIT else BROKEN


@entry
def _amounts(data: Array, starts: Array, ends: Array, places: Array, found: Array) -> None:
    for row in range(len(starts)):
        if starts[row] == ends[row]:
            found[row] = MISSING
        else:
            found[row] = _amount(data, starts[row], ends[row], places[row if len(places) > 1 else 0])


def amounts(column: Column, places: Array) -> Array:
    """Minor units of texts such as `120.00`; `places` of each row, or of all. BROKEN, MISSING."""
    found = np.empty(len(column.starts), np.int64)
    _amounts(*column, places, found)
    return found
