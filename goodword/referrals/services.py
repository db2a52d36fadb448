"""Writes of facts: recording them, once and for ever. Links, codes and clicks are written in `sharing.py`.

A fact is judged by `domain/fact_rules.py` whatever door it comes through, stored under its permanent id, and tells
the settlement worker whom it concerns, all in one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.fact_rules import PROBLEMS_MAX, FactRow, Reading, at_position, read_facts
from goodword.domain.ids import parse_public_id
from goodword.domain.moments import Clock
from goodword.referrals.bulk import Origin, Stored, insert_facts, stored_facts
from goodword.referrals.errors import IdempotencyMismatch
from goodword.referrals.known import known_of, take_turns
from goodword.referrals.models import Cancel, Conversion, Credit, Customer, Fact, Import, Rate, Refund, Touch
from goodword.referrals.rates import hold_doubtful
from goodword.referrals.sharing import create_code, create_link, revoke_code, revoke_link
from goodword.referrals.stitching import stitch_visitors
from goodword.referrals.unsettled import mark_customers, mark_facts, mark_program
from goodword.referrals.warning_signs import note_bad_clicks

__all__ = [
    "Checked",
    "Recorded",
    "check_facts",
    "create_code",
    "create_link",
    "mark_customers",
    "mark_program",
    "record_checked",
    "record_facts",
    "revoke_code",
    "revoke_link",
]

MODELS: dict[str, type[Fact]] = {
    "customer": Customer,
    "touch": Touch,
    "sale": Conversion,
    "event": Conversion,
    "refund": Refund,
    "cancel": Cancel,
    "credit": Credit,
    "rate": Rate,
}
FROM_FILE = frozenset(("import", "demo"))
"""Sources that carry the past: a repetition inside one file is a duplicate, free sales and old rates are kept."""
_AUDITED_EACH_MAX = 100


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch; `replaced` are customers with new content, `rows` stand in the order given."""

    new: int
    duplicates: int
    replaced: int
    rows: Sequence[Stored]


@dataclass(frozen=True, slots=True)
class Checked:
    """What would become of a batch: the good rows, what is wrong (`items[3].amount`), and what is known already."""

    rows: Sequence[FactRow]
    problems: Sequence[Problem]
    duplicates: int
    known: Mapping[str, Stored]


def record_facts(
    program: Program,
    kind: str,
    items: Sequence[Any],
    *,
    source: str,
    actor: Actor,
    imported_in: Import | None = None,
    published: bool = False,
    now: datetime,
) -> Recorded:
    """Record facts of one kind, all or none. `published` rates count at once, however far from the ones before.

    An id that is known with the same content is a duplicate and changes nothing. Raises InvalidInput with everything
    that is wrong, or IdempotencyMismatch for known ids with other content; a customer is replaced by what is said last.
    """
    with active_program(program), transaction.atomic():
        take_turns(program, kind, items)
        rows = _good_rows(program, kind, items, source=source, now=now)
        done = _record_rows(program, kind, rows, Origin(source, now, imported_in), actor, published=published)
    return Recorded(done.new, len(items) - done.new - done.replaced, done.replaced, done.rows)


def record_checked(program: Program, kind: str, rows: Sequence[FactRow], origin: Origin, actor: Actor) -> Recorded:
    """Record rows of `check_facts`, in the transaction that checked them after `take_turns`. For whole files."""
    assert connection.in_atomic_block, "what was checked holds only as long as its transaction"
    with active_program(program):
        return _record_rows(program, kind, rows, origin, actor)


def _record_rows(
    program: Program, kind: str, rows: Sequence[FactRow], origin: Origin, actor: Actor, *, published: bool = False
) -> Recorded:
    if kind == "credit":
        origin = origin._replace(extra=(("decided_by_id", _deciding(actor)),))
    stored = insert_facts(MODELS[kind], program, rows, origin)
    changed = _replace_customers(rows, stored, origin) if kind == "customer" else _refuse_others(rows, stored)
    fresh = [row for row, found in zip(rows, stored, strict=True) if found.is_new]
    if kind == "rate" and not published:
        hold_doubtful(program, [found.key for found in stored if found.is_new], actor)
    if kind == "customer":
        stitch_visitors(program, (name for row in [*fresh, *changed] for name in row.columns["visitors"]))
    if kind in ("customer", "touch"):
        note_bad_clicks(program, kind, [*fresh, *changed], origin.recorded_at)
    mark_facts(program, kind, [*fresh, *changed])
    _audit(kind, fresh, changed, actor)
    return Recorded(len(fresh), len(rows) - len(fresh) - len(changed), len(changed), stored)


def check_facts(program: Program, kind: str, items: Sequence[Any], *, source: str, now: datetime) -> Checked:
    """What `record_facts` would say of these items; nothing is written."""
    with active_program(program):
        given, problems = read_facts(kind, items, _reading(program, kind, items, source=source, now=now))
        rows, twice = _once(given, lenient=source in FROM_FILE)
        known = stored_facts(MODELS[kind], program, [row.external_id for row in rows])
    others = [
        row for row in rows if row.external_id in known and known[row.external_id].payload_hash != row.payload_hash
    ]
    conflicts = [] if kind == "customer" else [_mismatch(row) for row in others]
    repeated = len(given) - len(rows) - len(twice)
    found = [*problems, *twice, *conflicts]
    return Checked(rows, found[:PROBLEMS_MAX], len(known) - len(others) + repeated, known)


def _good_rows(program: Program, kind: str, items: Sequence[Any], *, source: str, now: datetime) -> list[FactRow]:
    reading = _reading(program, kind, items, source=source, now=now)
    given, problems = read_facts(kind, items, reading)
    rows, twice = _once(given, lenient=source in FROM_FILE)
    if problems or twice:
        raise InvalidInput([*problems, *twice])
    return rows


def _reading(program: Program, kind: str, items: Sequence[Any], *, source: str, now: datetime) -> Reading:
    from_file = source in FROM_FILE
    return Reading(
        clock=Clock(now, program.timezone),
        currency=program.currency,
        known=known_of(program, kind, items),
        free_sales=from_file,
    )


def _once(rows: Sequence[FactRow], *, lenient: bool) -> tuple[list[FactRow], list[Problem]]:
    """The rows with each id once. `lenient` lets an exact repetition pass; else a second one is a problem."""
    first: dict[str, FactRow] = {}
    problems = []
    for row in rows:
        earlier = first.setdefault(row.external_id, row)
        if earlier is not row and not (lenient and earlier.payload_hash == row.payload_hash):
            problems.append(_twice(earlier, row))
    return list(first.values()), problems


def _twice(first: FactRow, second: FactRow) -> Problem:
    message = f"items {first.position} and {second.position} have the same id"
    found = Problem("duplicate_in_batch", message, "id", second.external_id[:40], "send each fact once")
    return at_position(second.position, found)


def _mismatch(row: FactRow) -> Problem:
    message = f"{row.external_id!r} was recorded before with other content"
    remedy = "facts are never edited: send a new fact (a refund, a credit), or use another id"
    return at_position(row.position, Problem("idempotency_mismatch", message, "id", row.external_id[:40], remedy))


def _differing(rows: Sequence[FactRow], stored: Sequence[Stored]) -> list[tuple[FactRow, Stored]]:
    pairs = zip(rows, stored, strict=True)
    return [(row, found) for row, found in pairs if not found.is_new and found.payload_hash != row.payload_hash]


def _refuse_others(rows: Sequence[FactRow], stored: Sequence[Stored]) -> list[FactRow]:
    if differing := _differing(rows, stored):
        raise IdempotencyMismatch([_mismatch(row) for row, _ in differing])
    return []


def _replace_customers(rows: Sequence[FactRow], stored: Sequence[Stored], origin: Origin) -> list[FactRow]:
    """Customers have no history: what is said last serves. The audit trail keeps what was said before."""
    differing = _differing(rows, stored)
    keys = [found.key for _, found in differing]
    held = {one.pk: one for one in Customer.objects.select_for_update().filter(pk__in=keys).order_by("pk")}
    for row, found in differing:
        customer = held[found.key]
        for name, value in row.columns.items():
            setattr(customer, name, value)
        customer.payload_hash, customer.recorded_at, customer.source = (
            row.payload_hash,
            origin.recorded_at,
            origin.source,
        )
    if differing:
        fields = [*differing[0][0].columns, "payload_hash", "recorded_at", "source"]
        Customer.objects.bulk_update(held.values(), fields, batch_size=1000)
    return [row for row, _ in differing]


def _deciding(actor: Actor) -> UUID | None:
    return parse_public_id("user", actor.id) if actor.kind == "user" else None


def _audit(kind: str, fresh: Sequence[FactRow], changed: Sequence[FactRow], actor: Actor) -> None:
    """A person's decision and a changed customer stand in the trail; events from outside are their own record."""
    told = {"customer": ("customer.changed", changed), "credit": ("credit.recorded", fresh)}
    action, rows = told.get(kind, ("", ()))
    for row in rows[:_AUDITED_EACH_MAX]:
        record_audit(action=action, kind=kind, key=row.external_id[:80], after=row.columns, actor=actor)
    if len(rows) > _AUDITED_EACH_MAX:
        rest = {"and_more": len(rows) - _AUDITED_EACH_MAX}
        record_audit(action=action, kind=kind, label="and more", after=rest, actor=actor)
