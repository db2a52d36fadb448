"""Reads the sales that shops send most: a few fields, ASCII, an amount with two decimals, a moment in UTC.

What is returned is what the rules for facts would make of the same body (a test compares the two over generated
bodies); a body with anything else in it is left to them.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from goodword.domain.currency import ACTIVE, RETIRED, decimals
from goodword.domain.errors import DomainError
from goodword.domain.tracked import AHEAD_MAX
from goodword.ingest.event_rows import Event, key_of_click
from goodword.ingest.plain_json import LENGTH_MAX, ODD

_CURRENCIES: Final = frozenset(code for code in ACTIVE if decimals(code) == 2 and code not in RETIRED)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3}|\.\d{6})?Z", re.ASCII)
_AMOUNT: Final = re.compile(r"(0|[1-9]\d{0,11})\.(\d\d)", re.ASCII)
_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_QUOTES_OF_FIELD: Final = 4

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Short = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class _Sale(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: _Text
    customer: _Text
    currency: str
    amount: str
    at: _Short = ""
    click_id: _Short = ""
    visitor: _Short = ""
    product: _Text = ""


class _Sales(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    items: list[_Sale]


_decode_one: Final = msgspec.json.Decoder(_Sale).decode
_decode_batch: Final = msgspec.json.Decoder(_Sales).decode


def read_sales(body: bytes, now: datetime, *, is_batch: bool) -> list[Event] | None:
    """The sales in a body, or None where the rules have to look at it."""
    if len(body) > LENGTH_MAX or not body.isascii() or ODD.search(body):
        return None
    try:
        sales = _decode_batch(body).items if is_batch else [_decode_one(body)]
        events = _events(sales, now)
    except (msgspec.DecodeError, DomainError, ValueError, RecursionError):
        return None
    quotes = (2 if is_batch else 0) + _QUOTES_OF_FIELD * sum(map(_fields_of, sales))
    # Without escapes each text has two quotes. Of a key that stood twice one was lost in reading; its quotes were not.
    return events if events is not None and body.count(b'"') == quotes else None


def _fields_of(sale: _Sale) -> int:
    return 4 + (sale.at != "") + (sale.click_id != "") + (sale.visitor != "") + (sale.product != "")


def _events(sales: Sequence[_Sale], now: datetime) -> list[Event] | None:
    latest = now + AHEAD_MAX
    events = []
    for sale in sales:
        amount = _AMOUNT.fullmatch(sale.amount)
        if sale.currency not in _CURRENCIES or amount is None or not _has_plain_texts(sale):
            return None
        minor, at = int(amount[1] + amount[2]), now
        if sale.at:
            if not _MOMENT.fullmatch(sale.at):
                return None
            at = datetime.fromisoformat(sale.at)
        if not minor or not _EARLIEST <= at <= latest:
            return None
        events.append(_event(sale, minor, at))
    return events


def _has_plain_texts(sale: _Sale) -> bool:
    ends = (sale.id, sale.customer, sale.visitor)
    return all(text == text.strip() for text in ends) and (not sale.product or not sale.product.isspace())


def _event(sale: _Sale, minor: int, at: datetime) -> Event:
    name, customer, currency, product = sale.id, sale.customer, sale.currency, sale.product
    said = f"sale\x1famount_minor={minor}\x1fat={at}\x1fcurrency={currency}\x1fcustomer={customer}\x1fname=sale"
    if product:
        said += f"\x1fproduct={product}"
    return Event(
        name,
        customer,
        at,
        ("sale", customer, at, currency, minor, 0, 0, 0, 0, 0, product, "", "", "", None, None),
        hashlib.sha256(said.encode()).hexdigest(),
        {},
        sale.click_id,
        key_of_click(sale.click_id),
        sale.visitor,
        "",
    )
