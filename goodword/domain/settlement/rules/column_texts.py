"""Arrow arrays read as arrays of figures and of texts, if they are plainly right. Anything else raises `NotPlain`, and
a slower reader then says what is wrong.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goodword.domain.settlement.rules.layout import NONE
from goodword.domain.settlement.rules.prepare_tables import Array, Ranks
from goodword.domain.settlement.rules.text_columns import Column
from goodword.domain.settlement.rules.text_values import BROKEN, MISSING, amounts, instants

_AMOUNT_LIMIT: Final = 10**15
_TEXT_LIMIT: Final = 2**31 - 1
"""Bytes that an array of texts with 32-bit offsets may hold."""


class NotPlain(Exception):
    """Something needs the reader that explains."""


def require(holds: Any) -> None:
    """Refuse what is not so."""
    if not holds:
        raise NotPlain


def checked_texts(given: pa.Array) -> pa.Array:
    """Texts that are not empty, without a NUL, in proper UTF-8."""
    if pa.types.is_dictionary(given.type):
        given = given.cast(given.type.value_type)
    require(_is_text(given.type))
    column = column_of(given)
    require(np.count_nonzero(column.starts == column.ends) == given.null_count)
    require_clean(given, column)
    return given


def require_clean(given: pa.Array, column: Column) -> None:
    """Refuse a NUL and what is no UTF-8."""
    used = column.data[column.starts[0] : column.ends[-1]] if len(given) else column.data[:0]
    if len(used):
        require(used.min() > 0)
        if used.max() > 0x7F:  # beyond ASCII
            given.validate(full=True)


def column_of(texts: pa.Array) -> Column:
    """Texts as they lie in memory; missing ones are empty."""
    kind = np.dtype(np.int64 if pa.types.is_large_string(texts.type) else np.int32)
    _, offsets_at, data_at = texts.buffers()
    if not len(texts) or offsets_at is None:
        nothing = np.zeros(len(texts), np.int64)
        return Column(_bytes(None), nothing, nothing)
    offsets = np.frombuffer(offsets_at, kind, len(texts) + 1, texts.offset * kind.itemsize).astype(np.int64)
    starts, ends = offsets[:-1], offsets[1:]
    if texts.null_count:
        ends = np.where(texts.is_valid().to_numpy(zero_copy_only=False), ends, starts)
    return Column(_bytes(data_at), starts, ends)


def _bytes(buffer: pa.Buffer | None) -> Array:
    data = np.zeros(1, np.uint8) if buffer is None or not buffer.size else np.frombuffer(buffer, np.uint8)
    data = data.view()
    data.flags.writeable = False
    return data


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def joined(one: pa.Array, other: pa.Array) -> pa.Array:
    """The texts of one array and then of the other."""
    if not len(other):
        return one
    if one.type != other.type or one.nbytes + other.nbytes > _TEXT_LIMIT:
        one, other = one.cast(pa.large_string()), other.cast(pa.large_string())
    return pa.concat_arrays([one, other])


def coded(texts: pa.Array, first: int = 0) -> tuple[Array, list[str]]:
    """Numbers from `first` on for texts of few kinds, in the order met (the number before: missing), and the texts."""
    found = texts.dictionary_encode()
    return indices_of(found) + np.int32(first), found.dictionary.to_pylist()


def indices_of(given: pa.DictionaryArray) -> Array:
    """The number of each row's value in the dictionary; NONE: missing."""
    return np.array(pc.fill_null(given.indices, NONE)).astype(np.int32)


def text_ranks(ids: pa.Array) -> Ranks:
    """Ranks among rows of these ids; Arrow compares the bytes of UTF-8, whose order is that of code points."""

    def ranks(rows: Array) -> Array:
        found = np.empty(len(rows), np.int64)
        found[pc.sort_indices(ids.take(pa.array(rows))).to_numpy()] = np.arange(len(rows))
        return found

    return ranks


def texts_at(texts: pa.Array, rows: Array) -> list[str]:
    """The texts of some rows."""
    found: list[str] = texts.take(pa.array(rows)).to_pylist()
    return found


def rows_of(asked: Sequence[str], texts: pa.Array) -> dict[str, int]:
    """The rows of some texts, each of which stands there once at most."""
    places = pc.index_in(pa.array(asked, texts.type), texts).to_pylist()
    return {text: place for text, place in zip(asked, places, strict=True) if place is not None}


def checked_instants(given: pa.Array) -> Array:
    """Microseconds since 1970 UTC; MISSING where there is none."""
    if pa.types.is_timestamp(given.type):
        require(given.type.tz is not None)
        if len(given):
            given[0].as_py()  # raises where the zone is not known
        micros = given.cast(pa.timestamp("us", given.type.tz)).cast(pa.int64())
        return np.array(pc.fill_null(micros, MISSING))
    found = instants(column_of(checked_texts(given)))
    require(not np.any(found == BROKEN))
    return found


def checked_amounts(given: pa.Array, places: Array, *, required: bool) -> Array:
    """Minor units of 0 or more; MISSING where there is none. `places`: the decimals of each row, or of all."""
    require(not required or not given.null_count)
    if not pa.types.is_decimal128(given.type):
        found = amounts(column_of(checked_texts(given)), places)
        require(not np.any(found == BROKEN))
        return found
    scale = given.type.scale
    require(scale >= 0 and (not len(places) or scale <= places.min()))
    if not len(given):
        return np.zeros(0, np.int64)
    halves = np.frombuffer(given.buffers()[1], np.int64).reshape(-1, 2)[given.offset : given.offset + len(given)]
    missing = given.is_null().to_numpy(zero_copy_only=False)
    unscaled, high = np.where(missing, 0, halves[:, 0]), np.where(missing, 0, halves[:, 1])
    require(not high.any() and unscaled.min() >= 0 and unscaled.max() < _AMOUNT_LIMIT)
    up = 10 ** (places - scale)
    require(not np.any(unscaled >= -(-_AMOUNT_LIMIT // up)))
    minor: Array = unscaled * up
    minor[missing] = MISSING
    return minor
