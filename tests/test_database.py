"""The test database itself: whole, ours alone, and fresh after tests that commit."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

from goodword.accounts.models import Organization


@pytest.mark.django_db
def test_the_test_database_has_every_migration():
    call_command("migrate", check_unapplied=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_committed_row_is_gone_in_the_next_test(turn):
    assert not Organization.objects.exists()
    assert ContentType.objects.exists(), "what migrations wrote is still there"
    Organization.objects.create(name="Acme")


@pytest.mark.django_db
def test_each_test_process_has_a_database_of_its_own(worker_id):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        name = cursor.fetchone()[0]
    assert name.startswith("test_")
    assert name.endswith("" if worker_id == "master" else worker_id)
