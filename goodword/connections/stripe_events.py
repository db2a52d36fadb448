"""Stripe's events as they come in: what kind they are, what they must hold, and which ids tie them together.

Pure. What they are worth is worked out in `stripe_facts.py`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from goodword.connections.stripe_money import currency_of
from goodword.connections.wanted import Intake, Unreadable, moment

SALES: Final = frozenset({
    "checkout.session.completed", "checkout.session.async_payment_succeeded", "invoice.paid",
    "invoice.payment_succeeded",
})  # fmt: skip
REFUNDS: Final = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
DISPUTES: Final = frozenset({
    "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
})  # fmt: skip
CUSTOMERS: Final = frozenset({"customer.created", "customer.updated"})
SUBSCRIPTIONS: Final = frozenset({
    "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
})  # fmt: skip
CODES: Final = frozenset({"promotion_code.created", "promotion_code.updated"})
LINKS: Final = frozenset({
    "charge.succeeded", "payment_intent.succeeded", "invoice_payment.paid", "customer.discount.created",
})  # fmt: skip
READ: Final = SALES | REFUNDS | DISPUTES | CUSTOMERS | SUBSCRIPTIONS | CODES | LINKS | {"charge.refunded"}
# What an object must hold for us to read it: names, and what their values are.
_AMOUNT, _TEXT = int, str
_NEEDED: Final[Mapping[str, Mapping[str, type]]] = {
    "checkout.session": {"id": _TEXT, "payment_status": _TEXT, "mode": _TEXT},
    "invoice": {"id": _TEXT, "currency": _TEXT, "total": _AMOUNT},
    "charge": {"id": _TEXT, "currency": _TEXT, "amount_refunded": _AMOUNT},
    "refund": {"id": _TEXT, "currency": _TEXT, "amount": _AMOUNT, "created": _AMOUNT},
    "dispute": {
        "id": _TEXT,
        "currency": _TEXT,
        "amount": _AMOUNT,
        "charge": _TEXT,
        "status": _TEXT,
        "created": _AMOUNT,
    },
    "customer": {"id": _TEXT},
    "subscription": {"id": _TEXT, "customer": _TEXT, "status": _TEXT},
    "promotion_code": {"id": _TEXT, "code": _TEXT},
}
_GUEST: Final = re.compile(r"guest-[0-9a-f]{32}", re.ASCII)
_PAYMENT_IDS: Final = ("cs_", "in_", "pi_", "ch_", "py_")
_POINTERS: Final = ("invoice", "payment_intent", "charge", "latest_charge", "checkout_session")


def read_intake(event: Mapping[str, Any]) -> Intake:
    """What an event is, before it is judged. Raises Unreadable where not even that can be told."""
    name, kind = event.get("id"), event.get("type")
    if not isinstance(name, str) or not 0 < len(name) <= 255 or not isinstance(kind, str):
        raise Unreadable("missing_field", "the event has no id or no type")
    at = moment(event.get("created"))
    mode = "live" if event.get("livemode") is True else "test"
    if kind not in READ:
        return Intake(name, kind[:100], at, mode, outcome="ignored", reason="unknown_type")
    found = object_of(event)
    _check(kind, found)
    return Intake(
        name, kind, at, mode, links=sorted(set(links_of(found))), customer=customer_key(found),
        subscription=subscription_of(found),
    )  # fmt: skip


def object_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that the event is about."""
    data = event.get("data")
    found = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(found, Mapping):
        raise Unreadable("missing_field", "data.object is missing")
    return found


def before(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the fields that changed held before, as far as Stripe says it."""
    found = event["data"].get("previous_attributes")
    return found if isinstance(found, Mapping) else {}


def _check(kind: str, found: Mapping[str, Any]) -> None:
    name = str(found.get("object", ""))
    expected = "invoice_payment" if kind == "invoice_payment.paid" else name
    for field, held in _NEEDED.get(expected, {}).items():
        value = found.get(field)
        if value is None or value == "":
            raise Unreadable("missing_field", f"data.object.{field} is missing")
        if type(value) is not held or (isinstance(value, int) and value < 0 and field != "total"):
            raise Unreadable("wrong_type", f"data.object.{field} is not what Stripe describes")
    if "currency" in _NEEDED.get(expected, {}) or found.get("currency"):
        currency_of(found["currency"])
    if not name:
        raise Unreadable("missing_field", "data.object.object is missing")


def pointer(value: Any) -> str:
    """The id of another object, whether Stripe gives the id alone or the whole object."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and len(value) <= 255 else ""


def links_of(found: Mapping[str, Any]) -> Iterator[str]:
    """Ids that tie events of one payment together, and the promotion codes it names."""
    names = [pointer(found), *(pointer(found.get(name)) for name in _POINTERS), *payments_of(found)]
    yield from (name for name in names if name.startswith(_PAYMENT_IDS))
    yield from promotions_of(found)
    if found.get("object") == "promotion_code":
        yield pointer(found)


def payments_of(found: Mapping[str, Any]) -> list[str]:
    """Payments that an invoice says it was paid by (API versions from 2025 on), or that pay one."""
    listed = _mapping(found.get("payments")).get("data")
    holders = [found, *(listed if isinstance(listed, list) else [])]
    payments = [_mapping(one.get("payment")) for one in holders if isinstance(one, Mapping)]
    return [name for one in payments for kind in ("payment_intent", "charge") if (name := pointer(one.get(kind)))]


def discounts_of(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Discounts of a session or invoice, as far as Stripe spells them out."""
    listed = found.get("discounts")
    several = listed if isinstance(listed, list) else []
    return [one for one in (found.get("discount"), *several) if isinstance(one, Mapping)]


def promotions_of(found: Mapping[str, Any]) -> list[str]:
    """Promotion codes (promo_...) behind the discounts."""
    spelt = found.get("promotion_code") if found.get("object") == "discount" else None
    named = [pointer(spelt), *(pointer(one.get("promotion_code")) for one in discounts_of(found))]
    return [name for name in named if name]


def subscription_of(found: Mapping[str, Any]) -> str:
    """The subscription an object belongs to, wherever this version of the API says it."""
    if found.get("object") == "subscription":
        return pointer(found)[:200]
    details = _mapping(_mapping(found.get("parent")).get("subscription_details"))
    return (pointer(found.get("subscription")) or pointer(details.get("subscription")))[:200]


def customer_key(found: Mapping[str, Any]) -> str:
    """The customer of an object. A guest has no id at Stripe: the address stands for them, hashed."""
    if found.get("object") == "customer":
        return pointer(found)[:200]
    if name := pointer(found.get("customer")):
        return name[:200]
    address = _mapping(found.get("customer_details")).get("email") or found.get("customer_email")
    return guest_key(address) if isinstance(address, str) and address else ""


def guest_key(address: str) -> str:
    """An id for somebody who bought without an account; what is such an id already stays as it is."""
    if _GUEST.fullmatch(address):
        return address
    return f"guest-{hashlib.sha256(address.strip().lower().encode()).hexdigest()[:32]}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
