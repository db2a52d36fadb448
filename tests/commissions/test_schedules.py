"""However facts arrive, in whatever batches and with whatever settlements between, the books end the same."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodword.commissions.models import Checkpoint, Known
from goodword.commissions.verify import verify
from tests.commissions.world import NOW, World, credit, let_arrive, refund, sale, schedules, touch

pytestmark = pytest.mark.django_db

FACTS = [
    touch("alder", "c-1", 50),
    touch("birch", "c-1", 20),
    touch("birch", "c-2", 45),
    touch("alder", "c-3", 41),
    sale("s-1", "c-1", 10_000, 40),
    sale("s-2", "c-1", 3_333, 12),
    sale("s-3", "c-2", 7_777, 42),
    sale("s-4", "c-2", 1, 3),
    sale("s-5", "c-4", 5_000, 2),
    refund("s-1", "c-1", 2_500, 5),
    refund("s-3", "c-2", 7_777, 4),
    refund("s-3", "c-2", 100, 3),
    credit("c-3", [("birch", "30%"), ("alder", "70%")], 2),
    sale("s-6", "c-3", 10_001, 1),
]
PROGRAMS = [
    {},
    {"attribution": {"model": "first", "window_days": 30, "lock": None}},
    {"rounding": "half_even", "hold_days": 0},
    {"guardrail": {"percent": "15%"}},
    {"budget": {"amount": "9.00", "per": "month", "mode": "first_come"}},
    {"attribution": {"model": "linear", "lock": {"months": 1}}},
]
few = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(schedule=schedules(len(FACTS)), fields=st.sampled_from(PROGRAMS))
def test_any_schedule_of_arrivals_ends_with_what_one_settlement_says(schedule, fields):
    world = World(**fields)
    let_arrive(world, FACTS, schedule)
    assert world.earned() == world.oracle()
    assert [result for result in verify(world.program, now=NOW) if not result.holds] == []
    known = known_of(world.program)
    assert world.settle(everything=True).transactions == 0
    assert known == known_of(world.program), "what later facts are settled on from is what all facts anew would leave"


def known_of(program):
    rows = Known.unscoped.filter(program=program)
    records = {(kind, name): json.loads(record) for kind, name, record in rows.values_list("kind", "name", "record")}
    return records, Checkpoint.objects.get(program=program).budget


@few
@given(schedule=schedules(len(FACTS)))
def test_two_schedules_end_with_the_same_sums_in_every_bucket(schedule):
    """Same partners, other arrivals: names of lines differ with the partners' keys, so sums are compared by sale."""
    one, other = World(), World()
    let_arrive(one, FACTS, schedule)
    let_arrive(other, FACTS, [(place, False) for place in range(len(FACTS))])
    assert sums_by_sale(one) == sums_by_sale(other)


def sums_by_sale(world):
    from goodword.commissions.models import Line

    names = {line.line: (line.conversion, line.rule) for line in Line.unscoped.filter(program=world.program)}
    return {names[line]: sums for line, sums in world.books().items()}


@few
@given(refunds=st.lists(st.integers(1, 2_500), min_size=1, max_size=4))
def test_partial_refunds_one_by_one_and_one_of_their_sum_leave_the_same(refunds):
    one, other = World(), World()
    for world in (one, other):
        world.arrive(touch("alder"), sale("s-1", minor=10_003))
        world.settle()
    for minor in refunds:
        one.arrive(refund("s-1", minor=minor))
        one.settle()
    other.arrive(refund("s-1", minor=sum(refunds)))
    other.settle()
    assert sums_by_sale(one) == sums_by_sale(other)
