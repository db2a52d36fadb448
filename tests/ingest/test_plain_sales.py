"""The quick reader of sales returns what the rules for facts make of the same body, or leaves the body to them."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from goodword.domain.ids import public_id, uuid7
from goodword.ingest.events import Unread, read_by_rules, read_request
from goodword.ingest.keys import Key
from goodword.ingest.plain_sales import read_sales

NOW = datetime(2026, 11, 23, 12, 30, 15, 250_000, tzinfo=UTC)
KEY = Key(uuid7(), "EUR", "Europe/Berlin", None, 1e12)
CLICK = public_id("touch", uuid7())
GOOD = {"id": "s-1", "customer": "c-1", "currency": "EUR", "amount": "120.00", "at": "2026-11-20T09:30:00Z"}

TEXTS = st.sampled_from(["a", "c-1", " a", "a ", "a b", " ", "", "x" * 64, "x" * 65, "x" * 200, "x" * 201, "é", "\x7f"])
VALUES = {
    "id": TEXTS | st.integers(),
    "customer": TEXTS | st.just({"id": "c-1", "email": "ann@example.com"}),
    "currency": st.sampled_from(["EUR", "USD", "JPY", "KWD", "HRK", "eur", "", "XXX"]),
    "amount": st.sampled_from(
        ["1.00", "0.00", "0.01", "00.10", "1", "1.5", "1.005", "-1.00", "+1.00", ".50", "1.", "9" * 12 + ".99",
         "9" * 13 + ".99", "9" * 25 + ".00", "1e5", "٣.00", 5, None]
    ),
    "at": st.sampled_from(
        ["2026-11-20T09:30:00Z", "2026-11-20T09:30:00.5Z", "2026-11-20T09:30:00.123Z", "2026-11-20T09:30:00.123456Z",
         "2026-11-20T09:30:00.1234567Z", "2026-11-20T09:30:00+01:00", "2026-11-20T09:30:00", "2026-11-20t09:30:00z",
         "2026-11-23T12:35:15Z", "2026-11-23T12:35:15.250Z", "2026-11-23T12:35:15.251Z", "2026-11-23T12:36:00Z",
         "1990-01-01T00:00:00Z", "1989-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "2026-11-20T24:00:00Z",
         "2026-11-20T23:59:60Z", "0000-01-01T00:00:00Z", "", None]
    ),
    "click_id": st.sampled_from([CLICK, "tch_nothing", "", None]),
    "visitor": TEXTS,
    "product": TEXTS,
    "code": st.sampled_from(["SPRING", ""]),
    "tax": st.just("1.00"),
    "colour": st.just("red"),
}  # fmt: skip
SALES = st.fixed_dictionaries({}, optional=VALUES).map(lambda said: GOOD | said)


def by_rules(body, *, is_batch=False):
    return read_by_rules("sale", body, KEY, NOW, is_batch=is_batch)


@settings(max_examples=1000)
@given(SALES, st.sets(st.sampled_from(sorted(GOOD))))
def test_a_sale_is_read_as_the_rules_read_it(sale, left_out):
    body = json.dumps(
        {name: value for name, value in sale.items() if name not in left_out}, ensure_ascii=False
    ).encode()
    quick = read_sales(body, NOW, is_batch=False)
    assert quick is None or quick == by_rules(body)


@given(st.lists(SALES, max_size=4))
def test_a_batch_is_read_as_the_rules_read_it(sales):
    body = json.dumps({"items": sales}).encode()
    quick = read_sales(body, NOW, is_batch=True)
    assert not quick or quick == by_rules(body, is_batch=True)


@given(st.integers(0, 10**13), st.integers(0, 99), st.datetimes(datetime(1985, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001
def test_any_amount_and_moment_is_read_as_the_rules_read_it(whole, cents, at):
    body = json.dumps(GOOD | {"amount": f"{whole}.{cents:02d}", "at": f"{at.isoformat()}Z"}).encode()
    quick = read_sales(body, NOW, is_batch=False)
    assert quick is None or quick == by_rules(body)


PIECES = st.sampled_from(
    ['"id":"s-2",', '"amount":"7.00",', '"at":null,', '"product":"p",', " ", "\n", ",", '"a":1,', "{"]
)


@given(st.lists(PIECES, min_size=1, max_size=3), st.booleans())
@example(['"product":"p",', '"product":"p",'], False)
@example(['"id":"s-1",'], True)
def test_doubled_keys_and_odd_pieces_are_left_to_the_rules(pieces, in_batch):
    one = "{" + "".join(pieces) + json.dumps(GOOD)[1:]
    body = (f'{{"items":[{one}]}}' if in_batch else one).encode()
    quick = read_sales(body, NOW, is_batch=in_batch)
    assert quick is None or quick == by_rules(body, is_batch=in_batch)


@pytest.mark.parametrize("left_out", [None, "at"])
def test_what_shops_send_most_is_read_quickly(left_out):
    said = {**GOOD, "click_id": CLICK, "visitor": "v-1", "product": "Pro plan"}
    said.pop(left_out, None)
    assert read_sales(json.dumps(said).encode(), NOW, is_batch=False) == by_rules(json.dumps(said).encode())
    assert read_sales(json.dumps({"items": [said, said | {"id": "s-2"}]}).encode(), NOW, is_batch=True)


@pytest.mark.parametrize("items", [[], [GOOD, GOOD], [GOOD | {"id": f"s-{number}"} for number in range(1001)]])
def test_none_twice_the_same_and_too_many_are_left_to_the_pages(items):
    assert read_request(Unread("sale", True, json.dumps({"items": items}).encode(), KEY, NOW)) is None
