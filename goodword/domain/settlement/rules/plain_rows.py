"""The rows of one kind of fact in columns: every row is checked against the contract's types, notations and bounds, and
what is dated after `as_of` is then left out. What is not plainly right raises `NotPlain`.
"""

from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goodword.domain.settlement.calendar import instant
from goodword.domain.settlement.fact_objects import KEYS
from goodword.domain.settlement.rules.column_texts import (
    checked_amounts,
    checked_instants,
    checked_texts,
    column_of,
    indices_of,
    require,
)
from goodword.domain.settlement.rules.layout import NONE
from goodword.domain.settlement.rules.prepare_tables import Array
from goodword.domain.settlement.rules.text_columns import all_distinct
from goodword.domain.settlement.rules.text_values import MISSING

_EARLIEST: Final = instant(datetime(1900, 1, 2, tzinfo=UTC))
_LATEST: Final = instant(datetime(2999, 12, 30, tzinfo=UTC))
FURTHEST: Final = instant(datetime(9999, 12, 30, tzinfo=UTC))


class Kinds(NamedTuple):
    """Texts of few kinds: the number of each row's, NONE where there is none, and the texts by number."""

    numbers: Array
    texts: pa.Array


class Source(Protocol):
    """Where the rows of one kind of fact are."""

    rows: int
    schema: pa.Schema

    def column(self, name: str) -> pa.Array:
        """One column, all rows."""


class Rows:
    """The rows of one kind of fact, all of them (`given` many) or, after `keep`, those that count (`count`)."""

    def __init__(self, kind: str, source: Source | None) -> None:
        schema = pa.schema([]) if source is None else source.schema
        require(len(set(schema.names)) == len(schema.names) and set(schema.names) <= set(KEYS[kind]))
        self._source = source
        self._names = {name for name in schema.names if not pa.types.is_null(schema.field(name).type)}
        self._kept: Array | None = None
        self.given = self.count = 0 if source is None else source.rows

    def keep(self, kept: Array) -> None:
        """From now on only these rows count."""
        if not kept.all():
            self._kept = kept
            self.count = int(np.count_nonzero(kept))

    def kept_mask(self) -> Array:
        """Which of all rows count."""
        return np.ones(self.given, bool) if self._kept is None else self._kept

    def kept(self, values: Array) -> Array:
        """The values of rows that count."""
        return values if self._kept is None else values[self._kept]

    def kept_texts(self, values: pa.Array) -> pa.Array:
        """The texts (or lists) of rows that count."""
        return values if self._kept is None else values.filter(pa.array(self._kept))

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self._names

    def column(self, name: str) -> pa.Array:
        """A column of all rows."""
        assert self._source is not None
        return self._source.column(name)

    def all_texts(self, name: str, *, required: bool = False) -> pa.Array:
        """Texts of all rows."""
        if not self.has(name):
            require(not required or not self.given)
            return pa.nulls(self.given, pa.string())
        found = checked_texts(self.column(name))
        require(not required or not found.null_count)
        return found

    def texts(self, name: str, *, required: bool = False) -> pa.Array:
        """Texts of rows that count."""
        return self.kept_texts(self.all_texts(name, required=required))

    def kinds(self, name: str, *, required: bool = False) -> "Kinds":
        """Texts of few kinds, of all rows."""
        if not self.has(name):
            return Kinds(np.full(self.given, NONE, np.int32), self.all_texts(name, required=required).unique()[:0])
        found = self.column(name)
        if not pa.types.is_dictionary(found.type):
            found = checked_texts(found).dictionary_encode()
        texts = checked_texts(found.dictionary)
        require(not texts.null_count and (not required or not found.null_count))
        return Kinds(indices_of(found), texts)

    def ids(self) -> pa.Array:
        """The ids of rows that count, each given once: the contents of twins are compared elsewhere."""
        found = self.all_texts("id", required=True)
        require(all_distinct(column_of(found)))
        return self.kept_texts(found)

    def instants(self, name: str, *, required: bool = True, latest: int = _LATEST) -> Array:
        """Instants of all rows; MISSING where there is none."""
        if not self.has(name):
            require(not required or not self.given)
            return np.full(self.given, MISSING)
        found = checked_instants(self.column(name))
        given = found if required else found[found != MISSING]
        require(not len(given) or (given.min() >= _EARLIEST and given.max() <= latest))
        return found

    def amounts(self, name: str, places: Array, *, required: bool = False) -> Array | None:
        """Minor units of all rows, MISSING where there is none; None: there is no such column.

        `places`: the decimals of each row, or of all.
        """
        if not self.has(name):
            require(not required or not self.given)
            return np.zeros(0, np.int64) if required else None
        return checked_amounts(self.column(name), places, required=required)

    def flags(self, name: str) -> Array:
        """Truths of all rows, false where there is none."""
        if not self.has(name):
            return np.zeros(self.given, bool)
        found = self.column(name)
        require(pa.types.is_boolean(found.type))
        return np.array(pc.fill_null(found, False))

    def lists(self, name: str) -> tuple[Array, pa.Array]:
        """How many texts each of all rows lists, and the texts."""
        if not self.has(name):
            return np.zeros(self.given, np.int64), pa.nulls(0, pa.string())
        found = self.column(name)
        require(pa.types.is_list(found.type) or pa.types.is_large_list(found.type))
        texts = checked_texts(found.flatten())
        require(not texts.null_count)
        return np.array(pc.fill_null(pc.list_value_length(found), 0)).astype(np.int64), texts
