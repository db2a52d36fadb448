"""What pages and the API read of connections: lists, counts, and the steps that set one up."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.urls import reverse

from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.stripe_events import READ

STRIPE_EVENTS: Final = tuple(sorted(READ))


@dataclass(frozen=True, slots=True)
class Health:
    """How a connection does: when it was last heard, and how many events need a person or wait."""

    last: datetime | None
    events: int
    waiting: int
    quarantined: int


def connections() -> QuerySet[Connection]:
    """The connections of the active program, by name."""
    return Connection.objects.order_by("name", "pk")


def health(connection: Connection) -> Health:
    """What became of the events of a connection."""
    rows = ReceivedEvent.objects.filter(connection=connection)
    found = rows.aggregate(
        last=Max("received_at"), events=Count("pk"), waiting=Count("pk", filter=Q(outcome__in=["waiting", "received"])),
        quarantined=Count("pk", filter=Q(outcome="quarantined")),
    )  # fmt: skip
    return Health(**found)


def events_of(connection: Connection, *, outcome: str = "", words: str = "") -> QuerySet[ReceivedEvent]:
    """The events of a connection, without their bodies."""
    rows = ReceivedEvent.objects.filter(connection=connection).defer("body")
    if outcome:
        rows = rows.filter(outcome=outcome)
    if words:
        rows = rows.filter(
            Q(event_id=words) | Q(links__contains=[words]) | Q(customer=words) | Q(type__icontains=words)
        )
    return rows


def address_of(connection: Connection) -> str:
    """The web address that the other system sends to."""
    return f"{settings.BASE_URL}{reverse('connections:receive', args=[connection.address])}"


def body_text(event: ReceivedEvent) -> str:
    """The body for reading: laid out where it is JSON, else as it came."""
    body = bytes(event.body)
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "backslashreplace")


def summary(event: ReceivedEvent) -> dict[str, Any]:
    """An event as the API shows it, without its body."""
    return {
        "id": event.public_id,
        "event_id": event.event_id,
        "type": event.type,
        "outcome": event.outcome,
        "reason": event.reason or None,
        "detail": event.detail or None,
        "happened_at": event.happened_at,
        "received_at": event.received_at,
        "repeats": event.repeats,
        "facts": [{"kind": kind, "id": name} for kind, name in event.facts],
    }
