"""A fact record as the JSON object that a facts file holds: what `read_facts` reads back to an equal record."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from goodword.domain.money import to_decimal
from goodword.domain.settlement.arithmetic import percent_text
from goodword.domain.settlement.calendar import rfc3339
from goodword.domain.settlement.records import (
    KIND_OF,
    Agreement,
    Cancel,
    Code,
    Credit,
    Customer,
    Event,
    Fact,
    Partner,
    PropertyValue,
    Rate,
    Refund,
    Sale,
    SaleLine,
    Touch,
)


def fact_to_json(fact: Fact, currency: str) -> dict[str, Any]:
    """The object of a fact, optional fields left out where they say nothing.

    `currency` is what amounts without their own currency are in: a refund's is its sale's; an event's value without
    `currency` is in the program's. It is not looked at for other facts.
    """
    kind = KIND_OF[type(fact)]
    written = {"fact": kind, "id": fact.id, **_WRITERS[type(fact)](fact, currency)}
    return {name: value for name, value in written.items() if value is not None and value != []}


def _partner(fact: Partner, _currency: str) -> dict[str, Any]:
    return {
        "parent": fact.parent,
        "group": fact.group,
        "emails": list(fact.emails),
        "domains": list(fact.domains),
        "country": fact.country,
    }


def _agreement(fact: Agreement, _currency: str) -> dict[str, Any]:
    return {
        "partner": fact.partner,
        "terms": fact.terms,
        "starts": rfc3339(fact.starts),
        "ends": None if fact.ends is None else rfc3339(fact.ends),
        "cause": fact.cause or None,
    }


def _code(fact: Code, _currency: str) -> dict[str, Any]:
    return {"partner": fact.partner}


def _customer(fact: Customer, _currency: str) -> dict[str, Any]:
    return {
        "email": fact.email,
        "domain": fact.domain,
        "country": fact.country,
        "existing": fact.existing or None,
        "visitors": list(fact.visitors),
    }


def _touch(fact: Touch, _currency: str) -> dict[str, Any]:
    return {
        "at": rfc3339(fact.at),
        "partner": fact.partner,
        "customer": fact.customer,
        "visitor": fact.visitor,
        "channel": fact.channel,
        "until": None if fact.until is None else rfc3339(fact.until),
    }


def _sale(fact: Sale, _currency: str) -> dict[str, Any]:
    names = ("tax", "shipping", "discount", "fees", "cost")
    parts = {name: to_decimal(minor, fact.currency) for name in names if (minor := getattr(fact, name))}
    return {
        "at": rfc3339(fact.at),
        "customer": fact.customer,
        "currency": fact.currency,
        "amount": to_decimal(fact.amount, fact.currency),
        **parts,
        "lines": [_sale_line(line, fact.currency) for line in fact.lines],
        "product": fact.product,
        "code": fact.code,
        "subscription": fact.subscription,
        "kind": fact.kind,
        "properties": _properties(fact.properties),
    }


def _sale_line(line: SaleLine, currency: str) -> dict[str, Any]:
    written = {"product": line.product, "category": line.category, "amount": to_decimal(line.amount, currency)}
    return {name: value for name, value in written.items() if value is not None} | {"quantity": line.quantity}


def _event(fact: Event, currency: str) -> dict[str, Any]:
    unit = fact.currency or currency
    return {
        "at": rfc3339(fact.at),
        "name": fact.name,
        "customer": fact.customer,
        "value": None if fact.value is None else to_decimal(fact.value, unit),
        "currency": fact.currency,
        "properties": _properties(fact.properties),
    }


def _refund(fact: Refund, currency: str) -> dict[str, Any]:
    return {
        "at": rfc3339(fact.at),
        "sale": fact.sale,
        "amount": to_decimal(fact.amount, currency),
        "reason": fact.reason,
    }


def _cancel(fact: Cancel, _currency: str) -> dict[str, Any]:
    return {"at": rfc3339(fact.at), "sale": fact.sale}


def _credit(fact: Credit, _currency: str) -> dict[str, Any]:
    shares = [{"partner": share.partner, "percent": percent_text(share.ppm)} for share in fact.shares]
    written = {"at": rfc3339(fact.at), "conversion": fact.conversion, "customer": fact.customer}
    return {**written, "shares": tuple(shares), "reason": fact.reason}


def _rate(fact: Rate, _currency: str) -> dict[str, Any]:
    return {"at": rfc3339(fact.at), "from": fact.source, "to": fact.target, "rate": decimal_text(fact)}


def decimal_text(rate: Rate) -> str:
    """An exchange rate as the decimal it was given as."""
    exact = Fraction(rate.numerator, rate.denominator)
    places = 0
    while exact.denominator != 1:
        exact, places = exact * 10, places + 1
        assert places <= 40, "a rate is a decimal"
    digits = str(exact.numerator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _properties(properties: Mapping[str, PropertyValue]) -> dict[str, Any] | None:
    return {name: _plain(value) for name, value in properties.items()} or None


def _plain(value: Any) -> Any:
    """A property as JSON has it; a Decimal stays one, for `json_text` to write digit by digit."""
    if isinstance(value, tuple):
        kind, *parts = value
        return {key: _plain(part) for key, part in parts} if kind == "object" else [_plain(part) for part in parts]
    return value


_WRITERS: Mapping[type, Callable[[Any, str], dict[str, Any]]] = {
    Partner: _partner,
    Agreement: _agreement,
    Code: _code,
    Customer: _customer,
    Touch: _touch,
    Sale: _sale,
    Event: _event,
    Refund: _refund,
    Cancel: _cancel,
    Credit: _credit,
    Rate: _rate,
}
