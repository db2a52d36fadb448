"""What is left of a webhook's body once nobody needs to read it: what later events of the same payment refer to. Pure.

Ids, amounts, moments, states and codes stay, under the names that are listed here; whatever else a body holds (names,
addresses, notes, browsers) goes. Without the rest a refund after months would not find its sale.
"""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from goodword.connections.bodies import parsed
from goodword.connections.stripe_events import guest_key
from goodword.connections.wanted import Unreadable

KEPT: Final = frozenset({
    "account", "amount", "amount_discount", "amount_off", "amount_paid", "amount_refunded", "amount_shipping",
    "amount_subtotal", "amount_tax", "amount_total", "api_version", "billing", "billing_reason",
    "cancel_at_period_end", "canceled_at", "charge", "checkout_session", "code", "coupon", "coupon_lines",
    "created", "created_at", "currency", "current_period_end", "current_period_start", "customer",
    "customer_details", "customer_id", "data", "date_created_gmt", "date_modified_gmt", "date_paid",
    "date_paid_gmt", "discount", "discount_allocations", "discount_amounts", "discount_codes", "discount_tax",
    "discount_total", "discounts", "enabled", "ended_at", "id", "inclusive", "invoice", "invoice_creation", "items",
    "kind", "latest_charge", "latest_invoice", "line_items", "lines", "livemode", "metadata", "mode", "object",
    "order_id", "paid", "paid_at", "parent", "payment", "payment_intent", "payment_status", "payments",
    "percent_off", "plan", "previous_attributes", "price", "price_details", "pricing", "processed_at", "product",
    "promotion_code", "quantity", "refunds", "shipping", "shipping_cost", "shipping_lines", "shipping_total",
    "shop_money", "sku", "source", "status", "status_transitions", "subscription", "subscription_details",
    "subtotal", "tax", "tax_amounts", "tax_behavior", "tax_lines", "taxes", "taxes_included", "test", "title",
    "total", "total_details", "total_discount_amounts", "total_discounts", "total_price",
    "total_shipping_price_set", "total_tax", "total_tax_amounts", "total_taxes", "transactions", "type",
    "updated_at", "gw_code", "_gw_code",
})  # fmt: skip
_CODE_NOTES: Final = frozenset({"gw_code", "_gw_code"})
_NOTES: Final = frozenset({"meta_data", "note_attributes"})
_ADDRESSES: Final = frozenset({"email", "customer_email", "contact_email"})
_REASON: Final = re.compile(r"[a-z]+(?:_[a-z]+)*", re.ASCII)
_TEXT_MAX: Final = 255


def pared(body: bytes, *, is_guest: Callable[[str], bool]) -> bytes:
    """The body without what names or describes a person; empty for one that cannot be read.

    `is_guest`: whether this id, made of an address, is a customer's. Then it stands in the address's place.
    """
    try:
        found = parsed(body)
    except Unreadable:
        return b""
    return json.dumps(_pared(found, "", is_guest), separators=(",", ":"), default=_number).encode()


def _pared(value: Any, under: str, is_guest: Callable[[str], bool]) -> Any:
    if isinstance(value, Mapping):
        return {name: _pared(inner, name, is_guest) for name, inner in value.items() if name in KEPT} | _odd(
            value, under, is_guest
        )
    if isinstance(value, list):
        return [_pared(one, under, is_guest) for one in value]
    return value[:_TEXT_MAX] if isinstance(value, str) else value


def _odd(found: Mapping[str, Any], under: str, is_guest: Callable[[str], bool]) -> dict[str, Any]:
    """What stays under a name that elsewhere may hold anything."""
    kept: dict[str, Any] = {}
    for name, value in found.items():
        if name in _NOTES and isinstance(value, list):
            kept[name] = [_note(one) for one in value if _is_code(one)]
        elif name in _ADDRESSES and isinstance(value, str) and is_guest(guest_key(value)):
            kept[name] = guest_key(value)
        elif name == "reason" and isinstance(value, str) and "_" in value and _REASON.fullmatch(value):
            kept[name] = value[:_TEXT_MAX]
        elif name == "name" and under == "line_items" and isinstance(value, str):
            kept[name] = value[:_TEXT_MAX]  # of what was bought
    return kept


def _is_code(note: Any) -> bool:
    return isinstance(note, Mapping) and bool(_CODE_NOTES & {note.get("name"), note.get("key")})


def _note(note: Mapping[str, Any]) -> dict[str, Any]:
    return {name: note[name] for name in ("name", "key", "value") if name in note}


def _number(value: Any) -> Any:
    """Amounts are texts or whole numbers in all bodies that are read; other decimals are kept as they were written."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError
