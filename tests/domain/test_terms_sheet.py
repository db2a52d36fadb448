"""Terms as a form and back: nothing is lost, and whatever is typed ends as a document or as problems beside fields."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodword.domain.errors import InvalidInput
from goodword.domain.settlement import read_program
from goodword.domain.settlement.program import Caps
from goodword.domain.sheets import add_row, flattened, move_row, nested, remove_row
from goodword.domain.terms_answers import normal_form, sheet_of
from goodword.domain.terms_problems import problems_beside, rates_over_whole
from goodword.domain.terms_sheet import LISTS, NEW_ROWS, SHEET_OPERATORS, document_of
from goodword.domain.terms_starts import STARTS, start_document
from tests.domain.worlds import flat, percent, terms, tiers
from tests.oracle.worlds import world_of


def read(document, currency="USD"):
    whole = {"program": "p", "currency": currency, "timezone": "UTC", "terms": {"t": document}}
    return read_program(whole).terms["t"]


def plain(found):
    """Terms without what two documents that say the same may differ in."""
    rules = tuple(
        replace(
            rule,
            conditions=tuple(condition[:3] for condition in rule.conditions),
            caps=None if rule.caps == Caps() else rule.caps,
        )
        for rule in found.rules
    )
    return replace(found, rules=rules, chosen_on={}, adding_on={})


def there_and_back(document, currency="USD"):
    """Through the very names and texts that a page carries."""
    flat_names = flattened(sheet_of(document, currency))
    assert all(isinstance(text, str) for text in flat_names.values())
    written = document_of(nested(flat_names, LISTS), currency)
    assert not written.problems
    return written.document


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_every_document_of_the_worlds_survives_the_form(seed):
    program, _, _ = world_of(random.Random(seed))
    for document in program["terms"].values():
        again = there_and_back(document, program["currency"])
        assert plain(read(again, program["currency"])) == plain(read(document, program["currency"]))
        assert there_and_back(again, program["currency"]) == again


STRANGE = [
    {"properties.plan": "5"},
    {"properties.plan": {"in": ["yes", True, 5, Decimal("1.50"), "", ' a, "b" ', "line\nbreak"]}},
    {"product": {"in": ["Box, large", "x;y"], "not_in": []}},
    {"properties. odd.name ": {"exists": False}, "category": {"exists": True}},
    {"at": {"gte": "2026-01-01", "lt": "2027-01-01"}, "code": {"ne": True}, "customer": {"in": ["new", "existing"]}},
    {"amount": {"in": ["1.00", "1500.00"]}, "nth": {"in": [1, 10]}},
]


@pytest.mark.parametrize("when", STRANGE)
def test_strange_conditions_survive_the_form(when):
    document = terms(percent("10%", key=" odd “key” ", when=when, on="lead,x"))
    assert plain(read(there_and_back(document))) == plain(read(document))


def test_what_people_type_is_brought_into_notation():
    typed = {
        "rules-0-key": "all",
        "rules-0-percent": "12,5 %",
        "rules-0-cap_sale": "$1,500",
        "rules-0-floor": "1.500,50",
        "rules-0-less_tax": "on",
        "rules-0-less_shipping": "on",
        "clawback_days": " 60 ",
    }
    assert document_of(nested(typed, LISTS), "USD").document == {
        "rules": [
            {"key": "all", "on": "sale", "pay": {"percent": "12.5%"}, "cap": {"sale": "1500.00"}, "floor": "1500.50"}
        ],
        "choose": "first",
        "clawback": {"days": 60},
    }


def test_steps_are_written_in_ascending_order_whatever_the_order_on_the_page():
    typed = {f"rules-0-steps-{i}-from": start for i, start in enumerate(["7", "50,000", "10 000"])}
    typed |= {f"rules-0-steps-{i}-value": rate for i, rate in enumerate(["5", "10", "8"])}
    sheet = nested(typed | {"rules-0-key": "all", "rules-0-pay": "tiers"}, LISTS)
    steps = document_of(sheet, "USD").document["rules"][0]["pay"]["tiers"]["steps"]
    assert [(step["from"], step["percent"]) for step in steps] == [("0", "5%"), ("10000.00", "8%"), ("50000.00", "10%")]


def test_two_steps_from_the_same_total_are_refused_at_the_second():
    typed = {f"rules-0-steps-{i}-from": start for i, start in enumerate(["0", "100", "100.00"])}
    typed |= {f"rules-0-steps-{i}-value": "5" for i in range(3)}
    (found,) = refusals(nested(typed | {"rules-0-key": "all", "rules-0-pay": "tiers"}, LISTS))
    assert (found.field, found.message) == ("rules-0-steps-2-from", "another step begins at the same total")


def refusals(sheet, currency="USD"):
    written = document_of(sheet, currency)
    try:
        read(written.document, currency)
    except InvalidInput as refused:
        return problems_beside(written, [inside(problem) for problem in refused.problems])
    return written.problems


def inside(problem):
    """A problem by its path in the document of the terms, as `checked_terms` gives it."""
    path, message = (text.replace("terms.t.", "", 1) for text in (problem.field, problem.message))
    return replace(problem, field=path, message=message)


WRONG = [
    ({"percent": "a lot"}, "percent"),
    ({"percent": "2000"}, "percent"),
    ({"percent": ""}, "percent"),
    ({"percent": "5", "floor": "1.234"}, "floor"),
    ({"percent": "5", "months": "soon"}, "months"),
    ({"percent": "5", "hold_days": "-1"}, "hold_days"),
    ({"percent": "5", "cap_period": "x"}, "cap_period"),
    ({"percent": "5", "on": "event", "event": "sale"}, "event"),
    ({"percent": "5", "key": ""}, "key"),
    ({"pay": "schedule", "schedule": [{"months": "", "percent": "5"}, {"months": "", "percent": "4"}]},
     "schedule-0-months"),
    ({"pay": "tiers", "mode": "before", "steps": [{"value": "5"}, {"from": "x", "value": "6"}]}, "steps-1-from"),
    ({"percent": "5", "conditions": [{"field": "amount", "op": "gte", "value": "much"}]}, "conditions-0-value"),
    ({"percent": "5", "conditions": [{"field": "product", "op": "in", "value": " , "}]}, "conditions-0-value"),
    ({"percent": "5", "conditions": [{"field": "property", "property": "", "op": "eq", "value": "1"}]},
     "conditions-0-property"),
    ({"percent": "5", "conditions": [{"field": "kind", "op": "eq", "value": "a"}] * 2}, "conditions-1-op"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "wrong"), WRONG)
def test_each_mistake_is_told_beside_its_field(answers, wrong):
    found = refusals({"rules": [{"key": "all", **answers}]})
    assert f"rules-0-{wrong}" in [problem.field for problem in found]
    assert all(problem.message and problem.remedy for problem in found)


SENTENCES = [
    ({"percent": "a lot"}, "“a lot” is not a percent", "write a percent such as 20 or 12.5"),
    ({"percent": "2000"}, "“2000%” is out of range", "give a percent from 0% to 1000%"),
    ({"percent": "5", "floor": "x"}, "“x” is not an amount", "write an amount such as 50.00"),
    ({"percent": "5", "floor": "-3"}, "“-3.00” is below 0", "write an amount of 0 or more"),
    ({"percent": "5", "floor": "9" * 30}, f"“{'9' * 30}” is too large", "write a smaller amount"),
    ({"percent": "5", "months": "soon"}, "“soon” is not a whole number", "write a whole number such as 12"),
    ({"percent": ""}, "nothing is written here", "write a percent such as 20 or 12.5"),
    ({"percent": "5", "key": "a\x00"}, "this contains a NUL character", "remove it"),
]


@pytest.mark.parametrize(("answers", "message", "remedy"), SENTENCES)
def test_a_mistake_is_told_with_its_value_and_a_remedy(answers, message, remedy):
    (found,) = refusals({"rules": [{"key": "all", **answers}]})
    assert (found.message, found.remedy) == (message, remedy)


TYPED = st.sampled_from(["", "0", "5", "12,5", "1.500,50", "-3", "x", "USD 7", "1e9", '"a"', "é", "\x00", "9" * 30])
CHOICES = {
    "pay": ["percent", "flat", "schedule", "tiers", "?"],
    "on": ["sale", "assist", "event"],
    "measure": ["volume", "count", "customers"],
    "per": ["month", "lifetime", "trailing_12m", "conversion"],
    "mode": ["marginal", "before", "after", "whole"],
    "unit": ["percent", "flat"],
    "kind": ["percent", "flat"],
    "op": list(SHEET_OPERATORS),
    "field": ["product", "amount", "nth", "code", "customer", "at", "property", "nothing"],
}


@st.composite
def sheets(draw):
    """Any state of the form: rows of every kind with anything typed into some of their fields."""

    def row(name):
        answers = {}
        for key, value in (NEW_ROWS.get(name) or dict.fromkeys(("field", "property", "op", "value"), "")).items():
            if isinstance(value, list):
                answers[key] = [row(key) for _ in range(draw(st.integers(0, 2)))]
            elif key in CHOICES:
                answers[key] = draw(st.sampled_from(CHOICES[key]))
            else:
                answers[key] = draw(TYPED) if draw(st.booleans()) else value
        return answers

    return {
        "choose": draw(st.sampled_from(["first", "best", "sum", ""])),
        "clawback_days": draw(TYPED),
        "graded_months": draw(TYPED),
        **{name: [row(name) for _ in range(draw(st.integers(0, 2)))] for name in LISTS if name != "samples"},
    }


@settings(max_examples=300, deadline=None)
@given(sheets())
def test_any_state_of_the_form_is_a_valid_document_or_has_problems_beside_its_own_fields(sheet):
    found = refusals(sheet)
    assert {problem.field for problem in found} <= {*flattened(sheet)}
    if not found:
        document = document_of(sheet, "USD").document
        assert plain(read(there_and_back(document))) == plain(read(document))


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.key)
@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_every_beginning_is_valid_in_every_currency(start, currency):
    document = start_document(start.key, currency)
    assert read(document, currency).rules
    assert plain(read(there_and_back(document, currency), currency)) == plain(read(document, currency))


def test_rates_over_the_whole_sale_are_named():
    steps = [{"from": "0", "percent": "5%"}, {"from": "10.00", "percent": "101%"}]
    document = terms(percent("150%", key="launch"), percent("100%", key="fine"), flat("900.00", key="flat"),
                     tiers(steps) | {"key": "steps"})  # fmt: skip
    assert rates_over_whole(read(document)) == ["the rule “launch” pays 150%", "the rule “steps” pays 101%"]


def test_rows_are_added_moved_and_removed_by_their_path():
    sheet = {"rules": [{"key": "a", "steps": []}, {"key": "b", "steps": []}]}
    assert add_row(sheet, "rules-1-steps", {"from": "0"}) == "rules-1-steps-0"
    move_row(sheet, "rules-1", -1)
    remove_row(sheet, "rules-1")
    assert sheet == {"rules": [{"key": "b", "steps": [{"from": "0"}]}]}


@pytest.mark.parametrize("path", ["", "rules", "rules-9", "rules-x-steps", "rules-0-key", "rules-0-steps-²", "-" * 9])
def test_a_path_that_names_nothing_changes_nothing(path):
    sheet = {"rules": [{"key": "a", "steps": [{"from": "0"}]}]}
    before = flattened(sheet)
    remove_row(sheet, path)
    move_row(sheet, path, 1)
    assert add_row(sheet, f"{path}-nowhere", {}) == ""
    assert flattened(sheet) == before


def test_documents_that_say_the_same_have_one_normal_form():
    short = terms(percent("10.0%", when={"product": {"eq": "LP"}}, cap={}, base={"less": ["shipping", "tax"]}))
    assert normal_form(short, "USD") == normal_form(terms(percent("10%", when={"product": "LP"}, on="sale")), "USD")
