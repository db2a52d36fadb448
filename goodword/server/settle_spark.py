"""`goodword settle --engine spark`: parts of a program that know nothing of each other are settled by the workers of an
Apache Spark cluster, each by the same function as on one machine, and their lines are merged into one order.

Workers need this package and the folder for the parts (`--work`), which all of them share. A worker that dies takes
nothing with it: its parts are settled again elsewhere.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from goodword.domain.money import OutOfRange
from goodword.domain.settlement import Instant, Notice, Outcome, Total, read_program
from goodword.server.errors import OperatorError
from goodword.server.fact_columns import files_of, prepare_folders
from goodword.server.line_files import HOW, LineWriter
from goodword.server.settle_progress import Progress
from goodword.server.settle_run import Settled
from goodword.server.spark_parts import NotParted, part_facts

Writing = Callable[[], AbstractContextManager[LineWriter | None]]
_ROWS_AT_ONCE = 1 << 15
_PARTS_PER_CORE = 3
_LINES, _OUTCOMES = "lines.parquet", "outcomes.parquet"


class Job(NamedTuple):
    """What a worker is told about one part."""

    document: Any
    folder: str
    as_of: Instant


class Done(NamedTuple):
    """What came of one part; the lines themselves are in its folder."""

    lines: int
    totals: list[tuple[Any, ...]]
    notices: list[tuple[str, ...]]


class Asked(NamedTuple):
    """What is to be settled: a program's checked document and paths of facts."""

    document: Any
    facts: Sequence[str]
    as_of: Instant | None


class Cluster(NamedTuple):
    """Where to settle: the master's address, and a folder that all workers see."""

    master: str
    work: str | None = None


def settle_on_spark(asked: Asked, writing: Writing, progress: Progress, cluster: Cluster) -> Settled | None:
    """Settle folders of Parquet files on a cluster; None when they are to be settled here, by what reads row by row."""
    try:
        files = files_of(asked.facts)
        until = _latest(files) if files is not None and asked.as_of is None else asked.as_of
    except (OSError, ValueError):
        return None
    if files is None or until is None:
        return None
    session = _session(cluster.master)
    home = Path(tempfile.mkdtemp(prefix="goodword-settle-", dir=cluster.work))
    try:
        most = _PARTS_PER_CORE * session.sparkContext.defaultParallelism
        parts = part_facts(read_program(asked.document), files, home, most)
        progress.read(sum(pq.ParquetFile(path).metadata.num_rows for paths in files.values() for path in paths))
        jobs = [Job(asked.document, str(folder), until) for folder in parts.folders]
        done = session.sparkContext.parallelize(jobs, len(jobs)).map(settle_part).collect()
        if None in done:
            return None
        with writing() as writer:
            return _together(parts.folders, done, writer, progress)
    except (NotParted, pa.ArrowException, KeyError):
        return None
    finally:
        session.stop()
        shutil.rmtree(home, ignore_errors=True)


def _session(master: str) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        message = "settling on Spark needs the package pyspark: install goodword[spark]"
        raise OperatorError(message) from None
    try:
        session = (
            SparkSession.builder.master(master)
            .appName("goodword settle")
            .config("spark.ui.enabled", "false")
            .config("spark.task.maxFailures", "8")
            .config("spark.log.level", "ERROR")
            .getOrCreate()
        )
    except Exception as error:  # noqa: BLE001 - Spark raises whatever Java threw
        raise OperatorError(f"no Spark cluster answers at {master}: {str(error).splitlines()[0][:200]}") from None
    return session


def _latest(files: Mapping[str, Sequence[Path]]) -> Instant | None:
    """The latest `at` of any fact."""
    from goodword.domain.settlement.rules.column_texts import NotPlain, checked_instants

    latest = []
    try:
        for paths in files.values():
            for path in paths:
                file = pq.ParquetFile(path)
                if "at" in file.schema_arrow.names:
                    batches = file.iter_batches(columns=["at"], batch_size=1 << 20)
                    latest += [int(checked_instants(batch.column(0)).max()) for batch in batches if len(batch)]
    except NotPlain:
        return None
    return max(latest, default=None)


# On a worker.


def settle_part(job: Job) -> Done | None:
    """Settle one part into its folder; None when something in it is not plainly right. May run again, or twice."""
    from goodword.domain.settlement.rules.publish import OUTCOME_SCHEMA, OutcomeRows, Publisher, Totals
    from goodword.domain.settlement.settle import settle_piecemeal

    folder = Path(job.folder)
    prepared = prepare_folders(read_program(job.document), [job.folder], job.as_of)
    if prepared is None:
        return None
    publisher = Publisher(prepared)
    totals, ats = Totals(publisher), prepared.facts.conversions["at"]
    with _Part(folder / _LINES) as lines:

        def take(tables: Mapping[str, Any]) -> None:
            chunk = publisher.publish(tables)
            chunk.add_to(totals)
            lines.write(chunk.table().append_column("at", pa.array(ats[tables["lines"]["conversion"]])))

        try:
            codes = settle_piecemeal(prepared, take)
        except OutOfRange:
            return None
    outcomes = OutcomeRows(publisher, codes)
    with _Part(folder / _OUTCOMES) as rest:
        table = outcomes.table(0, len(outcomes)) if len(outcomes) else OUTCOME_SCHEMA.empty_table()
        rest.write(table.append_column("at", pa.array(ats[np.flatnonzero(codes)])))
    return Done(lines.rows, [tuple(one) for one in totals.totals()], [tuple(one) for one in prepared.notices])


class _Part:
    """A Parquet file that appears under its name when it is whole, also when two write it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        if self._writer is None:
            how = HOW if "steps" in table.schema.names else {"compression": "snappy"}
            self._writer = pq.ParquetWriter(self._beside, table.schema, **how)
        self._writer.write_table(table)
        self.rows += len(table)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
            if kind is None:
                self._beside.replace(self._path)
            self._beside.unlink(missing_ok=True)


# Together again.


def _together(folders: Sequence[Path], done: Sequence[Done], writer: LineWriter | None, progress: Progress) -> Settled:
    """Everything of all parts in the order that one machine gives it."""
    outcomes = _Outcomes([folder / _OUTCOMES for folder in folders])
    lines = [folder / _LINES for folder in folders if (folder / _LINES).exists()]
    conversions = _conversions(lines) + len(outcomes)
    progress.prepared(conversions)
    if writer is not None:
        for table in merged(lines):
            progress.written(writer.write(writer.form(table)))
        writer.write_outcomes(outcomes)
    totals = sorted((Total(*one) for part in done for one in part.totals), key=lambda one: one.partner)
    notices = sorted(Notice(*one) for part in done for one in part.notices)
    return Settled(totals, sum(part.lines for part in done), len(outcomes), notices)


def _conversions(paths: Sequence[Path]) -> int:
    return sum(len(pq.read_table(path, columns=["conversion"]).column(0).unique()) for path in paths)


def merged(paths: Sequence[Path], at_once: int = _ROWS_AT_ONCE) -> Iterator[pa.Table]:
    """The rows of files that each are in order of (at, conversion), in one order; few of them in memory at a time."""
    keys = [pq.read_table(path, columns=["at", "conversion"]) for path in paths]
    if not keys:
        return
    part_of = np.repeat(np.arange(len(keys), dtype=np.int32), [len(key) for key in keys])
    order = pc.sort_indices(pa.concat_tables(keys), [("at", "ascending"), ("conversion", "ascending")])
    part_of = part_of[order.to_numpy()]
    del keys, order
    readers = [_Reader(path) for path in paths]
    for lo in range(0, len(part_of), at_once):
        which = part_of[lo : lo + at_once]
        counts = np.bincount(which, minlength=len(readers))
        rows = pa.concat_tables([reader.take(int(n)) for reader, n in zip(readers, counts, strict=True) if n])
        place = np.empty(len(which), np.int64)
        place[np.argsort(which, kind="stable")] = np.arange(len(which))
        yield rows.take(pa.array(place)).combine_chunks()


class _Reader:
    """The rows of a file, so many at a time."""

    def __init__(self, path: Path) -> None:
        file = pq.ParquetFile(path)
        names = [name for name in file.schema_arrow.names if name != "at"]
        self._batches = file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=names)
        self._left: pa.Table | None = None

    def take(self, count: int) -> pa.Table:
        """The next rows."""
        parts = []
        while count:
            if self._left is None or not len(self._left):
                self._left = pa.Table.from_batches([next(self._batches)])
            part = self._left.slice(0, count)
            self._left = self._left.slice(len(part))
            count -= len(part)
            parts.append(part)
        return pa.concat_tables(parts)


class _Outcomes:
    """The outcomes of all parts, in one order."""

    def __init__(self, paths: Sequence[Path]) -> None:
        tables = list(merged(paths, 1 << 20))
        self._table = pa.concat_tables(tables) if tables else None

    def __len__(self) -> int:
        return 0 if self._table is None else len(self._table)

    def objects(self, lo: int, hi: int) -> list[Outcome]:
        """Some of them."""
        return [Outcome(**row) for row in self.table(lo, hi).to_pylist()]

    def table(self, lo: int, hi: int) -> pa.Table:
        """Some of them, as an Arrow table."""
        assert self._table is not None
        return self._table.slice(lo, hi - lo).combine_chunks()
