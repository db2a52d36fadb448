"""Holds: what is stopped, what is not, and that letting go restores exactly the same cents."""

import pytest

from goodword.accounts.models import AuditEntry
from goodword.commissions.errors import AlreadyHeld, AlreadyReleased, UnknownLine
from goodword.commissions.models import Line
from goodword.commissions.services import place_hold, release_hold
from goodword.ledger.selectors import balances
from tests import cast
from tests.commissions.test_settling import pay_out
from tests.commissions.world import NOW, World, refund, sale, touch

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = World()
    world.arrive(
        touch("alder", ago=80), sale("old", ago=60), sale("young", ago=10), touch("birch", "c-2"), sale("s-2", "c-2")
    )
    world.settle()
    return world


def hold(world, **given):
    return place_hold(world.partners["alder"], reason="a question", user=None, actor=cast.actor(), now=NOW, **given)


def release(held):
    return release_hold(held, user=None, actor=cast.actor(), now=NOW)


def buckets(world, partner="alder"):
    found = balances(world.program, world.partners[partner].pk)
    return found["pending"], found["held"], found["payable"]


def test_a_hold_on_a_partner_holds_everything_of_that_partner_alone(world):
    assert buckets(world) == (2_000, 0, 2_000)
    hold(world)
    assert (buckets(world), buckets(world, "birch")) == ((0, 4_000, 0), (1_000, 0, 0))


def test_letting_go_puts_everything_back_to_the_cent(world):
    before = world.books()
    release(hold(world))
    assert world.books() == before
    assert world.kinds()["hold"] == world.kinds()["release"] == 2


def test_a_hold_on_one_line_leaves_the_others(world):
    line = Line.unscoped.get(program=world.program, conversion="old")
    hold(world, line=line.line)
    assert buckets(world) == (2_000, 2_000, 0)


def test_a_new_commission_of_a_held_partner_is_held_at_once(world):
    hold(world)
    world.arrive(sale("new", ago=1))
    world.settle()
    assert buckets(world) == (0, 6_000, 0)


def test_what_was_paid_is_not_held_and_its_debt_is_not_either(world):
    Line.unscoped.filter(program=world.program, conversion="young").delete()
    pay_out(world)
    hold(world)
    world.arrive(refund("old"))
    world.settle()
    assert buckets(world) == (0, 2_000, -2_000)


def test_two_holds_on_the_same_are_refused_and_so_is_releasing_twice(world):
    held = hold(world)
    with pytest.raises(AlreadyHeld):
        hold(world)
    release(held)
    with pytest.raises(AlreadyReleased):
        release(held)


def test_a_line_of_somebody_else_cannot_be_held(world):
    line = Line.unscoped.get(program=world.program, conversion="s-2")
    with pytest.raises(UnknownLine):
        hold(world, line=line.line)


def test_both_steps_stand_in_the_audit_trail(world):
    release(hold(world))
    actions = AuditEntry.objects.filter(program=world.program).order_by("sequence").values_list("action", flat=True)
    assert list(actions) == ["hold.placed", "hold.released"]
