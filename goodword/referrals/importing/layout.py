"""How a file is to be read: which column fills which field, what is the same for all rows, and in which formats.

A layout is what the person said on the mapping page, or on the command line; it is kept with the import and proposed
again for the next file of its kind.
"""

from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import available_timezones

from goodword.domain.errors import InvalidInput, Problem
from goodword.referrals.importing.formats import DATES, NUMBERS
from goodword.referrals.importing.kinds import Kind, proposal
from goodword.referrals.importing.table import DELIMITERS, Header


@dataclass(frozen=True, slots=True)
class Layout:
    """`columns`: field -> name of the column; `values`: field -> the same text for every row."""

    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    delimiter: str = ","
    numbers: str = "plain"
    dates: str = "iso"
    zone: str = ""

    def to_json(self) -> dict[str, Any]:
        """As kept in the database."""
        return asdict(self)


def from_json(document: dict[str, Any]) -> Layout:
    """A layout as it was kept; what is not known any more is left out."""
    known = {name: document[name] for name in Layout.__dataclass_fields__ if name in document}
    return Layout(**known)


def proposed(kind: Kind, header: Header, delimiter: str, last: Layout | None = None) -> Layout:
    """The layout to start from: that of the last import of this kind where its columns are there again, else by name.

    The formats of numbers and dates and the time zone come from the last import alone: they cannot be seen in a header.
    """
    by_name = proposal(kind, header.names)
    if last is None:
        return Layout(columns=by_name, delimiter=delimiter)
    kept = {name: column for name, column in last.columns.items() if column in header.names}
    taken = set(kept.values())
    columns = {name: column for name, column in by_name.items() if column not in taken} | kept
    return Layout(columns, last.values, delimiter, last.numbers, last.dates, last.zone)


def check(kind: Kind, layout: Layout, header: Header) -> None:
    """Refuse a layout that cannot be carried out, with every problem at once."""
    problems = [*_unknown(kind, layout, header), *_missing(kind, layout, header), *_formats(layout)]
    if problems:
        raise InvalidInput(problems)


def _unknown(kind: Kind, layout: Layout, header: Header) -> list[Problem]:
    known = ", ".join(column.name for column in kind.columns)
    problems = [
        Problem("unknown_field", f"{kind.title.lower()} have no field {name!r}", name, name, f"known fields: {known}")
        for name in {**layout.columns, **layout.values}
        if kind.column(name) is None
    ]
    problems += [
        Problem(
            "header",
            f"the file has no column {column!r}",
            name,
            column,
            f"its columns are: {', '.join(header.names)}",
        )
        for name, column in layout.columns.items()
        if column not in header.names
    ]
    both = sorted(layout.columns.keys() & layout.values.keys())
    return problems + [
        Problem("header", f"{name} has both a column and one value for all rows", name, "", "choose one")
        for name in both
    ]


def _missing(kind: Kind, layout: Layout, header: Header) -> list[Problem]:
    given = {name for name, value in layout.values.items() if value} | layout.columns.keys()
    return [
        Problem(
            "header",
            f"no column is chosen for {column.label.lower()}",
            column.name,
            "",
            f"choose one of: {', '.join(header.names)}; or give one value for all rows",
        )
        for column in kind.columns
        if column.required and column.name not in given
    ]


def _formats(layout: Layout) -> list[Problem]:
    said = (
        ("delimiter", layout.delimiter, DELIMITERS),
        ("numbers", layout.numbers, NUMBERS),
        ("dates", layout.dates, DATES),
    )
    problems = [
        Problem("unknown_choice", f"{given!r} is not known here", name, given, f"one of {', '.join(allowed)}")
        for name, given, allowed in said
        if given not in allowed
    ]
    if layout.zone and layout.zone not in available_timezones():
        problems.append(
            Problem("unknown_choice", f"{layout.zone!r} is no time zone", "zone", layout.zone, "such as Europe/Berlin")
        )
    return problems
