"""Cells as people write them -> the exact text that a fact holds. The format is said by a person, never guessed.

Pure. What does not fit the chosen format is refused, also where it could be read in one way only.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from goodword.domain.errors import DomainError

NUMBERS: Final = {
    "plain": "1234.56",
    "comma_point": "1,234.56",
    "point_comma": "1.234,56",
    "space_comma": "1 234,56",
    "apostrophe_point": "1'234.56",
}
DATES: Final = {
    "iso": "2026-03-31 or 2026-03-31 09:30",
    "compact": "20260331",
    "day_first": "31/03/2026 or 31.03.2026",
    "month_first": "03/31/2026",
}
_THOUSANDS: Final = {
    "comma_point": ",",
    "point_comma": ".",
    "space_comma": "[ \u00a0\u202f]",
    "apostrophe_point": "['’]",
}
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_LOOKS_LIKE_A_NUMBER = re.compile(r"[-+]?[\d.,' \u00a0\u202f’]*\d[\d.,' \u00a0\u202f’]*", re.ASCII)
_WORDS: Final = {"yes": True, "true": True, "1": True, "y": True, "no": False, "false": False, "0": False, "n": False}


class CellRefused(DomainError):
    """A cell does not fit the chosen format."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.remedy = remedy


def number_reader(style: str) -> Callable[[str], str]:
    """A reader of numbers written in one style: `"1.234,56"` -> `"1234.56"` under point_comma."""
    pattern = _number_pattern(style)

    def read(cell: str) -> str:
        given = cell.strip()
        if not pattern.fullmatch(given):
            raise _not_a_number(given, style)
        digits = _canonical(given, style)
        whole, point, rest = digits.removeprefix("-").partition(".")
        return ("-" if digits.startswith("-") else "") + (whole.lstrip("0") or "0") + point + rest

    return read


def _number_pattern(style: str) -> re.Pattern[str]:
    if style == "plain":
        return _PLAIN
    mark = "," if style.endswith("comma") else r"\."
    apart = _THOUSANDS[style]
    group = f"(?:{apart if apart.startswith('[') else re.escape(apart)}\\d{{3}})"
    return re.compile(rf"-?(?:\d{{1,3}}{group}+|\d+)(?:{mark}\d+)?", re.ASCII)


def _canonical(given: str, style: str) -> str:
    if style == "plain":
        return given
    mark = "," if style.endswith("comma") else "."
    return "".join("." if char == mark else char for char in given if char in "-0123456789" or char == mark)


def _not_a_number(given: str, style: str) -> CellRefused:
    shown = given[:40]
    if _LOOKS_LIKE_A_NUMBER.fullmatch(given):
        return CellRefused(
            "ambiguous_number",
            f"{shown!r} is not written like {NUMBERS[style]}",
            "choose how this file writes numbers, or check the delimiter",
        )
    return CellRefused("not_a_number", f"{shown!r} is not a number", f"write digits, like {NUMBERS[style]}")


def moment_reader(style: str, zone: str) -> Callable[[str], str]:
    """A reader of moments in one style; times without offset are read in `zone`, or refused when there is none.

    A date alone is the first instant of that day. What the style does not know is handed on as it is: the fact's own
    rules refuse it.
    """
    local = ZoneInfo(zone) if zone else None

    @lru_cache(maxsize=4096)
    def read(cell: str) -> str:
        given = cell.strip()
        plain = _local_time(given, style)
        if plain is None:
            return given
        if local is None:
            raise CellRefused(
                "zone_needed", f"{given[:40]!r} has no offset", "choose the time zone in which the file was written"
            )
        return _instant(plain, local, zone, date_only=len(given) <= 10).isoformat().replace("+00:00", "Z")

    return read


_CLOCK = r"(?:[T ](?P<h>\d\d?):(?P<m>\d\d)(?::(?P<s>\d\d)(?:\.(?P<f>\d{1,6}))?)?)?"
_STYLES: Final = {
    "iso": re.compile(rf"(?P<Y>\d{{4}})-(?P<M>\d\d)-(?P<D>\d\d){_CLOCK}", re.ASCII),
    "compact": re.compile(r"(?P<Y>\d{4})(?P<M>\d\d)(?P<D>\d\d)(?:T?(?P<h>\d\d)(?P<m>\d\d)(?P<s>\d\d))?", re.ASCII),
    "day_first": re.compile(rf"(?P<D>\d\d?)[/.-](?P<M>\d\d?)[/.-](?P<Y>\d{{4}}){_CLOCK}", re.ASCII),
    "month_first": re.compile(rf"(?P<M>\d\d?)[/.-](?P<D>\d\d?)[/.-](?P<Y>\d{{4}}){_CLOCK}", re.ASCII),
}


def _local_time(given: str, style: str) -> datetime | None:
    found = _STYLES[style].fullmatch(given)
    if found is None:
        if style == "iso" and any(_STYLES[other].fullmatch(given) for other in ("day_first", "compact")):
            raise CellRefused(
                "ambiguous_date", f"{given[:40]!r} is not written like 2026-03-31", "choose how this file writes dates"
            )
        return None
    part = {name: int(text) for name, text in found.groupdict(default="0").items() if name != "f"}
    micros = int((found.groupdict().get("f") or "0").ljust(6, "0"))
    try:
        return datetime(part["Y"], part["M"], part["D"], part["h"], part["m"], part["s"], micros)  # noqa: DTZ001
    except ValueError:
        raise CellRefused(
            "invalid_date", f"{given[:40]!r} is no day of the calendar", f"write it like {DATES[style]}"
        ) from None


def _instant(plain: datetime, zone: ZoneInfo, name: str, *, date_only: bool) -> datetime:
    first, second = plain.replace(tzinfo=zone), plain.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if date_only:
        # Where the clocks change at midnight, the earlier reading is the first instant of the day.
        return first.astimezone(UTC)
    raise CellRefused(
        "ambiguous_local_time",
        f"{plain:%Y-%m-%d %H:%M} does not exist once and only once in {name}: the clocks change then",
        "write the offset beside it, such as 2026-03-29T02:30:00+01:00",
    )


def boolean(cell: str) -> bool:
    """Yes or no, true or false, 1 or 0."""
    word = cell.strip().lower()
    if word not in _WORDS:
        raise CellRefused("unknown_choice", f"{cell[:40]!r} is neither yes nor no", "write yes or no")
    return _WORDS[word]
