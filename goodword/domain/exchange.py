"""What makes an exchange rate doubtful: far from the one before, or old. Pure; what follows is decided by services."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final, NamedTuple
from uuid import UUID

FAR: Final = Fraction(1, 10)
FRESH: Final = timedelta(hours=36)
_DAY: Final = timedelta(days=1)


class Quote(NamedTuple):
    """A rate of one pair of currencies: when it begins, its id outside, our key of it, and how much it is."""

    at: datetime
    name: str
    key: UUID
    rate: str


def is_far(rate: str, before: str) -> bool:
    """Whether a rate is more than a tenth away from the one before.

    >>> is_far("1.10", "1.00"), is_far("1.11", "1.00"), is_far("0.89", "1.00")
    (False, True, True)
    """
    return abs(Fraction(rate) - Fraction(before)) > FAR * Fraction(before)


def doubtful(fresh: Iterable[Quote], before: dict[UUID, Quote]) -> list[UUID]:
    """Those of the fresh rates of one pair that a person should look at before they count.

    Each is compared with the last that counts: one that is stored (`before`, by the fresh one's key), or an earlier
    fresh one that is not doubtful itself, whichever is later. The first rate of a pair has nothing to be far from.
    """
    last: Quote | None = None
    found = []
    for quote in sorted(fresh):
        known = before.get(quote.key)
        reference = max((one for one in (last, known) if one is not None), default=None)
        if reference is not None and is_far(quote.rate, reference.rate):
            found.append(quote.key)
        else:
            last = quote
    return found


def is_stale(rate_at: datetime, at: datetime) -> bool:
    """Whether a rate is more than 36 hours older than what it converts. Saturdays and Sundays do not count: banks rest.

    >>> friday = datetime(2026, 11, 20, 15, tzinfo=UTC)
    >>> [is_stale(friday, friday + timedelta(days=days)) for days in (1, 3, 4)]
    [False, False, True]
    """
    age, day = at - rate_at, rate_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if age > timedelta(days=7):
        return True
    while day < at:
        if day.weekday() >= 5:
            age -= max(min(at, day + _DAY) - max(rate_at, day), timedelta())
        day += _DAY
    return age > FRESH
