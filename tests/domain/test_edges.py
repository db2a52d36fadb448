"""Where something begins and ends, to the microsecond or the day, and the limits that stand exactly on an amount."""

from datetime import UTC, date, datetime

import pytest

from goodword.domain.errors import InvalidInput
from goodword.domain.settlement import Zone, instant
from tests.domain.worlds import (
    agreement,
    amounts,
    credit,
    event,
    flat,
    outcomes,
    partner,
    percent,
    program,
    referred,
    refund,
    sale,
    settled,
    terms,
    tiers,
    told,
    touch,
)

TEN = terms(percent("10%"))


@pytest.mark.parametrize(("when", "paid"), [("2026-04-01T11:59:59.999999Z", True), ("2026-04-01T12:00:00Z", False)])
def test_a_window_excludes_its_end(when, paid):
    settlement = settled(program(TEN), referred(), sale("s", "10.00", when))
    assert outcomes(settlement) == ({} if paid else {"s": "outside_window"})


@pytest.mark.parametrize(("when", "amount"), [("2026-01-20T12:00:00Z", "0.00"), ("2026-01-20T12:00:01Z", "1.00")])
def test_a_clawback_window_includes_its_end(when, amount):
    std = terms(percent("10%"), clawback={"days": 10})
    assert amounts(settled(program(std), referred(), sale("s", "10.00"), refund("s", "10.00", when))) == [amount]


@pytest.mark.parametrize(("when", "paid"), [("2026-01-09T12:00:00Z", True), ("2026-01-10T12:00:00Z", False)])
def test_a_registration_s_protection_excludes_its_end(when, paid):
    protected = touch("p", channel="registration", until="2026-01-10T12:00:00Z")
    assert bool(settled(program(TEN), partner("p"), agreement("p"), protected, sale("s", "1.00", when)).lines) is paid


@pytest.mark.parametrize(
    ("when", "outcome"),
    [
        ("2026-01-05T04:59:59Z", "no_agreement"),
        ("2026-01-05T05:00:00Z", None),
        ("2026-02-05T04:59:59Z", None),
        ("2026-02-05T05:00:00Z", "no_agreement"),
    ],
)
def test_an_agreement_runs_from_its_first_local_instant_up_to_its_end(when, outcome):
    runs = {**agreement("p", starts="2026-01-05"), "ends": "2026-02-05"}
    settlement = settled(program(TEN), partner("p"), runs, touch("p"), sale("s", "1.00", when))
    assert outcomes(settlement).get("s") == outcome


@pytest.mark.parametrize(
    ("when", "payments"),
    [("2026-02-28", 1), ("2026-02-27", 2), ("2024-02-28", 2), ("2024-02-29", 1), ("2100-02-28", 1), ("2000-02-28", 2)],
)
def test_a_month_from_the_last_of_january_ends_with_february(when, payments):
    std, year = terms(percent("10%", lasts={"months": 1})), when[:4]
    facts = [partner("p"), agreement("p", starts="1999-01-01"), touch("p", f"{year}-01-01")]
    settlement = settled(program(std), facts, sale("s1", "1.00", f"{year}-01-31"), sale("s2", "1.00", when))
    assert len(settlement.lines) == payments


def test_the_local_date_decides_about_months():
    std = terms(percent("10%", lasts={"months": 1}))
    first = sale("s1", "1.00", "2026-01-11T04:30:00Z")  # still 10 January in New York
    later = sale("s2", "1.00", "2026-02-10T05:00:00Z")  # 10 February there
    assert outcomes(settled(program(std), referred(), first, later)) == {"s2": "lasts_over"}
    assert outcomes(settled(program(std, timezone="UTC"), referred(), first, later)) == {}


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00"),  # midnight did not exist
        ("Atlantic/Azores", "2026-10-25", "2026-10-25T00:00:00"),  # midnight came twice
        ("Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00:00"),
        ("America/Godthab", "2010-03-28", "2010-03-28T02:00:00"),
    ],
)
def test_a_date_begins_at_its_first_instant(zone, day, first):
    at = instant(datetime.fromisoformat(first).replace(tzinfo=UTC))
    assert Zone(zone).first_instant(date.fromisoformat(day).toordinal()) == at


def test_a_code_counts_only_on_its_sale_unless_it_has_a_window():
    code = {"fact": "code", "id": "X", "partner": "p"}
    facts = [partner("p"), agreement("p"), code, sale("s1", "1.00", code="X"), event("e", "lead", "2026-01-11")]
    std = terms(percent("10%"), flat("1.00", "lead", on="lead"))
    no_lock = {"lock": None}
    assert outcomes(settled(program(std, attribution=no_lock), facts)) == {"e": "outside_window"}
    assert outcomes(settled(program(std, attribution={**no_lock, "windows": {"code": 2}}), facts)) == {}


def test_a_floor_or_cap_that_changes_nothing_gives_no_reason():
    std = terms(percent("10%", floor="1.00", cap={"sale": "1.00", "customer": "1.00"}))
    assert told(settled(program(std), referred(), sale("s", "10.00"))) == ["s p all 1.00"]


def test_a_spent_budget_leaves_nothing_and_never_less():
    document = program(TEN, budget={"amount": "1.50"})
    sales = [sale(f"s{i}", "10.00", f"2026-01-1{i}") for i in range(4)] + [sale("s5", "10.00", "2026-02-01")]
    paid = ["s0 p all 1.00", "s1 p all 0.50 budget", "s2 p all 0.00 budget", "s3 p all 0.00 budget", "s5 p all 1.00"]
    assert told(settled(document, referred(), sales)) == paid


def test_a_partner_in_a_tail_has_no_bonus():
    std = terms(
        percent("10%"),
        bonuses=[{"key": "b", "reaches": "2", "flat": "9.00"}],
        tail=[{"months": 6, "percent": "100%"}],
    )
    ended = {**agreement("p"), "ends": "2026-01-15"}
    sales = [sale("s1", "10.00"), sale("s2", "10.00", "2026-01-20")]
    assert told(settled(program(std), partner("p"), ended, touch("p"), sales)) == ["s1 p all 1.00", "s2 p all 1.00"]


def test_refunds_over_the_amount_are_quarantined_and_the_rest_counts():
    refunds = [refund("s", "6.00", "2026-01-11"), refund("s", "6.00", "2026-01-12"), refund("s", "1.00", "2026-01-13")]
    settlement = settled(program(TEN), referred(), sale("s", "10.00"), refunds)
    assert amounts(settlement) == ["0.00"]
    assert [(one.refund, one.notice) for one in settlement.notices] == [
        ("r-s-2026-01-12", "quarantined"),
        ("r-s-2026-01-13", "quarantined"),
    ]


def test_the_latest_credit_decides_and_one_for_the_conversion_outranks():
    facts = [partner("p"), partner("q"), agreement("p"), agreement("q"), sale("s", "10.00"), sale("t", "10.00")]
    credits_ = [
        credit({"p": "100%"}, "2026-01-11", conversion="s"),
        credit({"p": "100%"}, "2026-01-12", customer="c"),
        credit({"q": "100%"}, "2026-01-13", customer="c"),
    ]
    assert told(settled(program(TEN), facts, credits_)) == ["s p all 1.00", "t q all 1.00"]
    assert told(settled(program(TEN), facts, credits_, as_of="2026-01-12")) == ["s p all 1.00", "t p all 1.00"]


def test_a_part_of_a_huge_sale_with_its_shipping_is_exact():
    """Part and whole multiply to more than 64 bits hold."""
    lines = [{"product": "a", "amount": "6000000000000.00"}, {"product": "b", "amount": "3999999999999.97"}]
    huge = sale("s", "9999999999999.99", shipping="0.02", lines=lines)
    a_only = program(terms(percent("10%", when={"product": "a"}, base={"less": ["tax"]})))
    [line] = settled(a_only, referred(), [huge]).lines
    assert line.basis == 600_000_000_000_001  # 6000000000000.00 * 9999999999999.99 / 9999999999999.97
    [basis] = [step["from"] for step in line.steps if step["do"] == "basis"]
    assert basis == "(6000000000000.00) * 9999999999999.99 / 9999999999999.97, rounded half up"


@pytest.mark.parametrize(("currency", "whole"), [("JPY", "999999999999999"), ("KWD", "999999999999.999")])
def test_a_sale_as_large_as_may_be_is_refunded_in_full(currency, whole):
    document, sold = program(terms(percent("100%")), currency=currency), sale("s", whole, currency=currency)
    assert amounts(settled(document, referred(), sold)) == [whole]
    undone = settled(document, referred(), sold, refund("s", whole))
    assert [(one.amount, undone.notices) for one in undone.lines] == [(0, [])]


def test_a_refund_beyond_any_amount_is_refused_in_the_unit_of_its_sale():
    with pytest.raises(InvalidInput) as found:
        settled(program(TEN), referred(), sale("s", "10.00"), refund("s", "10000000000000.00"))
    assert [(one.code, one.field) for one in found.value.problems] == [("out_of_range", "amount")]


# A refund can give a partner a unit that it had not as made: of 6 in shares of 45, 10 and a rest the second gets 0, of
# 5 it gets 1. What decides its step is then the total before (section 10).
PARADOX = {"from": "0", "percent": "5%"}, {"from": "1", "percent": "100%"}


@pytest.mark.parametrize(("mode", "measure"), [("after", "count"), ("after", "customers"), ("whole", "count")])
@pytest.mark.parametrize(("earlier", "paid"), [([], "0.00"), ([sale("s1", "0.00")], "0.01")])
def test_the_total_before_picks_the_step_of_a_part_that_was_0_as_made(mode, measure, earlier, paid):
    document = program(terms(tiers(PARADOX, mode, "lifetime", measure)), rounding="down")
    shared = credit({"q": "45%", "p": "10%"}, conversion="s2")
    settlement = settled(document, referred(), earlier, sale("s2", "0.06", "2026-01-11"), shared, refund("s2", "0.01"))
    assert told(settlement)[-1] == f"s2 p all {paid}"
    assert settlement.lines[-1].steps[5]["from"].startswith("total before")
