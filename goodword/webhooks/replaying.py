"""Sending again, and sending a test: one delivery, a range of events in their order, a message that says hello."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from goodword.accounts.actors import Actor
from goodword.accounts.services import record_audit
from goodword.domain.errors import DomainError
from goodword.webhooks.catalog import BULK, TEST, is_wanted
from goodword.webhooks.errors import endpoint_off
from goodword.webhooks.gathering import new_delivery, write_events
from goodword.webhooks.models import Delivery, Endpoint, Event, Reading
from goodword.webhooks.sources import told

EVENTS_MAX: Final = 50_000
_SOME: Final = 1000
HELLO: Final = "This is a test. Nothing happened."


class TooManyEvents(DomainError):
    """More events lie in the range than are sent again at once."""

    code = "too_many_events"


class RangeTurned(DomainError):
    """The end of a range is not after its beginning."""

    code = "range_turned"


@dataclass(frozen=True, slots=True)
class Range:
    """Events that happened from `since` on and before `until`; `delivered` ones too, or only those that are missing."""

    since: datetime
    until: datetime
    delivered: bool = False


@transaction.atomic
def replay_delivery(delivery: Delivery, *, actor: Actor, now: datetime) -> Delivery:
    """Send one message again, under its old id. One that waits is sent at once."""
    endpoint = _locked_on(delivery.endpoint)
    locked = Delivery.unscoped.select_for_update(of=("self",)).select_related("event").get(pk=delivery.pk)
    _again(Delivery.unscoped.filter(pk=locked.pk), now)
    after = {"event": locked.event.public_id}
    record_audit(action="webhook.replayed", obj=endpoint, after=after, actor=actor, program=endpoint.program)
    return Delivery.unscoped.select_related("event", "endpoint").get(pk=locked.pk)


@transaction.atomic
def replay_range(endpoint: Endpoint, wanted: Range, *, actor: Actor, now: datetime) -> int:
    """Send the events of a range again, in their order; says how many. Those that wait already are sent at once."""
    if wanted.until <= wanted.since:
        raise RangeTurned("the end is not after the beginning", field="until", remedy="exchange the two")
    locked = _locked_on(endpoint)
    rows = Event.unscoped.filter(program=locked.program, at__gte=wanted.since, at__lt=wanted.until).exclude(kind=TEST)
    events = [event for event in rows.defer("payload").order_by("number") if is_wanted(locked.kinds, _chosen_as(event))]
    if len(events) > EVENTS_MAX:
        raise TooManyEvents(
            f"{len(events):,} events are too many", field="since", remedy=f"at most {EVENTS_MAX:,}: take a shorter time"
        )
    sent = sum(_queue(locked, events[at : at + _SOME], wanted, now) for at in range(0, len(events), _SOME))
    after = {"since": wanted.since, "until": wanted.until, "delivered_too": wanted.delivered, "events": sent}
    record_audit(action="webhook.replayed", obj=locked, after=after, actor=actor, program=locked.program)
    return sent


def _queue(endpoint: Endpoint, events: list[Event], wanted: Range, now: datetime) -> int:
    known = Delivery.unscoped.filter(endpoint=endpoint, event__in=events)
    had = set(known.values_list("event", flat=True))
    again = known if wanted.delivered else known.exclude(state="delivered")
    moved = _again(again, now)
    new = [new_delivery(event, endpoint, now) for event in events if event.pk not in had]
    Delivery.unscoped.bulk_create(new)
    return moved + len(new)


def _again(rows: QuerySet[Delivery], now: datetime) -> int:
    return rows.update(state="waiting", tries=0, next_at=now, settled_at=None)


def _chosen_as(event: Event) -> str:
    """As `gathering.chosen_as`, without opening the payload: a sum is about what it sums up."""
    return event.object.removeprefix("bulk ") if event.kind == BULK else event.kind


@transaction.atomic
def send_test(endpoint: Endpoint, *, actor: Actor, now: datetime) -> Delivery:
    """Put a test message on its way to one endpoint, whatever events it chose."""
    reading = Reading.objects.select_for_update().get(program=endpoint.program_id)
    locked = _locked_on(endpoint)
    data = {"endpoint": locked.public_id, "message": HELLO}
    source = f"test:{locked.pk}:{reading.last_number + 1}"
    one = told(TEST, f"test {locked.public_id}", source, now, data)
    ((_, event),) = write_events(reading, [one], now)
    reading.save()
    delivery = new_delivery(event, locked, now)
    delivery.save(force_insert=True)
    record_audit(action="webhook.tested", obj=locked, actor=actor, program=locked.program)
    return delivery


def _locked_on(endpoint: Endpoint) -> Endpoint:
    rows = Endpoint.unscoped.select_for_update(no_key=True, of=("self",)).select_related("program")
    locked = rows.get(pk=endpoint.pk)
    if locked.off_since is not None or locked.removed_at is not None:
        raise endpoint_off()
    return locked
