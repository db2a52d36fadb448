"""Shopify orders as facts: `orders/paid` is the sale, `refunds/create` what was given back. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from goodword.connections import shop_orders as shop
from goodword.connections.wanted import Intake, Seen, Unreadable, Wanted, text_of, written
from goodword.domain.errors import DomainError
from goodword.domain.moments import instant

PAID: Final = "orders/paid"
REFUNDED: Final = "refunds/create"
_PAYS_BACK: Final = frozenset({"success", "pending"})


def read_intake(headers: Mapping[str, str], content: Mapping[str, Any], now: datetime) -> Intake:
    """What a delivery is, before it is judged."""
    topic, name = headers.get("x-shopify-topic", ""), headers.get("x-shopify-webhook-id", "")
    if not topic or not 0 < len(name) <= 200:
        raise Unreadable("missing_field", "the topic or the id of the delivery is missing")
    test = headers.get("x-shopify-test", "").lower() == "true" or content.get("test") is True
    mode = "test" if test else "live"
    if topic not in {PAID, REFUNDED}:
        return Intake(name, topic[:100], now, mode, outcome="ignored", reason="unknown_type")
    needed = ("id", "order_id", "transactions") if topic == REFUNDED else ("id", "currency", "total_price")
    for field in needed:
        if content.get(field) is None:
            raise Unreadable("missing_field", f"{field} is missing")
    order = content["order_id"] if topic == REFUNDED else content["id"]
    at = _moment(content.get("processed_at") or content.get("updated_at") or content.get("created_at")) or now
    return Intake(name, topic, at, mode, links=[f"order {order}"])


def order_facts(events: Iterable[Seen]) -> Wanted:
    """The facts of these deliveries. A refund names its currency, so it may come before its order."""
    wanted = Wanted()
    for one in sorted(events, key=lambda one: (one.happened_at, one.event_id)):
        if one.type == PAID:
            _order(wanted, one)
        else:
            _refund(wanted, one)
    return wanted


def _order(wanted: Wanted, seen: Seen) -> None:
    order = seen.content
    name, code = f"shopify-{order['id']}", shop.currency(order["currency"])
    total = shop.amount(order["total_price"], "total_price")
    if total <= 0:
        wanted.empty[seen.event_id] = "nothing_paid"
        return
    who = _of(order.get("customer"))
    address = order.get("email") or order.get("contact_email") or who.get("email")
    buyer = shop.buyer("shopify", who.get("id"), address, name)
    notes = shop.notes_in(order.get("note_attributes"), "name")
    full_name = f"{text_of(who.get('first_name'), 90)} {text_of(who.get('last_name'), 90)}"
    land = _of(who.get("default_address")).get("country_code") or _of(order.get("billing_address")).get("country_code")
    clicks = shop.clicks_in([order.get("landing_site")], notes)
    wanted.customers.append(shop.person(buyer, full_name, address, land, clicks))
    parts = _parts(order, code)
    net = total - parts["tax"] - parts["shipping"]
    found = {
        "id": name,
        "customer": buyer,
        "at": written(seen.happened_at),
        "currency": code,
        "amount": shop.shown(total, code),
        **{part: shop.shown(value, code) for part, value in parts.items() if value > 0},
        "code": shop.code_in(order.get("discount_codes"), notes),
        **shop.lines_of(_lines(order), net, code),
    }
    wanted.sales.append({field: value for field, value in found.items() if value})


def _parts(order: Mapping[str, Any], code: str) -> dict[str, Decimal]:
    shipped = _of(_of(order.get("total_shipping_price_set")).get("shop_money")).get("amount")
    shipping = shop.amount(shipped, "total_shipping_price_set")
    if order.get("taxes_included") is True:  # then the tax on shipping stands in total_tax and in the shipping price
        shipping -= sum((_tax_of(one) for one in shop.objects_in(order.get("shipping_lines"))), Decimal(0))
    return {
        "tax": shop.rounded(shop.amount(order.get("total_tax"), "total_tax"), code),
        "shipping": shop.rounded(shipping, code),
        "discount": shop.rounded(shop.amount(order.get("total_discounts"), "total_discounts"), code),
    }


def _tax_of(line: Mapping[str, Any]) -> Decimal:
    taxes = shop.objects_in(line.get("tax_lines"))
    return sum((shop.amount(tax.get("price"), "tax_lines.price") for tax in taxes), Decimal(0))


def _lines(order: Mapping[str, Any]) -> list[tuple[str, Decimal, Any]]:
    found = []
    for item in shop.objects_in(order.get("line_items")):
        quantity = item.get("quantity")
        cut = sum(
            (shop.amount(one.get("amount"), "discount") for one in shop.objects_in(item.get("discount_allocations"))),
            Decimal(0),
        )
        part = shop.amount(item.get("price"), "price") * (quantity if type(quantity) is int else 1) - cut
        part -= _tax_of(item) if order.get("taxes_included") is True else Decimal(0)
        found.append((text_of(item.get("sku"), 200) or text_of(item.get("title"), 200), part, quantity))
    return found


def _refund(wanted: Wanted, seen: Seen) -> None:
    refund = seen.content
    paid_back = [
        one for one in shop.objects_in(refund["transactions"])
        if one.get("kind") == "refund" and one.get("status") in _PAYS_BACK
    ]  # fmt: skip
    total = sum((shop.amount(one.get("amount"), "transactions.amount") for one in paid_back), Decimal(0))
    if total <= 0:
        wanted.empty[seen.event_id] = "nothing_given_back"
        return
    code = shop.currency(paid_back[0].get("currency"))
    wanted.refunds.append({
        "id": f"shopify-refund-{refund['id']}",
        "sale": f"shopify-{refund['order_id']}",
        "amount": shop.shown(total, code),
        "currency": code,
        "at": written(seen.happened_at),
        "reason": text_of(refund.get("note"), 300) or "refunded at Shopify",
    })  # fmt: skip


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return instant(value)
    except DomainError as refused:
        raise Unreadable("invalid_date", refused.message) from None


def _of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
