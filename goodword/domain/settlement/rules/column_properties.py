"""The properties of conversions in columns: one field of a struct for each."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goodword.domain.settlement.records import PropertyValue
from goodword.domain.settlement.rules.column_conversions import Conversions
from goodword.domain.settlement.rules.column_texts import column_of, require, require_clean
from goodword.domain.settlement.rules.layout import Table
from goodword.domain.settlement.rules.plain_rows import Rows
from goodword.domain.settlement.rules.prepare_tables import Array
from goodword.domain.settlement.rules.prepare_texts import PropertyCoder
from goodword.domain.settlement.strict_json import text_problem


def put_properties(conversions: Conversions, names: Sequence[str]) -> tuple[Table, list[list[PropertyValue]]]:
    """The properties that conditions look at, and their values."""
    coders = [PropertyCoder() for _ in names]
    tables = []
    start = 0
    for given, rows in ((conversions.sales, conversions.sale_rows), (conversions.events, conversions.event_rows)):
        numbers = _numbers(given, names, coders)
        with_some = np.flatnonzero(numbers.any(axis=1))
        conversions.table["property_row"][rows[with_some]] = start + np.arange(len(with_some))
        tables.append(numbers[with_some])
        start += len(with_some)
    if not names:
        return np.zeros((0, 0), np.int32), []
    return np.concatenate(tables), [coder.values for coder in coders]


def _numbers(given: Rows, names: Sequence[str], coders: Sequence[PropertyCoder]) -> Array:
    """The number of each property of each row that counts."""
    found = np.zeros((given.count, len(names)), np.int32)
    if not given.has("properties"):
        return found
    column = given.column("properties")
    require(pa.types.is_struct(column.type))
    fields = [column.type.field(i) for i in range(column.type.num_fields)]
    require(len({field.name for field in fields}) == len(fields))
    for field in fields:
        require(not text_problem(field.name))
        if pa.types.is_null(field.type):
            continue
        values = pc.struct_field(column, [field.name])
        _check(values)
        if field.name in names:
            place = names.index(field.name)
            found[:, place] = _coded(given.kept_texts(values), coders[place])
    return found


def _check(values: pa.Array) -> None:
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        require_clean(values, column_of(values))
    elif pa.types.is_float32(kind) or pa.types.is_float64(kind):
        require(pc.all(pc.is_finite(values)).as_py() is not False)
    else:
        require(pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal128(kind))


def _coded(values: pa.Array, coder: PropertyCoder) -> Array:
    found = values.dictionary_encode()
    numbers = [coder.of(_exact(value)) for value in found.dictionary.to_pylist()]
    by_row: Array = np.array([*numbers, 0], np.int32)[np.array(pc.fill_null(found.indices, -1))]
    return by_row


def _exact(value: Any) -> PropertyValue:
    exact: PropertyValue = Decimal(repr(value)) if isinstance(value, float) else value
    return exact
