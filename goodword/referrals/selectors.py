"""Reads of facts, links and codes. A fact reads as the JSON object of `settlement.md` section 2 that it came in as."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from goodword.accounts.models import Program
from goodword.domain.ids import public_id
from goodword.domain.links import link_path
from goodword.domain.money import to_decimal
from goodword.referrals.models import (
    Cancel,
    Conversion,
    Credit,
    Customer,
    Fact,
    Link,
    Rate,
    Refund,
    Touch,
)
from goodword.referrals.services import MODELS

_PARTS = ("tax", "shipping", "discount", "fees", "cost")


def link_by_key(key: str) -> Link | None:
    """The link of the active program with this key, whatever its case; None when there is none."""
    return Link.objects.select_related("partner").filter(key=key.lower()).first()


def link_address(program: str, key: str) -> str:
    """A referral link's address as people share it; `program` is its short name."""
    return (settings.LINKS_URL or settings.BASE_URL) + link_path(program, key)


def facts_of(program: Program, kind: str) -> QuerySet[Any]:
    """The live facts of a kind, as rows."""
    rows: QuerySet[Any] = MODELS[kind].unscoped.filter(program=program, retracted_at=None)
    if kind in {"sale", "event"}:
        return rows.filter(name="sale") if kind == "sale" else rows.exclude(name="sale")
    return rows


def facts_by_id(program: Program, kind: str, ids: Iterable[str]) -> dict[str, Fact]:
    """The live facts with these ids outside, by id."""
    return {row.external_id: row for row in facts_of(program, kind).filter(external_id__in=list(ids))}


def fact_content(kind: str, row: Fact) -> dict[str, Any]:
    """A stored fact as the object it came in as, without what it leaves out."""
    content = {"id": row.external_id, **_CONTENT[kind](row)}
    return {name: value for name, value in content.items() if value not in (None, "")}


def written_at(moment: datetime | None) -> str | None:
    """A moment as the API writes it."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _customer(row: Customer) -> dict[str, Any]:
    return {
        "name": row.name,
        "email": row.email,
        "domain": row.domain,
        "country": row.country,
        "existing": row.existing,
        "visitors": row.visitors,
    }


def _touch(row: Touch) -> dict[str, Any]:
    return {
        "partner": public_id("partner", row.partner_id),
        "customer": row.customer,
        "visitor": row.visitor,
        "channel": row.channel,
        "at": written_at(row.at),
        "until": written_at(row.until),
    }


def _sale(row: Conversion) -> dict[str, Any]:
    minor = {part: getattr(row, f"{part}_minor") for part in _PARTS}
    return {
        "customer": row.customer,
        "at": written_at(row.at),
        "currency": row.currency,
        "amount": to_decimal(row.amount_minor or 0, row.currency),
        **{part: to_decimal(value, row.currency) for part, value in minor.items() if value},
        "lines": row.lines,
        "product": row.product,
        "code": row.code,
        "subscription": row.subscription,
        "kind": row.kind,
        "properties": row.properties,
    }


def _event(row: Conversion) -> dict[str, Any]:
    return {
        "name": row.name,
        "customer": row.customer,
        "at": written_at(row.at),
        "value": None if row.amount_minor is None else to_decimal(row.amount_minor, row.currency),
        "currency": row.currency,
        "properties": row.properties,
    }


def _refund(row: Refund) -> dict[str, Any]:
    return {
        "sale": row.sale,
        "at": written_at(row.at),
        "currency": row.currency,
        "amount": to_decimal(row.amount_minor, row.currency),
        "reason": row.reason,
    }


def _cancel(row: Cancel) -> dict[str, Any]:
    return {"sale": row.sale, "at": written_at(row.at)}


def _credit(row: Credit) -> dict[str, Any]:
    return {
        "conversion": row.conversion,
        "customer": row.customer,
        "at": written_at(row.at),
        "shares": row.shares,
        "reason": row.reason,
    }


def _rate(row: Rate) -> dict[str, Any]:
    return {
        "from": row.from_currency,
        "to": row.to_currency,
        "rate": row.rate,
        "at": written_at(row.at),
        "origin": row.origin,
    }


_CONTENT: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "customer": _customer,
    "touch": _touch,
    "sale": _sale,
    "event": _event,
    "refund": _refund,
    "cancel": _cancel,
    "credit": _credit,
    "rate": _rate,
}
