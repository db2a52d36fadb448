"""New facts are settled on from the checkpoint; whatever reaches behind it is settled anew. The books are the same."""

import pytest

from goodword.commissions.models import Checkpoint, Known, Line
from goodword.commissions.verify import verify
from goodword.referrals.models import UnsettledFact
from tests.commissions.world import NOW, World, credit, days, refund, sale, touch

pytestmark = pytest.mark.django_db

TIERS = {
    "measure": "volume",
    "per": "month",
    "mode": "marginal",
    "steps": [{"from": "0", "percent": "10%"}, {"from": "100.00", "percent": "20%"}],
}


@pytest.fixture
def world():
    """Two customers of two partners, settled."""
    world = World()
    world.arrive(touch("alder", "c-1", 50), touch("birch", "c-2", 45), sale("s-1", "c-1", ago=40))
    world.settle()
    return world


def reach_of(world, *facts):
    world.arrive(*facts)
    reach = world.settle().scope
    assert world.earned() == world.oracle()
    assert [result for result in verify(world.program, now=NOW) if not result.holds] == []
    return reach


def test_a_later_sale_of_a_known_customer_is_settled_alone(world):
    assert reach_of(world, sale("s-2", "c-1", ago=3)) == "conversions"


def test_the_first_sale_of_a_new_customer_is_settled_alone(world):
    assert reach_of(world, touch("alder", "c-9", 8), sale("s-2", "c-9", ago=3)) == "conversions"


def test_sales_of_several_partners_are_settled_together(world):
    assert reach_of(world, sale("s-2", "c-1", ago=3), sale("s-3", "c-2", ago=2)) == "conversions"


def test_a_sale_nobody_referred_is_settled_alone(world):
    assert reach_of(world, sale("s-2", "c-9", ago=3)) == "conversions"


@pytest.mark.parametrize(
    "late",
    [
        sale("s-2", "c-1", ago=41),  # before what its customer bought
        sale("s-2", "c-9", ago=41, code="ALDER"),
        refund("s-1"),
        credit("c-1", [("birch", "100%")]),
        touch("birch", "c-1", 40.5),
    ],
)
def test_what_reaches_behind_the_checkpoint_is_settled_anew(world, late):
    world.arrive(touch("alder", "c-9", 45))
    assert reach_of(world, late) in {"partners", "program"}


def test_a_late_sale_of_another_customer_of_the_partner_is_settled_anew(world):
    """The partner's counters stand behind the sale that is there already."""
    world.arrive(touch("alder", "c-9", 45))
    assert reach_of(world, sale("s-2", "c-9", ago=41)) == "partners"


def test_after_a_refund_the_next_sale_is_settled_alone_again(world):
    reach_of(world, refund("s-1", minor=2_500))
    assert reach_of(world, sale("s-2", "c-1", ago=3)) == "conversions"


def test_a_lock_from_before_the_checkpoint_holds_after_it(world):
    assert reach_of(world, touch("birch", "c-1", 5), sale("s-2", "c-1", ago=3)) == "conversions"
    assert {line.partner.name for line in Line.unscoped.filter(conversion="s-2")} == {"alder"}


def test_a_budget_is_spent_in_order_across_checkpoints():
    world = World(budget={"amount": "25.00", "per": "month", "mode": "first_come"}, timezone="UTC")
    world.arrive(touch("alder", ago=9), sale("s-1", ago=0.3))
    world.settle()
    assert reach_of(world, sale("s-2", ago=0.2)) == "conversions"
    assert reach_of(world, sale("s-3", ago=0.25)) == "program"


def test_other_settings_than_the_checkpoint_knew_are_settled_anew(world):
    world.program.rounding = "down"
    world.program.save()
    assert reach_of(world, sale("s-2", "c-1", 1_001, ago=3)) == "program"


def test_a_lost_checkpoint_costs_one_whole_settlement(world):
    Checkpoint.objects.all().delete()
    Known.unscoped.all().delete()
    assert reach_of(world, sale("s-2", "c-1", ago=3)) == "program"
    assert reach_of(world, sale("s-3", "c-1", ago=2)) == "conversions"


def test_an_agreement_that_begins_now_settles_nothing_anew(world):
    UnsettledFact.objects.create(program=world.program, cause="agreement.started", since=days(1))
    assert reach_of(world, sale("s-2", "c-1", ago=3)) == "conversions"


def test_an_agreement_that_began_before_the_checkpoint_settles_everything(world):
    UnsettledFact.objects.create(program=world.program, cause="agreement.started", since=days(45))
    assert reach_of(world, sale("s-2", "c-1", ago=3)) == "program"


def test_verify_finds_a_checkpoint_that_is_off(world):
    row = Known.unscoped.get(kind="customer", name="c-1")
    row.record = row.record.replace('"nth":[1', '"nth":[2')
    Known.unscoped.filter(kind="customer", name="c-1").update(record=row.record)
    [found] = [result for result in verify(world.program, now=NOW) if not result.holds]
    assert (found.id, list(found.offenders)) == ("I19", ["the checkpoint of customer c-1 is not what all facts leave"])


def test_settling_one_sale_reads_no_more_for_a_thousand_sales_before(world, django_assert_max_num_queries):
    world.arrive(*[sale(f"old-{n}", "c-1", ago=30 - n / 1000) for n in range(1_000)])
    world.settle()
    world.arrive(sale("s-2", "c-1", ago=3))
    with django_assert_max_num_queries(45):
        assert world.settle().conversions == 1
