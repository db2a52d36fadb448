"""Tables of texts as bytes: one array of bytes, and where each text begins. Made from names, read by compiled rules."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from goodword.domain.settlement.rules.layout import Table


class Texts(NamedTuple):
    """Text i is `data[starts[i] : starts[i + 1]]`, in UTF-8."""

    data: Table
    starts: Table

    def longest(self) -> int:
        """The length of the longest text."""
        return int(np.diff(self.starts).max(initial=0))

    def text(self, code: int) -> str:
        """One text."""
        return bytes(self.data[self.starts[code] : self.starts[code + 1]]).decode()


def texts_of(names: Sequence[str] | pa.Array | pa.ChunkedArray) -> Texts:
    """The table of these names, in their order."""
    array: Any = names if isinstance(names, pa.Array | pa.ChunkedArray) else pa.array(names, pa.large_string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    array = array.cast(pa.large_string())
    if not len(array):
        return Texts(np.zeros(0, np.uint8), np.zeros(1, np.int64))
    _, starts, data = array.buffers()
    begins = np.frombuffer(starts, np.int64)[array.offset : array.offset + len(array) + 1]
    return Texts(np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8), begins)


def joined(kinds: Sequence[Sequence[str]]) -> tuple[Texts, list[int]]:
    """One table of several kinds of names, and where each kind begins in it."""
    tables = [texts_of(names) for names in kinds]
    begins, bases, length, rows = [np.zeros(1, np.int64)], [], 0, 0
    for table in tables:
        bases.append(rows)
        begins.append(table.starts[1:] - table.starts[0] + length)
        length += int(table.starts[-1] - table.starts[0])
        rows += len(table.starts) - 1
    data = [table.data[table.starts[0] : table.starts[-1]] for table in tables]
    return Texts(np.concatenate(data), np.concatenate(begins)), bases
