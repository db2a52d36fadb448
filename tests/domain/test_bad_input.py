"""Bad programs and facts: each is refused with its code and the field it is about, and all of them at once."""

import pytest

from goodword.domain.errors import InvalidInput
from goodword.domain.settlement import read_facts, read_program
from goodword.domain.settlement.strict_json import BadJson, lines_of_paths, read_json
from tests.domain.worlds import (
    agreement,
    credit,
    event,
    flat,
    partner,
    percent,
    program,
    rate,
    refund,
    sale,
    terms,
    touch,
)

RULE = "terms.std.rules[0]"


def rule_with(**more):
    return program(terms(percent("10%", **more)))


def pay(**given):
    return program(terms({"key": "all", "pay": given}))


def tiered(*steps, **more):
    return pay(tiers={"steps": list(steps), **more})


FIVE = {"from": "0", "percent": "5%"}
PROGRAMS = {
    "unknown key": (program(bugdet={}), "unknown_field", "bugdet"),
    "unknown key in a rule": (rule_with(lastss={}), "unknown_field", f"{RULE}.lastss"),
    "no currency": ({**program(), "currency": None}, "required", "currency"),
    "unknown currency": (program(currency="EURO"), "unknown_currency", "currency"),
    "lower-case currency": (program(currency="usd"), "unknown_currency", "currency"),
    "unknown zone": (program(timezone="Mars/Base"), "unknown_timezone", "timezone"),
    "zone outside": (program(timezone="../etc/passwd"), "unknown_timezone", "timezone"),
    "rounding": (program(rounding="up"), "unknown_value", "rounding"),
    "hold as text": (program(hold_days="30"), "wrong_type", "hold_days"),
    "hold as truth": (program(hold_days=True), "wrong_type", "hold_days"),
    "negative hold": (program(hold_days=-1), "out_of_range", "hold_days"),
    "model": (program(attribution={"model": "lats"}), "unknown_value", "attribution.model"),
    "channel": (program(attribution={"windows": {"mail": 1}}), "unknown_field", "attribution.windows.mail"),
    "channel twice": (
        program(attribution={"priority": [["link"], ["link"]]}),
        "duplicate_channel",
        "attribution.priority[1][0]",
    ),
    "guardrail over 100": (program(guardrail={"percent": "101%"}), "out_of_range", "guardrail.percent"),
    "budget without amount": (program(budget={"per": "month"}), "required", "budget.amount"),
    "percent as number": (pay(percent=20), "wrong_type", f"{RULE}.pay.percent"),
    "percent without sign": (pay(percent="20"), "not_a_number", f"{RULE}.pay.percent"),
    "five decimals": (pay(percent="1.00001%"), "too_many_decimals", f"{RULE}.pay.percent"),
    "negative percent": (pay(percent="-1%"), "out_of_range", f"{RULE}.pay.percent"),
    "over 1000 percent": (pay(percent="1000.0001%"), "out_of_range", f"{RULE}.pay.percent"),
    "flat with too many decimals": (pay(flat="1.001"), "too_many_decimals", f"{RULE}.pay.flat"),
    "flat too large": (pay(flat="10000000000000.00"), "out_of_range", f"{RULE}.pay.flat"),
    "two ways to pay": (pay(flat="1.00", percent="1%"), "conflicting_fields", f"{RULE}.pay"),
    "no way to pay": (pay(), "required", f"{RULE}.pay"),
    "each without flat": (pay(percent="1%", each="unit"), "unknown_field", f"{RULE}.pay.each"),
    "endless step inside": (
        pay(schedule=[{"percent": "1%"}, {"percent": "2%"}]),
        "required",
        f"{RULE}.pay.schedule[0].months",
    ),
    "tiers from above 0": (tiered({"from": "1", "percent": "5%"}), "out_of_order", f"{RULE}.pay.tiers.steps[0].from"),
    "tiers descending": (tiered(FIVE, FIVE), "out_of_order", f"{RULE}.pay.tiers.steps[1].from"),
    "flat slices": (tiered({"from": "0", "flat": "1.00"}), "conflicting_fields", f"{RULE}.pay.tiers.steps[0].flat"),
    "trailing but marginal": (tiered(FIVE, per="trailing_12m"), "conflicting_fields", f"{RULE}.pay.tiers.mode"),
    "half a deal": (
        tiered(FIVE, {"from": "1.5", "percent": "6%"}, measure="count"),
        "not_a_number",
        f"{RULE}.pay.tiers.steps[1].from",
    ),
    "unknown condition": (rule_with(when={"prodct": "a"}), "unknown_field", f"{RULE}.when.prodct"),
    "unknown operator": (rule_with(when={"amount": {"over": "1"}}), "unknown_operator", f"{RULE}.when.amount.over"),
    "amount as number": (rule_with(when={"amount": {"gt": 5}}), "wrong_type", f"{RULE}.when.amount.gt"),
    "nth as text": (rule_with(when={"nth": "1"}), "wrong_type", f"{RULE}.when.nth"),
    "code above": (rule_with(when={"code": {"gt": False}}), "wrong_type", f"{RULE}.when.code.gt"),
    "not a date": (rule_with(when={"at": {"lt": "2026-02-30"}}), "invalid_date", f"{RULE}.when.at.lt"),
    "in without a list": (rule_with(when={"product": {"in": "a"}}), "wrong_type", f"{RULE}.when.product.in"),
    "key twice": (program(terms(percent("1%"), percent("2%"))), "duplicate_key", "terms.std.rules[1].key"),
    "base": (rule_with(base={"less": ["taxes"]}), "unknown_value", f"{RULE}.base.less[0]"),
    "override over 100": (
        program(terms(overrides=[{"level": 1, "percent": "101%"}])),
        "out_of_range",
        "terms.std.overrides[0].percent",
    ),
    "one level twice": (
        program(terms(overrides=[{"level": 1, "percent": "1%"}, {"level": 1, "flat": "1.00"}])),
        "duplicate_level",
        "terms.std.overrides[1].level",
    ),
    "bonus without goal": (
        program(terms(bonuses=[{"key": "b", "flat": "1.00"}])),
        "required",
        "terms.std.bonuses[0].reaches",
    ),
    "tail without months": (program(terms(tail=[{"percent": "50%"}])), "required", "terms.std.tail[0].months"),
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_a_bad_program_is_refused(case):
    document, code, field = PROGRAMS[case]
    with pytest.raises(InvalidInput) as refused:
        read_program(document)
    assert [(p.code, p.field) for p in refused.value.problems] == [(code, field)]
    assert refused.value.problems[0].remedy


FACTS = {
    "no object": (["sale"], "expected_object", ""),
    "no fact": ([{"id": "x"}], "required", "fact"),
    "unknown fact": ([{"fact": "sael", "id": "x"}], "unknown_value", "fact"),
    "field with half a character": ([{**sale("s", "1.00"), "a\ud800": "x"}], "unknown_field", "a\\ud800"),
    "typo": ([{**sale("s", "1.00"), "ammount": "1.00"}], "unknown_field", "ammount"),
    "no id": ([{**partner("p"), "id": ""}], "required", "id"),
    "null id": ([{**partner("p"), "id": None}], "required", "id"),
    "id as number": ([{**partner("p"), "id": 7}], "wrong_type", "id"),
    "NUL": ([partner("p\0")], "invalid_text", "id"),
    "lone surrogate": ([partner("p\ud800")], "invalid_text", "id"),
    "no offset": ([sale("s", "1.00", "2026-01-01T00:00:00")], "invalid_date", "at"),
    "24 o'clock": ([sale("s", "1.00", "2026-01-01T24:00:00Z")], "invalid_date", "at"),
    "no such day": ([sale("s", "1.00", "2026-02-29T00:00:00Z")], "invalid_date", "at"),
    "seven digits": ([sale("s", "1.00", "2026-02-01T00:00:00.1234567Z")], "invalid_date", "at"),
    "year 1": ([sale("s", "1.00", "0001-01-01T00:00:00Z")], "implausible_date", "at"),
    "year 9999": ([sale("s", "1.00", "9999-01-01T00:00:00Z")], "implausible_date", "at"),
    "amount as number": ([sale("s", 1)], "wrong_type", "amount"),
    "no number": ([sale("s", "1,00")], "not_a_number", "amount"),
    "exponent": ([sale("s", "1e3")], "not_a_number", "amount"),
    "negative": ([sale("s", "-1.00")], "amount_must_be_positive", "amount"),
    "too many decimals": ([sale("s", "1.001")], "too_many_decimals", "amount"),
    "decimals of yen": ([sale("s", "10.5", currency="JPY")], "too_many_decimals", "amount"),
    "too large": ([sale("s", "10000000000000.00")], "out_of_range", "amount"),
    "unknown currency": ([sale("s", "1.00", currency="BTC")], "unknown_currency", "currency"),
    "retired currency": ([sale("s", "1.00", currency="HRK")], "retired_currency", "currency"),
    "lines do not add up": (
        [sale("s", "10.00", tax="1.00", lines=[{"product": "a", "amount": "10.00"}])],
        "lines_do_not_add_up",
        "lines",
    ),
    "line without product": ([sale("s", "1.00", lines=[{"amount": "1.00"}])], "required", "lines[0].product"),
    "quantity 1.0": (
        [sale("s", "1.00", lines=[{"product": "a", "amount": "1.00", "quantity": 1.0}])],
        "wrong_type",
        "lines[0].quantity",
    ),
    "refund with too many decimals": (
        [sale("s", "10", currency="JPY"), refund("s", "1.50")],
        "too_many_decimals",
        "amount",
    ),
    "touch of nobody": ([{**touch("p"), "customer": None}], "required", "customer"),
    "unknown channel": ([touch("p", channel="lnik")], "unknown_value", "channel"),
    "event named sale": ([event("e", "sale")], "reserved_name", "name"),
    "event named assist": ([event("e", "assist")], "reserved_name", "name"),
    "credit of both": ([credit({}, conversion="s", customer="c")], "conflicting_fields", "conversion"),
    "credit of nothing": ([credit({})], "required", "conversion"),
    "credit over 100": ([credit({"p": "60%", "q": "41%"}, customer="c")], "out_of_range", "shares"),
    "partner twice": (
        [{**credit({"p": "10%"}, customer="c"), "shares": [{"partner": "p", "percent": "1%"}] * 2}],
        "duplicate_partner",
        "shares[1].partner",
    ),
    "rate 0": ([rate("EUR", "0.00")], "not_a_number", "rate"),
    "rate to itself": ([rate("USD", "1.00")], "conflicting_fields", "to"),
    "unknown terms": ([agreement("p", "sdt")], "unknown_terms", "terms"),
    "ends before it starts": ([{**agreement("p"), "ends": "2019-01-01"}], "out_of_order", "ends"),
    "overlap": (
        [agreement("p"), agreement("p", starts="2021-01-01")],
        "overlapping_agreements",
        "starts",
    ),
    "cycle": ([partner("p", parent="q"), partner("q", parent="p")], "parent_cycle", "parent"),
    "own parent": ([partner("p", parent="p")], "parent_cycle", "parent"),
    "other content": ([sale("s", "1.00"), sale("s", "2.00")], "conflicting_fact", "id"),
    "one name space": ([sale("s", "1.00"), event("s", "lead")], "conflicting_fact", "id"),
    "true is not 1": (
        [sale("s", "1.00", properties={"a": 1}), sale("s", "1.00", properties={"a": True})],
        "conflicting_fact",
        "id",
    ),
}


@pytest.mark.parametrize("case", FACTS)
def test_a_bad_fact_is_refused(case):
    facts, code, field = FACTS[case]
    with pytest.raises(InvalidInput) as refused:
        read_facts(read_program(program()), facts)
    assert [(p.code, p.field) for p in refused.value.problems] == [(code, field)]
    assert refused.value.problems[0].remedy
    assert refused.value.problems[0].line == len(facts) if code != "parent_cycle" else 1


FINE = {
    "the same written otherwise": [
        sale("s", "1.00", "2026-01-01T12:00:00Z", tax="0"),
        sale("s", "1", "2026-01-01T14:00:00.000+02:00", kind=None),
    ],
    "agreements that touch": [{**agreement("p"), "ends": "2021-01-01"}, agreement("p", starts="2021-01-01")],
    "unknown partners": [touch("nobody"), {"fact": "code", "id": "X", "partner": "nobody"}],
    "a refund of an unknown sale": [refund("unknown", "1.0001")],
    "an amount of 0": [sale("s", "0.00")],
    "lines of 0": [sale("s", "2.00", tax="2.00", lines=[{"product": "a", "amount": "0.00"}])],
    "an end far away": [{**agreement("p"), "ends": "9999-12-31"}],
}


@pytest.mark.parametrize("case", FINE)
def test_unusual_facts_are_taken(case):
    read_facts(read_program(program()), FINE[case])


def test_all_problems_are_listed_at_once_and_at_most_100():
    with pytest.raises(InvalidInput) as refused:
        read_facts(read_program(program()), [sale(f"s{i}", "x", currency="X") for i in range(80)])
    assert len(refused.value.problems) == 100
    assert [p.line for p in refused.value.problems[:4]] == [1, 1, 2, 2]


def test_the_nearest_name_is_suggested():
    with pytest.raises(InvalidInput) as refused:
        read_program(program(terms(flat("1.00", lastz={}))))
    assert "'lasts'" in refused.value.problems[0].remedy


JSON = {
    '{"a": 1, "a": 1}': "duplicate_key",
    '{"a": {"b": 1, "b": 2}}': "duplicate_key",
    '{"a": NaN}': "not_a_number",
    '{"a": -Infinity}': "not_a_number",
    '{"a": 1e400}': "not_a_number",
    '{"a": 1e' + "9" * 20 + "}": "not_a_number",
    '{"a": 0e-' + "9" * 20 + "}": "not_a_number",
    '{"a": 9223372036854775808}': "out_of_range",
    '{"a": ' + "9" * 5000 + "}": "out_of_range",
    "[" * 33 + "]" * 33: "too_deep",
    '{"a":' * 10_000 + "1" + "}" * 10_000: "too_deep",
    "": "invalid_json",
    '{"a": "\t"}': "invalid_json",
    "{'a': 1}": "invalid_json",
    '{"a": 1} {"b": 2}': "invalid_json",
    '{"a": 01}': "invalid_json",
}


@pytest.mark.parametrize("text", JSON, ids=lambda text: text[:20])
def test_json_is_read_strictly(text):
    with pytest.raises(BadJson) as refused:
        read_json(text)
    assert refused.value.code == JSON[text]


def test_brackets_in_texts_are_not_depth():
    assert read_json('"' + "[" * 100 + '"') == "[" * 100
    assert read_json("[" * 32 + "]" * 32)


def test_problems_of_a_document_know_their_line():
    lines = lines_of_paths('{"a": [\n {"b": 1},\n {"c":\n 2}],\n "d": "x\\"{"}')
    assert (lines["a"], lines["a[0].b"], lines["a[1]"], lines["a[1].c"], lines["d"]) == (1, 2, 3, 3, 5)
