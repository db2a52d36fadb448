"""Each invariant of payouts is broken once, with the rules of the database off, and exactly it is reported."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from goodword.accounts.scope import active_program
from goodword.commissions.verify import verify
from goodword.payouts import services
from goodword.payouts.models import Payout, PayoutLine, PayoutRun
from tests import cast
from tests.cast import NOW
from tests.commissions.test_verify import corrupt
from tests.payouts.test_runs import payee, prepared, sent

pytestmark = pytest.mark.django_db
OURS = {"I31", "I32", "I35", "I37", "I38"}


class World:
    """Acme with one run sent to the bank, of two partners, and a second run prepared."""

    def __init__(self):
        self.program = cast.program(currency="EUR", minimum_payout_minor=5000)
        with active_program(self.program):
            people = cast.member(self.program, "finance"), cast.member(self.program, "owner")
            self.ada = payee(self.program, "Ada", l1=6000, l2=1000)
            self.ben = payee(self.program, "Ben", "GB82WEST12345698765432", l3=9000)
            self.run = sent(self.program, people)
            payee(self.program, "Cy", "FR1420041010050500013M02606", l4=7000)
            self.second = prepared(self.program, people[0])

    def broken(self):
        results = verify(self.program, now=NOW + timedelta(minutes=1))
        return {result.id for result in results if not result.holds} & OURS


@pytest.fixture
def world():
    return World()


def test_all_hold_in_an_untouched_world(world):
    assert world.broken() == set()


@pytest.mark.parametrize(
    ("statement", "numbers"),
    [
        ("UPDATE payouts_payoutline SET amount_minor = amount_minor + 1 WHERE line = 'l1'", {"I31"}),
        ("UPDATE payouts_payoutline SET live = false WHERE line = 'l3'", {"I31"}),
        ("UPDATE payouts_payout SET state = 'paid' WHERE amount_minor = 7000", {"I31", "I35"}),
        ("UPDATE payouts_payoutrun SET minimum_minor = 8000 WHERE number = 1", {"I32"}),
        ("UPDATE payouts_payout SET state = 'approved' WHERE amount_minor = 9000", {"I35"}),
        ("UPDATE payouts_payoutrun SET content_hash = 'x' WHERE number = 1", {"I37"}),
        ("UPDATE payouts_payoutrun SET approved_by_id = NULL WHERE number = 1", {"I37"}),
        ("UPDATE payouts_payoutmethod SET fingerprint = 'x' WHERE holder = 'Ben'", {"I37"}),
    ],
)
def test_a_broken_invariant_is_named_and_no_other(world, statement, numbers):
    corrupt(world, statement)
    assert world.broken() == numbers


def test_the_same_line_in_two_live_payouts_is_found(world):
    corrupt(world, "DROP INDEX line_in_one_live_payout", "UPDATE payouts_payoutline SET line = 'l1' WHERE line = 'l4'")
    assert world.broken() == {"I31"}


def test_a_hold_that_was_there_when_the_run_was_sent_is_found(world):
    cast.hold(world.ben, placed_at=NOW - timedelta(days=1))
    assert world.broken() == {"I38"}


def test_a_hold_placed_after_the_run_was_sent_breaks_nothing(world):
    cast.hold(world.ben, placed_at=NOW + timedelta(seconds=1))
    assert world.broken() == set()


def test_the_database_refuses_a_line_in_two_live_payouts(world):
    with active_program(world.program), pytest.raises(IntegrityError), transaction.atomic():
        PayoutLine.unscoped.create(program=world.program, payout=Payout.objects.first(), line="l1", amount_minor=1)


def test_the_database_refuses_an_approval_by_the_same_person(world):
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutRun.unscoped.filter(pk=world.second.pk).update(approved_by=world.second.prepared_by)


def blocked(world):
    world.program.payouts_blocked = "I31"
    world.program.save()
    return active_program(world.program)


def test_a_blocked_program_approves_nothing(world):
    with blocked(world), pytest.raises(services.PayoutsBlocked):
        services.approve_run(world.second, user=cast.person(), actor=cast.actor(), now=NOW)


def test_what_the_bank_answers_is_booked_in_a_blocked_program_too(world):
    with blocked(world):
        services.confirm_payouts(world.run, [Payout.objects.first().pk], actor=cast.actor(), now=NOW)
        services.cancel_run(world.second, reason="the books are off", actor=cast.actor(), now=NOW)
    assert PayoutRun.unscoped.get(pk=world.second.pk).state == "cancelled"


def test_nothing_is_approved_on_books_that_are_off_even_before_the_timer_has_looked(world):
    corrupt(world, "UPDATE ledger_account SET balance_minor = balance_minor + 1 WHERE kind = 'in_payout'")
    with active_program(world.program), pytest.raises(services.PayoutsBlocked, match="I02"):
        services.approve_run(world.second, user=cast.person(), actor=cast.actor(), now=NOW)
