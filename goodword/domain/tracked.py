"""What a shop's server tells when something happens: a sale, a lead or a refund, with who bought and how they came.

The fact in it is judged by `fact_rules.py` like any other; only what is added here is read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from goodword.domain.errors import DomainError, Problem
from goodword.domain.fact_shapes import fact_shape, object_schema
from goodword.domain.fields import Field, Refused, RefusedParts, Shape, identifier, read_object
from goodword.domain.ids import parse_public_id
from goodword.domain.moments import Clock

FACT_OF: Final[Mapping[str, str]] = {"sale": "sale", "lead": "event", "refund": "refund"}
"""The kind of fact that each kind of tracked event is."""
AHEAD_MAX: Final = timedelta(minutes=5)
"""Clocks of shops differ: a moment that lies ahead by no more than this is taken as it is."""
PERSON: Final = ("name", "email", "domain", "country")
_OWN: Final = ("click_id", "visitor")


@dataclass(frozen=True, slots=True)
class Tracked:
    """One event, taken apart: the fact, who it is about, the browser behind it, and whether it said when it was."""

    fact: dict[str, Any]
    customer: str
    person: dict[str, Any] = field(default_factory=dict)
    click: str = ""
    visitor: str = ""
    dated: bool = True


@lru_cache(maxsize=64)
def tracked_shape(kind: str, clock: Clock) -> Shape:
    """The fields of a tracked event: those of its fact, the customer as an id or an object, and the browser."""
    fact = fact_shape(FACT_OF[kind], clock)
    fields = {**fact.fields, "at": Field(fact.fields["at"].read, fact.fields["at"].schema)}
    if kind == "lead":
        fields["name"] = Field(fields["name"].read, fields["name"].schema)
    if kind != "refund":
        about = {"anyOf": [dict(fields["customer"].schema), object_schema(PERSON_SHAPE)]}
        fields["customer"] = Field(_read_customer, about, required=True)
        fields["click_id"] = Field(_click_id, {"type": "string", "description": "gw_click as the browser brought it"})
        fields["visitor"] = Field(read_visitor, {"type": "string", "maxLength": 64, "description": "browser id"})
    return Shape(f"a {kind}", fields, fact.read_only)


def take_apart(kind: str, given: Mapping[str, Any], now: datetime) -> Tracked:
    """The parts of an event whose fields were read and found good. `now`: when it happened, where it does not say."""
    fact = {name: value for name, value in given.items() if name not in _OWN and value is not None}
    customer = fact.get("customer", "")
    person: dict[str, Any] = {}
    if isinstance(customer, dict):
        person = {name: customer[name] for name in PERSON if customer.get(name)}
        customer = fact["customer"] = customer["id"]
    if kind == "lead":
        fact.setdefault("name", "lead")
    dated = "at" in fact
    if not dated:
        fact["at"] = now.isoformat()
    return Tracked(fact, customer, person, given.get("click_id") or "", given.get("visitor") or "", dated)


def problems_of_event(kind: str, given: Any, clock: Clock) -> list[Problem]:
    """Everything that is wrong with the fields of an event."""
    problems: list[Problem] = []
    values = read_object(tracked_shape(kind, clock), given, problems)
    at = values.get("at")
    if at is not None and at > clock.now + AHEAD_MAX:
        remedy = "check the clock of the server that sends it"
        problems.append(Problem("implausible_date", "the moment lies ahead", "at", str(given["at"])[:40], remedy))
    return problems


def _person_shape(clock: Clock) -> Shape:
    fields = fact_shape("customer", clock).fields
    return Shape("a customer", {name: fields[name] for name in ("id", *PERSON)})


PERSON_SHAPE: Final = _person_shape(Clock(datetime(2026, 1, 1, tzinfo=UTC)))
"""The fields of a customer inside an event."""
read_visitor: Final = identifier(64)
"""The reader of a browser id."""
_customer_id: Final = identifier(200)


def _read_customer(value: Any) -> Any:
    if type(value) is not dict:
        return _customer_id(value)
    problems: list[Problem] = []
    read = read_object(PERSON_SHAPE, value, problems)
    if problems:
        raise RefusedParts(problems)
    return read


def _click_id(value: Any) -> str:
    text: str = identifier(64)(value)
    try:
        parse_public_id("touch", text)
    except DomainError:
        raise Refused("malformed_id", f"{text[:40]!r} is no click id", "send gw_click as it came, tch_...") from None
    return text
