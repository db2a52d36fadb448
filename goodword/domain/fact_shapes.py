"""The fields of each kind of fact, as `settlement.md` section 2 names them, with their readers and API descriptions.

What must hold between fields, and against other facts, stands in `fact_rules.py`.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from goodword.domain.fields import (
    Field,
    Read,
    Refused,
    Shape,
    boolean,
    choice,
    country,
    currency,
    decimal_text,
    email,
    host_name,
    identifier,
    integer,
    list_of,
    object_of,
    percent_ppm,
    properties,
    shown,
    text,
)
from goodword.domain.links import read_sale_code
from goodword.domain.moments import Clock, coming_instant, past_instant

KINDS = ("customer", "touch", "sale", "event", "refund", "cancel", "credit", "rate")
CHANNELS = ("link", "code", "form", "registration", "manual")
LINES_MAX = 500
SHARES_MAX = 50
_OURS_LIST = """
tenant_id tenant program program_id status state role balance source recorded_at created_at key fact imported_in
retracted_at payload_hash decided_by
"""
OURS = frozenset(_OURS_LIST.split())
"""Names that only we write; giving one is refused with `read_only_field`."""
_EVENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_RATE = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?", re.ASCII)


@lru_cache(maxsize=256)
def fact_shape(kind: str, clock: Clock) -> Shape:
    """The fields of one kind of fact, with readers that judge moments by this clock."""
    at = Field(_moment(past_instant, clock), {**_DATE_TIME, "description": "when it happened"}, required=True)
    until = Field(_moment(coming_instant, clock), {**_DATE_TIME, "description": "end of a registration's protection"})
    fields = {"id": _id("the company's own id of it, unique for ever"), **_FIELDS[kind]}
    if kind != "customer":
        fields["at"] = at
    if kind == "touch":
        fields["until"] = until
    return Shape(kind, fields, OURS - set(fields))


_DATE_TIME = {"type": "string", "format": "date-time", "examples": ["2026-05-01T09:30:00Z"]}


def _moment(read: Callable[..., Any], clock: Clock) -> Read:
    return partial(read, clock=clock)


def _text(limit: int, about: str, *, required: bool = False) -> Field:
    return Field(text(limit), {"type": "string", "minLength": 1, "maxLength": limit, "description": about}, required)


def _id(about: str, limit: int = 200, *, required: bool = True) -> Field:
    schema = {"type": "string", "minLength": 1, "maxLength": limit, "description": about}
    return Field(identifier(limit), schema, required)


def _amount(about: str, *, required: bool = False) -> Field:
    schema = {"type": "string", "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$", "examples": ["120.00"]}
    return Field(decimal_text, {**schema, "description": about}, required)


def _currency(about: str, *, required: bool = False) -> Field:
    schema = {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"], "description": about}
    return Field(currency, schema, required)


def _objects(shape: Shape, limit: int, about: str, *, required: bool = False) -> Field:
    schema = {"type": "array", "items": object_schema(shape), "maxItems": limit, "description": about}
    return Field(list_of(object_of(shape), limit), schema, required)


def object_schema(shape: Shape) -> dict[str, Any]:
    """The JSON Schema of an object of this shape, for the API description."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: dict(one.schema) for name, one in shape.fields.items()},
        "required": [name for name, one in shape.fields.items() if one.required],
    }


def _event_name(value: Any) -> str:
    name: str = identifier(60)(value)
    if not _EVENT_NAME.fullmatch(name):
        raise Refused("invalid_name", f"{shown(name)!r} is no event name", "small letters, digits and _, such as lead")
    if name in {"sale", "assist"}:
        raise Refused("invalid_name", f"an event cannot be named {name}", "send sales as sales; assists are worked out")
    return name


def _rate(value: Any) -> str:
    if type(value) is not str:
        raise Refused("wrong_type", "a rate as text was expected", 'give it like "1.0842"')
    if not _RATE.fullmatch(value):
        raise Refused("not_a_number", f"{shown(value)!r} is not a rate", "digits and a point, at most 15 decimals")
    plain = value.rstrip("0").rstrip(".") if "." in value else value
    if plain == "0":
        raise Refused("rate_must_be_positive", "the rate is zero", "give units of `to` for one of `from`")
    return plain


_NAME_VALUES: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,60}$"},
    "maxProperties": 50,
}
_PROPERTIES = Field(properties, _NAME_VALUES)
_PERCENT = Field(
    percent_ppm, {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,4})?%$", "examples": ["60%"]}, required=True
)
_PARTNER = "a partner's public id (prt_...), or the company's own external_id for it"
LINE = Shape(
    "line",
    {
        "product": _text(200, "what was sold", required=True),
        "category": _text(200, "its category"),
        "amount": _amount("without tax and shipping", required=True),
        "quantity": Field(integer(1, 10**9), {"type": "integer", "minimum": 1, "maximum": 10**9}),
    },
)
SHARE = Shape("share", {"partner": _id(_PARTNER), "percent": _PERCENT})

_FIELDS: Mapping[str, Mapping[str, Field]] = {
    "customer": {
        "name": _text(200, "for people to read; settlement does not use it"),
        "email": Field(email, {"type": "string", "maxLength": 254, "examples": ["ann@example.com"]}),
        "domain": Field(host_name, {"type": "string", "maxLength": 253, "examples": ["example.com"]}),
        "country": Field(country, {"type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2"}),
        "existing": Field(boolean, {"type": "boolean", "description": "was a customer before the program"}),
        "visitors": Field(
            list_of(identifier(64), 100),
            {"type": "array", "items": {"type": "string", "maxLength": 64}, "maxItems": 100},
        ),
    },
    "touch": {
        "partner": _id(_PARTNER),
        "customer": _id("the customer's id", required=False),
        "visitor": _id("the browser's id, where the customer is not known yet", 64, required=False),
        "channel": Field(choice(*CHANNELS), {"type": "string", "enum": list(CHANNELS)}, required=True),
    },
    "sale": {
        "customer": _id("the customer's id"),
        "currency": _currency("ISO 4217", required=True),
        "amount": _amount("what was charged", required=True),
        "tax": _amount("tax inside amount"),
        "shipping": _amount("shipping inside amount"),
        "discount": _amount("discount, already taken off amount"),
        "fees": _amount("payment fees that the company bears"),
        "cost": _amount("cost of the goods"),
        "lines": _objects(LINE, LINES_MAX, "they add up to amount - tax - shipping"),
        "product": _text(200, "what was sold, when there are no lines"),
        "code": Field(read_sale_code, {"type": "string", "maxLength": 40, "description": "the code it carried"}),
        "subscription": _id("id of the subscription it belongs to", required=False),
        "kind": _text(60, "a word of the company's own, such as renewal"),
        "properties": _PROPERTIES,
    },
    "event": {
        "name": Field(_event_name, {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,59}$", "examples": ["lead"]}, True),
        "customer": _id("the customer's id"),
        "value": _amount("what it is worth; rules may pay a percent of it"),
        "currency": _currency("ISO 4217; the program's when left out"),
        "properties": _PROPERTIES,
    },
    "refund": {
        "sale": _id("the sale's id; it may arrive later"),
        "amount": _amount("what was given back, in the sale's currency", required=True),
        "currency": _currency("needed only while the sale is not known"),
        "reason": _text(300, "why"),
    },
    "cancel": {"sale": _id("id of the sale whose subscription or contract ended early")},
    "credit": {
        "conversion": _id("id of the sale or event", required=False),
        "customer": _id("the customer's id, for all its conversions", required=False),
        "shares": _objects(SHARE, SHARES_MAX, "at most 100% in all; empty denies credit", required=True),
        "reason": _text(300, "why a person decided so", required=True),
    },
    "rate": {
        "from": _currency("ISO 4217", required=True),
        "to": _currency("ISO 4217", required=True),
        "rate": Field(_rate, {"type": "string", "maxLength": 31, "examples": ["1.0842"]}, required=True),
        "origin": _text(100, "where the rate was read"),
    },
}
