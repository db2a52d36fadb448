"""Columns of texts as they lie in memory (all bytes in a row, and where each text begins), told apart by compiled
loops: numbered, looked up, compared and put in order. What a text means is not known here.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goodword.domain.settlement.rules.bytes_in_place import fetch_place, start_of
from goodword.domain.settlement.rules.compiling import entry, rule
from goodword.domain.settlement.rules.layout import NONE

Array = NDArray[Any]
_SEED: Final = np.uint64(14695981039346656037)
_PRIME: Final = np.uint64(1099511628211)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_LONG: Final = np.uint64(0xFF << 56)
_TOP: Final = np.uint64(56)
_HALF: Final = np.uint64(32)
_NOTHING: Final = np.uint64(0)
_ONE: Final = np.uint64(1)
_WORD, _SHORT = 8, 15
"""Bytes of a word; the longest text that two words hold together with its length."""
_FIRST_ROOM: Final = 1 << 12
FETCHED_AHEAD: Final = 32
"""So many places are on their way from memory while one is looked at: waiting for each alone takes twice as long."""
_UPPER_A, _UPPER_Z, _TO_LOWER = 65, 90, 32


class Column(NamedTuple):
    """Texts: text n is `data[starts[n] : ends[n]]`; a missing text is empty."""

    data: Array
    starts: Array
    ends: Array


class Numbered(NamedTuple):
    """The distinct texts of a column in the order met, and a hash table of their numbers."""

    table: Array
    """Rows of two words and a number + 1. A short text is in its words itself, a long one must be looked at."""
    texts: Column
    first_rows: Array


@rule
def _words(data: Array, start: int, length: int) -> Any:
    """Two words for a text: itself and its length, or when it is long a hash and a mark."""
    one = other = _NOTHING
    if length <= _SHORT:
        for i in range(min(length, _WORD)):
            one |= np.uint64(data[start + i]) << np.uint64(8 * i)
        for i in range(_WORD, length):
            other |= np.uint64(data[start + i]) << np.uint64(8 * (i - _WORD))
        return one, other | np.uint64(length) << _TOP
    one = _SEED
    for i in range(start, start + length):
        one = (one ^ np.uint64(data[i])) * _PRIME
    return one, _LONG | np.uint64(length)


@rule
def _place(one: Any, other: Any) -> Any:
    """Where in a table two words belong."""
    mixed = (one ^ (other * _MIX)) * _MIX
    mixed = (mixed ^ (mixed >> _HALF)) * _MIX
    return mixed ^ (mixed >> _HALF)


@rule
def _same(data: Array, start: int, other: Array, other_start: int, length: int) -> bool:
    for i in range(length):  # noqa: SIM110 - compiled, a loop is what it is
        if data[start + i] != other[other_start + i]:
            return False
    return True


@rule
def _prepare(column: Any, row: int, block: Any, table: Array) -> int:
    """Words and places of the next texts, from a row on: their places in the table are on their way from memory.

    `block`: for each text its two words and its place. Gives the row behind them.
    """
    data, starts, ends = column
    slots, mask = start_of(table), np.uint64(len(table) - 1)
    stop = min(row + len(block), len(starts))
    for i in range(row, stop):
        one, other = _words(data, starts[i], ends[i] - starts[i])
        at = _place(one, other) & mask
        block[i - row, 0], block[i - row, 1], block[i - row, 2] = one, other, at
        fetch_place(slots, 3 * np.int64(at))
        fetch_place(slots, 3 * np.int64(at) + 2)
    return stop


@entry
def _number(column: Any, table: Array, firsts: Array, numbers: Array, row: int) -> int:
    """Number the texts from a row on, until the table is full; returns the row it came to.

    `firsts`: start, end and row of each distinct text; how many there are is in its last place.
    """
    data, starts, ends = column  # not taken apart in the loop: that counts references, and takes most of the time
    mask, most = np.uint64(len(table) - 1), len(table) * 3 // 4
    count, block, first, behind = firsts[0, -1], np.empty((FETCHED_AHEAD, 3), np.uint64), row, row
    while row < len(starts) and count < most:
        if row == behind:
            first, behind = row, _prepare(column, row, block, table)
        start, length = starts[row], ends[row] - starts[row]
        numbers[row] = NONE
        if length:
            one, other, at = block[row - first, 0], block[row - first, 1], block[row - first, 2]
            while table[at, 2] != _NOTHING:
                number = np.int64(table[at, 2]) - 1
                same = table[at, 0] == one and table[at, 1] == other
                if same and (length <= _SHORT or _same(data, start, data, firsts[0, number], length)):
                    numbers[row] = number
                    break
                at = (at + _ONE) & mask
            else:
                table[at, 0], table[at, 1], table[at, 2] = one, other, np.uint64(count + 1)
                firsts[0, count], firsts[1, count], firsts[2, count] = start, ends[row], row
                numbers[row] = count
                count += 1
        row += 1
    firsts[0, -1] = count
    return row


@entry
def _move(table: Array, larger: Array) -> None:
    mask = np.uint64(len(larger) - 1)
    for row in range(len(table)):
        if table[row, 2] != _NOTHING:
            at = _place(table[row, 0], table[row, 1]) & mask
            while larger[at, 2] != _NOTHING:
                at = (at + _ONE) & mask
            larger[at] = table[row]


@entry
def _look_up(column: Any, table: Array, known: Array, known_starts: Array, numbers: Array) -> None:
    data, starts, ends = column
    mask, block = np.uint64(len(table) - 1), np.empty((FETCHED_AHEAD, 3), np.uint64)
    for first in range(0, len(starts), FETCHED_AHEAD):
        for row in range(first, _prepare(column, first, block, table)):
            start, length = starts[row], ends[row] - starts[row]
            numbers[row] = NONE
            if not length:
                continue
            one, other, at = block[row - first, 0], block[row - first, 1], block[row - first, 2]
            while table[at, 2] != _NOTHING:
                number = np.int64(table[at, 2]) - 1
                same = table[at, 0] == one and table[at, 1] == other
                if same and (length <= _SHORT or _same(data, start, known, known_starts[number], length)):
                    numbers[row] = number
                    break
                at = (at + _ONE) & mask


def numbered(column: Column) -> tuple[Numbered, Array]:
    """The distinct texts of a column, and each row's number (NONE: missing)."""
    numbers = np.empty(len(column.starts), np.int32)
    table, firsts = np.zeros((_FIRST_ROOM, 3), np.uint64), np.zeros((3, _FIRST_ROOM), np.int64)
    row = _number(tuple(column), table, firsts, numbers, 0)
    while row < len(numbers):
        table, firsts = _larger(table, firsts)
        row = _number(tuple(column), table, firsts, numbers, row)
    starts, ends, first_rows = (first[: firsts[0, -1]].copy() for first in firsts)
    return Numbered(table, Column(column.data, starts, ends), first_rows), numbers


def _larger(table: Array, firsts: Array) -> tuple[Array, Array]:
    room = 4 * len(table)
    larger, more = np.zeros((room, 3), np.uint64), np.zeros((3, room), np.int64)
    _move(table, larger)
    more[:, : firsts.shape[1] - 1], more[0, -1] = firsts[:, :-1], firsts[0, -1]
    return larger, more


def looked_up(known: Numbered, column: Column) -> Array:
    """The number of each text among the known ones; NONE: missing or not known."""
    numbers = np.empty(len(column.starts), np.int32)
    _look_up(tuple(column), known.table, known.texts.data, known.texts.starts, numbers)
    return numbers


@rule
def _compared(data: Array, start: int, other: Array, other_start: int, length: int) -> int:
    """Below 0, 0 or above 0, as one text is before, the same as or behind another of the same length."""
    for i in range(length):
        if data[start + i] != other[other_start + i]:
            return -1 if data[start + i] < other[other_start + i] else 1
    return 0


@entry
def _ascends(column: Any) -> bool:
    """Whether each text is behind the one before: longer, or of the same length and behind it by its bytes."""
    data, starts, ends = column
    before = 0
    for row in range(len(starts)):
        length = ends[row] - starts[row]
        if length < before or (
            row and length == before and _compared(data, starts[row - 1], data, starts[row], length) >= 0
        ):
            return False
        before = length
    return True


@entry
def _meet(one: Any, other: Any) -> bool:
    """Whether two columns that ascend have a text in common."""
    data, starts, ends = one
    others, other_starts, other_ends = other
    i = j = 0
    while i < len(starts) and j < len(other_starts):
        length = ends[i] - starts[i]
        ahead = length - (other_ends[j] - other_starts[j])
        if ahead == 0:
            ahead = _compared(data, starts[i], others, other_starts[j], length)
        if ahead == 0:
            return True
        if ahead < 0:
            i += 1
        else:
            j += 1
    return False


def all_distinct(one: Column, other: Column | None = None) -> bool:
    """Whether no text of a column (or of two together) stands twice."""
    others = Column(one.data, one.starts[:0], one.ends[:0]) if other is None else other
    if _ascends(tuple(one)) and _ascends(tuple(others)):
        return not _meet(tuple(one), tuple(others))
    columns = [one] if other is None else [one, other]
    shift = np.cumsum([0, *(len(column.data) for column in columns)])
    data, starts, ends = (np.concatenate(parts) for parts in zip(*_side_by_side(columns, shift), strict=True))
    data.flags.writeable = False
    known, _ = numbered(Column(data, starts, ends))
    return len(known.first_rows) == len(starts)


def _side_by_side(columns: Sequence[Column], shift: Array) -> list[tuple[Array, Array, Array]]:
    return [(one.data, one.starts + by, one.ends + by) for one, by in zip(columns, shift[:-1], strict=True)]


@entry
def _lower(data: Array, found: Array) -> None:
    for i in range(len(data)):
        letter = data[i]
        found[i] = letter + _TO_LOWER if _UPPER_A <= letter <= _UPPER_Z else letter


def lower(column: Column) -> Column:
    """The texts in lower case, as far as they are ASCII."""
    found = np.empty_like(column.data)
    _lower(column.data, found)
    found.flags.writeable = False  # as the data of every other column, so that loops are compiled once
    return Column(found, column.starts, column.ends)


@entry
def _hosts(data: Array, starts: Array, ends: Array, found: Array) -> None:
    for row in range(len(starts)):
        found[row] = ends[row]
        for at in range(ends[row] - 1, starts[row] - 1, -1):
            if data[at] == 64:  # "@"
                found[row] = at + 1
                break


def hosts(column: Column) -> Column:
    """What stands behind the last @ of each text; missing where there is none."""
    found = np.empty(len(column.starts), np.int64)
    _hosts(*column, found)
    return Column(column.data, found, column.ends)


@entry
def _renumber(numbers: Array, new: Array, old: Array) -> int:
    count = 0
    for row in range(len(numbers)):
        number = numbers[row]
        if number >= 0:
            if new[number] < 0:
                new[number] = count
                old[count] = number
                count += 1
            numbers[row] = new[number]
    return count


def in_order_met(numbers: Array, count: int) -> tuple[Array, Array]:
    """Numbers below `count`, given anew in the order met (NONE stays), and which number each was before."""
    found, new, old = numbers.astype(np.int32), np.full(count, NONE, np.int32), np.empty(count, np.int32)
    used = _renumber(found, new, old)
    return found, old[:used]


@entry
def grouped(order: Array, group: Array, count: int) -> Array:
    """All rows, in the given order, put together by group, groups ascending, otherwise kept in order."""
    place = np.zeros(count + 1, np.int64)
    for row in range(len(group)):
        place[group[row] + 1] += 1
    for i in range(count):
        place[i + 1] += place[i]
    found, places = np.empty(len(order), np.int64), start_of(place)
    for i in range(len(order)):
        fetch_place(places, group[order[min(i + FETCHED_AHEAD, len(order) - 1)]])
        at = group[order[i]]
        found[place[at]] = order[i]
        place[at] += 1
    return found
