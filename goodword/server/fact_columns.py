"""Folders of Parquet files prepared for settlement column by column, if everything in them is plainly right. If not,
`fact_files` reads them again row by row, and says what is wrong.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Self

import pyarrow as pa
import pyarrow.parquet as pq

from goodword.domain.errors import InvalidInput
from goodword.domain.settlement import FACTS, FactReader, FactSet, Instant, Program
from goodword.domain.settlement.rules.columns import IN_COLUMNS, OF_FEW_KINDS, prepare_columns
from goodword.domain.settlement.rules.prepared import Prepared
from goodword.server.fact_files import read_parquet

_TEXT_LIMIT = 2**31 - 1
"""Bytes that an array of texts with 32-bit offsets may hold."""


def prepare_folders(
    program: Program, paths: Sequence[str], as_of: Instant | None, tell: Callable[[int], None] = lambda _: None
) -> Prepared | None:
    """The facts of folders of Parquet files, prepared; None when they are to be read row by row.

    `tell` is told how many more rows were read: of a file whose columns are read one by one, a part with each.
    """
    count = Count(tell)
    try:
        files = files_of(paths)
        if files is None:
            return None
        few = _few(program, files)
        sources = {kind: Columns(files[kind], count) for kind in IN_COLUMNS if files[kind]}
    except (OSError, ValueError, InvalidInput):  # Arrow's own errors are among these
        return None
    prepared = prepare_columns(program, few, sources, as_of)
    count.end(0 if prepared is None else sum(source.rows for source in sources.values()))
    return prepared


class Count:
    """Tells how many more rows were read."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell, self._told, self._lock = tell, 0, Lock()

    def more(self, rows: int) -> None:
        """So many more; from any thread."""
        with self._lock:
            self._told += rows
            self._tell(rows)

    def end(self, rows: int) -> None:
        """So many in all."""
        self.more(rows - self._told)


def files_of(paths: Sequence[str]) -> dict[str, list[Path]] | None:
    """The files of each fact in these folders; None when there are others."""
    found: dict[str, list[Path]] = {kind: [] for kind in FACTS}
    for folder in map(Path, paths):
        if not folder.is_dir() or any(folder.glob("*.jsonl")):
            return None
        for path in sorted(folder.glob("*.parquet")):
            if path.stem not in found:
                return None
            found[path.stem] += sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    return found if any(found.values()) else None


def _few(program: Program, files: dict[str, list[Path]]) -> FactSet:
    """Records of the facts that do not come in columns. Raises InvalidInput when any is wrong."""
    reader = FactReader(program.currency, program.timezone, program.terms)
    for kind in FACTS:
        for path in files[kind] if kind not in IN_COLUMNS else ():
            read_parquet(reader, kind, path)
    return reader.finish()


class _File(NamedTuple):
    """A Parquet file, opened for each column anew: an open one must not be read by two threads at a time."""

    path: Path
    of_few_kinds: list[str]
    metadata: pq.FileMetaData
    schema: pa.Schema

    @classmethod
    def of(cls, path: Path) -> Self:
        few = _of_few_kinds(path)
        with pq.ParquetFile(path, read_dictionary=few) as file:
            return cls(path, few, file.metadata, file.schema_arrow)

    def chunks(self, column: str) -> list[pa.Array]:
        """One column."""
        with pq.ParquetFile(self.path, metadata=self.metadata, read_dictionary=self.of_few_kinds) as file:
            chunks: list[pa.Array] = file.read(columns=[column]).column(column).chunks
            return chunks


class Columns:
    """The columns of some Parquet files, read when asked for; two threads may ask at a time."""

    def __init__(self, paths: Sequence[Path], count: Count) -> None:
        self._count = count
        self._files = [_File.of(path) for path in paths]
        self.schema: pa.Schema = self._files[0].schema
        self.rows: int = sum(file.metadata.num_rows for file in self._files)
        if not all(file.schema.equals(self.schema) for file in self._files):
            raise ValueError("the files have different columns")
        self._left, self._lock = set(self.schema.names), Lock()

    def column(self, name: str) -> pa.Array:
        """One column of all files."""
        pa.default_memory_pool().release_unused()  # or the columns read before would stay in memory, one and all
        if self._is_first(name):
            self._count.more(self.rows // len(self.schema))
        kind = self.schema.field(name).type
        chunks = [chunk for file in self._files for chunk in file.chunks(name)]
        if pa.types.is_dictionary(kind):
            chunks = pa.chunked_array(chunks, kind).unify_dictionaries().chunks
        if pa.types.is_string(kind) and sum(chunk.nbytes for chunk in chunks) > _TEXT_LIMIT:
            chunks = [chunk.cast(pa.large_string()) for chunk in chunks]
        if len(chunks) == 1:
            return chunks[0]
        return pa.concat_arrays(chunks) if chunks else pa.array([], kind)

    def _is_first(self, name: str) -> bool:
        with self._lock:
            first = name in self._left
            self._left.discard(name)
            return first


def _of_few_kinds(path: Path) -> list[str]:
    fields = (field for field in pq.read_schema(path) if field.name in OF_FEW_KINDS)
    return [field.name for field in fields if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
