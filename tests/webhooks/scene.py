"""What the tests of webhooks begin with: Acme's program with an endpoint at a receiver, and a clock in the hand."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from goodword.accounts.actors import SYSTEM
from goodword.referrals.services import record_facts
from goodword.webhooks.delivery import deliver_due
from goodword.webhooks.endpoints import Wish, create_endpoint
from goodword.webhooks.gathering import gather
from goodword.webhooks.guard import Network
from goodword.webhooks.models import Attempt, Delivery, Endpoint, Event
from tests import cast
from tests.webhooks.receiver import Clock, Receiver

SHORT = Network(seconds_max=0.4)


def endpoint_at(receiver: Receiver, program: Any, settings: Any, *, kinds: Any = ("*",), **wish: Any) -> Any:
    """An endpoint at this receiver, let through as a developer would, and its secret."""
    settings.WEBHOOK_LOOPBACK = settings.WEBHOOK_LOOPBACK | {receiver.name}
    given = {"url": receiver.url, "kinds": list(kinds)} | wish
    return create_endpoint(program, Wish(**given), actor=SYSTEM, now=timezone.now())


def scene(receiver: Receiver, settings: Any, **wish: Any) -> SimpleNamespace:
    """Acme, whose endpoint hears everything."""
    here = cast.acme(slug=f"acme-{receiver.port}")
    endpoint, secret = endpoint_at(receiver, here.program, settings, **wish)
    clock = Clock(timezone.now())
    return SimpleNamespace(**vars(here), endpoint=endpoint, secret=secret, clock=clock, receiver=receiver)


def sale(program: Any, name: str, **fields: Any) -> None:
    """One sale by the API's door."""
    given = {"id": name, "customer": "c-1", "at": "2026-01-05T10:00:00Z", "currency": "EUR", "amount": "100.00"}
    facts(program, "sale", given | fields)


def facts(program: Any, kind: str, *items: dict[str, Any]) -> None:
    record_facts(program, kind, items, source="api", actor=SYSTEM, now=timezone.now())


def tell(clock: Clock, network: Network = SHORT) -> int:
    """A turn of the worker: gather what is new, send what is due."""
    gather(clock())
    return deliver_due(clock, network=network, chance=lambda: 0.5)


def later(clock: Clock, **by: float) -> None:
    clock.at += timedelta(**by)


def events(program: Any) -> list[Event]:
    return list(Event.unscoped.filter(program=program).order_by("number"))


def kinds(program: Any) -> list[str]:
    return [event.kind for event in events(program)]


def attempts(endpoint: Endpoint) -> list[Attempt]:
    return list(Attempt.unscoped.filter(delivery__endpoint=endpoint).order_by("at", "pk"))


def deliveries(endpoint: Endpoint) -> list[Delivery]:
    return list(Delivery.unscoped.filter(endpoint=endpoint).order_by("number"))


def fresh(endpoint: Endpoint) -> Endpoint:
    return Endpoint.unscoped.get(pk=endpoint.pk)
