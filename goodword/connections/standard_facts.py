"""The generic signed webhook: our own fact shapes, sent by any system that follows Standard Webhooks. Pure.

{"type": "sale.recorded", "timestamp": "2026-11-20T10:00:00Z", "data": {"id": "order-1", ...}}
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from goodword.connections.wanted import Intake, Seen, Unreadable, Wanted, text_of
from goodword.domain.errors import DomainError
from goodword.domain.moments import instant

KINDS: Final = {
    "sale.recorded": "sales",
    "refund.recorded": "refunds",
    "customer.recorded": "customers",
    "lead.recorded": "events",
    "cancel.recorded": "cancels",
}
SALE_MISSING: Final = "sale"


def read_intake(headers: Mapping[str, str], content: Mapping[str, Any], now: datetime) -> Intake:
    """What an event is, before it is judged."""
    kind, mode = content.get("type"), content.get("mode", "")
    name = headers.get("webhook-id", "")
    if not isinstance(kind, str) or not kind:
        raise Unreadable("missing_field", "the event has no type")
    at = _happened_at(content, now)
    known_mode = mode if mode in {"live", "test"} else ""
    if kind not in KINDS:
        return Intake(name, kind[:100], at, known_mode, outcome="ignored", reason="unknown_type")
    data = content.get("data")
    if not isinstance(data, Mapping):
        raise Unreadable("missing_field", "data is missing, or is no object")
    if not isinstance(data.get("id"), str) or not data["id"]:
        raise Unreadable("missing_field", "data.id is missing")
    return Intake(name, kind, at, known_mode, links=[link] if (link := _link(kind, data)) else [])


def _happened_at(content: Mapping[str, Any], now: datetime) -> datetime:
    given = content.get("timestamp")
    if given is None:
        return now
    try:
        return instant(given)
    except DomainError as refused:
        raise Unreadable("invalid_date", f"timestamp: {refused.message}") from None


def _link(kind: str, data: Mapping[str, Any]) -> str:
    """Refunds and cancels are tied to their sale, customers to themselves: their latest word counts."""
    if kind == "customer.recorded":
        return f"customer {text_of(data['id'], 200)}"
    if kind in {"refund.recorded", "cancel.recorded"}:
        return f"sale {text_of(data.get('sale'), 200)}"
    return f"sale {text_of(data['id'], 200)}"


def event_facts(events: Iterable[Seen], *, known_sales: frozenset[str] = frozenset()) -> Wanted:
    """The facts as they were sent. A refund without a currency waits for its sale."""
    wanted = Wanted()
    customers: dict[str, Seen] = {}
    given = sorted(events, key=lambda one: (one.happened_at, one.event_id))
    sales = known_sales | {one.content["data"]["id"] for one in given if one.type == "sale.recorded"}
    for one in given:
        data = one.content["data"]
        if one.type == "customer.recorded":
            customers[data["id"]] = one
        elif one.type == "refund.recorded" and not data.get("currency") and data.get("sale") not in sales:
            wanted.waiting[one.event_id] = SALE_MISSING
        elif one.type == "lead.recorded":
            wanted.events.append({"name": "lead", **data})
        else:
            getattr(wanted, KINDS[one.type]).append(data)
    wanted.customers = [one.content["data"] for one in customers.values()]
    return wanted
