"""Storing an event before anybody judges it: once, under its own id, exactly as it came."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.db.models import F

from goodword.connections.bodies import content_hash, parsed
from goodword.connections.judging import words_for
from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.systems import SYSTEMS
from goodword.connections.wanted import TOLERANCE, Intake, Unreadable
from goodword.domain.errors import DomainError

_RENDERED_ANEW: Final = frozenset({"stripe"})
"""Systems whose list shows an event in another version of their API than the webhook did: its id alone counts."""


class OtherContent(DomainError):
    """The id of an event that is stored already came again with other content. Nothing is merged silently."""

    code = "idempotency_mismatch"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What arrived: the bytes that were signed, the headers that say what they are, and on which way."""

    body: bytes
    headers: Mapping[str, str]
    at: datetime
    via: str = "webhook"


def store(connection: Connection, arrival: Arrival) -> tuple[ReceivedEvent, bool]:
    """Store what arrived, in a commit of its own; says whether it is new. Raises OtherContent."""
    found = intake_of(connection, arrival)
    event = ReceivedEvent(
        program_id=connection.program_id, connection=connection, event_id=found.event_id, received_at=arrival.at,
        via=arrival.via, headers=dict(arrival.headers), body=arrival.body, content_hash=content_hash(arrival.body),
    )  # fmt: skip
    _write_down(event, found)
    ReceivedEvent.unscoped.bulk_create([event], ignore_conflicts=True)
    held = ReceivedEvent.unscoped.select_related("connection").get(connection=connection, event_id=found.event_id)
    if held.pk == event.pk:
        return held, True
    if held.content_hash != event.content_hash and connection.kind not in _RENDERED_ANEW:
        raise OtherContent(f"The event {found.event_id[:80]} was received before with other content.")
    if arrival.via == "webhook":
        ReceivedEvent.unscoped.filter(pk=held.pk).update(repeats=F("repeats") + 1)
    return held, False


def read_again(event: ReceivedEvent, now: datetime) -> None:
    """Read a stored event as if it had just come in: what was too early or not understood may be good now."""
    arrival = Arrival(bytes(event.body), event.headers, now, event.via)
    _write_down(event, intake_of(event.connection, arrival))
    event.tries, event.look_again_at, event.facts = 0, None, []
    event.save()


def _write_down(event: ReceivedEvent, found: Intake) -> None:
    event.type, event.happened_at, event.links = found.type, found.happened_at, list(found.links)
    event.customer, event.subscription = found.customer, found.subscription
    event.outcome, event.reason = found.outcome, found.reason
    event.detail = (found.detail or words_for(found.reason))[:500]


def intake_of(connection: Connection, arrival: Arrival) -> Intake:
    """What an event is. One that cannot be read is kept all the same, for a person."""
    name = ""
    try:
        content = parsed(arrival.body)
        name = str(content.get("id", ""))[:255] if connection.kind == "stripe" else _named(arrival)
        found = SYSTEMS[connection.kind].intake(arrival.headers, content, arrival.at)
    except Unreadable as refused:
        fallback = name or _named(arrival) or hashlib.sha256(arrival.body).hexdigest()
        kind = _type_of(arrival)
        return Intake(
            fallback, kind, arrival.at, outcome="quarantined", reason=refused.code[:60], detail=refused.message
        )
    if found.outcome == "received" and found.mode and found.mode != connection.mode:
        return replace(found, outcome="quarantined", reason="mode_mismatch")
    if found.happened_at > arrival.at + TOLERANCE:
        return replace(found, outcome="quarantined", reason="future_dated")
    return replace(found, happened_at=min(found.happened_at, arrival.at))


def _named(arrival: Arrival) -> str:
    names = ("webhook-id", "x-wc-webhook-delivery-id", "x-shopify-webhook-id")
    return next((arrival.headers[name][:255] for name in names if arrival.headers.get(name)), "")


def _type_of(arrival: Arrival) -> str:
    try:
        said = parsed(arrival.body).get("type")
    except Unreadable:
        said = None
    topics = (arrival.headers.get(name) for name in ("x-wc-webhook-topic", "x-shopify-topic"))
    return str(next((one for one in (*topics, said) if isinstance(one, str)), ""))[:100]
