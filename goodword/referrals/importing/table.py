"""CSV text as a header and rows, each with the line it starts on. A file that is not clean is refused, not repaired."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from goodword.domain.errors import Problem
from goodword.referrals.importing.errors import BadHeader, BrokenQuotes, EmptyFile, WrongDelimiter

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
CELL_MAX: Final = 100_000
COLUMNS_MAX: Final = 200


class Row(NamedTuple):
    """The cells of one row and the line it starts on; `problem` when it does not fit the header."""

    line: int
    cells: list[str]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, in order."""

    names: tuple[str, ...]


def likely_delimiter(file: BinaryIO) -> str:
    """The character that parts the first line into the most columns: a proposal for the person, never a decision."""
    first = _text(file).readline()
    return max(DELIMITERS, key=first.count)


def read_header(file: BinaryIO, delimiter: str) -> Header:
    """The header, checked: parted by this delimiter, every column named, no name twice."""
    first = next(_rows(file, delimiter), None)
    if first is None:
        raise EmptyFile("the file is empty", remedy="choose a file with a header and at least one row")
    names = [name.strip() for name in first.cells]
    _refuse_wrong_delimiter(first.cells, delimiter)
    _refuse_bad_names(names)
    return Header(tuple(names))


def read_rows(file: BinaryIO, delimiter: str, header: Header) -> Iterator[Row]:
    """The rows below the header. Blank lines are passed over; a row of another length carries a problem."""
    width = len(header.names)
    rows = _rows(file, delimiter)
    next(rows, None)
    for row in rows:
        if not any(row.cells):
            continue
        yield row if len(row.cells) == width else row._replace(problem=_ragged(row, width))


def _text(file: BinaryIO) -> io.TextIOWrapper:
    file.seek(0)
    return _Unclosed(file, encoding="utf-8-sig", newline="")


class _Unclosed(io.TextIOWrapper):
    """A text view that leaves the file open when it goes."""

    def __del__(self) -> None:
        if not self.closed:
            self.detach()


def _rows(file: BinaryIO, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(CELL_MAX)
    reader = csv.reader(_text(file), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(str(error), line) from None
        yield Row(line, cells)


def _broken(why: str, line: int) -> BrokenQuotes:
    if "field larger" in why or "unexpected end" in why:
        return BrokenQuotes(
            f"line {line}: a quote opens in this row and does not close",
            remedy='close it, or double it ("") where it is meant as a character',
            line=line,
        )
    return BrokenQuotes(
        f"line {line}: a quote closes in the middle of a cell",
        remedy='double quotes ("") inside a quoted cell',
        line=line,
    )


def _ragged(row: Row, width: int) -> Problem:
    return Problem(
        "ragged_row",
        f"the row has {len(row.cells)} cells, the header has {width}",
        value=str(len(row.cells)),
        remedy="quote cells that hold the delimiter, and give every row all columns",
        line=row.line,
    )


def _refuse_wrong_delimiter(cells: list[str], delimiter: str) -> None:
    if len(cells) > 1:
        return
    better = max(DELIMITERS, key=cells[0].count)
    if better != delimiter and cells[0].count(better):
        raise WrongDelimiter(
            f"with {DELIMITERS[delimiter]} as delimiter the header has one column; "
            f"with {DELIMITERS[better]} it has {cells[0].count(better) + 1}",
            remedy=f"choose {DELIMITERS[better]} as delimiter",
            line=1,
        )


def _refuse_bad_names(names: list[str]) -> None:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    unnamed = [str(i + 1) for i, name in enumerate(names) if not name]
    if len(names) > COLUMNS_MAX:
        raise BadHeader(f"{len(names)} columns are too many", remedy=f"at most {COLUMNS_MAX}", line=1)
    if twice:
        raise BadHeader(f"the header names {', '.join(twice)} twice", remedy="give each column its own name", line=1)
    if unnamed:
        raise BadHeader(
            f"column {', '.join(unnamed)} has no name in the header", remedy="name it, or leave the column out", line=1
        )
