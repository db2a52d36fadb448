"""Partners and agreements in columns made into records: there are many fewer of them than of what they take part in."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa

from goodword.domain.settlement.calendar import Zone
from goodword.domain.settlement.fields import Fields, Problems
from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import Agreement, Partner
from goodword.domain.settlement.rules.column_texts import checked_texts, coded, column_of, require
from goodword.domain.settlement.rules.layout import NEVER, NONE
from goodword.domain.settlement.rules.plain_rows import FURTHEST, Rows
from goodword.domain.settlement.rules.prepare_tables import Array
from goodword.domain.settlement.rules.text_columns import looked_up, numbered
from goodword.domain.settlement.rules.text_values import MISSING


def read_partners(given: Rows) -> list[Partner]:
    """The partners, none of whom recruits himself."""
    ids, parents = given.ids(), given.texts("parent")
    known, _ = numbered(column_of(ids))
    _check_parents(looked_up(known, column_of(parents)))
    columns = (ids, parents, given.texts("group"))
    lists = (_tuples(*given.lists(name)) for name in ("emails", "domains"))
    rows = zip(*(column.to_pylist() for column in columns), *lists, given.texts("country").to_pylist(), strict=True)
    return [Partner(*row) for row in rows]


def _check_parents(parents: Array) -> None:
    """Nobody is among his own ancestors: twice as far up each time, everybody comes to the top."""
    above = np.append(parents, np.int32(NONE)).astype(np.int64)
    for _ in range(len(above).bit_length()):
        above = above[above]
    require((above == NONE).all())


def _tuples(counts: Array, texts: pa.Array) -> Iterator[tuple[str, ...]]:
    left = iter(texts.to_pylist())
    return (tuple(islice(left, count)) for count in counts.tolist())


def read_agreements(given: Rows, program: Program) -> list[Agreement]:
    """The agreements, no two of a partner in force at once."""
    ids, partners, terms = given.ids(), given.texts("partner", required=True), given.texts("terms", required=True)
    require(set(terms.unique().to_pylist()) <= set(program.terms))
    zone = Zone(program.timezone)
    starts, ends = _boundaries(given, "starts", zone, required=True), _boundaries(given, "ends", zone)
    ends[ends == MISSING] = NEVER
    require((starts <= ends).all())
    _check_overlaps(numbered(column_of(partners))[1], starts, ends)
    until = [None if end == NEVER else end for end in ends.tolist()]
    texts = (column.to_pylist() for column in (ids, partners, terms))
    return [Agreement(*row) for row in zip(*texts, starts.tolist(), until, given.flags("cause").tolist(), strict=True)]


def _boundaries(given: Rows, name: str, zone: Zone, *, required: bool = False) -> Array:
    """Instants, or dates that stand for their first instant; few of them differ."""
    if not given.has(name):
        return given.instants(name, required=required)
    column = given.column(name)
    if pa.types.is_timestamp(column.type):
        return given.instants(name, required=required, latest=FURTHEST)
    texts = column.cast(pa.string()) if pa.types.is_date32(column.type) else checked_texts(column)
    require(not required or not texts.null_count)
    numbers, distinct = coded(texts)
    found: Array = np.array([*_parsed(distinct, zone), MISSING], np.int64)[numbers]
    return found


def _parsed(texts: Sequence[str], zone: Zone) -> Iterator[int]:
    problems = Problems()
    for text in texts:
        at = Fields({"at": text}, problems).boundary("at", zone.first_instant)
        require(at is not None and not problems.found)
        assert at is not None
        yield at


def _check_overlaps(partner: Array, starts: Array, ends: Array) -> None:
    counted = np.flatnonzero(starts < ends)
    order = counted[np.lexsort((starts[counted], partner[counted]))]
    same = partner[order[1:]] == partner[order[:-1]]
    require(not np.any(same & (ends[order[:-1]] > starts[order[1:]])))
