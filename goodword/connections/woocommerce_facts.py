"""WooCommerce orders as facts: `order.created`, `order.updated`, `order.restored`, as its REST API v3 shows them. Pure.

Every delivery holds the whole order as it is then, refunds included, so the latest one says everything that was given
back, and the first one that is paid says what was sold.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from goodword.connections import shop_orders as shop
from goodword.connections.wanted import Intake, Seen, Unreadable, Wanted, text_of, written

TOPICS: Final = frozenset({"order.created", "order.updated", "order.restored"})
PAID: Final = frozenset({"processing", "completed", "refunded"})
_LANDING: Final = frozenset({"_wc_order_attribution_session_entry", "_landing_page"})


def read_intake(headers: Mapping[str, str], content: Mapping[str, Any], now: datetime) -> Intake:
    """What a delivery is, before it is judged."""
    topic, name = headers.get("x-wc-webhook-topic", ""), headers.get("x-wc-webhook-delivery-id", "")
    if not topic or not 0 < len(name) <= 200:
        raise Unreadable("missing_field", "the topic or the id of the delivery is missing")
    if topic not in TOPICS:
        return Intake(name, topic[:100], now, outcome="ignored", reason="unknown_type")
    if type(content.get("id")) is not int or not isinstance(content.get("status"), str):
        raise Unreadable("missing_field", "the order has no id or no status")
    return Intake(name, topic, _changed_at(content) or now, links=[f"order {content['id']}"])


def order_facts(events: Iterable[Seen], *, prefix: str) -> Wanted:
    """The facts of the orders that these deliveries hold. `prefix` keeps two shops with the same numbers apart."""
    wanted = Wanted()
    orders: dict[int, list[Seen]] = {}
    for one in sorted(events, key=lambda one: (one.happened_at, one.event_id)):
        orders.setdefault(one.content["id"], []).append(one)
    for number, states in orders.items():
        _order(wanted, f"{prefix}-order-{number}", states, prefix)
    return wanted


def _order(wanted: Wanted, name: str, states: list[Seen], prefix: str) -> None:
    paid = [one for one in states if _is_paid(one.content)]
    if not paid:
        wanted.empty |= {one.event_id: "not_paid_yet" for one in states}
        return
    first, latest = paid[0].content, states[-1].content
    code = shop.currency(first.get("currency"))
    billing = _of(first.get("billing"))
    buyer = shop.buyer(f"{prefix}", first.get("customer_id"), billing.get("email"), name)
    notes = shop.notes_in(first.get("meta_data"), "key")
    landings = [value for key, value in notes if key in _LANDING]
    full_name = f"{text_of(billing.get('first_name'), 90)} {text_of(billing.get('last_name'), 90)}"
    clicks = shop.clicks_in(landings, notes)
    wanted.customers.append(shop.person(buyer, full_name, billing.get("email"), billing.get("country"), clicks))
    sale = _sale(name, buyer, first, code, paid[0].happened_at)
    if sale is None:
        wanted.empty |= {one.event_id: "nothing_paid" for one in states}
        return
    wanted.sales.append(sale)
    wanted.refunded.add(name)
    wanted.refunds += _refunds(name, latest, states, code)


def _is_paid(order: Mapping[str, Any]) -> bool:
    """Cash on delivery is worked on before it is paid: then only a finished order counts."""
    has_date = bool(order.get("date_paid_gmt") or order.get("date_paid"))
    return order["status"] in PAID and (has_date or order["status"] == "completed")


def _sale(name: str, buyer: str, order: Mapping[str, Any], code: str, happened_at: datetime) -> dict[str, Any] | None:
    total = shop.amount(order.get("total"), "total")
    if total <= 0:
        return None
    tax, shipping = (shop.rounded(shop.amount(order.get(part), part), code) for part in ("total_tax", "shipping_total"))
    parts = {
        "tax": tax,
        "shipping": shipping,
        "discount": shop.rounded(shop.amount(order.get("discount_total"), "discount_total"), code),
    }
    notes = shop.notes_in(order.get("meta_data"), "key")
    found = {
        "id": name,
        "customer": buyer,
        "at": written(_gmt(order.get("date_paid_gmt")) or happened_at),
        "currency": code,
        "amount": shop.shown(total, code),
        **{part: shop.shown(value, code) for part, value in parts.items() if value > 0},
        "code": shop.code_in(order.get("coupon_lines"), notes),
        **shop.lines_of([_line(one) for one in shop.objects_in(order.get("line_items"))], total - tax - shipping, code),
    }
    return {field: value for field, value in found.items() if value}


def _line(item: Mapping[str, Any]) -> tuple[str, Decimal, Any]:
    product = text_of(item.get("sku"), 200) or text_of(item.get("name"), 200)
    return product, shop.amount(item.get("total"), "line_items.total"), item.get("quantity")


def _refunds(name: str, latest: Mapping[str, Any], states: list[Seen], code: str) -> list[dict[str, Any]]:
    """Refunds of the latest state; each happened when the order first showed it."""
    seen: dict[Any, datetime] = {}
    for state in states:
        for one in shop.objects_in(state.content.get("refunds")):
            seen.setdefault(one.get("id"), state.happened_at)
    found = []
    for one in shop.objects_in(latest.get("refunds")):
        given = abs(shop.amount(one.get("total"), "refunds.total"))
        if given > 0:
            money = {"amount": shop.shown(given, code), "currency": code}
            reason = text_of(one.get("reason"), 300) or "refunded in the shop"
            at = written(seen[one.get("id")])
            found.append({"id": f"{name}-refund-{one.get('id')}", "sale": name, **money, "at": at, "reason": reason})
    return found


def _changed_at(order: Mapping[str, Any]) -> datetime | None:
    return _gmt(order.get("date_modified_gmt")) or _gmt(order.get("date_created_gmt"))


def _gmt(value: Any) -> datetime | None:
    """A moment that WooCommerce writes in GMT without saying so."""
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise Unreadable("invalid_date", f"{value[:40]!r} is no moment") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
