"""What the import pages say of a file, in the words of its fields. Nothing is checked here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from goodword.insights.refusals import begun
from goodword.referrals.importing.kinds import KINDS, Kind
from goodword.referrals.importing.layout import Layout

_MOMENTS: Final = {
    "iso": "2026-05-01 10:00",
    "compact": "20260501",
    "day_first": "01/05/2026 10:00",
    "month_first": "05/01/2026 10:00",
}
"""A date and time in each style that a file may be written in."""
_ELSE: Final[Mapping[str, tuple[str, str]]] = {
    "zone_needed": ("{value!r} does not say its time zone", "go back and choose the time zone of the dates"),
    "required": ("nothing is given", "fill it in, or choose another column for it"),
    "idempotency_mismatch": (
        "{value!r} is recorded already, and said something else",
        "what is recorded stays: use another id, or a refund for money given back",
    ),
    "unknown_partner": ("{value!r} is no partner of this program", "check it, or import the partners first"),
}
"""What is said instead of a programmer's words, by the code of the problem."""


class Wrong(NamedTuple):
    """What is wrong with a row: its line, the field by its label, what was given, what is wrong, what to do."""

    line: int
    field: str
    value: str
    message: str
    remedy: str


def wrong(kind: Kind, layout: Layout, problem: Mapping[str, Any]) -> Wrong:
    """A problem of a row, for a person who knows the file and not the program."""
    code, value, field = problem["code"], problem["value"], label(kind, problem["field"])
    message, remedy = problem["message"], problem["remedy"]
    if code == "invalid_date":
        message, remedy = f"{value!r} is no date and time", f"write it like {_MOMENTS[layout.dates]}"
    elif code == "out_of_range" and problem["field"] == "until":
        message, remedy = "this is not after the date and time of the row", "give a later one, or leave it empty"
    elif code in _ELSE and (value or code == "required"):
        said, remedy = _ELSE[code]
        message = said.format(value=value)
    return Wrong(problem["line"], field, value, begun(message), begun(remedy))


def label(kind: Kind, name: str) -> str:
    """What a field is called on the pages."""
    if name == "properties":
        return "Properties"
    column = kind.column(name)
    return column.label if column else name or "The row"


def labelled(kind_name: str, named: Mapping[str, str]) -> list[tuple[str, str]]:
    """Fields by their labels, with what was said of each."""
    kind = KINDS.get(kind_name)
    return [(label(kind, name) if kind else name, said) for name, said in named.items()]


def cell(kind: Kind, name: str, value: Any, zone: ZoneInfo) -> str:
    """A value as the row would be stored, as people read it."""
    column = kind.column(name)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if column and column.form == "moment" and value:
        return f"{datetime.fromisoformat(value).astimezone(zone):%Y-%m-%d %H:%M}"
    return str(value)
