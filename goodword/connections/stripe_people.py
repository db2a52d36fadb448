"""Who bought at Stripe, the browser they came from, and subscriptions that ended early. Pure, and free of order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from goodword.connections.stripe_events import customer_key, object_of, pointer
from goodword.connections.stripe_sales import metadata_of
from goodword.connections.wanted import Fact, Seen, moment, text_of, written
from goodword.domain.errors import DomainError
from goodword.domain.fields import country, email

CLICK_KEY: Final = "gw_click"
VISITORS_MAX: Final = 100
_TRUST: Final = ("customer", "checkout.session", "invoice")
"""Whose word on a customer's name and address counts first."""


def customer_fact(key: str, events: Iterable[Seen]) -> Fact:
    """What is known of a customer, from everything that names them: the latest word of the best source."""
    found = [object_of(one.content) for one in in_order(events) if customer_key(object_of(one.content)) == key]
    visitors = sorted({visitor for one in found for visitor in _visitors(one)})
    known: dict[str, Any] = {}
    for kind in reversed(_TRUST):
        for one in found:
            if one.get("object") == kind:
                known |= {name: value for name, value in _person(one).items() if value}
    return {"id": key, **known, **({"visitors": visitors[:VISITORS_MAX]} if visitors else {})}


def in_order(events: Iterable[Seen]) -> list[Seen]:
    """Events as they happened; of one second, what is created comes before what is changed or ended."""
    once = {one.event_id: one for one in events}.values()
    return sorted(once, key=lambda one: (one.happened_at, _rank(one.type), one.event_id))


def _rank(kind: str) -> int:
    word = kind.rpartition(".")[2]
    return {"created": 0, "completed": 0, "closed": 2, "deleted": 2, "failed": 2}.get(word, 1)


def _person(found: Mapping[str, Any]) -> dict[str, str]:
    details = _of(found.get("customer_details")) or found
    prefix = "customer_" if found.get("object") == "invoice" else ""
    address = _of(details.get(f"{prefix}address"))
    return {
        "name": text_of(details.get(f"{prefix}name"), 200),
        "email": _read(email, details.get(f"{prefix}email")),
        "country": _read(country, address.get("country")),
    }


def _read(read: Any, value: Any) -> str:
    try:
        return str(read(value))
    except DomainError:
        return ""


def _visitors(found: Mapping[str, Any]) -> Iterator[str]:
    for value in (found.get("client_reference_id"), metadata_of(found).get(CLICK_KEY)):
        if isinstance(value, str) and 0 < len(value.strip()) <= 64 and value.isprintable():
            yield value.strip()


def cancel_facts(events: Iterable[Seen]) -> list[Fact]:
    """Subscriptions that ended before the time that was paid for was over: the last sale of each ended early."""
    latest: dict[str, Mapping[str, Any]] = {}
    for one in in_order(events):
        found = object_of(one.content)
        if found.get("object") == "subscription":
            latest[pointer(found)] = found
    return [fact for found in latest.values() for fact in _ended(found)]


def _ended(found: Mapping[str, Any]) -> Sequence[Fact]:
    ended, sale = found.get("ended_at"), pointer(found.get("latest_invoice"))
    until = _paid_until(found)
    if type(ended) is not int or not sale or until is None or ended >= until:
        return []
    return [{"id": f"{pointer(found)}:ended", "sale": sale, "at": written(moment(ended))}]


def _paid_until(found: Mapping[str, Any]) -> int | None:
    items = _of(found.get("items")).get("data")
    holders = [found, *(one for one in (items if isinstance(items, list) else []) if isinstance(one, Mapping))]
    ends = [end for one in holders if type(end := one.get("current_period_end")) is int]
    return max(ends, default=None)


def _of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
