"""What a plain request of `/v1/track/` says, read and judged: events ready to be stored with those of other requests.

None is returned for whatever is not plain, wrong requests among it: the pages answer those, in the API's own words.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from goodword.domain.errors import DomainError
from goodword.domain.fact_rules import Reading, read_facts
from goodword.domain.fields import read_object
from goodword.domain.moments import Clock
from goodword.domain.tracked import AHEAD_MAX, FACT_OF, PERSON_SHAPE, read_visitor, take_apart
from goodword.ingest.event_rows import Event, event_of, key_of_click
from goodword.ingest.keys import Key
from goodword.ingest.plain_json import read_plain
from goodword.ingest.plain_sales import read_sales

BATCH_MAX: Final = 1000
KINDS: Final = ("sale", "lead")
"""What is stored here. Refunds and clicks by script are seldom: the pages store them."""


class Request(NamedTuple):
    """The events of one request, to be stored together or not at all."""

    program: UUID
    kind: str
    events: Sequence[Event]
    is_batch: bool
    received: datetime


class Unread(NamedTuple):
    """A request as it came in."""

    kind: str
    is_batch: bool
    body: bytes
    key: Key
    received: datetime


def read_request(given: Unread) -> Request | None:
    """The events of this request, or None."""
    kind, is_batch, body, key, now = given
    events = read_sales(body, now, is_batch=is_batch) if kind == "sale" else None
    if events is None:
        events = read_by_rules(kind, body, key, now, is_batch=is_batch)
    if not events or len(events) > BATCH_MAX or len({event.id for event in events}) != len(events):
        return None
    return Request(key.program, kind, events, is_batch, now)


def read_by_rules(kind: str, body: bytes, key: Key, now: datetime, *, is_batch: bool) -> list[Event] | None:
    """The events of any plain body, as the rules for facts read them."""
    found = read_plain(body)
    if found is None:
        return None
    items = found.get("items") if is_batch else [found]
    if is_batch and (len(found) != 1 or type(items) is not list or not 0 < len(items) <= BATCH_MAX):
        return None
    return read_events(kind, items or [], key, now)


def read_events(kind: str, items: Sequence[Any], key: Key, now: datetime) -> list[Event] | None:
    """The events, when all of them are good."""
    apart = []
    for given in items:
        one = take_apart(kind, given, now) if type(given) is dict and _is_plain_person(given) else None
        if one is None:
            return None
        apart.append(one)
    # To the second, so that the shapes of fields are made once a second: no reader looks closer.
    reading = Reading(Clock(now.replace(microsecond=0), key.timezone), key.currency)
    rows, wrong = read_facts(FACT_OF[kind], [one.fact for one in apart], reading)
    if wrong:
        return None
    latest = now + AHEAD_MAX
    if any(row.columns["at"] > latest for row in rows):
        return None
    return list(map(event_of, rows, apart))


def _is_plain_person(given: dict[str, Any]) -> bool:
    """Whether what an event says of customer and browser is good; the other fields are the fact's."""
    click, visitor, customer = given.get("click_id"), given.get("visitor"), given.get("customer")
    if type(customer) is dict:
        problems: list[Any] = []
        read_object(PERSON_SHAPE, customer, problems)
        if problems:
            return False
    try:
        return (click is None or key_of_click(click) is not None) and (visitor is None or bool(read_visitor(visitor)))
    except DomainError:
        return False
