"""However facts arrive, the books end the same: with splits, tiers, caps, overrides, bonuses and budgets of partners
who recruited each other. `test_schedules.py` does the same in a plain world.
"""

import pytest
from hypothesis import HealthCheck, given, settings

from goodword.commissions.models import Line
from goodword.commissions.verify import verify
from tests.commissions.world import NOW, World, credit, let_arrive, refund, sale, schedules, touch

pytestmark = pytest.mark.django_db
TIERS = {"measure": "volume", "per": "month", "mode": "marginal", "steps": [{"from": "0", "percent": "5%"}]}
STEPS = [*TIERS["steps"], {"from": "60.00", "percent": "12%"}]
COUNT = [{"from": "0", "percent": "4%"}, {"from": "1", "flat": "3.33"}, {"from": "3", "percent": "9%"}]


def agreed(mode):
    """Three partners: alder was recruited by birch, birch by cedar."""
    volume = {"key": "volume", "on": "sale", "pay": {"tiers": TIERS | {"mode": mode, "steps": STEPS}}}
    extra = {"key": "extra", "on": "sale", "pay": {"flat": "1.00"}, "adds": True, "lasts": {"payments": 2}}
    counted = {"key": "counted", "on": "sale", "floor": "0.50"}
    counted["pay"] = {"tiers": TIERS | {"measure": "count", "per": "lifetime", "mode": "after", "steps": COUNT}}
    third = {"key": "third", "measure": "count", "reaches": "3", "flat": "9.00"}
    large = {
        "key": "large",
        "measure": "volume",
        "reaches": "70.00",
        "per": "month",
        "flat": "4.00",
        "if_undone": "keep",
    }
    return {
        "alder": {"rules": [volume | {"cap": {"customer": "4.00"}}, extra], "bonuses": [third]},
        "birch": {
            "rules": [counted | {"cap": {"period": {"amount": "4.00", "per": "quarter"}}}],
            "bonuses": [large],
            "overrides": [{"level": 1, "percent": "10%"}],
            "clawback": {"days": 30},
        },
        "cedar": {
            "rules": [{"key": "plain", "on": "sale", "pay": {"percent": "12.5%"}}],
            "overrides": [
                {"level": 1, "flat": "2.00", "lasts": {"payments": 2}},
                {"level": 2, "percent": "1.5%", "of": "sale"},
            ],
        },
    }


SPLIT = {"model": "linear", "lock": None}
PROGRAMS = [
    ("marginal", {"attribution": SPLIT}),
    ("whole", {"attribution": {"model": "position"}}),
    ("marginal", {"attribution": SPLIT, "budget": {"amount": "25.00", "per": "month", "mode": "first_come"}}),
    ("after", {"attribution": SPLIT, "budget": {"amount": "25.00", "per": "month", "mode": "pro_rata"}}),
    ("before", {"attribution": {"model": "linear", "lock": {"months": 1}}, "guardrail": {"percent": "9%"}}),
]
FACTS = [
    touch("alder", "c-1", 50),
    touch("birch", "c-1", 48),
    touch("cedar", "c-1", 46),
    touch("birch", "c-2", 45),
    touch("alder", "c-2", 44),
    touch("alder", "c-3", 41),
    sale("s-1", "c-1", 10_001, 40),
    sale("s-2", "c-1", 3_333, 33),
    sale("s-3", "c-2", 7_777, 32),
    sale("s-4", "c-2", 5, 31),
    sale("s-5", "c-3", 5_000, 12),
    sale("s-6", "c-3", 20_001, 11),
    sale("s-7", "c-1", 9_999, 3),
    refund("s-1", "c-1", 2_500, 9),
    refund("s-3", "c-2", 7_777, 4),
    refund("s-6", "c-3", 20_001, 2),
    credit("c-3", [("birch", "30%"), ("alder", "70%")], 1),
]
few = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("mode", "fields"), PROGRAMS)
@few
@given(schedule=schedules(len(FACTS)))
def test_any_schedule_of_arrivals_ends_with_what_one_settlement_says(mode, fields, schedule):
    world = World(agreed(mode), chain=True, **fields)
    let_arrive(world, FACTS, schedule)
    assert world.earned() == world.oracle()
    assert [result for result in verify(world.program, now=NOW) if not result.holds] == []
    assert world.settle(everything=True).transactions == 0


def test_the_world_has_what_it_is_to_have():
    """A guard for the test above: lines of every kind, several partners on one sale, caps and budgets that bite."""
    met, reasons = set(), set()
    for mode, fields in PROGRAMS:
        world = World(agreed(mode), chain=True, **fields)
        world.arrive(*FACTS[:13])
        world.settle()
        for line in Line.unscoped.filter(program=world.program):
            met.add(line.kind)
            reasons |= set(line.reasons)
    assert met == {"commission", "override", "bonus"}
    assert reasons >= {"capped_customer", "capped_period", "budget", "guardrail", "floor"}
