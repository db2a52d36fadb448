"""The chart of accounts: every recipe balances, and a difference leads exactly to its target."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodword.domain import chart
from goodword.domain.chart import CHART, OPEN_BUCKETS, Booked, Posting, Subject

SUBJECT = Subject("line-1", UUID(int=1))
RECIPES = [
    "accrual", "hold", "release", "maturity", "payout", "payout_cancelled", "payout_paid", "payout_returned",
    "clawback", "claim", "write_off",
]  # fmt: skip
amounts = st.integers(-(10**15), 10**15)
above_nought = st.integers(1, 10**15)


def moved_by(postings):
    """What postings do to each account: credits less debits."""
    sums = {}
    for leg in postings:
        sums[leg.account] = sums.get(leg.account, 0) + leg.credit_minor - leg.debit_minor
    return sums


@pytest.mark.parametrize("name", RECIPES)
@given(minor=amounts.filter(bool))
def test_every_recipe_balances_whatever_its_sign(name, minor):
    assert chart.balanced(getattr(chart, name)(SUBJECT, minor))


@pytest.mark.parametrize(
    ("name", "moves"),
    [
        ("accrual", {"commission_expense": -5, "pending": 5}),
        ("hold", {"pending": -5, "held": 5}),
        ("release", {"held": -5, "pending": 5}),
        ("maturity", {"pending": -5, "payable": 5}),
        ("payout", {"payable": -5, "in_payout": 5}),
        ("payout_cancelled", {"in_payout": -5, "payable": 5}),
        ("payout_paid", {"in_payout": -5, "paid": 5, "discharged": -5, "provider_cash": 5}),
        ("payout_returned", {"paid": -5, "payable": 5, "provider_cash": -5, "discharged": 5}),
        ("clawback", {"pending": -5, "commission_expense": 5}),
        ("claim", {"clawback_receivable": -5, "payable": 5}),
        ("write_off", {"written_off": -5, "payable": 5}),
    ],
)
def test_a_recipe_moves_what_its_name_says(name, moves):
    assert moved_by(getattr(chart, name)(SUBJECT, 5)) == moves


def test_partner_accounts_have_an_owner_and_program_accounts_have_none():
    for name in RECIPES:
        for leg in getattr(chart, name)(SUBJECT, 5):
            assert (leg.owner is not None) == (CHART[leg.account].owned_by == "partner")


@given(
    st.builds(Booked, amounts, amounts, amounts, amounts, st.integers(0, 99)), amounts, st.sampled_from(OPEN_BUCKETS)
)
def test_a_difference_leads_from_any_books_to_the_target(booked, amount, bucket):
    wanted = chart.target(amount, bucket, booked.moved)
    legs = chart.difference(SUBJECT, booked, wanted)
    moves = moved_by(legs)
    assert chart.balanced(legs)
    for name in OPEN_BUCKETS:
        assert getattr(booked, name) + moves.get(name, 0) == wanted[name]
    assert booked.earned - moves.get("commission_expense", 0) == amount


@given(above_nought, st.sampled_from(OPEN_BUCKETS))
def test_books_on_target_need_no_posting(amount, bucket):
    booked = Booked(amount, **{bucket: amount})
    assert chart.correction(SUBJECT, booked, amount, bucket) == []


@given(above_nought, st.integers(0, 10**15), st.sampled_from(OPEN_BUCKETS))
def test_more_paid_than_earned_is_a_debt_in_payable(paid, less, bucket):
    amount = max(paid - less - 1, 0)
    wanted = chart.target(amount, bucket, paid)
    assert (wanted["payable"], wanted["pending"], wanted["held"]) == (amount - paid, 0, 0)


@given(st.lists(above_nought, min_size=1, max_size=5))
def test_a_reversed_reversal_is_the_original(minors):
    legs = [leg for minor in minors for leg in chart.accrual(SUBJECT, minor)]
    assert chart.mirrored(chart.mirrored(legs)) == legs
    assert moved_by([*legs, *chart.mirrored(legs)]) == {"commission_expense": 0, "pending": 0}


@pytest.mark.parametrize(
    ("booked", "amount", "bucket", "recipe"),
    [
        (Booked(), 5, "pending", "accrual"),
        (Booked(5, 5, entries=2), 3, "pending", "clawback"),
        (Booked(5, 5, entries=2), 7, "pending", "correction"),
        (Booked(0, entries=4), 7, "pending", "correction"),
        (Booked(5, 5, entries=2), 5, "payable", "maturity"),
        (Booked(5, 5, entries=2), 5, "held", "hold"),
        (Booked(5, 0, 5, entries=4), 5, "payable", "release"),
        (Booked(5, 0, 0, 5, entries=4), 5, "pending", "correction"),
    ],
)
def test_a_difference_is_named_after_what_it_does(booked, amount, bucket, recipe):
    assert chart.recipe_of(booked, chart.target(amount, bucket, booked.moved)) == recipe


@pytest.mark.parametrize("legs", [[(0, 0), (0, 0)], [(5, 0), (0, 4)], [(5, 5), (5, 5)], [(-5, 0), (0, -5)]])
def test_lopsided_empty_and_negative_legs_do_not_balance(legs):
    assert not chart.balanced([Posting("fees", None, debit, credit) for debit, credit in legs])
