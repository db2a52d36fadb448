"""Rows of facts into the database: one statement for a few, COPY for many. What the rows mean is decided elsewhere.

An id that is already taken is never overwritten and never an error here; the caller learns which rows were new.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import JSONField
from psycopg.types.json import Jsonb

from goodword.accounts.models import Program
from goodword.domain.fact_rules import FactRow
from goodword.domain.ids import uuid7
from goodword.referrals import lookups  # noqa: F401 - registers `any_of`
from goodword.referrals.models import Fact, Import

COPY_FROM = 500
"""From this many rows on, COPY is faster than one statement."""
_LOOKUP = 20_000


class Stored(NamedTuple):
    """Where a fact is: its id outside, our key, whether this call stored it, and the hash of what is stored."""

    external_id: str
    key: UUID
    is_new: bool
    payload_hash: str


class Origin(NamedTuple):
    """Where facts come from, the same for all of a batch. `extra` are further columns of the kind."""

    source: str
    recorded_at: datetime
    imported_in: Import | None = None
    extra: tuple[tuple[str, Any], ...] = ()


def insert_facts(model: type[Fact], program: Program, rows: Sequence[FactRow], origin: Origin) -> list[Stored]:
    """Store the rows whose id is free; say for each row, in order, what is stored under its id now.

    Rows go in by order of id, so that two batches that meet wait for one another instead of locking each other out.
    """
    ordered = sorted(rows)
    if len(ordered) < COPY_FROM:
        return _in_order(rows, _insert(model, program, ordered, origin))
    known = stored_facts(model, program, [row.external_id for row in ordered])
    fresh = [row for row in ordered if row.external_id not in known]
    try:
        with transaction.atomic():
            found = known | _copy(model, program, fresh, origin)
    except IntegrityError:
        # Somebody recorded one of these ids since we looked: let the database sort it out row by row.
        found = known
        for start in range(0, len(fresh), COPY_FROM):
            found |= _insert(model, program, fresh[start : start + COPY_FROM], origin)
    return _in_order(rows, found)


def _in_order(rows: Sequence[FactRow], found: dict[str, Stored]) -> list[Stored]:
    return [found[row.external_id] for row in rows]


def _insert(model: type[Fact], program: Program, rows: Sequence[FactRow], origin: Origin) -> dict[str, Stored]:
    objects = [
        model(
            program=program,
            external_id=row.external_id,
            payload_hash=row.payload_hash,
            source=origin.source,
            recorded_at=origin.recorded_at,
            imported_in=origin.imported_in,
            **row.columns,
            **dict(origin.extra),
        )
        for row in rows
    ]
    model.unscoped.bulk_create(objects, ignore_conflicts=True)
    mine = {made.pk for made in objects}
    found = stored_facts(model, program, [row.external_id for row in rows])
    return {key: stored._replace(is_new=stored.key in mine) for key, stored in found.items()}


def stored_facts(model: type[Fact], program: Program, ids: Sequence[str]) -> dict[str, Stored]:
    """What is stored under these ids, by id; facts of an undone import are not."""
    found: dict[str, Stored] = {}
    live = model.unscoped.filter(program=program, retracted_at=None)
    for start in range(0, len(ids), _LOOKUP):
        some = live.filter(external_id__any_of=ids[start : start + _LOOKUP])
        for external_id, key, payload_hash in some.values_list("external_id", "pk", "payload_hash"):
            found[external_id] = Stored(external_id, key, is_new=False, payload_hash=payload_hash)
    return found


def _copy(model: type[Fact], program: Program, rows: Sequence[FactRow], origin: Origin) -> dict[str, Stored]:
    if not rows:
        return {}
    names = list(rows[0].columns)
    json_names = {field.name for field in model._meta.fields if isinstance(field, JSONField)}  # noqa: SLF001
    shared = ["program_id", "source", "recorded_at", "imported_in_id", *(name for name, _ in origin.extra)]
    columns = ["id", "external_id", "payload_hash", *shared, *names]
    imported = origin.imported_in.pk if origin.imported_in else None
    fixed = (program.pk, origin.source, origin.recorded_at, imported, *(value for _, value in origin.extra))
    found: dict[str, Stored] = {}
    quoted = ", ".join(f'"{column}"' for column in columns)
    statement = f'COPY "{model._meta.db_table}" ({quoted}) FROM STDIN'  # noqa: SLF001
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row, key in zip(rows, _keys(len(rows)), strict=True):
            values = [_as_json(row.columns[name]) if name in json_names else row.columns[name] for name in names]
            copy.write_row((key, row.external_id, row.payload_hash, *fixed, *values))
            found[row.external_id] = Stored(row.external_id, key, is_new=True, payload_hash=row.payload_hash)
    return found


def _keys(count: int) -> Iterator[UUID]:
    return (uuid7() for _ in range(count))


def _as_json(value: Any) -> Any:
    return None if value is None else Jsonb(value)
