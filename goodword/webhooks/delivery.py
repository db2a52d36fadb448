"""Sending what is due: claim, send side by side, note what came of it. The network itself is `guard.py`'s.

One object's messages go one after another, others do not wait for them. A receiver gets few requests at a time, one
that fails gets one, and one that fails again and again is left in peace for a while: nobody else waits for it.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from goodword.domain.webhook_schedule import Chance, is_given_up, next_try, rest_until
from goodword.webhooks.endpoints import give_up_on, surroundings
from goodword.webhooks.guard import Network, Outcome, send
from goodword.webhooks.models import Attempt, Delivery, Endpoint
from goodword.webhooks.secrets import opened_headers, signed_headers, signing_secrets

AT_ONCE_MAX: Final = 16
AT_ONCE_EACH: Final = 4
STARTING_SECONDS_MAX: Final = 12.0
"""Nothing is begun after this: with the time of one request a run ends before a stopping worker is killed."""
CLAIM: Final = timedelta(minutes=2)
"""A claim that is older belongs to somebody who died: the message goes again, under its old id."""
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Message:
    """A request to be: everything that the sending thread needs, so that it asks no database."""

    delivery: UUID
    endpoint: UUID
    url: str
    body: bytes
    headers: Mapping[str, str]
    unreadable: bool = False


Send = Callable[[Message], Outcome]


def deliver_due(
    clock: Callable[[], datetime], *, network: Network | None = None, chance: Chance = random.random
) -> int:
    """Send everything that is due, for as long as a run may take. Returns how many requests were made."""
    run = _Run(clock, partial(_send, around=surroundings(), network=network or Network()), chance)
    with ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="webhook") as pool:
        while run.goes_on(pool):
            run.wait()
    return run.sent


@dataclass(slots=True)
class _Run:
    """What is in the air, and whose turn it was last."""

    clock: Callable[[], datetime]
    send: Send
    chance: Chance
    started: float = field(default_factory=time.monotonic)
    flying: dict[Future[Outcome], Message] = field(default_factory=dict)
    turns: dict[UUID, int] = field(default_factory=dict)
    sent: int = 0

    def goes_on(self, pool: ThreadPoolExecutor) -> bool:
        """Begin what is due as far as there is room; whether anything is in the air then."""
        if time.monotonic() - self.started < STARTING_SECONDS_MAX:
            for message in self._claimed():
                self.sent += 1
                self.turns[message.endpoint] = self.sent
                self.flying[pool.submit(self.send, message)] = message
        return bool(self.flying)

    def wait(self) -> None:
        done, _ = wait(self.flying, timeout=1, return_when=FIRST_COMPLETED)
        for future in done:
            note(self.flying.pop(future), future.result(), self.clock(), self.chance)

    def _claimed(self) -> list[Message]:
        room = AT_ONCE_MAX - len(self.flying)
        if room <= 0:
            return []
        busy = Counter(message.endpoint for message in self.flying.values())
        found: list[Message] = []
        for endpoint in sorted(_with_due(self.clock()), key=lambda one: self.turns.get(one.pk, 0)):
            each = 1 if endpoint.failures_in_row else AT_ONCE_EACH
            most = min(each - busy[endpoint.pk], room - len(found))
            if most > 0:
                found += claim(endpoint, self.clock(), most)
        return found


def _send(message: Message, *, around: Any, network: Network) -> Outcome:
    if message.unreadable:
        return Outcome(None, "secret", "rotate the secret and enter its headers again", "", 0)
    return send(message.url, message.body, message.headers, around=around, network=network)


def _due(now: datetime) -> Q:
    return Q(state="waiting", next_at__lte=now) & (Q(claimed_until=None) | Q(claimed_until__lte=now))


def _with_due(now: datetime) -> list[Endpoint]:
    """Endpoints that are on and not resting, with something due."""
    at_work = Q(rest_until=None) | Q(rest_until__lte=now)
    due = Delivery.unscoped.filter(_due(now), endpoint=OuterRef("pk"))
    return list(Endpoint.unscoped.filter(at_work, Exists(due), off_since=None, removed_at=None).order_by("pk"))


@transaction.atomic
def claim(endpoint: Endpoint, now: datetime, most: int) -> list[Message]:
    """Take the next due deliveries of an endpoint, at most one of each object: its earlier ones come first."""
    before = Delivery.unscoped.filter(
        endpoint=endpoint, state="waiting", object=OuterRef("object"), number__lt=OuterRef("number")
    )
    rows = Delivery.unscoped.select_for_update(skip_locked=True, of=("self",)).select_related("event")
    found = list(rows.filter(_due(now), ~Exists(before), endpoint=endpoint).order_by("number")[:most])
    Delivery.unscoped.filter(pk__in=[row.pk for row in found]).update(claimed_until=now + CLAIM)
    return [_message(row, endpoint, now) for row in found]


def _message(delivery: Delivery, endpoint: Endpoint, now: datetime) -> Message:
    payload, name = delivery.event.payload, delivery.event.public_id
    body = payload.encode()
    try:
        own = opened_headers(endpoint)
        headers = own | signed_headers(name, payload, signing_secrets(endpoint, now), now)
    except (InvalidTag, AssertionError):  # the installation's key was changed
        return Message(delivery.pk, endpoint.pk, endpoint.url, body, {}, unreadable=True)
    return Message(delivery.pk, endpoint.pk, endpoint.url, body, headers)


@transaction.atomic
def note(message: Message, outcome: Outcome, now: datetime, chance: Chance) -> None:
    """Keep what came of a request, and decide what follows."""
    endpoints = Endpoint.unscoped.select_for_update(no_key=True, of=("self",)).select_related("program")
    endpoint = endpoints.get(pk=message.endpoint)
    delivery = Delivery.unscoped.select_for_update(of=("self",)).get(pk=message.delivery)
    _keep(delivery, outcome, now)
    if outcome.failure:
        _failed(endpoint, delivery, outcome, now, chance)
    else:
        delivery.state, delivery.settled_at = "delivered", now
        endpoint.failures_in_row, endpoint.failing_since, endpoint.rest_until = 0, None, None
        endpoint.last_success_at = now
    delivery.save()
    endpoint.save()
    if outcome.failure and endpoint.off_since is None and _is_hopeless(endpoint, delivery, outcome, now):
        give_up_on(endpoint, "gone" if outcome.status == GONE else "failures", now)


def _keep(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    delivery.claimed_until = None
    delivery.attempts_made += 1
    Attempt.unscoped.create(
        program_id=delivery.program_id, delivery=delivery, number=delivery.attempts_made, at=now,
        milliseconds=outcome.milliseconds, status=outcome.status, failure=outcome.failure, detail=outcome.detail,
        answer=outcome.answer,
    )  # fmt: skip


def _failed(endpoint: Endpoint, delivery: Delivery, outcome: Outcome, now: datetime, chance: Chance) -> None:
    endpoint.failures_in_row += 1
    endpoint.failing_since = endpoint.failing_since or now
    if endpoint.off_since is None:
        endpoint.rest_until = rest_until(endpoint.failures_in_row, now, chance)
    if delivery.state != "waiting":
        return  # switched off meanwhile
    delivery.tries += 1
    again = next_try(delivery.tries, now, chance)
    if again is None or outcome.status == GONE:
        delivery.state, delivery.settled_at = "given_up", now
    else:
        delivery.next_at = again


def _is_hopeless(endpoint: Endpoint, delivery: Delivery, outcome: Outcome, now: datetime) -> bool:
    if outcome.status == GONE:
        return True
    return delivery.state == "given_up" and is_given_up(endpoint.failing_since, now)
