"""Two workers at once: first the race with the settle key switched off, then nothing twice with it on."""

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection, connections

from goodword.commissions import services, settling
from goodword.commissions.services import settle_program
from goodword.ledger.models import Transaction
from goodword.ledger.selectors import balances
from goodword.ledger.services import AlreadyPosted, book
from tests.books import accrued
from tests.commissions.world import NOW, World, sale, touch
from tests.database import as_owner

pytestmark = pytest.mark.django_db(transaction=True)
WAIT = 30
LATER = NOW + timedelta(days=30)


@pytest.fixture
def world():
    """A commission of 20.00 that matures before LATER: both workers want to move it from pending to payable."""
    world = World()
    world.arrive(touch("alder"), sale("s-1"))
    world.settle()
    return world


@pytest.fixture
def settle_key_off(world, monkeypatch):
    """The switch: without the key both workers compute their differences before either posts."""
    monkeypatch.setattr(services, "lock_settlement", lambda _: None)
    together = threading.Barrier(2, timeout=WAIT)

    def wait_for_the_other(*given, **named):
        together.wait()
        return book(*given, **named)

    monkeypatch.setattr(settling, "book", wait_for_the_other)


def at_once(*works):
    """Run each in a thread with a connection of its own; gives what each returned or raised."""
    results = [None] * len(works)

    def run(place, work):
        try:
            results[place] = work()
        except Exception as error:  # noqa: BLE001
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    return results


def two_settlements(world):
    return at_once(*[lambda: settle_program(world.program, now=LATER)] * 2)


def open_buckets(world):
    found = balances(world.program)
    return found["pending"], found["payable"]


@pytest.mark.usefixtures("settle_key_off")
def test_without_key_and_unique_cause_the_same_difference_is_posted_twice(world):
    with connection.cursor() as cursor, as_owner(cursor):
        cursor.execute("ALTER TABLE ledger_transaction DROP CONSTRAINT transaction_cause_once")
    two_settlements(world)
    assert open_buckets(world) == (-2_000, 4_000)


@pytest.mark.usefixtures("settle_key_off")
def test_without_the_key_the_unique_cause_still_refuses_the_second(world):
    results = two_settlements(world)
    assert sorted(type(result).__name__ for result in results) == [AlreadyPosted.__name__, "SettlementRun"]
    assert open_buckets(world) == (0, 2_000)


def test_with_the_key_one_worker_posts_and_the_other_finds_nothing_to_do(world):
    results = two_settlements(world)
    assert sorted(run.transactions for run in results) == [0, 1]
    assert open_buckets(world) == (0, 2_000)


def test_many_workers_and_writers_end_with_the_books_of_one_settlement(world):
    def arrive_and_settle(number):
        def work():
            world.arrive(sale(f"n-{number}", ago=9), sale(f"m-{number}", "c-9", ago=8))
            return settle_program(world.program, now=NOW)

        return work

    results = at_once(*[arrive_and_settle(number) for number in range(4)])
    assert not [result for result in results if isinstance(result, Exception)]
    settle_program(world.program, now=NOW)
    assert world.earned() == world.oracle()
    assert len(world.earned()) == 5


def test_posts_at_once_leave_one_gapless_chain(world):
    alder, birch = world.partners.values()

    def posts(partner, name):
        return lambda: [book(world.program, [accrued(partner, f"{name}{n}")], now=NOW) for n in range(5)]

    results = at_once(posts(alder, "a"), posts(birch, "b"), posts(alder, "c"))
    assert not [result for result in results if isinstance(result, Exception)]
    rows = list(Transaction.unscoped.filter(program=world.program).order_by("sequence"))
    assert [row.sequence for row in rows] == list(range(1, 17))
    assert all(row.previous_hash == before.hash for before, row in pairwise(rows))
