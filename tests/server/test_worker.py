"""The worker part as a process: what it was doing when it was killed is done after all."""

import signal

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from goodword.commissions.services import enqueue_settlement, lock_settlement
from goodword.ledger.selectors import balances
from tests.commissions.world import World, sale, touch
from tests.server.waiting import goodword, until


@pytest.fixture
def worker(tmp_path, database_url):
    """Start a worker on the test database; all that are left are killed at the end."""
    started = []

    def start():
        started.append(goodword("worker", DATABASE_URL=database_url, GOODWORD_DATA=str(tmp_path)))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=60)


def doing():
    return ProcrastinateJob.objects.filter(task_name="commissions.settle", status="doing").exists()


def heartbeats_grow_old():
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_workers set last_heartbeat = last_heartbeat - interval '1 hour'")


@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_a_program_whose_worker_was_killed_while_it_settled_is_settled_by_the_next_one(worker):
    world = World()
    world.arrive(touch("alder"), sale("s-1"))
    enqueue_settlement(world.program)
    with transaction.atomic():
        lock_settlement(world.program)  # the worker waits for it, in the middle of its job
        killed = worker()
        until(doing)
        killed.send_signal(signal.SIGKILL)
        killed.wait(timeout=60)
    heartbeats_grow_old()
    worker()
    until(lambda: balances(world.program).get("commission_expense") == 2_000, seconds=120)
    until(lambda: not doing())


@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_a_lost_job_gives_way_to_the_same_one_that_waits(worker):
    world = World()
    enqueue_settlement(world.program)
    lost = ProcrastinateJob.objects.get(status="todo").pk
    with connection.cursor() as cursor:  # as a killed worker leaves it whose row is gone
        cursor.execute("update procrastinate_jobs set status = 'doing' where id = %s", [lost])
    world.arrive(touch("alder"), sale("s-1"))
    enqueue_settlement(world.program)
    worker()
    until(lambda: balances(world.program).get("commission_expense") == 2_000)
    until(lambda: not ProcrastinateJob.objects.filter(pk=lost).exists())


@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_a_job_that_was_lost_five_times_is_given_up(worker):
    enqueue_settlement(World().program)
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'doing', attempts = 4")
    worker()
    until(lambda: ProcrastinateJob.objects.filter(status="failed", task_name="commissions.settle").exists())
