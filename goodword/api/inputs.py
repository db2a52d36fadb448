"""The fields of what the API takes besides facts: partners, groups, terms, agreements, links and codes."""

import re
from typing import Any, Final

from goodword.domain.fact_shapes import OURS
from goodword.domain.fields import (
    Field,
    Refused,
    Shape,
    boolean,
    choice,
    country,
    currency,
    email,
    host_name,
    identifier,
    list_of,
    shown,
    text,
)
from goodword.domain.moments import instant

_READ_ONLY: Final = (OURS | {"id", "status_reason", "payouts_blocked", "revoked_at", "number", "content_hash"}) - {
    "key"
}
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)


def _text(limit: int, about: str = "", *, required: bool = False, lines: bool = False) -> Field:
    schema = {"type": "string", "minLength": 1, "maxLength": limit, "description": about}
    return Field(text(limit, several_lines=lines), schema, required)


def _key(value: Any) -> str:
    name: str = identifier(40)(value)
    if not _KEY.fullmatch(name):
        raise Refused("invalid_key", f"{shown(name)!r} is no key", "small letters, digits, - and _, at most 40")
    return name


def _website(value: Any) -> str:
    address: str = text(200)(value)
    if not re.fullmatch(r"https?://[^\s/?#@]+\.[^\s@]+", address):
        raise Refused("invalid_url", f"{shown(address)!r} is no web address", "write it like https://example.com")
    return address


def _document(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise Refused("expected_object", "an object was expected", "give the terms as settlement reads them")
    return value


_EMAIL = {"type": "string", "maxLength": 254, "examples": ["ann@example.com"]}
_HOST = {"type": "string", "maxLength": 253, "examples": ["example.com"]}
_WHEN = {"type": "string", "format": "date-time", "examples": ["2026-05-01T00:00:00Z"]}
_KEY_FIELD = Field(_key, {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,39}$"}, required=True)
_PARTNER = Field(identifier(), {"type": "string", "description": "public id (prt_...) or external_id"}, required=True)
_VERSION = {"type": "string", "maxLength": 60, "description": "key@number", "examples": ["standard@1"]}

PARTNER_DETAILS: Final = {
    "name": _text(200, required=True),
    "external_id": Field(
        identifier(100), {"type": "string", "maxLength": 100, "description": "your own number for it"}
    ),
    "kind": Field(choice("firm", "person"), {"type": "string", "enum": ["firm", "person"]}),
    "contact_name": _text(200),
    "email": Field(email, _EMAIL),
    "emails": Field(list_of(email, 20), {"type": "array", "items": _EMAIL, "maxItems": 20}),
    "domains": Field(list_of(host_name, 20), {"type": "array", "items": _HOST, "maxItems": 20}),
    "website": Field(_website, {"type": "string", "format": "uri", "maxLength": 200}),
    "country": Field(country, {"type": "string", "pattern": "^[A-Z]{2}$"}),
    "notes": _text(5000, "for the team only", lines=True),
}
_PLACE = {
    "group": Field(identifier(40), {"type": "string", "description": "key of a group"}),
    "parent": Field(identifier(), {"type": "string", "description": "the partner that recruited it"}),
}
NEW_PARTNER: Final = Shape(
    "a partner",
    {
        **PARTNER_DETAILS,
        **_PLACE,
        "terms": Field(identifier(60), {**_VERSION, "description": "key@number; the default terms when left out"}),
        "joined_at": Field(text(40), {**_WHEN, "description": "when the agreement begins; now when left out"}),
    },
    _READ_ONLY,
)
PARTNER_CHANGES: Final = Shape(
    "a partner", {**PARTNER_DETAILS, **_PLACE, "name": _text(200)}, _READ_ONLY | {"terms", "joined_at"}
)
NEW_APPLICATION: Final = Shape(
    "an application",
    {
        "name": PARTNER_DETAILS["name"],
        "contact_name": _text(200, "who writes", required=True),
        "email": Field(email, _EMAIL, required=True),
        "website": PARTNER_DETAILS["website"],
        "country": PARTNER_DETAILS["country"],
        "audience": _text(5000, "whom they reach", lines=True),
        "promotion": _text(5000, "how they would bring customers", lines=True),
    },
    _READ_ONLY,
)
REASON: Final = Shape(
    "this step", {"reason": _text(1000, "the partner reads it", required=True, lines=True)}, _READ_ONLY
)
OPTIONAL_REASON: Final = Shape("this step", {"reason": _text(1000, lines=True)}, _READ_ONLY)
NEW_GROUP: Final = Shape(
    "a group",
    {"key": _KEY_FIELD, "name": _text(100, required=True), "description": _text(2000, lines=True)},
    _READ_ONLY,
)
NEW_TERMS: Final = Shape(
    "terms",
    {"key": _KEY_FIELD, "name": _text(100, required=True), "is_default": Field(boolean, {"type": "boolean"})},
    _READ_ONLY,
)
NEW_VERSION: Final = Shape(
    "a version",
    {
        "document": Field(_document, {"type": "object", "description": "rules, as docs/commission-rules.md"}, True),
        "note": _text(300, "what changed, in words"),
        "effective_at": Field(instant, {**_WHEN, "description": "partners on older versions move then"}),
    },
    _READ_ONLY,
)
NEW_AGREEMENT: Final = Shape(
    "an agreement",
    {
        "partner": _PARTNER,
        "terms": Field(identifier(60), _VERSION, required=True),
        "starts_at": Field(instant, _WHEN, required=True),
        "ends_at": Field(instant, _WHEN),
        "reason": _text(1000, lines=True),
    },
    _READ_ONLY,
)
_ANY_KEY = {"type": "string", "maxLength": 600, "description": "a-z, digits and hyphens, 3 to 40"}
NEW_LINK: Final = Shape(
    "a link",
    {
        "partner": _PARTNER,
        "destination": Field(text(2100), {"type": "string", "format": "uri", "maxLength": 2000}, required=True),
        "key": Field(text(600), {**_ANY_KEY, "description": "chosen for you when left out"}),
        "label": _text(100),
    },
    _READ_ONLY,
)
NEW_CODE: Final = Shape(
    "a code",
    {
        "partner": _PARTNER,
        "key": Field(text(600), _ANY_KEY, required=True),
        "offer": _text(200, "what the customer gets, in words"),
    },
    _READ_ONLY,
)


def _headers(value: Any) -> dict[str, str]:
    if type(value) is not dict or not all(type(one) is str for one in value.values()):
        raise Refused("expected_object", "an object of texts was expected", 'give it like {"X-Token": "abc"}')
    return dict(value)


_KINDS = {"type": "array", "items": {"type": "string", "maxLength": 40}, "minItems": 1, "maxItems": 60}
_ENDPOINT = {
    "url": Field(text(2000), {"type": "string", "format": "uri", "maxLength": 2000}),
    "kinds": Field(list_of(text(40), 60), {**_KINDS, "description": "names of events, or * for all"}),
    "description": _text(200),
    "headers": Field(_headers, {"type": "object", "description": "sent along with every message; values are secret"}),
}
_ENDPOINT_OURS = _READ_ONLY | {"secret", "header_names", "off_since", "off_because", "failing_since"}
NEW_ENDPOINT: Final = Shape(
    "a webhook endpoint",
    {name: Field(one.read, one.schema, required=name in {"url", "kinds"}) for name, one in _ENDPOINT.items()},
    _ENDPOINT_OURS,
)
ENDPOINT_CHANGES: Final = Shape(
    "a webhook endpoint",
    {**_ENDPOINT, "enabled": Field(boolean, {"type": "boolean", "description": "whether messages are sent"})},
    _ENDPOINT_OURS,
)
REPLAY: Final = Shape(
    "a replay",
    {
        "since": Field(instant, {**_WHEN, "description": "events from this moment on"}, required=True),
        "until": Field(instant, {**_WHEN, "description": "and before this one; now when left out"}),
        "delivered": Field(boolean, {"type": "boolean", "description": "also those that were delivered"}),
    },
    _READ_ONLY,
)
NEW_RUN: Final = Shape(
    "a payout run",
    {
        "currency": Field(
            currency, {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"}, required=True
        )
    },
    _READ_ONLY,
)
