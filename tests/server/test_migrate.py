"""Migrations: one process at a time, and nothing to do the second time."""

import threading

import pytest
from django.db import connection, connections

from goodword.server import migrate
from tests.server.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def waiting_for_the_lock():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return cursor.fetchone()[0]


def test_a_migrated_database_needs_nothing():
    assert migrate.unapplied() == []
    assert migrate.migrate(verbosity=0) == []


def test_a_second_migrator_waits_for_the_first():
    done = []

    def second():
        done.append(migrate.migrate(verbosity=0))
        connections.close_all()

    with migrate._only_one():
        thread = threading.Thread(target=second)
        thread.start()
        until(waiting_for_the_lock)
        assert done == []
    thread.join(30)
    assert done == [[]]


def test_the_lock_ends_with_its_holder():
    with pytest.raises(RuntimeError, match="migration broke"), migrate._only_one():
        raise RuntimeError("the migration broke")
    with migrate._only_one():
        pass
