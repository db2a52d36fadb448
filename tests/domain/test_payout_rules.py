"""Payout runs: who is paid, who waits and why, and what may follow what."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodword.domain.bank_accounts import InvalidAccount, InvalidIban, mask_account, tidy_account
from goodword.domain.payout_rules import Candidate, Destination, plan_run
from goodword.domain.payout_states import (
    PAYOUT_STEPS,
    RUN_STEPS,
    SamePerson,
    StepNotAllowed,
    check_second_person,
    next_payout_state,
    next_run_state,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BANK = Destination("m1", "f1", NOW - timedelta(days=9))


def candidate(name="Ada", lines=None, destination=BANK, on_hold=False):
    return Candidate(name, name, {"l1": 6000} if lines is None else lines, destination, on_hold)


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (candidate(lines={"l1": 4999}), "below_minimum"),
        (candidate(lines={"l1": 3000, "l2": -9000}), "negative"),
        (candidate(lines={"l1": 3000, "l2": -3000}), "negative"),
        (candidate(on_hold=True), "held"),
        (candidate(destination=None), "no_details"),
        (candidate(destination=Destination("m", "f", NOW + timedelta(hours=1))), "cooling_off"),
    ],
)
def test_a_partner_that_is_left_out_learns_why(who, reason):
    plan = plan_run([who], minimum_minor=5000, now=NOW)
    assert plan.paid == ()
    assert [skipped.reason for skipped in plan.skipped] == [reason]


def test_the_minimum_itself_is_enough():
    assert plan_run([candidate(lines={"l1": 5000})], minimum_minor=5000, now=NOW).total_minor == 5000


def test_what_was_taken_back_is_netted_before_the_minimum_is_looked_at():
    plan = plan_run([candidate(lines={"l1": 6000, "l2": -1500})], minimum_minor=5000, now=NOW)
    assert [(s.reason, s.total_minor) for s in plan.skipped] == [("below_minimum", 4500)]


def test_details_serve_from_the_first_instant_after_the_cooling_off():
    plan = plan_run([candidate(destination=Destination("m", "f", NOW))], minimum_minor=1, now=NOW)
    assert len(plan.paid) == 1


def test_a_partner_with_nothing_is_not_listed():
    plan = plan_run([candidate(lines={})], minimum_minor=5000, now=NOW)
    assert (plan.paid, plan.skipped) == ((), ())


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(-9999, 9999), max_size=3), max_size=6))
def test_every_partner_with_lines_is_paid_or_named_and_no_payout_is_below_the_minimum(worlds):
    people = [candidate(name=f"p{i}", lines=lines) for i, lines in enumerate(worlds)]
    plan = plan_run(people, minimum_minor=5000, now=NOW)
    with_lines = {p.name for p in people if any(p.lines.values())}
    assert {p.name for p in plan.paid} | {s.name for s in plan.skipped} == with_lines
    assert all(p.total_minor >= 5000 for p in plan.paid)
    assert len(plan.paid) + len(plan.skipped) == len(with_lines)


RUN_ACTIONS = ("approve", "export", "close", "cancel")
PAYOUT_ACTIONS = ("approve", "export", "confirm", "return", "cancel")


@pytest.mark.parametrize("action", RUN_ACTIONS)
@pytest.mark.parametrize("state", ["prepared", "approved", "exported", "closed", "cancelled"])
def test_a_run_takes_only_the_steps_of_the_table(state, action):
    if (state, action) in RUN_STEPS:
        assert next_run_state(state, action) == RUN_STEPS[state, action]
    else:
        with pytest.raises(StepNotAllowed, match=state):
            next_run_state(state, action)


@pytest.mark.parametrize("action", PAYOUT_ACTIONS)
@pytest.mark.parametrize("state", ["prepared", "approved", "exported", "paid", "returned", "cancelled"])
def test_a_payout_takes_only_the_steps_of_the_table(state, action):
    if (state, action) in PAYOUT_STEPS:
        assert next_payout_state(state, action) == PAYOUT_STEPS[state, action]
    else:
        with pytest.raises(StepNotAllowed, match=state):
            next_payout_state(state, action)


def test_what_was_sent_is_never_cancelled_and_what_was_cancelled_is_never_sent():
    assert ("exported", "cancel") not in {*RUN_STEPS, *PAYOUT_STEPS}
    assert not any(state in ("cancelled", "returned", "closed") for state, _ in {**RUN_STEPS, **PAYOUT_STEPS})


def test_nobody_approves_the_run_they_prepared():
    with pytest.raises(SamePerson, match="somebody else"):
        check_second_person("alice", "alice")
    check_second_person("alice", "bob")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("DE89370400440532013001", "checksum"),
        ("DE8937040044053201300", "length"),
        ("XX89", "characters"),
        ("", "characters"),
        ("DE89 3704 0044 0532 0130 0O", "structure|characters"),
    ],
)
def test_an_iban_that_does_not_hold_together_is_refused_with_the_wrong_part(text, wrong):
    with pytest.raises(InvalidIban, match=rf"(?i){wrong}"):
        tidy_account("iban", text)


def test_spaces_and_case_of_an_iban_do_not_matter():
    assert tidy_account("iban", " gb82 west 1234 5698 7654 32 ") == "GB82WEST12345698765432"


@pytest.mark.parametrize("text", ["12", "=HYPERLINK(1)", "x" * 61, "a\nb;c"])
def test_an_account_number_with_signs_no_bank_uses_is_refused(text):
    with pytest.raises(InvalidAccount):
        tidy_account("account", text)


def test_a_mask_shows_the_country_and_the_last_four():
    assert mask_account("DE89370400440532013000") == "DE •••• 3000"
    assert "1234" not in mask_account("1234")
