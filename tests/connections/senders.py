"""The other side, as tests need it: systems that sign what they send, and the shapes of their public payloads."""

import base64
import hashlib
import hmac
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client
from standardwebhooks.webhooks import Webhook

from goodword.accounts.actors import SYSTEM
from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.services import connect
from tests import cast

SECRETS = {
    "stripe": "whsec_" + "s" * 32,
    "standard": "whsec_" + base64.b64encode(b"k" * 32).decode(),
    "woocommerce": "w" * 32,
    "shopify": "f" * 32,
}
_number = itertools.count(1)


def connection(program: Any, kind: str = "stripe", **fields: Any) -> Connection:
    given = {"name": kind.title(), "mode": "live", "secret": SECRETS[kind], "actor": SYSTEM, "now": now()} | fields
    return connect(program, kind=kind, **given)[0]


def now() -> datetime:
    return datetime.now(UTC)


def encoded(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def stripe_headers(body: bytes, *, secret: str = SECRETS["stripe"], at: datetime | None = None) -> dict[str, str]:
    stamp = int((at or now()).timestamp())
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={signed},v0=deadbeef"}


def standard_headers(
    body: bytes, *, name: str = "", secret: str = SECRETS["standard"], at: datetime | None = None
) -> dict[str, str]:
    name, at = name or f"msg_{next(_number)}", (at or now())
    signed = Webhook(secret).sign(name, at.astimezone(UTC).replace(tzinfo=None), body.decode())
    return {"webhook-id": name, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signed}


def body_signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def woocommerce_headers(body: bytes, *, topic: str = "order.updated", name: str = "") -> dict[str, str]:
    return {
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Delivery-ID": name or f"wc{next(_number)}",
        "X-WC-Webhook-Source": "https://shop.example/",
        "X-WC-Webhook-Signature": body_signature(body, SECRETS["woocommerce"]),
    }


def shopify_headers(body: bytes, *, topic: str = "orders/paid", name: str = "", test: bool = False) -> dict[str, str]:
    return {
        "X-Shopify-Topic": topic,
        "X-Shopify-Webhook-Id": name or f"sh{next(_number)}",
        "X-Shopify-Shop-Domain": "acme.myshopify.com",
        "X-Shopify-Hmac-Sha256": body_signature(body, SECRETS["shopify"]),
        **({"X-Shopify-Test": "true"} if test else {}),
    }


HEADERS = {
    "stripe": stripe_headers,
    "standard": standard_headers,
    "woocommerce": woocommerce_headers,
    "shopify": shopify_headers,
}


def post(to: Connection, body: bytes, headers: dict[str, str], **extra: Any) -> Any:
    """One request, exactly these bytes."""
    client = Client(raise_request_exception=False)
    kind = extra.pop("content_type", "application/json")
    return client.post(f"/hooks/{to.address}", data=body, content_type=kind, headers=headers, **extra)


def send(to: Connection, content: Any, **signing: Any) -> Any:
    """A webhook as the real system signs it; it must be taken."""
    body = encoded(content)
    answer = post(to, body, HEADERS[to.kind](body, **signing))
    assert answer.status_code == 200, answer.content
    return answer


def stored(to: Connection, name: str = "") -> ReceivedEvent:
    rows = ReceivedEvent.unscoped.filter(connection=to)
    return rows.get(event_id=name) if name else rows.get()


def outcomes(to: Connection) -> dict[str, tuple[str, str]]:
    rows = ReceivedEvent.unscoped.filter(connection=to)
    return {row.event_id: (row.outcome, row.reason) for row in rows}


# Stripe's objects, as its public API reference describes them.

BASE = cast.NOW - timedelta(days=20)


def seconds(days: float = 0) -> int:
    return int((BASE + timedelta(days=days)).timestamp())


def stripe_event(kind: str, found: dict[str, Any], *, days: float = 0, name: str = "", **more: Any) -> dict[str, Any]:
    before = more.pop("before", None)
    data = {"object": found} | ({"previous_attributes": before} if before is not None else {})
    name = name or f"evt_{kind.replace('.', '_')}_{found['id']}_{int(days * 1000)}"
    given = {"id": name, "object": "event", "api_version": "2022-08-01", "created": seconds(days), "livemode": True}
    return given | {"type": kind, "pending_webhooks": 1, "data": data} | more


def customer(**fields: Any) -> dict[str, Any]:
    given = {"id": "cus_1", "object": "customer", "name": "Ann Buyer", "email": "ann@buyer.example"}
    return given | {"address": {"country": "DE"}, "metadata": {}} | fields


def session(**fields: Any) -> dict[str, Any]:
    given = {
        "id": "cs_1", "object": "checkout.session", "mode": "payment", "payment_status": "paid", "currency": "eur",
        "amount_total": 12000, "amount_subtotal": 10000, "customer": "cus_1", "payment_intent": "pi_1", "invoice": None,
        "subscription": None, "client_reference_id": None, "metadata": {}, "created": seconds(),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 2000},
        "customer_details": {"email": "ann@buyer.example", "name": "Ann Buyer", "address": {"country": "DE"}},
    }  # fmt: skip
    return given | fields


def invoice(**fields: Any) -> dict[str, Any]:
    given = {
        "id": "in_1", "object": "invoice", "currency": "eur", "customer": "cus_1",
        "customer_email": "ann@buyer.example", "total": 12000, "subtotal": 10000, "amount_paid": 12000, "tax": 2000,
        "total_tax_amounts": [{"amount": 2000}], "total_discount_amounts": [],
        "subscription": "sub_1", "billing_reason": "subscription_create",
        "payment_intent": "pi_1", "charge": "ch_1", "metadata": {}, "discount": None, "created": seconds(),
        "status_transitions": {"paid_at": seconds()},
        "lines": {"data": [{"amount": 10000, "quantity": 1, "price": {"id": "price_1", "product": "prod_pro"}}]},
    }  # fmt: skip
    return given | fields


def charge(**fields: Any) -> dict[str, Any]:
    given = {
        "id": "ch_1", "object": "charge", "amount": 12000, "amount_refunded": 0, "currency": "eur", "customer": "cus_1",
        "invoice": "in_1", "payment_intent": "pi_1", "refunded": False, "metadata": {},
    }  # fmt: skip
    return given | fields


def refund(**fields: Any) -> dict[str, Any]:
    given = {
        "id": "re_1",
        "object": "refund",
        "amount": 3000,
        "currency": "eur",
        "charge": "ch_1",
        "payment_intent": "pi_1",
    }
    return given | {"status": "succeeded", "created": seconds(5), "reason": None} | fields


def dispute(**fields: Any) -> dict[str, Any]:
    given = {"id": "dp_1", "object": "dispute", "amount": 12000, "currency": "eur", "charge": "ch_1"}
    given |= {"payment_intent": "pi_1", "status": "needs_response", "reason": "fraudulent", "created": seconds(6)}
    return given | fields


def subscription(**fields: Any) -> dict[str, Any]:
    given = {"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active", "metadata": {}}
    given |= {"latest_invoice": "in_1", "current_period_end": seconds(365), "ended_at": None}
    return given | fields
