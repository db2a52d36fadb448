"""What changes between two versions of terms, in words."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodword.domain.settlement import read_program
from goodword.domain.terms_changes import terms_changes
from tests.domain.test_terms_sheet import plain
from tests.domain.worlds import flat, percent, program, terms, tiers
from tests.oracle.worlds import world_of


def changes(old, new):
    read = read_program(program(None, terms={"old": old, "new": new}))
    return terms_changes(read, read.terms["old"], read.terms["new"])


VINYL = {"product": "Vinyl"}
SAID = [
    (percent("10%", when=VINYL), percent("12%", when=VINYL), ["Commission on Vinyl goes from 10% to 12%."]),
    (flat("5.00", on="lead"), flat("7.50", on="lead"), ["Commission on each “lead” goes from $5.00 to $7.50."]),
    (
        percent("10%", cap={"sale": "50.00"}),
        percent("10%", floor="1.00"),
        [
            "Commission on sales: the least per sale is now $1.00; there was no such limit.",
            "Commission on sales: the most per sale is no longer limited; it was $50.00.",
        ],
    ),
    (
        percent("10%", lasts={"months": 12}),
        percent("10%"),
        [
            (
                "Commission on sales is now paid for as long as the customer buys; "
                "it was for 12 months from the customer's first commission."
            )
        ],
    ),
    (
        percent("10%", hold_days=14),
        percent("10%"),
        ["Commission on sales is now ready for a payout after 30 days; it was after 14 days."],
    ),
    (
        percent("10%"),
        percent("10%", when={"customer": "new"}),
        ["Rule “all” is now for sales when the customer is new; it was for sales."],
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), SAID)
def test_a_changed_rule_is_told_as_a_partner_would(old, new, said):
    assert changes(terms(old), terms(new)) == said


def test_steps_are_told_one_by_one():
    old = tiers([{"from": "0", "percent": "5%"}, {"from": "10000.00", "percent": "8%"}])
    new = tiers([{"from": "0", "percent": "6%"}, {"from": "20000.00", "percent": "9%"}])
    assert changes(terms(old), terms(new)) == [
        "Commission on sales at first goes from 5% to 6%.",
        "Commission on sales no longer has the step of 8% from $10,000.00 on.",
        "Commission on sales has a new step: 9% from $20,000.00 on.",
    ]


def test_new_and_gone_rules_and_refunds_are_told():
    said = changes(terms(percent("10%", key="a")), terms(flat("3.00", key="b"), clawback={"days": 60}))
    assert said[:2] == [
        "New: For a sale: $3.00.",
        "No longer: For a sale: 10% of what the customer paid without tax and shipping.",
    ]
    assert said[2].startswith("Now: When a customer gets money back within 60 days of the sale")


def test_another_order_of_rules_is_told():
    a, b = percent("10%", key="a", when=VINYL), percent("5%", key="b")
    assert "The rules are now looked at in this order: sales, Vinyl." in changes(terms(a, b), terms(b, a))


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_there_are_changes_exactly_where_two_documents_differ(seed):
    document, _, _ = world_of(random.Random(seed))
    read = read_program(document)
    for old in read.terms.values():
        for new in read.terms.values():
            same = replace(plain(old), name="") == replace(plain(new), name="")
            assert bool(terms_changes(read, old, new)) is not same
