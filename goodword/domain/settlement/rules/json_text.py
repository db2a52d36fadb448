"""Turns the words of lines into JSON: one canonical text per line of its steps, keys in order, nothing between."""

import json
from typing import Final

import numpy as np

from goodword.domain.settlement.rules.bytes_in_place import copy, put, start_of
from goodword.domain.settlement.rules.compiling import entry, rule
from goodword.domain.settlement.rules.layout import Table
from goodword.domain.settlement.rules.sheet import AT_FROM, AT_LINE, AT_RESULT, AT_STEP, DOES, Page
from goodword.domain.settlement.rules.texts import Texts, texts_of
from goodword.domain.settlement.rules.writing import put_name

_BEGUN: Final = texts_of([f'{{"do":{json.dumps(do)},"from":"' for do in DOES])
"""How a step begins, by what it does."""
_SHORT: Final = {8: b"\\b", 9: b"\\t", 10: b"\\n", 12: b"\\f", 13: b"\\r"}
_ESCAPED: Final = texts_of([_SHORT.get(code, f"\\u{code:04x}".encode()).decode() for code in range(32)])
_AROUND: Final = 64
"""More than a step takes beside its texts."""


def steps_texts(page: Page) -> Texts:
    """The steps of each line of a page as a canonical JSON text."""
    lines, steps = int(page.pen[AT_LINE]), int(page.pen[AT_STEP])
    size = int(page.pen[AT_FROM] + page.pen[AT_RESULT])
    extra = _extra(page.froms[: page.pen[AT_FROM]]) + _extra(page.results[: page.pen[AT_RESULT]])
    data = np.empty(size + extra + _AROUND * steps + 2 * lines, np.uint8)
    starts = np.empty(lines + 1, np.int64)
    end = _write(
        data, starts, lines, page.does, page.froms, page.from_ends, page.results, page.result_ends, page.step_ends,
        _BEGUN.data, _BEGUN.starts, _ESCAPED.data, _ESCAPED.starts, extra > 0,
    )  # fmt: skip
    return Texts(data[:end], starts)


@entry
def _write(
    data: Table, starts: Table, lines: int, does: Table, froms: Table, from_ends: Table, results: Table,
    result_ends: Table, step_ends: Table, begun: Table, begun_starts: Table, escaped: Table, escaped_starts: Table,
    has_escapes: bool,
) -> int:  # fmt: skip
    data, froms, results = start_of(data), start_of(froms), start_of(results)
    begun, begun_starts = start_of(begun), start_of(begun_starts)
    escaped, escaped_starts = start_of(escaped), start_of(escaped_starts)
    at = 0
    for line in range(lines):
        starts[line] = at
        data[at] = 91
        at += 1
        for step in range(step_ends[line], step_ends[line + 1]):
            if step > step_ends[line]:
                data[at] = 44
                at += 1
            at = put_name(data, at, begun, begun_starts, does[step])
            if has_escapes:
                at = _put_escaped(data, at, froms, from_ends[step], from_ends[step + 1], escaped, escaped_starts)
                at = put(data, at, '","is":"')
                at = _put_escaped(data, at, results, result_ends[step], result_ends[step + 1], escaped, escaped_starts)
            else:
                at = copy(data, at, froms, from_ends[step], from_ends[step + 1])
                at = put(data, at, '","is":"')
                at = copy(data, at, results, result_ends[step], result_ends[step + 1])
            at = put(data, at, '"}')
        data[at] = 93
        at += 1
    starts[lines] = at
    return at


@rule
def _put_escaped(data: Table, at: int, text: Table, start: int, end: int, escaped: Table, starts: Table) -> int:
    for i in range(start, end):
        byte = text[i]
        if byte >= 32 and byte not in (34, 92):
            data[at] = byte
            at += 1
        elif byte < 32:
            at = put_name(data, at, escaped, starts, byte)
        else:
            data[at] = 92
            data[at + 1] = byte
            at += 2
    return at


@entry
def _extra(text: Table) -> int:
    """How many bytes escapes may add."""
    extra = 0
    for byte in text:
        extra += 5 * (byte < 32) + (byte in (34, 92))
    return extra
