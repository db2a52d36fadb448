"""What pages read of commissions: states, figures, paging and filters. Rows are posted by hand, as services would."""

from datetime import timedelta

import pytest

from goodword.commissions.selectors import (
    LineFilter,
    earned_by_partner,
    earned_over_time,
    figures,
    line_detail,
    lines_of_conversion,
    lines_page,
    taken_back,
)
from goodword.domain import chart
from goodword.ledger.services import NewTransaction, post
from tests import cast

pytestmark = pytest.mark.django_db
NOW = cast.NOW


@pytest.fixture
def alder():
    here = cast.program(slug="acme")
    return cast.partner(here, name="Alder Advice")


def booked(partner, line, *recipes):
    """Post recipes one after the other, each as (name, minor, further arguments)."""
    subject = chart.Subject(line, partner.pk)
    for number, (name, minor, *more) in enumerate(recipes):
        legs = getattr(chart, name)(subject, minor, *more)
        new = NewTransaction(
            name, "test", f"{line}-{number}", "EUR", legs, NOW, name, evidence={"line": {"conversion": "s-1"}}
        )
        post(partner.program, [new], now=NOW)


STORIES = {
    "pending": [("accrual", 100)],
    "held": [("accrual", 100), ("hold", 100)],
    "payable": [("accrual", 100), ("maturity", 100)],
    "in_payout": [("accrual", 100, "payable"), ("payout", 100)],
    "paid": [("accrual", 100, "payable"), ("payout", 100), ("payout_paid", 100)],
    "taken_back": [("accrual", 100, "payable"), ("payout", 100), ("payout_paid", 100), ("clawback", 40, "payable")],
}


@pytest.mark.parametrize("state", STORIES)
def test_the_state_of_a_line_is_what_the_books_say(alder, state):
    at = NOW - timedelta(days=1) if state != "pending" else NOW + timedelta(days=1)
    cast.line(alder, line="it", amount_minor=100, matures_at=at)
    if state == "held":
        cast.hold(alder, line="it")
    booked(alder, "it", *STORIES[state])
    for name in STORIES:
        rows = lines_page(alder.program, LineFilter(state=name), now=NOW).rows
        assert [row.line for row in rows] == (["it"] if name == state else [])


def test_figures_show_each_bucket_and_the_debt_apart(alder):
    bob = cast.partner(alder.program, name="Bob")
    booked(alder, "a", *STORIES["taken_back"])
    booked(bob, "b", ("accrual", 70, "payable"))
    mine = figures(alder.program, alder.pk, now=NOW)
    assert (mine.paid, mine.payable, mine.debt, mine.clawed_back, mine.owed) == (100, 0, 40, 40, -40)
    whole = figures(alder.program, now=NOW)
    assert (whole.payable, whole.debt, whole.owed) == (70, 40, 30)


def test_next_maturities_leave_out_what_is_held(alder):
    cast.line(alder, line="a", amount_minor=100)
    cast.line(alder, line="b", amount_minor=50)
    cast.hold(alder, line="b")
    [coming] = figures(alder.program, alder.pk, now=NOW).next_maturities
    assert (coming.amount_minor, coming.lines) == (100, 1)


def test_pages_of_lines_meet_without_gap_or_repetition(alder):
    for number in range(7):
        cast.line(alder, line=f"l{number}", conversion_at=NOW - timedelta(hours=number // 2))
    seen, after = [], None
    while True:
        page = lines_page(alder.program, now=NOW, after=after, size=3)
        seen += [row.line for row in page.rows]
        after = page.next
        if after is None:
            break
    assert seen == ["l1", "l0", "l3", "l2", "l5", "l4", "l6"]


@pytest.mark.parametrize(
    "which",
    [{"customer": "c-9"}, {"conversion": "s-9"}, {"text": "S-9"}, {"text": "c-9"}, {"kind": "bonus"},
     {"since": NOW - timedelta(days=2)}],
)  # fmt: skip
def test_filters_narrow_to_what_they_name(alder, which):
    cast.line(alder, line="other")
    cast.line(alder, line="it", customer="c-9", conversion="s-9", kind="bonus", conversion_at=NOW - timedelta(days=1))
    assert [row.line for row in lines_page(alder.program, LineFilter(**which), now=NOW).rows] == ["it"]


def test_a_percent_sign_in_the_search_box_is_only_a_percent_sign(alder):
    cast.line(alder, line="a")
    assert lines_page(alder.program, LineFilter(text="%"), now=NOW).rows == ()


def test_another_program_never_shows(alder):
    cast.line(cast.partner(cast.program()), line="theirs")
    assert lines_page(alder.program, now=NOW).rows == ()
    assert line_detail(alder.program, "theirs") is None


def test_a_line_tells_its_whole_story(alder):
    cast.line(alder, line="it", steps=[{"do": "rate", "from": "20% of 5.00", "is": "1.00"}], amount_minor=100)
    booked(alder, "it", *STORIES["paid"])
    detail = line_detail(alder.program, "it")
    assert [each.transaction.kind for each in detail.history] == ["accrual", "payout", "payout_paid"]
    assert (detail.booked.earned, detail.booked.moved, detail.row.state) == (100, 100, "paid")
    assert detail.steps[0]["is"] == "1.00"


def test_what_was_taken_back_says_how_much_and_of_what(alder):
    booked(alder, "it", *STORIES["taken_back"])
    [row], more = taken_back(alder.program, alder.pk)
    assert (row.line, row.amount_minor, row.conversion, more) == ("it", 40, "s-1", None)


def test_sums_over_time_follow_the_zone_of_the_program(alder):
    midnight = NOW.replace(month=10, day=31, hour=23, minute=30)  # already November in Berlin
    cast.line(alder, line="a", conversion_at=midnight, amount_minor=5)
    cast.line(alder, line="b", conversion_at=midnight - timedelta(hours=2), amount_minor=7)
    assert [(e.starts_on.month, e.amount_minor) for e in earned_over_time(alder.program)] == [(10, 7), (11, 5)]
    assert earned_by_partner(alder.program)[alder.pk].amount_minor == 12


def test_lines_of_a_conversion_come_together(alder):
    cast.line(alder, line="a", conversion="s-7")
    cast.line(alder, line="b", conversion="s-8")
    assert [row.line for row in lines_of_conversion(alder.program, "s-7")] == ["a"]
