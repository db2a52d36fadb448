"""Facts read from files: JSON lines, standard input, folders of Parquet files named by fact or of JSON lines. Opens and
decodes; what a fact means, and what is wrong with it, `domain.settlement` says.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from goodword.domain.errors import Problem
from goodword.domain.settlement import FACTS, FactReader
from goodword.domain.settlement.strict_json import BadJson, read_json

_BOM = b"\xef\xbb\xbf"
_BATCH_ROWS = 10_000


def read_fact_files(reader: FactReader, paths: Iterable[str], tell: Callable[[int], None] = lambda _: None) -> None:
    """Feed every fact of these files to the reader, which notes what is wrong; `tell` is told how many rows came."""
    for path in paths:
        if reader.problems.full:
            return
        try:
            if path == "-":
                _read_lines(reader, "standard input", sys.stdin.buffer, tell)
            elif Path(path).is_dir():
                _read_folder(reader, Path(path), tell)
            else:
                with Path(path).open("rb") as file:
                    _read_lines(reader, path, file, tell)
        except OSError as error:
            reader.problems.take(unreadable(path, error))


def unreadable(path: str, error: OSError) -> Problem:
    """The problem of a file that cannot be opened."""
    message = f"cannot be read: {error.strerror or error}"
    return Problem("unreadable_file", message, file=path, remedy="check the path and the permissions")


def decoded(raw: bytes, *, file: str, line: int) -> str | Problem:
    """The text of UTF-8 bytes, or the problem with them."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"byte {error.start + 1} of the line (0x{raw[error.start]:02x}) is not UTF-8"
        remedy = "save the file as UTF-8"
        return Problem(
            "encoding", where, value=repr(raw[error.start : error.start + 8]), remedy=remedy, file=file, line=line
        )


def _read_lines(reader: FactReader, name: str, file: BinaryIO, tell: Callable[[int], None]) -> None:
    number = 0
    for number, raw in enumerate(file, start=1):
        if reader.problems.full:
            return
        if number % _BATCH_ROWS == 0:
            tell(_BATCH_ROWS)
        text = decoded(raw.removeprefix(_BOM) if number == 1 else raw, file=name, line=number)
        if isinstance(text, Problem):
            reader.problems.take(text)
            continue
        if not text.strip():
            continue
        try:
            given = read_json(text)
        except BadJson as error:
            found = error.problem
            reader.problems.take(Problem(error.code, error.message, "", found.value, found.remedy, name, number))
            continue
        reader.add(given, file=name, line=number)
    tell(number % _BATCH_ROWS)


def _read_folder(reader: FactReader, folder: Path, tell: Callable[[int], None]) -> None:
    """Every Parquet file, named by fact, and every file of JSON lines in the folder."""
    found, lines = sorted(folder.glob("*.parquet")), sorted(folder.glob("*.jsonl"))
    if not found and not lines:
        remedy = f"name files by fact: {', '.join(f'{kind}.parquet' for kind in FACTS[:3])}, ..."
        message = "holds no .parquet file and no .jsonl file"
        reader.problems.take(Problem("no_facts", message, file=str(folder), remedy=remedy))
    for path in lines:
        with path.open("rb") as file:
            _read_lines(reader, str(path), file, tell)
    for path in found:
        if path.stem not in FACTS:
            message = f"{path.stem!r} is no fact"
            remedy = f"name the file by one of: {', '.join(FACTS)}"
            reader.problems.take(Problem("unknown_value", message, "fact", path.stem, remedy, str(path)))
            continue
        for part in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
            read_parquet(reader, path.stem, part, tell)


def read_parquet(reader: FactReader, kind: str, path: Path, tell: Callable[[int], None] = lambda _: None) -> None:
    """Feed every row of a Parquet file of one kind of fact to the reader."""
    number = 0
    try:
        for row in plain_rows(path):
            number += 1
            reader.add(row, kind=kind, file=str(path), line=number)
            if number % _BATCH_ROWS == 0:
                tell(_BATCH_ROWS)
                if reader.problems.full:
                    return
        tell(number % _BATCH_ROWS)
    except (ValueError, TypeError) as error:  # pyarrow's own errors are ValueErrors
        message = f"is no Parquet file we can read: {str(error)[:200]}"
        remedy = "write it again with a Parquet library"
        reader.problems.take(Problem("invalid_parquet", message, file=str(path), line=number, remedy=remedy))


def plain_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, as their JSON objects would be."""
    for batch in pq.ParquetFile(path).iter_batches(batch_size=_BATCH_ROWS):
        yield from map(_plain_row, batch.to_pylist())


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row as its JSON object would be: nulls left out, instants and decimals as text."""
    return {
        name: _properties(value) if name == "properties" else _plain(value)
        for name, value in row.items()
        if value is not None
    }


def _properties(value: Any) -> Any:
    """A struct or a map as an object."""
    if isinstance(value, list):
        value = dict(value)
    return {name: part for name, part in value.items() if part is not None} if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value
