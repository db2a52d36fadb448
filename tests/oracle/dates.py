"""Local dates, months and periods of the second reading, by plain counting."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache


def instant(text):
    return datetime.fromisoformat(text)


def add_months(day, months):
    """The same day that many months on, or the month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in (day.day, 31, 30, 29, 28):
        if number <= day.day:
            try:
                return date(year, month + 1, number)
            except ValueError:
                continue
    raise AssertionError(day)


def whole_months(first, day):
    """The largest n with first + n months <= day."""
    months = 0
    while add_months(first, months + 1) <= day:
        months += 1
    return months


@cache
def first_instant(day, zone):
    """The first second whose local date is `day` or later: clocks may skip midnight, even a whole day."""
    low = datetime.combine(day, time(), UTC) - timedelta(days=2)
    seconds = (0, 4 * 86_400)
    while seconds[1] - seconds[0] > 1:
        middle = sum(seconds) // 2
        reached = (low + timedelta(seconds=middle)).astimezone(zone).date() >= day
        seconds = (seconds[0], middle) if reached else (middle, seconds[1])
    return low + timedelta(seconds=seconds[1])


def period(per, day):
    """The name of the period a local date lies in."""
    quarter = (day.month - 1) // 3
    return {"month": (day.year, day.month), "quarter": (day.year, quarter, "q"), "year": day.year, "lifetime": ""}[per]


def months_back(day, month_of):
    """How many calendar months before the month of the other date `day` lies."""
    return (month_of.year * 12 + month_of.month) - (day.year * 12 + day.month)
