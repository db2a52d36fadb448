"""Dates and months in a program's time zone, as integers: a date is its proleptic Gregorian ordinal.

Pure functions of their arguments; the clock is never read.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from goodword.domain.settlement.program import Period
from goodword.domain.settlement.records import Instant

DAY = 86_400_000_000
"""Microseconds of an exact day."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MAX = date.max.toordinal()


def instant(moment: datetime) -> Instant:
    """Microseconds since 1970 UTC of an aware datetime, exactly.

    >>> instant(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005
    """
    return (moment - _EPOCH) // _MICROSECOND


def moment(at: Instant) -> datetime:
    """The UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=at)


def rfc3339(at: Instant) -> str:
    """An instant as files write it: UTC, with a fraction only where there is one.

    >>> rfc3339(1_000_000), rfc3339(1_500_000)
    ('1970-01-01T00:00:01Z', '1970-01-01T00:00:01.500000Z')
    """
    return moment(at).isoformat().replace("+00:00", "Z")


class Zone:
    """Local dates of one time zone."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._zone = ZoneInfo(name)

    def day(self, at: Instant) -> int:
        """The ordinal of the local date on which an instant falls."""
        return datetime.fromtimestamp(at // 1_000_000, self._zone).toordinal()

    def first_instant(self, day: int) -> Instant:
        """The first instant of a local date, also where a clock change swallows its midnight."""
        local = datetime.combine(date.fromordinal(day), datetime.min.time(), self._zone)
        at = instant(local.astimezone(UTC)) if day < _MAX - 1 else instant(local.replace(tzinfo=UTC))
        if day >= _MAX - 1 or (self.day(at) == day and self.day(at - 1_000_000) < day):
            return at
        low, high = at - DAY, at + DAY
        while high - low > 1_000_000:
            middle = (low + high) // 2_000_000 * 1_000_000
            low, high = (low, middle) if self.day(middle) >= day else (middle, high)
        return high


@lru_cache(maxsize=65536)
def add_months(day: int, months: int) -> int:
    """A date some months later, clamped to the month's last day.

    >>> date.fromordinal(add_months(date(2026, 1, 31).toordinal(), 1)).isoformat()
    '2026-02-28'
    """
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > date.max.year:
        return _MAX
    if year < 1:
        return 1
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()


@lru_cache(maxsize=65536)
def whole_months(first: int, then: int) -> int:
    """The largest n with first + n months at or before the date.

    >>> whole_months(date(2026, 1, 31).toordinal(), date(2026, 2, 28).toordinal())
    1
    """
    months = month_of(then) - month_of(first)
    return months if add_months(first, months) <= then else months - 1


@lru_cache(maxsize=65536)
def month_of(day: int) -> int:
    """The number of a date's month, counting from year 0."""
    at = date.fromordinal(day)
    return at.year * 12 + at.month - 1


def period_of(day: int, per: Period) -> int:
    """The number of the month, quarter or year a date falls in; 0 for a lifetime."""
    if per == "lifetime":
        return 0
    return month_of(day) // {"month": 1, "quarter": 3, "year": 12}[per]
