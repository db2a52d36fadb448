"""Columns of lines as Arrow arrays, built from numbers and bytes without a Python object per line: texts by number,
money as decimal texts, lists of reasons and of steps. Which columns a line has is `publish.py`'s.
"""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from goodword.domain.settlement.rules.bytes_in_place import start_of
from goodword.domain.settlement.rules.compiling import entry
from goodword.domain.settlement.rules.layout import REASONS, Table
from goodword.domain.settlement.rules.sheet import AT_LINE, AT_RATE, AT_STEP, DOES, Page
from goodword.domain.settlement.rules.texts import Texts, texts_of
from goodword.domain.settlement.rules.writing import put_money, put_name

WORD: Final = pa.dictionary(pa.int32(), pa.string())
_FIELDS: Final = [
    pa.field(name, kind, nullable=False) for name, kind in (("do", WORD), ("from", pa.string()), ("is", pa.string()))
]
STEPS: Final = pa.list_(pa.field("element", pa.struct(_FIELDS), nullable=False))
REASON_WORDS: Final = pa.list_(pa.field("element", pa.string(), nullable=False))
_DOES: Final = texts_of(DOES)
_REASONS: Final = texts_of(REASONS)
_LONGEST_MONEY: Final = 24


def strings(ends: Table, data: Table) -> pa.Array:
    """Texts that lie one after the other: where each ends, after a 0, and their bytes."""
    return pa.Array.from_buffers(pa.string(), len(ends) - 1, [None, pa.py_buffer(ends), pa.py_buffer(data)])


def named(texts: Texts, codes: Table) -> pa.Array:
    """The text of each code."""
    ends = np.empty(len(codes) + 1, np.int32)
    data = np.empty(_measure(texts.starts, codes, ends), np.uint8)
    _gather(texts.data, texts.starts, codes, ends, data)
    return strings(ends, data)


def coded(texts: Texts, codes: Table) -> pa.Array:
    """The text of each code, kept as numbers and the few texts they stand for."""
    ends = (texts.starts - texts.starts[0]).astype(np.int32)
    words = strings(ends, np.ascontiguousarray(texts.data[texts.starts[0] : texts.starts[-1]]))
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), words)


def decimals_of(minors: Table, places: int) -> pa.Array:
    """Amounts of minor units as decimal texts."""
    ends = np.empty(len(minors) + 1, np.int32)
    data = np.empty(len(minors) * _LONGEST_MONEY, np.uint8)
    size = _put_amounts(minors, places, ends, data)
    return strings(ends, data[:size])


def reasons_of(bits: Table) -> pa.Array:
    """The reasons that these bits stand for, lowest first."""
    ends = np.empty(len(bits) + 1, np.int32)
    codes = np.empty(len(bits) * len(REASONS), np.uint8)
    count = _spread(bits, len(REASONS), ends, codes)
    return pa.ListArray.from_arrays(pa.array(ends), named(_REASONS, codes[:count]), type=REASON_WORDS)


def rates_of(page: Page) -> pa.Array:
    """The text of each line's rate."""
    return strings(page.rate_ends[: page.pen[AT_LINE] + 1], page.rates[: page.pen[AT_RATE]])


def steps_of(page: Page) -> pa.Array:
    """The steps of each line."""
    lines, steps = int(page.pen[AT_LINE]), int(page.pen[AT_STEP])
    columns: list[Any] = [
        coded(_DOES, page.does[:steps]),
        strings(page.from_ends[: steps + 1], page.froms[: page.from_ends[steps]]),
        strings(page.result_ends[: steps + 1], page.results[: page.result_ends[steps]]),
    ]
    values = pa.StructArray.from_arrays(columns, fields=_FIELDS)
    return pa.ListArray.from_arrays(pa.array(page.step_ends[: lines + 1]), values, type=STEPS)


@entry
def _measure(starts: Table, codes: Table, ends: Table) -> int:
    at = 0
    ends[0] = 0
    for i in range(len(codes)):
        at += starts[codes[i] + 1] - starts[codes[i]]
        ends[i + 1] = at
    return at


@entry
def _gather(texts: Table, starts: Table, codes: Table, ends: Table, data: Table) -> None:
    into, names, begins = start_of(data), start_of(texts), start_of(starts)
    for i in range(len(codes)):
        put_name(into, ends[i], names, begins, codes[i])


@entry
def _put_amounts(minors: Table, places: int, ends: Table, data: Table) -> int:
    at, into = 0, start_of(data)
    ends[0] = 0
    for i in range(len(minors)):
        at = put_money(into, at, minors[i], places)
        ends[i + 1] = at
    return at


@entry
def _spread(bits: Table, kinds: int, ends: Table, codes: Table) -> int:
    at = 0
    ends[0] = 0
    for i in range(len(bits)):
        for kind in range(kinds):
            if (bits[i] >> kind) & 1:
                codes[at] = kind
                at += 1
        ends[i + 1] = at
    return at
