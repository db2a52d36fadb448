"""Readers of moments: RFC 3339 with an offset, plausible, in UTC.

A time without offset is refused; one that the clocks make ambiguous is told so.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from goodword.domain.fields import Refused, shown, wrong_type

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?"
    r"(?P<offset>[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Clock:
    """What a moment is judged by: the present, and the zone in which a time without offset is read."""

    now: datetime
    zone: str = "UTC"


_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_EPOCH_END = datetime(1970, 1, 2, tzinfo=UTC)
_SKEW = timedelta(days=1)
_FUTURE = timedelta(days=366 * 20)


def instant(value: Any, zone: str = "UTC") -> datetime:
    """A moment written as RFC 3339 with its offset, in UTC."""
    if type(value) is not str:
        raise wrong_type("a moment as text", value)
    found = _RFC3339.fullmatch(value)
    if found is None:
        raise _invalid_date(value)
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise _invalid_date(value) from None
    if found["offset"] is None:
        raise _without_offset(value, moment, zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise _implausible(value, "no such moment in UTC") from None


def past_instant(value: Any, clock: Clock) -> datetime:
    """When something happened: a moment, not in the future and not absurdly long ago."""
    moment = instant(value, clock.zone)
    if moment < _EARLIEST:
        epoch = _EPOCH_END - timedelta(days=2) < moment < _EPOCH_END
        early = "1970-01-01 is what a missing date looks like" if epoch else "that is too long ago"
        raise _implausible(value, early)
    if moment > clock.now + _SKEW:
        raise _implausible(value, "that is in the future")
    return moment


def coming_instant(value: Any, clock: Clock) -> datetime:
    """A moment that may lie ahead, by some years."""
    moment = instant(value, clock.zone)
    if not _EARLIEST <= moment <= clock.now + _FUTURE:
        raise _implausible(value, "that is too far away")
    return moment


def _without_offset(value: str, moment: datetime, zone: str) -> Refused:
    here = moment.replace(tzinfo=ZoneInfo(zone))
    if here.utcoffset() != here.replace(fold=1).utcoffset():
        return Refused(
            "ambiguous_local_time",
            f"{value} does not exist once and only once in {zone}: the clocks change then",
            f"add the offset, such as {value}+01:00",
        )
    return _invalid_date(value)


def _invalid_date(value: str) -> Refused:
    return Refused(
        "invalid_date",
        f"{shown(value)!r} is not a moment",
        "write RFC 3339 with an offset: 2026-05-01T09:30:00Z",
    )


def _implausible(value: str, why: str) -> Refused:
    return Refused("implausible_date", f"{shown(value)}: {why}", "check the date")
