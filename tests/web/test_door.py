"""The door itself: the middleware, the error pages and the audit chain, before any page exists."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import AuditEntry, Organization, Program
from goodword.accounts.routes import differences
from goodword.accounts.services import record_audit
from goodword.accounts.verify import broken_audit_links
from tests.database import as_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    firm = Organization.objects.create(name="Acme")
    return Program.objects.create(organization=firm, slug="acme", name="Acme", currency="EUR", timezone="UTC")


def _record(program, action="partner.paused", **more):
    with transaction.atomic():
        return record_audit(action=action, actor=SYSTEM, program=program, **more)


def test_every_address_stands_in_the_policy_table():
    assert differences() == []


def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(client):
    page, answer = client.get("/nothing"), client.get("/api/v1/nothing")
    assert (page.status_code, page["Content-Type"][:9]) == (404, "text/html")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"


def test_audit_entries_are_numbered_and_chained_per_program(program):
    first, second = _record(program), _record(program, after={"days": 30})
    above = _record(None, action="user.signed_in")
    assert [first.sequence, second.sequence, above.sequence] == [1, 2, 1]
    assert second.previous_hash == first.hash
    assert list(broken_audit_links(program)) == list(broken_audit_links(None)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditentry SET reason = 'other'",
        "DELETE FROM accounts_auditentry",
        "TRUNCATE accounts_auditentry CASCADE",
        "UPDATE accounts_audithead SET sequence = 9",
        "DELETE FROM accounts_audithead",
    ],
)
def test_the_database_refuses_to_rewrite_the_trail(program, statement):
    _record(program)
    with connection.cursor() as cursor, as_owner(cursor):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match=r"append-only|only moves on"), transaction.atomic():
            cursor.execute(statement)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE accounts_auditentry SET reason = 'other' WHERE sequence = 2", "entry 2 was altered"),
        ("DELETE FROM accounts_auditentry WHERE sequence = 2", "entry 2 is missing"),
        ("DELETE FROM accounts_auditentry WHERE sequence = 3", "ends at entry 2"),
    ],
)
def test_a_trail_rewritten_by_force_is_noticed(program, statement, found):
    for _ in range(3):
        _record(program)
    with connection.cursor() as cursor, as_owner(cursor):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")  # a superuser switches the triggers off
        cursor.execute(statement)
    assert any(found in problem for problem in broken_audit_links(program))


def test_a_float_never_enters_the_trail(program):
    with pytest.raises(TypeError, match="as strings"):
        _record(program, after={"rate": 0.1})
    assert not AuditEntry.objects.exists()


def test_the_check_command_is_clean():
    call_command("check")
