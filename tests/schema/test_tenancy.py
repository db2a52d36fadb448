"""Each table has its tenant, and no foreign key crosses tenants: read from the catalogue, not from the models."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from tests import cast

pytestmark = pytest.mark.django_db

ABOVE_PROGRAMS = {
    "accounts_user",
    "accounts_user_groups",
    "accounts_user_user_permissions",
    "accounts_organization",
    "accounts_program",
    "accounts_cache",
    "referrals_clickcursor",  # up to where clicks are counted: one row
    "referrals_clicksalt",  # one salt a month for all
    "ingest_change",  # which links to read anew, for every front
    "ingest_spool",  # how far files of clicks are in the database
    "api_bucket",  # how often a key calls: a counter of seconds, found by the key
    "ledger_unproved",  # transactions of the running commit, still to be balanced: empty outside of it
}
TIED_BY_TRIGGER = {  # proved set by set: tests/ledger/test_rules.py and test_ties.py of commissions and referrals
    "ledger_transaction",
    "ledger_entry",
    "commissions_line",
    "commissions_outcome",
    "commissions_known",
    "referrals_conversion",
    "referrals_unsettledfact",
    "referrals_click",  # storing a click checks nothing; `goodword verify` proves them: tests/referrals/test_clicks.py
}
NO_PROGRAM_ALLOWED = {  # rows of a company or of the whole server may stand beside those of a program
    "accounts_membership",
    "accounts_auditentry",
    "accounts_audithead",
    "mail_mail",
    "mail_outboxcursor",
}
ADVICE = "end the migration with goodword.accounts.tenancy.TieToProgram()"


def _rows(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _our_tables():
    ours = tuple(f"{app.label}_" for app in apps.get_app_configs() if app.name.startswith("goodword."))
    names = [row[0] for row in _rows("""
        SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
           AND NOT relispartition
    """)]  # fmt: skip
    return {name for name in names if name.startswith(ours)}


def test_every_table_has_its_program():
    columns = "SELECT table_name, is_nullable FROM information_schema.columns WHERE column_name = 'program_id'"
    found = dict(_rows(columns + " AND table_schema = current_schema()"))
    without = _our_tables() - found.keys() - ABOVE_PROGRAMS
    assert not without, f"{without} have no program_id"
    loose = {table for table in _our_tables() if found.get(table) == "YES"} - NO_PROGRAM_ALLOWED
    assert not loose, f"{loose} may have rows without a program"


def test_every_program_id_is_a_key_of_a_program():
    """Directly, or together with another column through a table of the same program."""
    keyed = _rows("""
        SELECT c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
        WHERE k.contype = 'f' AND a.attname = 'program_id'
    """)
    assert _our_tables() - ABOVE_PROGRAMS - TIED_BY_TRIGGER - {row[0] for row in keyed} == set()


def test_no_foreign_key_crosses_programs():
    loose = _rows("""
        SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace
          AND k.confrelid <> 'accounts_program'::regclass
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'program_id')
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attname = 'program_id')
          AND NOT EXISTS (SELECT FROM unnest(k.conkey, k.confkey) AS pair (child, parent)
                          JOIN pg_attribute x ON x.attrelid = k.conrelid AND x.attnum = pair.child
                          JOIN pg_attribute y ON y.attrelid = k.confrelid AND y.attnum = pair.parent
                          WHERE x.attname = 'program_id' AND y.attname = 'program_id')
    """)
    assert loose == [], ADVICE


def _now_check(make):
    with transaction.atomic(), connection.cursor() as cursor:
        make()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_refuses_to_move_a_link_into_another_program():
    link, elsewhere = cast.link(cast.partner(cast.program())), cast.program()
    with pytest.raises(IntegrityError, match="in_program"):
        _now_check(lambda: type(link).unscoped.update(program=elsewhere))


def test_the_database_refuses_a_role_given_by_another_company():
    here, evil = cast.program(), cast.organization("Evil")
    with pytest.raises(IntegrityError, match="membership_in_organization"):
        _now_check(lambda: cast.member(here, organization=evil))
