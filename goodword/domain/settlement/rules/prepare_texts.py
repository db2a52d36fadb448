"""Records read column by column: their figures as arrays, their texts as numbers."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

import numpy as np

from goodword.domain.settlement.fields import exact_number
from goodword.domain.settlement.records import PropertyValue
from goodword.domain.settlement.rules.layout import NONE
from goodword.domain.settlement.rules.prepare_tables import Array, Ranks


class Coder:
    """Numbers for texts, from `first` on, in the order met; a missing or unknown text has the number before."""

    def __init__(self, texts: Iterable[str | None], first: int = 0) -> None:
        known = dict.fromkeys(texts)
        known.pop(None, None)
        self.texts: list[str] = list(known)  # type: ignore[arg-type]
        self.numbers: Mapping[str | None, int] = {text: number for number, text in enumerate(self.texts, first)}
        self._missing = first - 1

    def of(self, texts: Iterable[str | None], count: int) -> Array:
        """The numbers of `count` texts."""
        return np.fromiter(map(self.numbers.get, texts, repeat(self._missing)), np.int32, count)


def figures(records: Sequence[Any], name: str) -> Array:
    """A whole number of each record."""
    return np.fromiter(map(attrgetter(name), records), np.int64, len(records))


def texts(records: Sequence[Any], name: str) -> list[Any]:
    """A field of each record."""
    return list(map(attrgetter(name), records))


def id_ranks(ids: Sequence[str]) -> Ranks:
    """Ranks among rows of these ids; Python compares texts by code point."""

    def ranks(rows: Array) -> Array:
        asked = [ids[row] for row in rows.tolist()]
        found = np.empty(len(asked), np.int64)
        found[sorted(range(len(asked)), key=asked.__getitem__)] = np.arange(len(asked))
        return found

    return ranks


class PropertyCoder:
    """Numbers from 1 on for the values of one property; 0: it is missing.

    Equal numbers are one value (1 and 1.0), `true` is another than 1, and of lists and objects no condition tells two
    apart.
    """

    def __init__(self) -> None:
        self.values: list[PropertyValue] = []
        self._numbers: dict[Any, int] = {}

    def of(self, value: PropertyValue) -> int:
        """The number of a value."""
        if value is None:
            return 0
        key = value if isinstance(value, str) else ("number", value) if exact_number(value) else self._other(value)
        number = self._numbers.get(key)
        if number is None:
            self.values.append(value)
            number = self._numbers[key] = len(self.values)
        return number

    @staticmethod
    def _other(value: PropertyValue) -> tuple[str, object]:
        return ("truth", value) if isinstance(value, bool) else ("unlike", None)


def property_table(
    given: Sequence[Mapping[str, PropertyValue]], names: Sequence[str]
) -> tuple[Array, Array, list[list[PropertyValue]]]:
    """Each record's row in the table of these properties (NONE: it has none of them), the table, and its values."""
    coders = [PropertyCoder() for _ in names]
    found: list[list[int]] = []
    rows = np.full(len(given), NONE, np.int32)
    for record, properties in enumerate(given):
        if properties:
            numbers = [coder.of(properties.get(name)) for coder, name in zip(coders, names, strict=True)]
            if any(numbers):
                rows[record] = len(found)
                found.append(numbers)
    table = np.array(found, np.int32).reshape(len(found), len(names))
    return rows, table, [coder.values for coder in coders]
