"""From what was committed to events and their deliveries: each change becomes one event, and nothing else does.

Two chains are followed by their gapless numbers (audit trail, ledger); facts have noted themselves in
`RecordedFacts`. Marks and events move in one transaction, so a crash tells nothing twice and forgets nothing.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.domain.ids import public_id, uuid7
from goodword.webhooks.catalog import BULK, VERSION, is_wanted
from goodword.webhooks.models import Delivery, Endpoint, Event, Reading
from goodword.webhooks.sources import Told, from_facts, from_ledger, from_trail


def gather(now: datetime) -> int:
    """Turn what is new in every program that has an endpoint into events. Returns how many."""
    programs = Reading.objects.order_by("program").values_list("program", flat=True)
    return sum(gather_from(program, now) for program in Program.objects.filter(pk__in=list(programs)).order_by("pk"))


def gather_from(program: Program, now: datetime) -> int:
    """Turn everything new of one program into events, some at a time."""
    written = 0
    while new := _gather_some(program, now):
        written += new
    return written


@transaction.atomic
def _gather_some(program: Program, now: datetime) -> int:
    rows = Reading.objects.select_for_update(skip_locked=True)
    reading = rows.filter(program=program).first()
    if reading is None:
        return 0  # nobody listens, or somebody else gathers now
    before = (reading.audit_sequence, reading.ledger_sequence)
    with active_program(program):
        told = [*from_trail(reading), *from_ledger(reading), *from_facts(program)]
        queue(program, write_events(reading, told, now), now)
    if told or before != (reading.audit_sequence, reading.ledger_sequence):
        reading.save()
    return len(told)


def write_events(reading: Reading, told: Iterable[Told], now: datetime) -> list[tuple[Told, Event]]:
    """Write events in their order. The caller holds the row of `reading` and saves it."""
    written = []
    for one in told:
        reading.last_number += 1
        event = Event(
            id=uuid7(), program_id=reading.program_id, number=reading.last_number, kind=one.kind, object=one.object,
            source=one.source, at=one.at, created_at=now,
        )  # fmt: skip
        event.payload = _payload(event, one)
        written.append((one, event))
    Event.unscoped.bulk_create([event for _, event in written], batch_size=1000)
    return written


def _payload(event: Event, told: Told) -> str:
    message = {
        "type": event.kind,
        "id": public_id("webhook_event", event.pk),
        "timestamp": event.at.isoformat().replace("+00:00", "Z"),
        "version": VERSION,
        "data": told.data,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def queue(program: Program, written: Sequence[tuple[Told, Event]], now: datetime) -> None:
    """Put events on their way to every endpoint of the program that is on and wants them."""
    endpoints = list(Endpoint.unscoped.filter(program=program, removed_at=None, off_since=None).order_by("pk"))
    Delivery.unscoped.bulk_create(
        [
            new_delivery(event, endpoint, now)
            for told, event in written
            for endpoint in endpoints
            if is_wanted(endpoint.kinds, chosen_as(told.kind, told.data))
        ],
        batch_size=1000,
    )


def chosen_as(kind: str, data: dict[str, object]) -> str:
    """The kind that an endpoint must have chosen to get an event: a sum goes to who chose what it sums up."""
    return str(data["type"]) if kind == BULK else kind


def new_delivery(event: Event, endpoint: Endpoint, now: datetime) -> Delivery:
    """An event's way to an endpoint, due at once."""
    return Delivery(
        program_id=event.program_id, event=event, endpoint=endpoint, number=event.number, object=event.object,
        next_at=now,
    )  # fmt: skip
