"""The role as which the product works: it adds to the books and changes nothing in them, trigger or no trigger."""

import os

import psycopg
import pytest
from django.db import ProgrammingError, connection

from goodword.server import database, doctor, rights
from tests import database as test_database
from tests.server.waiting import goodword

pytestmark = pytest.mark.django_db
ADDED_TO = sorted(
    table for table, held in rights.RIGHTS.items() if held in (rights.APPEND, rights.RETRACT) and "DELETE" not in held
)


def column(table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", [table])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("table", [*ADDED_TO, "accounts_auditentry", "ledger_chain", "accounts_audithead"])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM {0}", "TRUNCATE {0} CASCADE", "ALTER TABLE {0} DISABLE TRIGGER ALL", "DROP TABLE {0} CASCADE"],
)
def test_the_application_is_refused_by_its_rights(table, statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.parametrize("table", ADDED_TO)
def test_no_row_that_is_only_added_to_is_changed_by_the_application(table):
    name = column(table)
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {name} = {name}")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE referrals_conversion SET amount_minor = 1",
        "UPDATE referrals_customer SET external_id = 'x'",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (id int)",
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ],
)
def test_the_application_cannot_get_round_the_rules(statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_every_table_has_the_rights_that_it_should_and_a_new_one_gets_them():
    with connection.cursor() as cursor:
        assert rights.differing(cursor) == []
        with test_database.as_owner(cursor):
            cursor.execute("CREATE TABLE partners_later (id int)")
            assert rights.differing(cursor) == ["partners_later"]
            assert rights.give()
        assert rights.differing(cursor) == []


def test_the_doctor_says_which_role_works():
    with connection.cursor() as cursor:
        assert doctor.check_rights(cursor).level == "ok"
        with test_database.as_owner(cursor):
            finding = doctor.check_rights(cursor)
            assert (finding.level, "only triggers" in finding.text) == ("warn", True)
            cursor.execute("GRANT DELETE ON ledger_entry TO goodword_app")
        finding = doctor.check_rights(cursor)
        assert (finding.level, "ledger_entry" in finding.text) == ("fail", True)


def test_a_login_that_may_make_no_role_goes_on_by_triggers(monkeypatch):
    with connection.cursor() as cursor:  # the application's own role is such a login
        monkeypatch.setenv("GOODWORD_APP_ROLE", "somebody_else")
        assert rights.give() is False
        cursor.execute("SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_a_process_puts_the_role_on_where_its_login_may(database_url, monkeypatch):
    assert database.role_to_put_on(database_url) == "goodword_app"
    monkeypatch.setenv("GOODWORD_APP_ROLE", "")
    assert database.role_to_put_on(database_url) == ""


@pytest.mark.django_db(transaction=True)
def test_web_worker_and_commands_of_a_server_work_as_the_role(database_url):
    told = goodword("doctor", DATABASE_URL=database_url).communicate(timeout=60)[0]
    assert "goodword_app may add to the books and change nothing in them" in told


def test_the_embedded_database_has_a_login_that_owns_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with database.provided(tmp_path / "data"):
        with psycopg.connect(os.environ["DATABASE_URL"]) as working:
            assert working.execute("SELECT session_user::text").fetchone() == ("goodword_app",)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                working.execute("SET ROLE goodword")
        with psycopg.connect(os.environ["GOODWORD_OWNER_URL"]) as owner:
            assert owner.execute("SELECT session_user::text").fetchone() == ("goodword",)
    assert "GOODWORD_OWNER_URL" not in os.environ
