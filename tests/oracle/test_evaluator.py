"""The naive evaluator itself, held against worked sums that stand in no program: each row says its arithmetic."""

from datetime import date, timedelta

import pytest

from tests.oracle.evaluator import evaluate

PARTNERS = ("ann", "bob", "cleo", "dan")


def day(number, start="2026-01-05"):
    return f"{date.fromisoformat(start) + timedelta(days=number)}T12:00:00Z"


def sale(key, amount, at, customer="c", **more):
    row = {"fact": "sale", "id": key, "customer": customer, "currency": "USD", "amount": amount, "at": at}
    return row | more


def sales(*amounts, gap=1, start="2026-01-05"):
    return [sale(f"s{place:02}", amount, day(place * gap, start)) for place, amount in enumerate(amounts)]


def monthly(amount, count):
    months = [(2026 + place // 12, place % 12 + 1) for place in range(count)]
    return [sale(f"s{year}{month:02}", amount, f"{year}-{month:02}-05T12:00:00Z") for year, month in months]


def refund(key, amount, at="2026-06-01T00:00:00Z"):
    return {"fact": "refund", "id": f"back-{key}-{at}", "sale": key, "amount": amount, "at": at}


def credit(**percents):
    shares = [{"partner": partner, "percent": percent} for partner, percent in percents.items()]
    return {"fact": "credit", "id": "who", "customer": "c", "shares": shares, "reason": "agreed", "at": day(0)}


def settled(facts, *rules, terms=None, agreement=None, as_of="2030-01-01T00:00:00Z", **program):
    """Every partner works under the same terms; Ann was recruited by Bob, Bob by Cleo."""
    document = {"rules": [{"key": f"r{place}", "on": "sale"} | rule for place, rule in enumerate(rules)]} | (
        terms or {}
    )
    chosen = {"program": "acme", "currency": "USD", "timezone": "UTC", "terms": {"t": document}} | program
    above = {"ann": "bob", "bob": "cleo"}
    rows = [{"fact": "partner", "id": one} | ({"parent": above[one]} if one in above else {}) for one in PARTNERS]
    for one in PARTNERS:
        row = {"fact": "agreement", "id": one, "partner": one, "terms": "t", "starts": "2020-01-01"}
        rows.append(row | (agreement or {}))
    if not any(row["fact"] in ("credit", "touch") for row in facts):
        rows.append(credit(ann="100%"))
    return evaluate(chosen, rows + facts, as_of)


def amounts(*words, **more):
    return [text["amount"] for text in settled(*words, **more).texts]


def rule(percent="10%", **more):
    return {"pay": {"percent": percent}} | more


def tiers(*steps, measure="volume", per="month", mode="marginal", **more):
    rows = [{"from": start} | ({"percent": pay} if pay.endswith("%") else {"flat": pay}) for start, pay in steps]
    return {"pay": {"tiers": {"measure": measure, "per": per, "mode": mode, "steps": rows} | more}}


LADDER = [("0", "5%"), ("50000.00", "8%"), ("100000.00", "12%")]
ORDERS = [("0", "4%"), ("200.00", "6%"), ("400.00", "8%")]
DEALS = [("0", "100.00"), ("5", "150.00"), ("10", "200.00")]


@pytest.mark.parametrize(
    ("facts", "rules", "paid"),
    [
        # C05: 20% of 99.00 for twelve months; the thirteenth has no line
        (monthly("99.00", 13), [rule("20%", lasts={"months": 12})], ["19.80"] * 12),
        # C13: 238.00 - 38.00 tax - 20.00 shipping = 180.00; 10%
        ([sale("s", "238.00", day(0), tax="38.00", shipping="20.00")], [rule()], ["18.00"]),
        # C14: on the list price of 400.00 instead of 300.00; 15%
        ([sale("s", "300.00", day(0), discount="100.00")], [rule("15%", base={"plus": ["discount"]})], ["60.00"]),
        # C15: 100.00 - 3.20 fees; 30%
        ([sale("s", "100.00", day(0), fees="3.20")], [rule("30%", base={"less": ["fees"]})], ["29.04"]),
        # C17: 2,500 + 4,000 + 20,000 x 12%
        (sales("120000.00"), [tiers(*LADDER)], ["8900.00"]),
        # C18: the cliff
        (sales("99999.99"), [tiers(*LADDER, mode="whole")], ["8000.00"]),
        (sales("100000.00"), [tiers(*LADDER, mode="whole")], ["12000.00"]),
        # C20: 6.00 + (50 x 4% + 100 x 6%) + (100 x 6% + 100 x 8%) = 28.00; whole order after 31.00, before 24.00
        (sales("150.00", "150.00", "200.00"), [tiers(*ORDERS)], ["6.00", "8.00", "14.00"]),
        (sales("150.00", "150.00", "200.00"), [tiers(*ORDERS, mode="after")], ["6.00", "9.00", "16.00"]),
        (sales("150.00", "150.00", "200.00"), [tiers(*ORDERS, mode="before")], ["6.00", "6.00", "12.00"]),
        # C21: five at 100, five at 150, two at 200
        (sales(*["9.00"] * 12), [tiers(*DEALS, measure="count")], ["100.00"] * 5 + ["150.00"] * 5 + ["200.00"] * 2),
        # C25: 10% to 100k, 5% above, of each deal
        (sales("250000.00"), [tiers(("0", "10%"), ("100000.00", "5%"), per="conversion")], ["17500.00"]),
        # C27: 40.00 a month until 300.00
        (monthly("200.00", 9), [rule("20%", cap={"customer": "300.00"})], ["40.00"] * 7 + ["20.00", "0.00"]),
        # C29: max(5% of 600.00, 50.00)
        (sales("600.00"), [rule("5%", floor="50.00")], ["50.00"]),
        # C30: at least 1,000.00 (a sale below has no line)
        (sales("999.99", "1000.00"), [rule(when={"amount": {"gte": "1000.00"}})], ["100.00"]),
        # C36: more than 180 days back is new again
        (
            sales("1.00", "1000.00", gap=181),
            [rule("20%", when={"customer": "new"}, lapsed_days=180)],
            ["0.20", "200.00"],
        ),
        (sales("1.00", "1000.00", gap=180), [rule("20%", when={"customer": "new"}, lapsed_days=180)], ["0.20"]),
        # C47: 150.00 kept of 200.00 at 15%
        ([*sales("200.00"), refund("s00", "50.00")], [rule("15%")], ["22.50"]),
        # C49: the refunded first sale still lifts the second, and takes back its own 10% only
        (
            [*sales("500.00", "500.00"), refund("s00", "500.00")],
            [tiers(("0", "10%"), ("500.00", "15%"), mode="before")],
            ["0.00", "75.00"],
        ),
        # C57 and C58: shares add up, to the first of equals the odd cent
        ([*sales("8000.00"), credit(ann="70%", bob="30%")], [rule()], ["560.00", "240.00"]),
        (
            [*sales("100.00"), credit(ann="33.3334%", bob="33.3333%", cleo="33.3333%")],
            [rule()],
            ["3.34", "3.33", "3.33"],
        ),
    ],
)
def test_one_rule_pays(facts, rules, paid):
    assert amounts(facts, *rules) == paid


def test_whole_volume_re_rates_what_was_paid_before():
    """C19: 40,000 + 70,000 = 110,000 in one quarter, so 12% of both: 4,800.00 and 8,400.00."""
    assert amounts(sales("40000.00", "70000.00", gap=30), tiers(*LADDER, mode="whole", per="quarter")) == [
        "4800.00",
        "8400.00",
    ]


def test_each_line_of_a_sale_picks_its_rule():
    """C10: 4% of 2,000.00 hardware, 20% of 1,000.00 software."""
    lines = [{"product": "hardware", "amount": "2000.00"}, {"product": "software", "amount": "1000.00"}]
    rules = rule("4%", when={"product": "hardware"}), rule("20%", when={"product": "software"})
    assert amounts([sale("s", "3000.00", day(0), lines=lines)], *rules) == ["80.00", "200.00"]


def test_a_budget_is_first_come_or_shared():
    """C28: earned 4,200.00 and 1,800.00, budget 5,000.00."""
    facts, budget = sales("42000.00", "18000.00"), {"amount": "5000.00", "per": "month"}
    assert amounts(facts, rule(), budget=budget | {"mode": "first_come"}) == ["4200.00", "800.00"]
    assert amounts(facts, rule(), budget=budget | {"mode": "pro_rata"}) == ["3500.00", "1500.00"]


def test_a_guardrail_scales_all_components_together():
    """C62: 15 + 10 + 5% of 10,000.00, at most 25%: 2,500.00 as 3 : 2 : 1."""
    rules = rule("15%", adds=True), rule("10%", adds=True), rule("5%", adds=True)
    assert amounts(sales("10000.00"), *rules, guardrail={"percent": "25%"}) == ["1250.00", "833.33", "416.67"]


def test_recruiters_take_a_part_of_the_sale_or_of_the_commission():
    """C63: 10 / 2 / 1 of 100.00. C64: 5% of the child's 100.00 commission is 5.00."""
    levels = [{"level": 1, "percent": "2%", "of": "sale"}, {"level": 2, "percent": "1%", "of": "sale"}]
    assert amounts(sales("100.00"), rule(), terms={"overrides": levels}) == ["10.00", "2.00", "1.00"]
    assert amounts(sales("1000.00"), rule(), terms={"overrides": [{"level": 1, "percent": "5%"}]}) == ["100.00", "5.00"]


def test_a_recruit_bonus_waits_for_the_first_deal_that_pays():
    """C65: the first deal is refunded, so the second one brings the recruiter 100.00, the third nothing more."""
    facts = [*sales("50.00", "50.00", "50.00"), refund("s00", "50.00")]
    override = {"level": 1, "flat": "100.00", "lasts": {"payments": 1}}
    lines = settled(facts, rule(), terms={"overrides": [override]}).texts
    assert [line["amount"] for line in lines if line["kind"] == "override"] == ["0.00", "100.00"]


@pytest.mark.parametrize(("if_undone", "bonuses"), [("reverse", []), ("keep", ["1000.00"])])
def test_a_milestone_is_reversed_or_kept(if_undone, bonuses):
    """C32: ten deals, the fourth fully refunded."""
    bonus = {"key": "tenth", "on": "sale", "measure": "count", "reaches": "10", "per": "lifetime", "flat": "1000.00"}
    facts = [*sales(*["10.00"] * 10), refund("s03", "10.00")]
    lines = settled(facts, rule(), terms={"bonuses": [bonus | {"if_undone": if_undone}]}).texts
    assert [line["amount"] for line in lines if line["kind"] == "bonus"] == bonuses


def test_a_cancel_claws_back_what_is_left_of_the_year():
    """C51: 1,200.00 earned, cancelled after 4 of 12 months: 400.00 stay."""
    cancel = {"fact": "cancel", "id": "x", "sale": "s00", "at": day(0, "2026-05-05")}
    assert amounts([*sales("12000.00"), cancel], rule(), terms={"clawback": {"graded_months": 12}}) == ["400.00"]


def test_a_hold_counts_local_days():
    """C55: 5 January 23:30 in New York plus 30 days is 4 February, payable from its first instant there."""
    facts = [sale("s", "10.00", "2026-01-06T04:30:00Z")]
    for as_of, state in (("2026-02-04T04:59:59Z", "pending"), ("2026-02-04T05:00:00Z", "payable")):
        line = settled(facts, rule(), timezone="America/New_York", as_of=as_of).texts[0]
        assert (line["matures_on"], line["state"]) == ("2026-02-04", state)


@pytest.mark.parametrize(("cause", "paid"), [(False, ["10.00"] * 7 + ["5.00"] * 6), (True, ["10.00"])])
def test_a_tail_follows_an_agreement_that_ends_without_cause(cause, paid):
    """C73: one payment before the end, six months in full, six at half of 10% of 100.00; for cause nothing."""
    steps = [{"months": 6, "percent": "100%"}, {"months": 6, "percent": "50%"}]
    ended = {"ends": "2026-02-01", "cause": cause}
    assert amounts(monthly("100.00", 14), rule(), terms={"tail": steps}, agreement=ended) == paid


def touch(key, partner, at):
    return {"fact": "touch", "id": key, "partner": partner, "customer": "c", "channel": "link", "at": at}


@pytest.mark.parametrize(
    ("model", "ages", "paid"),
    [
        ("linear", (30, 20, 10, 0), ["25.00", "25.00", "25.00", "25.00"]),  # C59
        ("position", (30, 20, 10, 0), ["40.00", "10.00", "10.00", "40.00"]),
        ("decay", (14, 7, 0), ["14.29", "28.57", "57.14"]),  # C60: 1/4 : 1/2 : 1
    ],
)
def test_several_touches_share(model, ages, paid):
    facts = [touch(f"k{place}", PARTNERS[place], day(-age)) for place, age in enumerate(ages)]
    attribution = {"model": model, "half_life_days": 7}
    assert amounts([*facts, *sales("100.00")], rule("100%"), attribution=attribution) == paid


def test_who_assisted_is_paid_beside_the_credit():
    """C61: 10% sourced and 3% influenced of 50,000.00."""
    facts = [touch("k1", "bob", day(-2)), touch("k2", "ann", day(-1)), *sales("50000.00")]
    lines = settled(facts, rule(), rule("3%", on="assist"), attribution={"assist": True}).texts
    assert [(line["partner"], line["amount"]) for line in lines] == [("ann", "5000.00"), ("bob", "1500.00")]


@pytest.mark.parametrize(
    ("currency", "amount", "percent", "rounding", "paid"),
    [
        ("JPY", "12345", "7.5%", "half_up", "926"),  # C78
        ("KWD", "10.005", "5%", "half_up", "0.500"),
        ("USD", "0.25", "10%", "half_up", "0.03"),  # C79
        ("USD", "0.25", "10%", "half_even", "0.02"),
        ("USD", "0.29", "10%", "down", "0.02"),
    ],
)
def test_every_currency_and_mode_rounds_once(currency, amount, percent, rounding, paid):
    facts = [sale("s", amount, day(0)) | {"currency": currency}]
    assert amounts(facts, rule(percent), currency=currency, rounding=rounding) == [paid]


def test_a_foreign_sale_waits_for_a_rate_and_keeps_it():
    """C77: 1,000 EUR at 1.08; a later rate changes nothing."""
    foreign = sale("s", "1000.00", day(0)) | {"currency": "EUR"}
    rates = [
        {"fact": "rate", "id": f"q{at}", "from": "EUR", "to": "USD", "rate": rate, "at": day(at)}
        for at, rate in ((-1, "1.08"), (1, "1.10"))
    ]
    assert amounts([foreign, *rates], rule()) == ["108.00"]
    assert settled([foreign, rates[1]], rule()).outcomes == {"s": "fx_pending"}
