"""Lines written to files as they come, a chunk at a time: JSON lines, CSV or Parquet, whole or not at all. A writer
first forms a chunk (what it will write of it) and then writes it, so that two threads can share the work.
"""

import csv
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from goodword.domain.settlement import Outcome, line_to_json, outcome_to_json
from goodword.domain.settlement.rules.publish import OUTCOME_SCHEMA, SCHEMA, Chunk

SUFFIXES = (".jsonl", ".csv", ".parquet")
FOLDER_FILES = ("lines.parquet", "outcomes.parquet")
_OUTCOMES_AT_ONCE = 1 << 19
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_RISKY = ("=", "+", "-", "@", "\t", "\r")


class Outcomes(Protocol):
    """Where the outcomes of conversions without a line come from."""

    def __len__(self) -> int:
        """How many there are."""

    def objects(self, lo: int, hi: int) -> list[Outcome]:
        """Some of them."""

    def table(self, lo: int, hi: int) -> pa.Table:
        """Some of them, as an Arrow table."""


class LineWriter(Protocol):
    """Writes lines, then outcomes. `place` puts what was written where it belongs; without it nothing stays."""

    def form(self, chunk: Chunk | pa.Table) -> Any:
        """What will be written of some lines."""

    def write(self, formed: Any) -> int:
        """Write it; the number of lines it was."""

    def write_outcomes(self, outcomes: Outcomes) -> None:
        """Write the outcomes, after the last line."""

    def place(self) -> None:
        """Put everything in place."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """Remove what was not placed."""


def writer_to(out: str | None) -> LineWriter:
    """The writer for a path; for None, JSON lines to standard output."""
    if out is None:
        return _JsonLines(None)
    path = Path(out)
    if is_folder(out):
        return _Parquet(*(path / name for name in FOLDER_FILES), folder=path)
    if path.suffix == ".jsonl":
        return _JsonLines(path)
    return (_Csv if path.suffix == ".csv" else _Parquet)(path, path.with_name(f"{path.stem}.outcomes{path.suffix}"))


def is_folder(out: str) -> bool:
    """Whether lines are to go into a folder: one that is there, or a path that ends as folders do."""
    return out.endswith("/") or Path(out).is_dir()


class _Files:
    """Files that are written beside their places."""

    def __init__(self, *paths: Path, folder: Path | None = None) -> None:
        self._paths, self._folder = paths, folder
        self._files: list[BinaryIO] = []

    def __enter__(self) -> Self:
        if self._folder is not None:
            self._folder.mkdir(exist_ok=True)
        for path in self._paths:
            self._files.append(_beside(path))
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()
            Path(file.name).unlink(missing_ok=True)

    def place(self) -> None:
        """Put all files in place, now that all are whole."""
        for file in self._files:
            file.flush()
            os.fsync(file.fileno())
            file.close()
            Path(file.name).chmod(0o644)
        for file, path in zip(self._files, self._paths, strict=True):
            Path(file.name).replace(path)


def _beside(path: Path) -> BinaryIO:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    return Path(name).open("wb")


class _JsonLines(_Files):
    """Every line, then every outcome, one JSON object each; without a path, on standard output when all is well."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(*([] if path is None else [path]))
        self._spool = path is None

    def __enter__(self) -> Self:
        if self._spool:
            self._files.append(_beside(Path(tempfile.gettempdir()) / "goodword-lines.jsonl"))
        return super().__enter__()

    def form(self, chunk: Chunk | pa.Table) -> tuple[int, bytes]:
        return len(chunk), _json_lines(_rows(chunk))

    def write(self, formed: tuple[int, bytes]) -> int:
        self._files[0].write(formed[1])
        return formed[0]

    def write_outcomes(self, outcomes: Outcomes) -> None:
        for lo, hi in _slices(outcomes):
            self._files[0].write(_json_lines(map(outcome_to_json, outcomes.objects(lo, hi))))

    def place(self) -> None:
        if not self._spool:
            return super().place()
        self._files[0].flush()
        sys.stdout.flush()
        with Path(self._files[0].name).open(encoding="utf-8", newline="") as written:
            shutil.copyfileobj(written, sys.stdout)
        return None


class _Csv(_Files):
    """Lines and outcomes as tables of text."""

    def __enter__(self) -> Self:
        super().__enter__()
        for file, schema in zip(self._files, (SCHEMA, OUTCOME_SCHEMA), strict=True):
            file.write(_csv_rows([schema.names]))
        return self

    def form(self, chunk: Chunk | pa.Table) -> tuple[int, bytes]:
        return len(chunk), _csv_rows([_cell(name, row[name]) for name in SCHEMA.names] for row in _rows(chunk))

    def write(self, formed: tuple[int, bytes]) -> int:
        self._files[0].write(formed[1])
        return formed[0]

    def write_outcomes(self, outcomes: Outcomes) -> None:
        for lo, hi in _slices(outcomes):
            rows = map(outcome_to_json, outcomes.objects(lo, hi))
            self._files[1].write(_csv_rows([_cell(name, value) for name, value in row.items()] for row in rows))


class _Parquet(_Files):
    """Lines and outcomes in columns."""

    def __init__(self, *paths: Path, folder: Path | None = None) -> None:
        super().__init__(*paths, folder=folder)
        self._lines: pq.ParquetWriter | None = None

    def __exit__(self, *how: object) -> None:
        try:
            if self._lines is not None:
                self._lines.close()
        finally:
            super().__exit__(*how)

    def form(self, chunk: Chunk | pa.Table) -> pa.Table:
        return chunk if isinstance(chunk, pa.Table) else chunk.table()

    def write(self, formed: pa.Table) -> int:
        self._of(formed.schema).write_table(formed)
        return len(formed)

    def _of(self, schema: pa.Schema) -> pq.ParquetWriter:
        """The writer of lines, which are the same in a file whether or not words were numbers before."""
        if self._lines is None:
            self._lines = pq.ParquetWriter(self._files[0], schema, **HOW)
        return self._lines

    def write_outcomes(self, outcomes: Outcomes) -> None:
        with pq.ParquetWriter(self._files[1], OUTCOME_SCHEMA, compression="snappy") as writer:
            for table in _ahead(lambda rows: outcomes.table(*rows), _slices(outcomes)):
                writer.write_table(table)

    def place(self) -> None:
        self._of(SCHEMA).close()
        super().place()


_PACKED = (
    *("conversion", "partner", "rule", "terms", "kind", "currency", "share_ppm", "basis", "rate", "amount"),
    *("matures_on", "state", "reasons.list.element", "steps.list.element.do", "steps.list.element.from"),
    "steps.list.element.is",
)
HOW: dict[str, Any] = {
    "compression": dict.fromkeys(_PACKED, "snappy") | {"line": "none"},  # nothing makes random digits shorter
    "use_dictionary": [
        *("rule", "terms", "kind", "currency", "matures_on", "state"),  # numbers already
        *("rate", "reasons.list.element", "steps.list.element.do"),
    ],
    "write_statistics": ["matures_on"],
    "write_batch_size": 1 << 16,
    "store_schema": False,  # what stands in dictionaries here is plain text for readers
}
"""What is written in few words again and again stands in dictionaries; the sums of steps rarely are the same."""


def _rows(chunk: Chunk | pa.Table) -> Iterable[dict[str, Any]]:
    """Lines as files carry them."""
    return chunk.to_pylist() if isinstance(chunk, pa.Table) else map(line_to_json, chunk.lines())


def _ahead(work: Callable[[_Given], _Made], given: Iterable[_Given]) -> Iterator[_Made]:
    """What work makes of each, the next one being made while one is used."""
    with ThreadPoolExecutor(1) as pool:
        before: Future[_Made] | None = None
        for one in given:
            making = pool.submit(work, one)
            if before is not None:
                yield before.result()
            before = making
        if before is not None:
            yield before.result()


def _slices(outcomes: Outcomes) -> Iterator[tuple[int, int]]:
    count = len(outcomes)
    return ((lo, min(lo + _OUTCOMES_AT_ONCE, count)) for lo in range(0, count, _OUTCOMES_AT_ONCE))


def _json_lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join([json.dumps(row, ensure_ascii=False) + "\n" for row in rows]).encode()


def _csv_rows(rows: Iterator[Sequence[Any]] | Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _cell(name: str, value: Any) -> Any:
    """A cell: reasons in one, steps as JSON, and no text that a spreadsheet would take for a formula."""
    if name == "steps":
        return json.dumps(value, ensure_ascii=False)
    if name == "reasons":
        return " ".join(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value
