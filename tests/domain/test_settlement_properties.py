"""What must hold for every set of facts (section 8 of the contract), on random small worlds with every feature."""

import json

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from goodword.domain.check_statement import differences
from goodword.domain.settlement import (
    FactSet,
    fact_to_json,
    instant,
    line_to_json,
    outcome_to_json,
    read_facts,
    read_program,
    settle,
)
from goodword.domain.settlement.fields import parse_instant
from goodword.domain.settlement.strict_json import json_text, read_json
from tests.domain.worlds import agreement, credit, event, partner, rate, refund, sale

PARTNERS = ("p", "q", "r")
CUSTOMERS = ("c", "d")
DAYS = tuple(f"2026-{m:02}-{d:02}" for m in range(1, 5) for d in (1, 9, 28))
pick = st.sampled_from
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def money(low=0, high=400):
    return st.integers(low, high * 100).map(lambda minor: f"{minor // 100}.{minor % 100:02}")


TIERS = st.fixed_dictionaries(
    {
        "measure": pick(["volume", "count", "customers"]),
        "per": pick(["month", "quarter", "lifetime", "conversion"]),
        "mode": pick(["marginal", "before", "after", "whole"]),
        "refunds": pick(["keep", "reduce"]),
        "steps": st.just(
            [{"from": "0", "percent": "5%"}, {"from": "2", "percent": "8%"}, {"from": "150", "percent": "12%"}]
        ),
    }
)
PAY = st.one_of(
    pick(["10%", "33.3333%", "150%"]).map(lambda percent: {"percent": percent}),
    st.just({"flat": "7.77"}),
    st.just({"flat": "1.01", "each": "unit"}),
    st.just({"schedule": [{"months": 1, "percent": "30%"}, {"percent": "10%"}]}),
    TIERS.map(lambda tiers: {"tiers": tiers}),
)
RULE = st.fixed_dictionaries(
    {"on": pick(["sale", "sale", "lead", "assist"]), "pay": PAY},
    optional={
        "when": pick(
            [
                {"customer": "new"},
                {"amount": {"gte": "50.00"}},
                {"product": "a"},
                {"nth": {"lte": 2}},
                {"properties.n": {"gt": 3}},
            ]
        ),
        "base": pick([{"less": []}, {"less": ["tax", "shipping", "cost"]}, {"plus": ["discount"]}]),
        "lasts": pick([{"payments": 2}, {"months": 1}]),
        "cap": pick([{"sale": "20.00"}, {"customer": "30.00"}, {"period": {"amount": "40.00", "per": "month"}}]),
        "floor": st.just("5.00"),
        "adds": st.booleans(),
    },
)
TERMS = st.fixed_dictionaries(
    {
        "rules": st.lists(RULE, min_size=1, max_size=4).map(
            lambda rules: [{"key": f"k{i}", **rule} for i, rule in enumerate(rules)]
        ),
        "choose": pick(["first", "best", "sum"]),
        "clawback": pick([{}, {"days": 10}, {"graded_months": 3}]),
    },
    optional={
        "overrides": pick(
            [[{"level": 1, "percent": "10%", "of": "sale"}], [{"level": 1, "flat": "2.00", "lasts": {"months": 1}}]]
        ),
        "bonuses": pick(
            [
                [{"key": "b", "reaches": "2", "flat": "9.00"}],
                [{"key": "v", "measure": "volume", "reaches": "100.00", "flat": "3.00", "per": "month"}],
            ]
        ),
        "tail": st.just([{"months": 2, "percent": "50%"}]),
    },
)
PROGRAM = st.fixed_dictionaries(
    {
        "program": st.just("acme"),
        "currency": pick(["USD", "USD", "KWD"]),
        "timezone": pick(["America/New_York", "UTC", "Asia/Kolkata"]),
        "rounding": pick(["half_up", "half_even", "down"]),
        "terms_at": pick(["conversion", "credit"]),
        "terms": st.fixed_dictionaries({"std": TERMS, "new": TERMS}),
        "attribution": st.fixed_dictionaries(
            {
                "model": pick(["last", "first", "linear", "position", "decay"]),
                "window_days": pick([20, 90]),
                "lock": pick([None, {"months": None}, {"months": 1}]),
                "existing_customers": pick(["exclude", "count", "assist"]),
                "assist": st.booleans(),
            }
        ),
    },
    optional={
        "guardrail": st.just({"percent": "25%"}),
        "budget": st.fixed_dictionaries({"amount": st.just("60.00"), "mode": pick(["first_come", "pro_rata"])}),
    },
)


@st.composite
def a_sale(draw, number):
    amount = draw(st.integers(0, 30000))
    currency = draw(pick(["USD", "USD", "EUR", "GBP"]))
    tax = draw(st.integers(0, amount // 5))
    made = sale(f"s{number}", text(amount), draw(pick(DAYS)), draw(pick(CUSTOMERS)), currency=currency, tax=text(tax))
    if draw(st.booleans()):
        cut = draw(st.integers(0, amount - tax))
        made["lines"] = [
            {"product": "a", "amount": text(cut), "quantity": draw(st.integers(1, 3))},
            {"product": "b", "amount": text(amount - tax - cut)},
        ]
    made |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "code": pick(["CODE", "NONE"]),
                "discount": st.just("3.33"),
                "cost": st.just("10.01"),
                "properties": st.just({"n": 4}),
            },
        )
    )
    return made


def text(minor):
    return f"{minor // 100}.{minor % 100:02}"


@st.composite
def some_facts(draw):
    facts = [partner("p", parent="q"), partner("q", parent="r"), partner("r", domains=["d.com"])]
    facts += [{**agreement("p"), "ends": "2026-03-01"}, agreement("p", "new", "2026-03-15"), agreement("q")]
    facts += [{**agreement("r", "new"), "ends": "2026-02-10"}]
    facts += [{"fact": "code", "id": "CODE", "partner": "q"}, rate("EUR", "1.083"), rate("EUR", "1.1", "2026-03-01")]
    facts += [{"fact": "customer", "id": "d", "existing": draw(st.booleans()), "domain": "d.com", "visitors": ["v"]}]
    for i in range(draw(st.integers(1, 7))):
        who = draw(pick(PARTNERS))
        about = draw(pick([{"customer": "c"}, {"customer": "d"}, {"visitor": "v"}, {"customer": "c", "visitor": "v"}]))
        channel = draw(pick(["link", "form", "code", "registration", "manual"]))
        facts.append(
            {
                "fact": "touch",
                "id": f"t{i}",
                "at": f"{draw(pick(DAYS))}T12:00:00Z",
                "partner": who,
                "channel": channel,
                **about,
            }
        )
    sales = [draw(a_sale(i)) for i in range(draw(st.integers(1, 6)))]
    facts += sales
    facts += [
        event(f"e{i}", "lead", draw(pick(DAYS)), draw(pick(CUSTOMERS)), value="40.00")
        for i in range(draw(st.integers(0, 2)))
    ]
    for i, one in enumerate(sales):
        if draw(st.booleans()):
            facts.append(refund(one["id"], draw(money(0, 200)), draw(pick(DAYS)), id=f"r{i}"))
        if draw(st.integers(0, 4)) == 0:
            facts.append({"fact": "cancel", "id": f"x{i}", "at": f"{draw(pick(DAYS))}T12:00:00Z", "sale": one["id"]})
    if draw(st.booleans()):
        facts.append(
            credit(
                draw(pick([{"p": "50%", "r": "30%"}, {"q": "100%"}, {}])),
                draw(pick(DAYS)),
                **draw(pick([{"customer": "c"}, {"conversion": "s0"}])),
            )
        )
    return facts


def bytes_of(document, facts, as_of=None):
    program = read_program(document)
    return written(settle(program, read_facts(program, facts), at(as_of)))


def written(settlement):
    lines = [json.dumps(line_to_json(line)) for line in settlement.lines]
    return lines + [json.dumps(outcome_to_json(one)) for one in settlement.outcomes] + [str(settlement.notices)]


def at(text_):
    return instant(parse_instant(text_)) if text_ else None


@few
@given(PROGRAM, some_facts(), st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(document, facts, rng):
    shuffled = facts + rng.choices(facts, k=5)
    rng.shuffle(shuffled)
    assert bytes_of(document, shuffled) == bytes_of(document, facts)


@few
@given(PROGRAM, some_facts(), pick(DAYS))
def test_facts_after_as_of_change_nothing(document, facts, day):
    as_of = f"{day}T12:00:00Z"
    earlier = [fact for fact in facts if "at" not in fact or fact["at"] <= as_of]
    assert bytes_of(document, facts, as_of) == bytes_of(document, earlier, as_of)


@few
@given(PROGRAM, some_facts())
def test_a_stranger_can_redo_every_step(document, facts):
    program = read_program(document)
    for line in settle(program, read_facts(program, facts)).lines:
        note(line.steps)
        assert differences(line_to_json(line)) == []


@few
@given(PROGRAM, some_facts())
def test_each_conversion_has_lines_or_one_outcome(document, facts):
    program = read_program(document)
    settlement = settle(program, read_facts(program, facts))
    conversions = {fact["id"] for fact in facts if fact["fact"] in {"sale", "event"}}
    with_lines = {line.conversion for line in settlement.lines}
    without = [one.conversion for one in settlement.outcomes]
    assert with_lines | set(without) == conversions
    assert not with_lines & set(without)
    assert len(set(without)) == len(without)
    assert len({line.line for line in settlement.lines}) == len(settlement.lines)


@few
@given(PROGRAM, some_facts())
def test_fully_refunded_sales_pay_nothing(document, facts):
    """Refunds that count: no clawback window, no floor that would be owed on what is kept."""
    for std in document["terms"].values():
        std["clawback"] = {}
    sales = [fact for fact in facts if fact["fact"] == "sale"]
    others = [fact for fact in facts if fact["fact"] != "refund"]
    whole = [refund(one["id"], one["amount"], "2026-05-01") for one in sales if one["amount"] != "0.00"]
    program = read_program(document)
    settlement = settle(program, read_facts(program, others + whole))
    refunded = {one["sale"] for one in whole}
    paid = [line for line in settlement.lines if line.conversion in refunded and line.kind == "commission"]
    assert [line.amount for line in paid] == [0] * len(paid)


@few
@given(PROGRAM, some_facts(), st.data())
def test_partial_refunds_are_one_refund_of_their_sum(document, facts, data):
    refunds = [fact for fact in facts if fact["fact"] == "refund"]
    others = [fact for fact in facts if fact["fact"] != "refund"]
    parts = []
    for one in refunds:
        minor = int(one["amount"].replace(".", ""))
        cut = data.draw(st.integers(0, minor))
        parts += [{**one, "amount": text(cut)}, {**one, "id": one["id"] + "b", "amount": text(minor - cut)}]
    whole, split = bytes_of(document, others + refunds)[:-1], bytes_of(document, others + parts)[:-1]
    assert whole == split


@few
@given(PROGRAM, some_facts())
def test_the_budget_holds_in_every_month(document, facts):
    document["budget"] = {"amount": "20.00", "per": "lifetime", "mode": "pro_rata"}
    program = read_program(document)
    total = sum(line.amount for line in settle(program, read_facts(program, facts)).lines)
    assert total <= program.budget.amount


@few
@given(PROGRAM, some_facts())
def test_facts_survive_being_written_and_read(document, facts):
    program = read_program(document)
    known = read_facts(program, facts)
    unit = {sale.id: sale.currency for sale in known.sales}
    objects = [
        read_json(json_text(fact_to_json(fact, unit.get(getattr(fact, "sale", ""), program.currency))))
        for name in FactSet.__slots__
        for fact in getattr(known, name)
    ]
    assert read_facts(program, objects) == known


def test_the_worlds_are_rich_enough():
    """A guard for the tests above: random worlds do reach every kind of line."""
    seen = set()

    @settings(few, max_examples=150, database=None, derandomize=True)
    @given(PROGRAM, some_facts())
    def look(document, facts):
        program = read_program(document)
        seen.update(line.kind for line in settle(program, read_facts(program, facts)).lines)

    look()
    assert seen == {"commission", "override", "bonus"}
