"""What each system needs of us, in one table: how it signs, how its events are read, and which belong together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from goodword.connections import shopify_facts, standard_facts, stripe_events, stripe_people, woocommerce_facts
from goodword.connections.bodies import parsed
from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.signatures import VERIFY, Verify
from goodword.connections.stripe_facts import payment_facts
from goodword.connections.wanted import Intake, Seen, Wanted
from goodword.referrals.models import Conversion

_ROUNDS_MAX: Final = 8
_OF_PROMOTION: Final = "promo_"
_TELL_OF_CUSTOMERS: Final = stripe_events.CUSTOMERS | stripe_events.SUBSCRIPTIONS
Related = Sequence[ReceivedEvent]


@dataclass(frozen=True, slots=True)
class System:
    """One kind of connection. `merges`: it tells a customer in parts, so that what is known already stays."""

    verify: Verify
    headers: Sequence[str]
    intake: Callable[[Mapping[str, str], Mapping[str, Any], datetime], Intake]
    related: Callable[[ReceivedEvent], Related]
    facts: Callable[[ReceivedEvent, Sequence[tuple[ReceivedEvent, Seen]]], Wanted]
    merges: bool = True


def own_kinds(event: ReceivedEvent) -> frozenset[str]:
    """The kinds of fact an event speaks of: a refusal of one of them is the event's own."""
    kind = event.type
    if kind in stripe_events.SALES or kind == shopify_facts.PAID or kind in woocommerce_facts.TOPICS:
        refunds = {"refund"} if kind in woocommerce_facts.TOPICS else set()
        return frozenset({"sale", "customer", *refunds})
    if kind in stripe_events.SUBSCRIPTIONS:
        return frozenset({"cancel", "customer"})
    if kind in stripe_events.LINKS | stripe_events.CODES:
        return frozenset()
    if kind in stripe_events.CUSTOMERS or kind == "customer.recorded":
        return frozenset({"customer"})
    named = {"sale.recorded": "sale", "lead.recorded": "event", "cancel.recorded": "cancel"}.get(kind, "refund")
    return frozenset({named})


def seen(event: ReceivedEvent, now: datetime) -> Seen:
    """A stored event as the readers take it."""
    patient = event.look_again_at is None or event.look_again_at > now
    return Seen(event.event_id, event.type, event.happened_at, parsed(bytes(event.body)), patient)


def _readable(event: ReceivedEvent) -> Any:
    """Events that may be read together with this one: those of its connection; at Stripe, where ids are unique, those
    of every connection of the program and mode, so that two to one account tell the same.
    """
    together = [event.connection_id]
    if event.connection.kind == "stripe":
        ours = Connection.objects.filter(kind="stripe", mode=event.connection.mode)
        together = list(ours.values_list("pk", flat=True))
    readable = ReceivedEvent.unscoped.filter(connection_id__in=together).exclude(outcome="quarantined")
    return readable.exclude(body=b"")  # one of which nothing is left says nothing any more


def _tied(event: ReceivedEvent) -> Related:
    """Events that share an id with this one."""
    tied = _readable(event).filter(links__overlap=event.links) if event.links else ()
    return list(({event.pk: event} | {row.pk: row for row in tied}).values())


def _of_payment(event: ReceivedEvent) -> Related:
    """All events of the payment, the promotion codes they name, and what tells of its customers and subscription."""
    rows: dict[Any, ReceivedEvent] = {event.pk: event}
    asked: set[str] = set()
    for _ in range(_ROUNDS_MAX):
        ids = {link for row in rows.values() for link in row.links if not link.startswith(_OF_PROMOTION)} - asked
        if not ids:
            break
        asked |= ids
        rows |= {row.pk: row for row in _readable(event).filter(links__overlap=sorted(ids))}
    promotions = {link for row in rows.values() for link in row.links if link.startswith(_OF_PROMOTION)}
    if promotions:
        told = _readable(event).filter(links__overlap=sorted(promotions), type__in=stripe_events.CODES)
        rows |= {row.pk: row for row in told}
    return list(rows.values())


def _with_code(event: ReceivedEvent) -> Related:
    """A new promotion code: the events that wait for its text."""
    return [event, *_readable(event).filter(links__overlap=event.links, outcome="waiting").exclude(pk=event.pk)]


def _stripe_related(event: ReceivedEvent) -> Related:
    return _with_code(event) if event.type in stripe_events.CODES else _of_payment(event)


def _stripe_facts(event: ReceivedEvent, given: Sequence[tuple[ReceivedEvent, Seen]]) -> Wanted:
    if event.type in stripe_events.CODES:
        return Wanted()
    payments = [one for _, one in given if one.type not in _TELL_OF_CUSTOMERS]
    wanted = payment_facts(payments)
    told = {row.customer for row, one in given if row.customer and one.type in stripe_events.SALES | _TELL_OF_CUSTOMERS}
    for key in sorted(told):
        wanted.customers.append(stripe_people.customer_fact(key, _about_customer(event, key)))
    if event.type in stripe_events.SUBSCRIPTIONS:
        wanted.cancels += stripe_people.cancel_facts(_about_subscription(event))
    return wanted


def _about_customer(event: ReceivedEvent, key: str) -> Iterable[Seen]:
    """What tells who a customer is: all about the customer itself, its sessions and subscriptions, its last invoice."""
    rows = _readable(event).filter(customer=key)
    telling = [*_TELL_OF_CUSTOMERS, "checkout.session.completed", "checkout.session.async_payment_succeeded"]
    last = rows.filter(type__startswith="invoice.").order_by("-happened_at", "-event_id")[:1]
    return [_content(row) for row in (*rows.filter(type__in=telling), *last)]


def _about_subscription(event: ReceivedEvent) -> Iterable[Seen]:
    rows = _readable(event).filter(subscription=event.subscription, type__in=stripe_events.SUBSCRIPTIONS)
    return [_content(row) for row in rows]


def _content(event: ReceivedEvent) -> Seen:
    return Seen(event.event_id, event.type, event.happened_at, parsed(bytes(event.body)))


def _standard_facts(event: ReceivedEvent, given: Sequence[tuple[ReceivedEvent, Seen]]) -> Wanted:
    known = Conversion.objects.filter(
        external_id__in=[link.removeprefix("sale ") for link in event.links], retracted_at=None, name="sale"
    )
    return standard_facts.event_facts(
        [one for _, one in given], known_sales=frozenset(known.values_list("external_id", flat=True))
    )


def _woocommerce_facts(event: ReceivedEvent, given: Sequence[tuple[ReceivedEvent, Seen]]) -> Wanted:
    return woocommerce_facts.order_facts([one for _, one in given], prefix=f"woo-{short_name(event.connection)}")


def short_name(connection: Connection) -> str:
    """A few letters that tell this connection from others, for ids that are only unique in one shop."""
    return connection.public_id[-8:]


def _stripe_intake(_headers: Mapping[str, str], content: Mapping[str, Any], _now: datetime) -> Intake:
    return stripe_events.read_intake(content)


SYSTEMS: Final[Mapping[str, System]] = {
    "stripe": System(VERIFY["stripe"], (), _stripe_intake, _stripe_related, _stripe_facts),
    "standard": System(
        VERIFY["standard"], ("webhook-id",), standard_facts.read_intake, _tied, _standard_facts, merges=False
    ),
    "woocommerce": System(
        VERIFY["woocommerce"],
        ("x-wc-webhook-topic", "x-wc-webhook-delivery-id", "x-wc-webhook-source"),
        woocommerce_facts.read_intake,
        _tied,
        _woocommerce_facts,
    ),
    "shopify": System(
        VERIFY["shopify"],
        ("x-shopify-topic", "x-shopify-webhook-id", "x-shopify-test", "x-shopify-shop-domain"),
        shopify_facts.read_intake,
        _tied,
        lambda _event, given: shopify_facts.order_facts([one for _, one in given]),
    ),
}
