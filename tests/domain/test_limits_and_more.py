"""Readings of section 10 on what bounds and adds to commissions; each sum was done by hand, beside its number."""

import pytest

from goodword.domain.check_statement import differences
from goodword.domain.settlement import line_to_json
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
    rate,
    referred,
    refund,
    sale,
    settled,
    terms,
    tiers,
    told,
    touch,
)

TWO = [partner("p"), partner("q"), agreement("p"), agreement("q")]
STEPS = [{"from": "0", "percent": "10%"}, {"from": "100.00", "percent": "20%"}]


def check(settlement, *expected):
    assert [found for line in settlement.lines for found in differences(line_to_json(line))] == []
    assert told(settlement) == list(expected)


def split(p="60%", q="40%", **about):
    return credit({"p": p, "q": q}, **(about or {"customer": "c"}))


# Tiers


def test_slices_keep_their_place_when_an_earlier_sale_is_refunded():
    facts = [*referred(), sale("s1", "80.00"), sale("s2", "40.00", "2026-01-11"), refund("s1", "80.00")]
    # keep: s2 stands on 80..120: 20 at 10% + 20 at 20% = 6.00
    check(settled(program(terms(tiers(STEPS))), facts), "s1 p all 0.00", "s2 p all 6.00")
    # reduce: s2 stands on 0..40: 4.00
    check(settled(program(terms(tiers(STEPS, refunds="reduce"))), facts), "s1 p all 0.00", "s2 p all 4.00")


def test_a_partly_refunded_sale_keeps_its_own_mix_of_slices():
    facts = [*referred(), sale("s", "200.00"), refund("s", "150.00")]
    # made: 100 at 10% + 100 at 20% = 30.00; a quarter is kept: 7.50. Under reduce: 50 at 10% = 5.00
    check(settled(program(terms(tiers(STEPS))), facts), "s p all 7.50")
    check(settled(program(terms(tiers(STEPS, refunds="reduce"))), facts), "s p all 5.00")


def test_the_deal_s_size_decides_for_all_its_partners():
    # whole 300.00: 100 at 10% + 200 at 20% = 50.00, shared 60/40 by basis
    check(
        settled(program(terms(tiers(STEPS, per="conversion"))), TWO, sale("s", "300.00"), split()),
        "s p all 30.00",
        "s q all 20.00",
    )


def test_the_deal_s_size_includes_the_uncredited_rest():
    # whole 300.00 gives 50.00; p has half of it
    facts = [*TWO, sale("s", "300.00"), credit({"p": "50%"}, customer="c")]
    check(settled(program(terms(tiers(STEPS, per="conversion"))), facts), "s p all 25.00")


def test_each_partner_counts_its_own_total():
    # p's basis 180 -> 100 at 10% + 80 at 20% = 26.00; q's basis 120 -> 10.00 + 4.00 = 14.00
    check(settled(program(terms(tiers(STEPS))), TWO, sale("s", "300.00"), split()), "s p all 26.00", "s q all 14.00")


def test_customers_count_once():
    steps = [{"from": "0", "percent": "10%"}, {"from": "2", "percent": "20%"}]
    facts = [partner("p"), agreement("p"), *(touch("p", customer=c) for c in "abc")]
    sales = [sale(f"s{i}", "10.00", f"2026-01-1{i}", c) for i, c in enumerate("aabc")]
    # before each: 0, 1, 1, 2 customers; after each: 1, 1, 2, 3
    before = settled(program(terms(tiers(steps, "marginal", measure="customers"))), facts, sales)
    after = settled(program(terms(tiers(steps, "after", measure="customers"))), facts, sales)
    assert amounts(before) == ["1.00", "1.00", "1.00", "2.00"]
    assert amounts(after) == ["1.00", "1.00", "2.00", "2.00"]


def test_a_renewal_goes_on_with_the_total():
    versions = [{**agreement("p"), "ends": "2026-01-20"}, agreement("p", "new", "2026-01-20")]
    document = program(terms(percent("1%")), terms={"new": terms(tiers(STEPS, per="lifetime"))})
    facts = [partner("p"), versions, touch("p"), sale("s1", "90.00"), sale("s2", "20.00", "2026-02-01")]
    # s2 stands on 90..110: 10 at 10% + 10 at 20% = 3.00
    check(settled(document, facts[0], versions, facts[2:]), "s1 p all 0.90", "s2 p all 3.00")


def test_best_compares_by_the_total_before():
    std = terms({**tiers(STEPS, "whole"), "key": "tier"}, percent("15%", "plain"), choose="best")
    sales = [sale("s1", "110.00"), sale("s2", "10.00", "2026-01-11")]
    # s1: tier 10% by the total before (0) against 15%: plain. s2: the tier's own total is still 0: plain
    check(settled(program(std), referred(), sales), "s1 p plain 16.50", "s2 p plain 1.50")


def test_best_counts_the_line_itself_where_the_total_after_picks_the_step():
    std = terms({**tiers(STEPS, "after"), "key": "tier"}, percent("15%", "plain"), choose="best")
    sales = [sale("s1", "90.00"), sale("s2", "110.00", "2026-02-11")]
    # each month anew. s1: 90 stays at 10%, so 15% is more; s2: 110 reaches 20%, which is more than 15%
    check(settled(program(std), referred(), sales), "s1 p plain 13.50", "s2 p tier 22.00")


# Rounding, floors and caps


def test_a_rule_is_rounded_once_over_its_partners_and_apart_from_other_terms():
    document = program(terms(percent("10%")), terms={"other": terms(percent("10%"))})
    same = settled(document, TWO, sale("s", "0.30"), split("50%", "50%"))
    # 0.015 + 0.015 = 0.03: one unit each of 0.03 by remainder, the tie goes to the first
    check(same, "s p all 0.02", "s q all 0.01")
    apart = [partner("p"), partner("q"), agreement("p"), agreement("q", "other")]
    # rounded on their own: 0.02 and 0.02
    check(settled(document, apart, sale("s", "0.30"), split("50%", "50%")), "s p all 0.02", "s q all 0.02")


def test_floor_and_sale_cap_are_times_share():
    std = terms(percent("1%", floor="10.00"))
    check(settled(program(std), TWO, sale("s", "100.00"), split()), "s p all 6.00 floor", "s q all 4.00 floor")
    std = terms(percent("90%", cap={"sale": "10.01"}))
    # 6.006 and 4.004
    check(
        settled(program(std), TWO, sale("s", "100.00"), split()), "s p all 6.01 capped_sale", "s q all 4.00 capped_sale"
    )


def test_a_floor_needs_a_basis():
    check(settled(program(terms(percent("1%", floor="10.00"))), referred(), sale("s", "0.00")), "s p all 0.00")
    fees = terms(percent("1%", floor="10.00", base={"less": ["fees"]}))
    check(settled(program(fees), referred(), sale("s", "5.00", fees="6.00")), "s p all 0.00")


def test_a_cap_counts_every_earlier_amount_of_its_key_and_then_the_next_cap_takes_over():
    std = terms(percent("10%", cap={"customer": "15.00", "period": {"amount": "12.00", "per": "month"}}))
    sales = [sale("s1", "100.00"), sale("s2", "100.00", "2026-01-11"), sale("s3", "100.00", "2026-02-11")]
    check(
        settled(program(std), referred(), sales),
        "s1 p all 10.00",
        "s2 p all 2.00 capped_customer capped_period",
        "s3 p all 3.00 capped_customer",
    )


def test_what_the_guardrail_cuts_leaves_room_under_the_caps():
    document = program(terms(percent("50%", cap={"customer": "60.00"})), guardrail={"percent": "25%"})
    sales = [sale(f"s{i}", "100.00", f"2026-01-1{i}") for i in range(3)]
    # 50 -> 25; 50 (room 35) -> 35 -> 25; 50 (room 10) -> 10
    check(
        settled(document, referred(), sales),
        "s0 p all 25.00 guardrail",
        "s1 p all 25.00 capped_customer guardrail",
        "s2 p all 10.00 capped_customer",
    )


def test_what_the_budget_cuts_gives_no_room_back():
    document = program(terms(percent("50%", cap={"customer": "60.00"})), budget={"amount": "40.00", "per": "month"})
    sales = [sale("s1", "100.00"), sale("s2", "100.00", "2026-02-01")]
    # s1: 50 -> 40 by the budget; the cap has counted 50, so 10 are left for s2
    check(settled(document, referred(), sales), "s1 p all 40.00 budget", "s2 p all 10.00 capped_customer")


def test_a_guardrail_has_the_basis_of_the_whole_sale_as_kept():
    document = program(terms(flat("90.00")), guardrail={"percent": "25%"})
    facts = [*referred(), sale("s", "238.00", tax="38.00"), refund("s", "119.00")]
    # 200 net, half kept: 100, a quarter of it: 25.00
    check(settled(document, facts), "s p all 25.00 guardrail")
    check(settled(document, referred(), sale("s", "0.00")), "s p all 90.00")


# Overrides


CHILDREN = [partner("p", parent="m"), partner("q", parent="m"), partner("m")]
CHILDREN += [agreement("p"), agreement("q"), agreement("m", "boss")]


def boss(*overrides, **std):
    return program(terms(percent("10%", **std)), terms={"boss": terms(overrides=list(overrides))})


def test_one_override_line_for_all_children_of_a_rule():
    # 0.60 + 0.40 = 1.00 commission, 5% of it: 0.05 rounded once
    document = boss({"level": 1, "percent": "5%"})
    settlement = settled(document, CHILDREN, sale("s", "10.00"), split())
    check(settlement, "s p all 0.60", "s m all 0.05", "s q all 0.40")
    assert settlement.lines[1].basis == 100


def test_a_flat_override_is_whole_for_each_child_above_0():
    document = boss({"level": 1, "flat": "3.00"})
    check(settled(document, CHILDREN, sale("s", "10.00"), split()), "s p all 0.60", "s m all 6.00", "s q all 0.40")
    check(
        settled(document, CHILDREN, sale("s", "10.00"), split(), refund("s", "10.00")),
        "s p all 0.00",
        "s m all 0.00",
        "s q all 0.00",
    )


def test_of_sale_skips_rules_that_add():
    std = terms(percent("10%", "main"), flat("7.00", "extra", adds=True))
    document = program(std, terms={"boss": terms(overrides=[{"level": 1, "percent": "2%", "of": "sale"}])})
    facts = [*CHILDREN, touch("p"), sale("s", "100.00")]
    check(settled(document, facts), "s p extra 7.00", "s p main 10.00", "s m main 2.00")
    document["terms"]["boss"] = terms(overrides=[{"level": 1, "percent": "10%"}])
    check(settled(document, facts), "s p extra 7.00", "s p main 10.00", "s m extra 0.70", "s m main 1.00")


def test_an_override_lasts_per_recruit():
    document = boss({"level": 1, "percent": "10%", "lasts": {"months": 1}})
    sales = [sale("s1", "100.00"), sale("s2", "100.00", "2026-02-09"), sale("s3", "100.00", "2026-02-10")]
    check(
        settled(document, CHILDREN, touch("p"), sales),
        *("s1 p all 10.00", "s1 m all 1.00", "s2 p all 10.00", "s2 m all 1.00", "s3 p all 10.00"),
    )


def test_a_recruiter_without_agreement_or_in_a_tail_has_no_override():
    tail = {"boss": terms(overrides=[{"level": 1, "percent": "10%"}], tail=[{"months": 12, "percent": "100%"}])}
    ended = {**agreement("m", "boss"), "ends": "2026-01-05"}
    facts = [*CHILDREN[:5], ended, touch("p"), sale("s", "100.00")]
    check(settled(program(terms(percent("10%")), terms=tail), facts), "s p all 10.00")


# Bonuses


def test_a_bonus_counts_conversions_not_components_and_not_shares():
    bonus = {"key": "b", "reaches": "2", "flat": "9.00", "per": "month"}
    std = terms(percent("10%"), flat("1.00", "x", adds=True), bonuses=[bonus])
    sales = [sale("s1", "10.00"), sale("s2", "10.00", "2026-01-11"), sale("s3", "10.00", "2026-02-01")]
    settlement = settled(program(std), TWO, sales, split())
    assert [line for line in told(settlement) if " b " in line] == ["s2 p b 9.00", "s2 q b 9.00"]


def test_a_bonus_for_volume_leaves_out_what_adds():
    bonus = {"key": "b", "measure": "volume", "reaches": "150.00", "flat": "9.00"}
    std = terms(percent("10%"), percent("1%", "x", adds=True), bonuses=[bonus])
    sales = [sale("s1", "100.00"), sale("s2", "50.00", "2026-01-11")]
    check(
        settled(program(std), referred(), sales),
        "s1 p all 10.00",
        "s1 p x 1.00",
        "s2 p all 5.00",
        "s2 p x 0.50",
        "s2 p b 9.00",
    )


def test_the_budget_counts_overrides_and_bonuses_in_output_order():
    std = terms(percent("10%"), bonuses=[{"key": "b", "reaches": "1", "flat": "5.00"}])
    document = program(
        std, terms={"boss": terms(overrides=[{"level": 1, "percent": "50%"}])}, budget={"amount": "17.00"}
    )
    # 10 + 5 leave 2 of 17 for the bonus
    check(
        settled(document, CHILDREN, touch("p"), sale("s", "100.00")),
        "s p all 10.00",
        "s m all 5.00",
        "s p b 2.00 budget",
    )


# Assists, locks, credits


def test_everybody_left_assists_whatever_took_the_share():
    std = terms(percent("10%"), percent("1%", "helped", on="assist"))
    document = program(std, attribution={"assist": True})
    facts = [*TWO, touch("q", "2026-01-01"), touch("p", "2026-01-02")]
    sales = [sale("s1", "100.00"), sale("s2", "100.00", "2026-01-20")]
    check(
        settled(document, facts, sales, credit({}, conversion="s2")),
        "s1 p all 10.00",
        "s1 q helped 1.00",
        "s2 q helped 1.00",
        "s2 p helped 1.00",
    )


def test_an_assist_without_a_rule_is_no_rule():
    document = program(terms(percent("10%")), attribution={"assist": True})
    existing = {"fact": "customer", "id": "c", "existing": True}
    assert outcomes(settled(document, referred(), existing, sale("s", "1.00"))) == {"s": "no_rule"}
    assert outcomes(settled(program(terms(percent("10%"))), referred(), existing, sale("s", "1.00"))) == {
        "s": "existing_customer"
    }


def test_a_denied_credit_says_so():
    assert outcomes(
        settled(program(terms(percent("1%"))), referred(), sale("s", "1.00"), credit({}, customer="c"))
    ) == {"s": "credit_denied"}


def test_a_lock_keeps_shares_and_starts_again_when_it_has_run_out():
    document = program(terms(percent("10%")), attribution={"lock": {"months": 1}})
    facts = [*TWO, touch("p", "2026-01-01"), touch("q", "2026-01-12")]
    sales = [
        sale("s1", "10.00"),
        sale("s2", "10.00", "2026-02-09"),
        sale("s3", "10.00", "2026-02-10"),
        touch("p", "2026-02-11"),
    ]
    late = sale("s4", "10.00", "2026-02-20")
    check(settled(document, facts, sales, late), "s1 p all 1.00", "s2 p all 1.00", "s3 q all 1.00", "s4 q all 1.00")


def test_a_locked_share_without_agreement_is_paid_to_nobody():
    facts = [
        partner("p"),
        partner("q"),
        {**agreement("p"), "ends": "2026-01-15"},
        agreement("q"),
        touch("p"),
        touch("q", "2026-01-12"),
    ]
    settlement = settled(program(terms(percent("10%"))), facts, sale("s1", "10.00"), sale("s2", "10.00", "2026-01-20"))
    check(settlement, "s1 p all 1.00")
    assert outcomes(settlement) == {"s2": "no_agreement"}


def test_a_tail_is_for_customers_credited_before_the_end_alone():
    tail = [{"months": 6, "percent": "100%"}]
    facts = [partner("p"), agreement("p", ends="2026-01-10T17:00:00Z"), credit({"p": "100%"}, customer="c")]
    early = credit({"p": "100%"}, customer="d", id="early")
    sales = [sale("s1", "10.00", "2026-01-10T17:00:00Z"), sale("s2", "10.00", "2026-01-11")]
    before = [sale("d1", "10.00", "2026-01-10T16:59:59Z", "d"), sale("d2", "10.00", "2026-01-11", "d")]
    settlement = settled(program(terms(percent("10%"), tail=tail)), facts, early, sales, before)
    check(settlement, "d1 p all 1.00", "d2 p all 1.00")
    assert outcomes(settlement) == {"s1": "no_agreement", "s2": "no_agreement"}


def test_a_foreign_sale_waits_and_still_counts_as_the_first():
    std = terms(percent("20%", "new", when={"customer": "new"}), percent("5%", "old"))
    sales = [sale("s1", "100.00", currency="EUR"), sale("s2", "100.00", "2026-01-11")]
    settlement = settled(program(std), referred(), sales, rate("EUR", "1.1", "2026-01-10T12:00:01Z"))
    check(settlement, "s2 p old 5.00")
    assert outcomes(settlement) == {"s1": "fx_pending"}


def test_an_event_with_a_value_and_a_flat_per_unit():
    std = terms(percent("5%", "lead", on="lead"), {"key": "unit", "pay": {"flat": "2.00", "each": "unit"}})
    lines = [{"product": "a", "amount": "4.00", "quantity": 3}, {"product": "b", "amount": "6.00"}]
    facts = [*referred(), event("e", "lead", value="30.00"), sale("s", "10.00", lines=lines), refund("s", "5.00")]
    # 4 units at 2.00, half kept
    check(settled(program(std), facts), "e p lead 1.50", "s p unit 4.00")


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"gt": 3}, True),
        ({"gt": "3"}, False),
        ({"ne": "x"}, False),
        ({"in": ["x", 4]}, True),
        ({"not_in": ["x", 5]}, False),
        ({"exists": True}, True),
    ],
)
def test_properties_compare_like_with_like(when, fits):
    facts = [*referred(), sale("s", "10.00", properties={"n": 4})]
    assert bool(settled(program(terms(percent("10%", when={"properties.n": when}))), facts).lines) is fits


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("amount", "7.00"),
        ("customer_months", 7),
        ("product", "a"),
        ("country", "US"),
        ("group", "a"),
        ("properties.n", 7),
    ],
)
@pytest.mark.parametrize("operator", ["ne", "not_in"])
def test_a_missing_value_is_not_even_unequal(field, other, operator):
    when = {field: {operator: [other] if operator == "not_in" else other}}
    std = terms(flat("5.00", on="lead", when=when), flat("1.00", "else", on="lead"))
    check(settled(program(std), referred(), event("e", "lead")), "e p else 1.00")
