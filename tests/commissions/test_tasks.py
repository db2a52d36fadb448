"""The worker's jobs: asked for in the transaction of the facts, once however often, and done by name."""

import pytest
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from goodword.accounts.models import AuditEntry
from goodword.commissions import tasks
from goodword.commissions.services import enqueue_settlement
from goodword.ledger.selectors import balances
from tests.commissions.world import NOW, World, sale, touch

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


def waiting_jobs():
    return list(ProcrastinateJob.objects.filter(status="todo").values_list("task_name", "args"))


def test_asking_twice_is_asking_once_and_breaks_nobodys_transaction(world):
    enqueue_settlement(world.program)
    enqueue_settlement(world.program)
    assert waiting_jobs() == [("commissions.settle", {"program_id": str(world.program.pk)})]


def test_a_change_that_is_rolled_back_asks_for_nothing(world):
    with transaction.atomic():
        enqueue_settlement(world.program)
        transaction.set_rollback(True)
    assert waiting_jobs() == []


def test_programs_ask_for_jobs_of_their_own(world):
    enqueue_settlement(world.program)
    enqueue_settlement(World().program)
    assert len(waiting_jobs()) == 2


def test_the_look_around_asks_for_the_programs_that_have_something_to_settle(world):
    World()
    world.arrive(touch("alder"), sale("s-1"))
    tasks.settle_due(int(NOW.timestamp()))
    assert waiting_jobs() == [("commissions.settle", {"program_id": str(world.program.pk)})]


def test_the_job_settles_its_program(world):
    world.arrive(touch("alder"), sale("s-1"))
    tasks.settle(str(world.program.pk))
    assert balances(world.program)["commission_expense"] == 2_000


def test_the_nightly_job_leaves_its_findings_in_the_trail(world):
    tasks.verify_nightly(int(NOW.timestamp()))
    entry = AuditEntry.objects.get(program=world.program, action="program.verified")
    assert entry.after["violated"] == []
