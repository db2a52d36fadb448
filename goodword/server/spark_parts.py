"""Facts parted so that no part knows anything of another: partners that share a customer, a recruiter or a person's
decision stay together, with all their customers and conversions. A budget of the whole program keeps all in one part.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from goodword.domain.settlement import Program

Files = Mapping[str, Sequence[Path]]
Array = NDArray[Any]
_ROWS_AT_ONCE = 1 << 18
_BY_SALE = ("refund", "cancel")
_UNKNOWN = 0
"""The part of what names a conversion that nobody knows."""


class NotParted(Exception):
    """Facts that are not plainly right, or twins: who reads them one by one says what is wrong, or drops the twins."""


class Parts(NamedTuple):
    """Folders of Parquet files, one for each part."""

    folders: list[Path]
    groups: int
    """How many connected groups of partners and customers there are."""


def part_facts(program: Program, files: Files, home: Path, most: int) -> Parts:
    """Write the facts into folders of `home`, at most so many. Raises NotParted."""
    people = _People(program, files)
    part_of, groups, count = people.parts(most)
    folders = [home / f"part-{part:05}" for part in range(count)]
    for folder in folders:
        folder.mkdir(parents=True)
    for kind, paths in files.items():
        if paths:
            _write(kind, paths, folders, people.rows(kind, part_of))
    return Parts(folders, groups)


class _People:
    """Who is connected with whom: customers, visitors and partners as nodes, facts as the edges between them."""

    def __init__(self, program: Program, files: Files) -> None:
        self._program, self._files = program, files
        self._columns: dict[tuple[str, str], pa.Array] = {}
        self._conversions = pa.concat_arrays([self._texts("sale", "id"), self._texts("event", "id")])
        self._whose = pa.concat_arrays([self._texts("sale", "customer"), self._texts("event", "customer")])
        self._names = {
            "partner": self._distinct([("partner", "id"), ("partner", "parent"), ("agreement", "partner"),
                                       ("code", "partner"), ("touch", "partner")], self._credited("partner")),
            "customer": self._distinct([("customer", "id"), ("sale", "customer"), ("event", "customer"),
                                        ("touch", "customer"), ("credit", "customer")]),
            "visitor": self._distinct([("touch", "visitor")], self._visitors()[1]),
        }  # fmt: skip
        bases = np.cumsum([0, *(len(names) for names in self._names.values())])
        self._base = dict(zip(self._names, bases.tolist(), strict=False))
        self._count = int(bases[-1])
        for kind in ("sale", "event", *_BY_SALE, "touch", "customer", "partner", "agreement", "code", "credit"):
            self._no_twins(self._texts(kind, "id"))
        self._no_twins(self._conversions)

    def parts(self, most: int) -> tuple[Array, int, int]:
        """The part of each node, how many groups there are, and how many parts."""
        group = _connected(self._count, self._edges())
        if self._program.budget is not None:
            group[:] = 0
        conversions = np.bincount(group[self._nodes("customer", self._whose)], minlength=max(self._count, 1))
        roots = np.unique(group)
        count = max(1, min(most, len(roots)))
        part_of_root, load = np.zeros(max(self._count, 1), np.int64), np.zeros(count, np.int64)
        heavy = roots[np.argsort(-conversions[roots], kind="stable")]
        for root in heavy[: 64 * count].tolist():  # the heaviest go where there is least
            part = int(load.argmin())
            part_of_root[root] = part
            load[part] += conversions[root]
        rest = heavy[64 * count :]
        part_of_root[rest] = np.arange(len(rest)) % count
        return part_of_root[group], len(roots), count

    def rows(self, kind: str, part_of: Array) -> Array | None:
        """The part of each row of a kind of fact; none: it goes into all."""
        if kind == "rate":
            return None
        if kind in _BY_SALE:
            return self._by_conversion(self._texts(kind, "sale"), part_of)
        if kind == "credit":
            by_customer, named = part_of[self._nodes("customer", self._texts(kind, "customer"))], "customer"
            named_rows = np.asarray(self._texts(kind, named).is_valid())
            return np.where(named_rows, by_customer, self._by_conversion(self._texts(kind, "conversion"), part_of))
        if kind == "touch":
            customers, visitors = self._texts(kind, "customer"), self._texts(kind, "visitor")
            return part_of[np.where(np.asarray(customers.is_valid()), self._nodes("customer", customers),
                                    self._nodes("visitor", visitors))]  # fmt: skip
        node, column = {
            "partner": ("partner", "id"), "agreement": ("partner", "partner"), "code": ("partner", "partner"),
            "customer": ("customer", "id"), "sale": ("customer", "customer"), "event": ("customer", "customer"),
        }[kind]  # fmt: skip
        return part_of[self._nodes(node, self._texts(kind, column))]

    def _by_conversion(self, texts: pa.Array, part_of: Array) -> Array:
        rows = _places(texts, self._conversions)
        nodes = self._nodes("customer", self._whose)
        return np.where(rows >= 0, part_of[nodes[rows]] if len(nodes) else 0, _UNKNOWN)

    def _edges(self) -> Iterator[tuple[Array, Array]]:
        touch = [self._nodes(node, self._texts("touch", node)) for node in ("partner", "customer", "visitor")]
        yield touch[0], touch[1]
        yield touch[0], touch[2]
        yield (
            self._nodes("partner", self._texts("partner", "id")),
            self._nodes("partner", self._texts("partner", "parent")),
        )
        counts, visitors = self._visitors()
        yield (
            np.repeat(self._nodes("customer", self._texts("customer", "id")), counts),
            self._nodes("visitor", visitors),
        )
        code = _places(self._texts("sale", "code"), self._texts("code", "id"))
        partners = np.append(self._nodes("partner", self._texts("code", "partner")), -1)
        yield self._nodes("customer", self._texts("sale", "customer")), partners[code]
        yield from self._credit_edges()

    def _credit_edges(self) -> Iterator[tuple[Array, Array]]:
        """A person's decision ties a customer, or the customer of a conversion, to partners."""
        rows = _places(self._texts("credit", "conversion"), self._conversions)
        customers = np.append(self._nodes("customer", self._whose), -1)[rows]
        own = self._nodes("customer", self._texts("credit", "customer"))
        counts, partners = self._credited_counts(), self._nodes("partner", self._credited("partner"))
        yield np.repeat(np.where(own >= 0, own, customers), counts), partners

    def _nodes(self, node: str, texts: pa.Array) -> Array:
        """The node of each text; -1 where there is none."""
        found = _places(texts, self._names[node])
        return np.where(found >= 0, found + self._base[node], -1)

    def _texts(self, kind: str, name: str) -> pa.Array:
        if (kind, name) not in self._columns:
            self._columns[kind, name] = _column(self._files.get(kind, ()), name).cast(pa.large_string())
        return self._columns[kind, name]

    def _distinct(self, columns: Sequence[tuple[str, str]], *more: pa.Array) -> pa.Array:
        found = [self._texts(*column).unique() for column in columns]
        return pa.concat_arrays([*found, *more]).unique().drop_null()

    def _visitors(self) -> tuple[Array, pa.Array]:
        return _lists(_column(self._files.get("customer", ()), "visitors"))

    def _credited_counts(self) -> Array:
        return _lists(_column(self._files.get("credit", ()), "shares"))[0]

    def _credited(self, name: str) -> pa.Array:
        shares = _lists(_column(self._files.get("credit", ()), "shares"))[1]
        return shares.field(name).cast(pa.large_string()) if pa.types.is_struct(shares.type) else _NO_TEXTS

    @staticmethod
    def _no_twins(ids: pa.Array) -> None:
        if ids.null_count or len(ids.unique()) != len(ids):
            raise NotParted


_NO_TEXTS = pa.array([], pa.large_string())


def _places(texts: pa.Array, known: pa.Array) -> Array:
    """Where each text stands among the known ones; -1: missing or not known."""
    return np.asarray(pc.fill_null(pc.index_in(texts, known, skip_nulls=True), -1)).astype(np.int64)


def _lists(column: pa.Array) -> tuple[Array, pa.Array]:
    """How many parts each list has, and the parts."""
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return np.zeros(len(column), np.int64), _NO_TEXTS
    parts = column.flatten()
    counts = np.asarray(pc.fill_null(pc.list_value_length(column), 0)).astype(np.int64)
    return counts, parts.cast(pa.large_string()) if pa.types.is_string(parts.type) else parts


def _column(paths: Sequence[Path], name: str) -> pa.Array:
    """One column of all files, nulls where a file has none."""
    chunks = []
    for path in paths:
        file = pq.ParquetFile(path)
        if name in file.schema_arrow.names:
            chunks += file.read(columns=[name]).column(0).chunks
        else:
            chunks.append(pa.nulls(file.metadata.num_rows))
    kinds = {chunk.type for chunk in chunks if not pa.types.is_null(chunk.type)}
    if len(kinds) > 1:
        raise NotParted
    kind = kinds.pop() if kinds else pa.null()
    return pa.concat_arrays([chunk.cast(kind) for chunk in chunks]) if chunks else pa.array([], kind)


def _connected(count: int, edges: Iterator[tuple[Array, Array]]) -> Array:
    """The lowest node that each is connected with, itself included."""
    pairs = [(one[given], other[given]) for one, other in edges for given in [(one >= 0) & (other >= 0)]]
    ones, others = (np.concatenate(column) for column in zip(*pairs, strict=True))
    group = np.arange(count)
    while len(ones):
        low, high = np.minimum(group[ones], group[others]), np.maximum(group[ones], group[others])
        open_ = low != high
        if not open_.any():
            break
        ones, others = ones[open_], others[open_]
        np.minimum.at(group, high[open_], low[open_])
        while not np.array_equal(group, group[group]):
            group = group[group]
    return group


def _write(kind: str, paths: Sequence[Path], folders: Sequence[Path], part_of: Array | None) -> None:
    """Every row into the folder of its part, in the order in which it came."""
    writers: dict[int, pq.ParquetWriter] = {}
    row = 0
    try:
        for path in paths:
            for batch in pq.ParquetFile(path).iter_batches(batch_size=_ROWS_AT_ONCE):
                parts = None if part_of is None else part_of[row : row + len(batch)]
                row += len(batch)
                for part, table in _parted(pa.Table.from_batches([batch]), parts, len(folders)):
                    if part not in writers:
                        writers[part] = pq.ParquetWriter(folders[part] / f"{kind}.parquet", table.schema)
                    if table.schema != writers[part].schema:
                        raise NotParted
                    writers[part].write_table(table)
    finally:
        for writer in writers.values():
            writer.close()


def _parted(table: pa.Table, parts: Array | None, count: int) -> Iterator[tuple[int, pa.Table]]:
    if parts is None:
        yield from ((part, table) for part in range(count))
        return
    order = np.argsort(parts, kind="stable")
    ends = np.searchsorted(parts[order], np.arange(count + 1))
    sorted_ = table.take(pa.array(order))
    for part in range(count):
        if ends[part] < ends[part + 1]:
            yield part, sorted_.slice(ends[part], ends[part + 1] - ends[part])
