"""Figures and dates as people read them, as plain text. No HTML here: `templatetags/show.py` wraps these."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from goodword.domain.money_words import money_text

__all__ = ["change_text", "count_text", "day_text", "exact_text", "money_text", "percent_text", "when_text"]


def percent_text(ppm: int) -> str:
    """Millionths as a percent without empty decimals: 125000 -> `12.5%`."""
    whole, rest = divmod(abs(ppm), 10_000)
    digits = f"{whole}.{rest:04d}".rstrip("0").rstrip(".")
    return f"{'−' if ppm < 0 else ''}{digits}%"


def day_text(day: date, today: date) -> str:
    """`14 December`, with the year when it is not this year's."""
    return f"{day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")


def when_text(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`today, 10:43`, `yesterday, 18:02`, `14 December, 09:00` or `14 December 2024`, in the program's zone."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    days = (today - local.date()).days
    if days == 0:
        return f"today, {local:%H:%M}"
    if days == 1:
        return f"yesterday, {local:%H:%M}"
    return day_text(local.date(), today) + (f", {local:%H:%M}" if local.year == today.year else "")


def exact_text(at: datetime, zone: ZoneInfo) -> str:
    """The exact instant in the program's zone and in UTC, for those who hover."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M:%S} {zone.key} ({at.astimezone(UTC):%H:%M:%S} UTC)"


def count_text(number: int, one: str, many: str = "") -> str:
    """`1 sale`, `1,204 sales`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def change_text(now: int, before: int, period: str) -> str:
    """How a count has changed: `12% more than in the 26 weeks before`; empty when there was nothing before."""
    if not before:
        return ""
    percent = round(abs(now - before) * 100 / before)
    if percent == 0:
        return f"as many as in {period}"
    return f"{percent}% {'more' if now > before else 'fewer'} than in {period}"
