"""A row of the file -> the object that the API would take, cell by cell, in the formats that the layout says.

Text stays as it is, also where a spreadsheet would run it as a formula: nothing is evaluated, and the CSV that we write
escapes it. Pure.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from goodword.domain.errors import DomainError, Problem
from goodword.referrals.importing.formats import boolean, moment_reader, number_reader
from goodword.referrals.importing.kinds import FIGURE, PROPERTY, Column, Kind
from goodword.referrals.importing.layout import Layout
from goodword.referrals.importing.table import Header, Row

Read = Callable[[str], Any]
_PARTS: Final = re.compile(r"[\s;|,]+")


class Item(NamedTuple):
    """What a row says: the object, or what is wrong with the row."""

    line: int
    found: dict[str, Any]
    problems: list[Problem]


class _Cell(NamedTuple):
    name: str
    place: int
    read: Read


def read_items(kind: Kind, layout: Layout, header: Header, rows: Iterable[Row]) -> Iterator[Item]:
    """One item per row, in order. An empty cell is an absent field."""
    cells = _cells(kind, layout, header)
    fixed, wrong = _fixed(kind, layout)
    for row in rows:
        if row.problem is not None:
            yield Item(row.line, {}, [row.problem])
            continue
        found, problems = _read(row, cells, fixed)
        if kind.made_id and "id" not in found:
            found["id"] = _made_id(found)
        yield Item(row.line, found, [*problems, *(_at_line(problem, row.line) for problem in wrong)])


def _cells(kind: Kind, layout: Layout, header: Header) -> list[_Cell]:
    readers = _readers(layout)
    return [
        _Cell(name, header.names.index(column), readers[_column(kind, name).form])
        for name, column in layout.columns.items()
    ]


def _readers(layout: Layout) -> dict[str, Read]:
    number = number_reader(layout.numbers)
    return {
        "text": str.strip,
        "number": number,
        "figure": lambda cell: Decimal(number(cell)),
        "moment": moment_reader(layout.dates, layout.zone),
        "yes_no": boolean,
        "list": _list,
    }


def _list(cell: str) -> list[str]:
    return [part for part in _PARTS.split(cell) if part]


def _column(kind: Kind, name: str) -> Column:
    column = kind.column(name)
    assert column is not None, name
    return column


def _fixed(kind: Kind, layout: Layout) -> tuple[dict[str, Any], list[Problem]]:
    """What is the same for all rows. It is read like a cell, and wrong in every row if it is wrong."""
    readers = _readers(layout)
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, text in layout.values.items():
        if text:
            try:
                _put(found, name, readers[_column(kind, name).form](text))
            except DomainError as error:
                problems.append(_problem(error, name, text, 0))
    return found, problems


def _read(row: Row, cells: list[_Cell], fixed: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    found: dict[str, Any] = dict(fixed)
    problems: list[Problem] = []
    for name, place, read in cells:
        cell = row.cells[place]
        if not cell or cell.isspace():
            continue
        try:
            value = read(cell)
        except DomainError as error:
            problems.append(_problem(error, name, cell, row.line))
            continue
        if name.startswith(PROPERTY):
            _put(found, name, value)
        else:
            found[name] = value
    return found, problems


def _put(found: dict[str, Any], name: str, value: Any) -> None:
    if name.startswith(PROPERTY):
        shown = name.removeprefix(PROPERTY).removesuffix(FIGURE)
        found["properties"] = {**found.get("properties", {}), shown: value}
    else:
        found[name] = value


def _problem(error: DomainError, name: str, cell: str, line: int) -> Problem:
    return Problem(error.code, error.message, name, cell[:40], error.problem.remedy, line=line)


def _at_line(problem: Problem, line: int) -> Problem:
    return Problem(problem.code, problem.message, problem.field, problem.value, problem.remedy, line=line)


def _made_id(found: dict[str, Any]) -> str:
    """The same row always gives the same id, so that it is known again when the file comes a second time."""
    content = "\x1f".join(f"{name}={found[name]}" for name in sorted(found))
    return "row-" + hashlib.sha256(content.encode()).hexdigest()[:24]
