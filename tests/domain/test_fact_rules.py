"""What a fact must hold, beyond the table of bad inputs: parts against the whole, one of two, ids, and hashes."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from goodword.domain.fact_rules import Known, Reading, position_of, read_facts, without_position
from goodword.domain.fields import percent_text
from goodword.domain.moments import Clock

NOW = datetime(2026, 6, 1, tzinfo=UTC)
AT = "2026-05-01T09:30:00Z"
ALDER = UUID("01899b5e-0000-7000-8000-000000000001")
KNOWN = Known(partners={"ALDER": ALDER}, sale_currency={"s-1": "USD"}, click_visitor={"tch_1": "v-1"})
READING = Reading(Clock(NOW, "Europe/Berlin"), "EUR", KNOWN)


def read(kind, /, **fields):
    rows, problems = read_facts(kind, [fields], READING)
    return (rows[0] if rows else None), [(problem.code, without_position(problem).field) for problem in problems]


def sale(**fields):
    return read("sale", **({"id": "s", "customer": "c", "currency": "EUR", "amount": "120.00", "at": AT} | fields))


def line(amount, **fields):
    return {"product": "p", "amount": amount, **fields}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"lines": [line("99.99")], "tax": "20.00"}, [("lines_do_not_add_up", "lines")]),
        ({"lines": [line("120.00")], "tax": "20.00"}, [("lines_do_not_add_up", "lines")]),
        ({"tax": "100.00", "shipping": "20.01"}, [("parts_exceed_amount", "amount")]),
        ({"tax": "-1.00"}, [("amount_must_be_positive", "tax")]),
        ({"lines": [line("121.00"), line("-1.00")]}, [("amount_must_be_positive", "lines[1].amount")]),
        ({"lines": [line("1.001"), line("x")]}, [("not_a_number", "lines[1].amount")]),
        ({"properties": {"a b": 1, "c": [1]}}, [("invalid_text", "properties.a b"), ("wrong_type", "properties.c")]),
        ({"id": " s"}, [("invalid_text", "id")]),
        ({"customer": "x" * 201}, [("too_long", "customer")]),
        ({"product": "a\u202eb"}, [("control_characters", "product")]),
        ({"code": "x" * 41}, [("invalid_code", "code")]),
    ],
)
def test_a_sale_that_does_not_hold_is_refused(fields, wrong):
    assert sale(**fields) == (None, wrong)


def test_lines_add_up_to_the_amount_without_tax_and_shipping():
    row, problems = sale(tax="15.00", shipping="5.00", lines=[line("60.00"), line("40", quantity=2)])
    assert problems == []
    assert [one["amount"] for one in row.columns["lines"]] == ["60.00", "40.00"]


@pytest.mark.parametrize(
    ("kind", "fields", "wrong"),
    [
        ("touch", {"partner": "ALDER", "channel": "link"}, [("required", "customer")]),
        ("touch", {"partner": "BIRCH", "channel": "link", "customer": "c"}, [("unknown_partner", "partner")]),
        ("touch", {"partner": "ALDER", "channel": "lnk", "customer": "c"}, [("unknown_choice", "channel")]),
        (
            "touch",
            {"partner": "ALDER", "channel": "registration", "customer": "c", "until": AT},
            [("out_of_range", "until")],
        ),
        ("event", {"name": "assist", "customer": "c"}, [("invalid_name", "name")]),
        ("event", {"name": "Lead", "customer": "c"}, [("invalid_name", "name")]),
        ("refund", {"sale": "s-1", "amount": "1.00", "currency": "EUR"}, [("currency_mismatch", "currency")]),
        ("refund", {"sale": "s-9", "amount": "1.00"}, [("required", "currency")]),
        ("credit", {"shares": [], "reason": "r"}, [("one_of", "conversion")]),
        ("credit", {"conversion": "s", "customer": "c", "shares": [], "reason": "r"}, [("one_of", "conversion")]),
        (
            "credit",
            {"customer": "c", "reason": "r", "shares": [{"partner": "ALDER", "percent": "1%"}] * 2},
            [("duplicate_partner", "shares[1].partner")],
        ),
        ("rate", {"from": "EUR", "to": "EUR", "rate": "1"}, [("same_currency", "to")]),
        ("rate", {"from": "HRK", "to": "EUR", "rate": "7.5"}, [("retired_currency", "from")]),
    ],
)
def test_other_facts_that_do_not_hold_are_refused(kind, fields, wrong):
    assert read(kind, id="x", at=AT, **fields) == (None, wrong)


def test_a_refund_takes_the_currency_of_its_sale():
    row, _ = read("refund", id="r", sale="s-1", amount="1.00", at=AT)
    assert (row.columns["currency"], row.columns["amount_minor"]) == ("USD", 100)


def test_a_click_names_the_browser_behind_it():
    row, _ = read("customer", id="c", visitors=["tch_1", "v-2"])
    assert row.columns["visitors"] == ["v-1", "v-2"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"amount": "120"}, {"amount": "120.00"}),
        ({"at": "2026-05-01T11:30:00+02:00"}, {"at": AT}),
        ({"code": "SPRING "}, {"code": "spring"}),
        ({"tax": "0.00"}, {}),
        ({"product": None}, {}),
        ({"properties": {"a": 1, "b": None}}, {"properties": {"a": 1}}),
    ],
)
def test_the_same_content_has_the_same_hash(one, other):
    assert sale(**one)[0].payload_hash == sale(**other)[0].payload_hash


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "120.01"}, {"customer": "d"}, {"tax": "1.00"}, {"shipping": "1.00"}, {"product": "p"}, {"kind": "p"},
        {"subscription": "p"}, {"code": "p"}, {"properties": {"a": 1}}, {"properties": {"a": True}},
        {"properties": {"a": "1"}}, {"lines": [line("120.00")]}, {"at": "2026-05-01T09:30:00.000001Z"},
    ],
)  # fmt: skip
def test_other_content_has_another_hash(fields):
    hashes = {sale()[0].payload_hash, sale(**fields)[0].payload_hash, sale(properties={"b": 1})[0].payload_hash}
    assert len(hashes) == 3


def test_problems_say_which_item_they_are_about():
    good = {"id": "s", "customer": "c", "currency": "EUR", "amount": "1.00", "at": AT}
    _, problems = read_facts("sale", [good, "no object", {**good, "amount": 1}], READING)
    assert [(position_of(problem), problem.field) for problem in problems] == [(1, "items[1]"), (2, "items[2].amount")]


def test_percents_are_written_as_they_are_read():
    assert [percent_text(ppm) for ppm in (0, 1, 125_000, 1_000_000)] == ["0%", "0.0001%", "12.5%", "100%"]
