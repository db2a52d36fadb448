"""The tables of the compiled rules say what the facts say: compared with what the index of facts finds."""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import available_timezones

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodword.domain.settlement import FactSet, Refund, Sale, Zone, instant, read_facts, read_program
from goodword.domain.settlement.fields import parse_instant
from goodword.domain.settlement.rules import layout
from goodword.domain.settlement.rules.layout import NONE
from goodword.domain.settlement.rules.local_days import local_days
from goodword.domain.settlement.rules.prepare import prepare
from tests.domain.test_settlement_properties import PROGRAM, some_facts
from tests.domain.worlds import (
    agreement,
    at,
    credit,
    event,
    flat,
    line,
    partner,
    percent,
    program,
    rate,
    referred,
    refund,
    rule,
    sale,
    terms,
    tiers,
    touch,
)

SECOND, DAY = 1_000_000, 86_400_000_000


def both(document, facts, as_of=None):
    """The prepared tables, and the facts as records."""
    read = read_program(document)
    found = read_facts(read, facts)
    moment = instant(parse_instant(at(as_of))) if as_of else None
    return prepare(read, found, moment), found


def prepared(*facts, document=None, as_of=None):
    flat_facts = [one for given in facts for one in (given if isinstance(given, list) else [given])]
    return both(document or program(terms(percent("10%"))), flat_facts, as_of)[0]


def conversion(found, id_):
    return found.facts.conversions[found.names.conversions.index(id_)]


def touches(found, customer):
    row = found.facts.customers[found.names.customers.index(customer)]
    return found.facts.touches[row["touch_lo"] : row["touch_lo"] + row["touch_n"]]


def told(found, customer):
    """A customer's touches as (at, expires, partner, rank, sale of the code)."""
    names = found.names
    return [
        (t["at"], t["expires"], names.partners[t["partner"]], t["rank"], code(names, t["conversion"]))
        for t in touches(found, customer)
    ]


def code(names, row):
    return None if row == NONE else names.conversions[row]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(PROGRAM, some_facts(), st.randoms(use_true_random=False))
def test_facts_after_as_of_leave_no_trace(document, facts, chance):
    read, cut = read_program(document), instant(parse_instant(at("2026-02-15")))
    early = [one for one in facts if "at" not in one or instant(parse_instant(one["at"])) <= cut]
    one, other = (prepare(read, read_facts(read, which), cut) for which in (facts, early))
    assert_same(one, other)


def assert_same(one, other):
    assert list(map(list, one.names)) == list(map(list, other.names))
    assert (one.notices, one.exact_rates, one.as_of) == (other.notices, other.exact_rates, other.as_of)
    for mine, theirs in zip(one.facts, other.facts, strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


def test_a_touch_of_a_customer_and_its_own_visitor_stands_once():
    found = prepared(
        partner("p"),
        {"fact": "customer", "id": "c", "visitors": ["v", "v"]},
        touch("p", customer="c", visitor="v"),
        {"fact": "customer", "id": "d", "visitors": ["v"]},
        sale("s", "1.00"),
        sale("z", "1.00", customer="d"),
    )
    assert (len(touches(found, "c")), len(touches(found, "d"))) == (1, 1)


def test_touches_of_one_instant_stand_by_id_and_codes_behind_them():
    found = prepared(
        *(partner(who) for who in ("p", "q", "r")),
        {"fact": "code", "id": "CODE", "partner": "r"},
        touch("q", "2026-01-10", id="b"),
        touch("p", "2026-01-10", id="a"),
        sale("s", "1.00", "2026-01-10", code="CODE"),
        sale("s0", "1.00", "2026-01-10", code="CODE"),
        document=program(terms(percent("10%")), attribution={"windows": {"code": 3}}),
    )
    assert [(who, code_) for _, _, who, _, code_ in told(found, "c")] == [
        ("p", None),
        ("q", None),
        ("r", "s"),
        ("r", "s0"),
    ]
    assert {t["expires"] - t["at"] for t in touches(found, "c")[2:]} == {3 * DAY}


def test_a_registration_ends_at_its_until_and_other_channels_do_not():
    until = {"until": at("2026-01-05")}
    found = prepared(
        partner("p"),
        touch("p", channel="registration", **until),
        touch("p", channel="link", **until),
        sale("s", "1.00"),
    )
    spans = {int(t["rank"]): int(t["expires"] - t["at"]) for t in touches(found, "c")}
    assert spans == {0: 4 * DAY, 2: 90 * DAY}


def test_refunds_are_cut_and_what_is_odd_is_told():
    found = prepared(
        sale("s", "100.00"),
        refund("s", "80.00", "2026-01-12", id="r1"),
        refund("s", "30.00", "2026-01-13", id="r2"),
        refund("s", "1.00", "2026-01-14", id="r3"),
        refund("elsewhere", "5.00", id="r0"),
        event("e", "lead"),
        refund("e", "5.00", id="r4"),
    )
    assert found.facts.refunds["amount"].tolist() == [8000, 2000, 0]
    assert [(n.refund, n.notice) for n in found.notices] == [
        ("r0", "unmatched"),
        ("r2", "quarantined"),
        ("r3", "quarantined"),
        ("r4", "unmatched"),
    ]


def test_the_sum_of_very_many_refunds_does_not_overflow():
    read, most = read_program(program(terms())), 10**15 - 1
    many = [Refund(f"r{i:04}", i, "s", most) for i in range(9300)]
    found = prepare(read, FactSet(sales=[Sale("s", 0, "c", "USD", most)], refunds=many), None)
    assert found.facts.refunds["amount"].tolist() == [most] + [0] * 9299
    assert len(found.notices) == 9299


def test_rates_stand_once_and_the_latest_serves():
    found = prepared(
        rate("EUR", "1.1", "2026-01-05"),
        rate("EUR", "1.3", "2026-01-08"),
        rate("EUR", "9", "2026-02-08"),
        rate("JPY", "0.007", "2026-01-01"),
        rate("USD", "0.8", "2026-01-01", to="EUR"),
        sale("a", "1.00", "2026-01-04", currency="EUR"),
        sale("b", "1.00", "2026-01-06", currency="EUR"),
        sale("c", "1.00", "2026-01-09", currency="EUR"),
        sale("d", "1.00", "2026-01-09", currency="EUR"),
        sale("e", "100", "2026-01-09", currency="JPY"),
        sale("f", "1.00", "2026-01-09"),
        event("g", "lead", "2026-01-09", currency="GBP"),
    )
    rates = [None if row == NONE else found.exact_rates[row] for row in found.facts.conversions["rate"]]
    assert rates == [None, (11, 10), (13, 10), (13, 10), (7, 10), (1, 1), (1, 1)]
    assert len(found.facts.rates) == 4
    assert [found.names.currencies[row] for row in found.facts.conversions["currency"][-3:]] == ["JPY", "USD", "GBP"]
    assert dict(zip(found.names.currencies, found.facts.places, strict=True))["JPY"] == 0


def test_a_rate_beyond_64_bits_is_kept_exactly_beside_the_table():
    found = prepared(rate("EUR", "999999999999999999.999999999999999999"), sale("s", "1.00", currency="EUR"))
    row = conversion(found, "s")["rate"]
    assert found.facts.rates[row]["numerator"] == NONE
    assert found.exact_rates[row] == (10**36 - 1, 10**18)


def test_a_credit_without_shares_denies_and_shares_of_nothing_are_dropped():
    found = prepared(
        sale("s", "1.00"),
        sale("z", "1.00", customer="d"),
        credit({}, conversion="s", id="none"),
        credit({"p": "0%", "q": "25%"}, customer="d", id="some"),
        credit({"p": "100%"}, "2026-01-14", customer="d", id="older"),
    )
    denied = found.facts.credits[conversion(found, "s")["credit"]]
    given_ = found.facts.credits[found.facts.customers[1]["credit"]]
    assert (denied["share_n"], given_["share_n"]) == (0, 1)
    assert [found.names.partners[row] for row in found.facts.credit_shares["partner"]] == ["q"]


WHEN = [
    {"product": "a"},
    {"product": {"ne": "a"}},
    {"product": {"exists": False}},
    {"category": {"in": ["x", "y"]}},
    {"kind": {"not_in": ["renewal"]}},
    {"kind": {"gt": "m"}},
    {"country": {"exists": True}},
    {"partner_country": {"lte": "DE"}},
    {"group": {"not_in": []}},
    {"code": True},
    {"code": {"exists": False}},
    {"customer": "new"},
    {"customer": {"ne": "new"}},
    *({"properties.n": {op: 4}} for op in ("eq", "ne", "gt", "gte", "lt", "lte")),
    {"properties.n": True},
    {"properties.n": "4"},
    {"properties.n": {"in": [1, "x", False]}},
    {"properties.n": {"not_in": [1, "x", True]}},
    {"properties.n": {"not_in": []}},
    {"properties.n": {"exists": False}},
    {"properties.n": {"exists": True}},
]
VALUES = [None, 4, Decimal("4.0"), Decimal("4.5"), 1, True, False, 0, "4", "x", "", ["x"], {"a": 1}, 3]
FIELD_OF = {layout.PRODUCT: "product", layout.CATEGORY: "category", layout.KIND: "kind", layout.COUNTRY: "country"}


@pytest.fixture(scope="module")
def tabulated():
    """A program with every kind of condition, and a world with every kind of value."""
    document = program(terms(*(percent("1%", f"k{i:02}", when=when) for i, when in enumerate(WHEN))))
    people = [
        partner("p", country="DE", group="g"),
        partner("q", country="FR"),
        {"fact": "customer", "id": "c", "country": "AT"},
    ]
    sales = [
        sale(f"s{i:02}", "2.00", properties={"n": value, "other": 1}, kind=kind, product=kind and "a")
        for i, (value, kind) in enumerate(zip(VALUES, ["new", "renewal", None, "zeal"] * 4, strict=False))
    ]
    lines = [line("a", "1.00", category="x"), line("b", "1.00", category="z")]
    more = [sale("t", "2.00", lines=lines), sale("u", "2.00", customer="d", code="NONE")]
    return both(document, [*people, *sales, *more])


def holds_in_tables(facts, condition, row):
    field, lo = condition["field"], condition["lo"]
    if field in {layout.PARTNER_COUNTRY, layout.GROUP, layout.CATEGORY}:
        number = 0
    elif field == layout.COUNTRY:
        number = facts.customers[row["customer"]]["country"]
    elif field == layout.PROPERTY:
        number = 0 if row["property_row"] == NONE else facts.properties[row["property_row"], condition["column"]]
    else:
        number = {layout.AGE: layout.NEW, layout.CODE_USED: row["has_code"]}.get(int(field))
        number = row[FIELD_OF[field]] if number is None else number
    assert number < condition["n"]
    return bool(facts.truths[lo + number])


def test_truths_of_partners_and_lines(tabulated):
    facts, names = tabulated[0].facts, tabulated[0].names
    by_field = {int(condition["field"]): condition for condition in facts.conditions}
    partners = dict(zip(names.partners, facts.partners, strict=True))
    country, category = by_field[layout.PARTNER_COUNTRY], by_field[layout.CATEGORY]
    assert [facts.truths[country["lo"] + partners[who]["country"]] for who in ("p", "q")] == [1, 0]
    assert [facts.truths[category["lo"] + x["category"]] for x in facts.sale_lines] == [1, 0]


def test_numbers_stand_in_operands():
    when = {"nth": {"in": [3, 5]}, "amount": {"gte": "20.00"}, "at": "2026-03-01", "customer_months": {"exists": False}}
    facts = prepared(document=program(terms(percent("1%", when=when)))).facts
    said = [(c["field"], c["op"], facts.operands[c["lo"] : c["lo"] + c["n"]].tolist()) for c in facts.conditions[:3]]
    assert said == [
        (layout.NTH, layout.IN, [3, 5]),
        (layout.AMOUNT, layout.GTE, [2000]),
        (layout.AT, layout.EQ, [date(2026, 3, 1).toordinal()]),
    ]
    assert facts.conditions[3]["n"] == 0


def test_keys_say_what_is_to_be_counted_over_all_terms():
    steps = [{"from": "0", "percent": "1%"}]
    document = program(
        terms(
            {**tiers(steps, mode="before", per="trailing_12m", measure="customers"), "key": "b"},
            flat("1.00", "a", cap={"customer": "5.00"}, lasts={"months": 2}),
            {**tiers(steps, per="conversion"), "key": "c"},
        ),
        terms={
            "other": terms(
                {**tiers(steps, per="year"), "key": "b"},
                flat("1.00", "a", cap={"period": {"amount": "9.00", "per": "quarter"}}),
            )
        },
    )
    found = prepared(document=document)
    assert found.names.rule_keys == ("a", "b", "c")
    assert found.facts.keys.tolist() == [
        (0, 1, 1 << layout.QUARTER, 1, 0),
        (1 << layout.MONTH | 1 << layout.YEAR, 0, 0, 0, 1),
        (0, 0, 0, 0, 0),
    ]


def test_events_that_no_rule_is_on_share_a_code():
    document = program(
        terms(flat("1.00", on="meeting"), bonuses=[{"key": "b", "on": "lead", "reaches": "1", "flat": "1.00"}])
    )
    found = prepared(event("a", "lead"), event("b", "meeting"), event("c", "x"), event("d", "y"), document=document)
    assert found.facts.conversions["on"].tolist() == [2, 3, 4, 4]
    assert found.facts.program["ons"][0] == 5


def test_rules_as_written():
    document = program(
        terms(
            rule(
                "z", pay={"flat": "5.00", "each": "unit"}, floor="1.00", base={"less": ["fees"], "plus": ["discount"]}
            ),
            rule("m", pay={"schedule": [{"months": 3, "percent": "30%"}, {"percent": "10%"}]}, adds=True, hold_days=0),
            tail=[{"months": 2, "percent": "50%"}],
            overrides=[{"level": 2, "flat": "2.00", "lasts": {"payments": 1}}],
            clawback={"days": 30, "graded_months": 12},
        ),
        guardrail={"percent": "0%"},
        attribution={"lock": None},
    )
    facts = prepared(document=document).facts
    first, second = facts.rules
    assert (first["flat"], first["each_unit"], first["floor"], first["less"], first["discount"], first["net"]) == (
        *(500, 1, 100),
        *(layout.FEES, 1, 0),
    )
    assert (first["key"], second["key"], second["adds"], second["hold_days"], second["net"]) == (1, 0, 1, 0, 1)
    assert facts.schedules.tolist() == [(3, 300_000), (NONE, 100_000)]
    assert facts.tails.tolist() == [(2, 500_000)]
    assert facts.overrides.tolist() == [(200, 2, 0, 0, 1, NONE)]
    assert (facts.terms["clawback"][0], facts.terms["graded"][0]) == (30 * DAY, 12)
    settings_ = facts.program[0]
    assert (settings_["guardrail"], settings_["budget"], settings_["locks"], settings_["levels"]) == (0, NONE, 0, 2)


def test_nothing_at_all_can_be_prepared():
    found = prepared()
    assert all(len(table) == 0 for table in (found.facts.conversions, found.facts.touches, found.facts.partners))
    assert found.facts.rates.tolist() == [(1, 1)]
    read = read_program(program(terms()))
    assert prepare(read, FactSet(), None).as_of < 0


ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Casablanca",
]


@pytest.mark.parametrize("name", [*ZONES, "America/Sao_Paulo", "Asia/Gaza", "Antarctica/Troll", "UTC"])
def test_local_days_are_those_of_the_zone(name):
    assert name in available_timezones()
    chance, zone = random.Random(name), Zone(name)
    low, high = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1900, 2060))
    asked = [chance.randrange(low, high) * SECOND + chance.randrange(SECOND) for _ in range(3000)]
    midnights = [zone.first_instant(date(2011, 12, 1).toordinal() + i) + j for i in range(60) for j in (-1, 0, 1)]
    asked += midnights
    assert local_days(name, np.array(asked)).tolist() == [zone.day(one) for one in asked]


def test_local_days_around_every_change_of_the_clock():
    zone = Zone("America/Sao_Paulo")
    hours = [1_500_000_000 * SECOND + hour * 3600 * SECOND for hour in range(24 * 800)]
    asked = [hour + nudge for hour in hours for nudge in (-1, 0)]
    assert local_days("America/Sao_Paulo", np.array(asked)).tolist() == [zone.day(one) for one in asked]


def test_local_days_at_the_ends_of_time():
    first, last = (
        instant(moment) for moment in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC))
    )
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert local_days(name, np.array([first, last])).tolist()[0] in {1, 2}
    assert local_days("UTC", np.array([first, last, last - DAY])).tolist() == [
        date.min.toordinal(),
        date.max.toordinal(),
        date.max.toordinal() - 1,
    ]


def test_partners_that_only_touches_or_codes_name_have_rows_too():
    found = prepared(
        referred("p"),
        touch("stranger"),
        {"fact": "code", "id": "X", "partner": "coder"},
        agreement("q"),
        sale("s", "1.00"),
        credit({"credited": "50%"}, conversion="s"),
        partner("r", parent="boss"),
    )
    assert found.names.partners == ["p", "r", "boss", "q", "coder", "stranger", "credited"]
    assert found.facts.partners["agreement_n"].tolist() == [1, 0, 0, 1, 0, 0, 0]
