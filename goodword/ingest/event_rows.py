"""An event as it is stored: who is behind it, and its columns in the order of the table."""

import json
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from goodword.domain.fact_rules import FactRow
from goodword.domain.ids import parse_public_id
from goodword.domain.tracked import Tracked

SAID: Final = (
    "name", "customer", "at", "currency", "amount_minor", "tax_minor", "shipping_minor", "discount_minor", "fees_minor",
    "cost_minor", "product", "code", "subscription", "kind",
)  # fmt: skip
COLUMNS: Final = (*SAID, "lines", "properties")


class Event(NamedTuple):
    """One event: its fact, with `said` the values of `COLUMNS`, and who is behind it."""

    id: str
    customer: str
    at: datetime
    said: tuple[Any, ...]
    payload_hash: str
    person: dict[str, Any]
    click: str
    click_key: UUID | None
    visitor: str
    code: str


_said: Final = itemgetter(*SAID)
_as_json: Final = json.JSONEncoder(default=str).encode


def event_of(row: FactRow, told: Tracked) -> Event:
    """The event of a fact as the rules made it a row."""
    columns = row.columns
    beside = (None if columns[name] is None else _as_json(columns[name]) for name in ("lines", "properties"))
    return Event(
        row.external_id,
        told.customer,
        columns["at"],
        (*_said(columns), *beside),
        row.payload_hash,
        told.person,
        told.click,
        key_of_click(told.click),
        told.visitor,
        columns["code"],
    )


@lru_cache(maxsize=16_384)
def key_of_click(click: str) -> UUID | None:
    """The key behind a click id; None for none. Raises a DomainError for what is none."""
    return parse_public_id("touch", click) if click else None
