"""Which rights the application's role has on which table, and the only place that gives them. Decides nothing else.

`goodword migrate` runs as the owner of the tables and ends here; web, worker and commands work as this role. So the
books stay append-only even where a trigger is missing, and nobody who speaks through the application can drop one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from goodword.server.database import app_role, role_to_put_on
from goodword.server.settings import database_settings

START_AS = "-c role="
APPEND = frozenset({"SELECT", "INSERT"})
MOVE = APPEND | {"UPDATE"}
ALL = MOVE | {"DELETE"}
RETRACT = APPEND | {"UPDATE (retracted_at)"}
_CUSTOMER = "name email domain country existing visitors payload_hash recorded_at source retracted_at"
_DECISION = "approval proposed_by_id decided_by_id decided_at"

# A table that is not here may be read, added to and changed, but no row of it may go. Tables of single months have no
# rights of their own: what may be done to clicks is said of the whole.
RIGHTS: dict[str, frozenset[str]] = {
    "django_migrations": frozenset({"SELECT"}),
    "accounts_auditentry": APPEND,
    "ledger_transaction": APPEND,
    "ledger_entry": APPEND,
    "ledger_account": APPEND,  # balances move by the trigger on entries alone
    "ledger_unproved": frozenset(),  # written by triggers, which run as the owner
    "partners_termsversion": APPEND,
    "referrals_click": APPEND | {"UPDATE (repeated)"},
    "referrals_touch": RETRACT,
    "referrals_conversion": RETRACT,
    "referrals_refund": RETRACT,
    "referrals_cancel": RETRACT,
    "referrals_credit": RETRACT,
    "referrals_rate": RETRACT | {f"UPDATE ({column})" for column in _DECISION.split()},
    "referrals_signal": APPEND,
    "referrals_customer": APPEND | {f"UPDATE ({column})" for column in _CUSTOMER.split()},
    # Rows that are no record: queues, projections that can be rebuilt, sessions, counters, files that wait.
    "accounts_cache": ALL,
    "commissions_line": ALL,
    "commissions_outcome": ALL,
    "partners_termsdraft": ALL,
    "commissions_checkpoint": ALL,
    "commissions_known": ALL,
    "commissions_missedcredit": ALL,  # open ones come and go; what was decided stays, and stands in the audit trail
    "referrals_unsettledfact": ALL,
    "referrals_clicksbyhour": ALL,
    "referrals_clicksbyday": ALL,
    "referrals_clicksalt": ALL,
    "referrals_upload": ALL,
    "referrals_uploadchunk": ALL,
    "goodword_site_attempts": ALL,
    # What was told to other systems is forgotten after a while: a log, no record.
    "webhooks_event": ALL,
    "webhooks_delivery": ALL,
    "webhooks_attempt": ALL,
    "webhooks_reading": ALL,
    "webhooks_recordedfacts": ALL,
    "webhooks_secret": ALL,
}
# Tables of the libraries: who signs in how, sessions, jobs.
LIBRARIES = ("account_", "auth_", "mfa_", "procrastinate_", "django_session", "accounts_user_")


def wanted(table: str) -> frozenset[str]:
    """The rights that the application's role should have on this table."""
    return RIGHTS.get(table, ALL if table.startswith(LIBRARIES) else MOVE)


def differing(cursor: Any) -> list[str]:
    """The tables on which the role has other rights than it should."""
    role = app_role()
    return sorted(table for table, held in _held(cursor, role).items() if held != wanted(table))


def give() -> bool:
    """Give the application's role its rights on every table there is; False where this login may not.

    Run by the owner of the tables, after migrations. Changes nothing when all is as it should be.
    """
    role = app_role()
    if not role:
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            _make_role(cursor, role)
        with transaction.atomic(), connection.cursor() as cursor:
            for table in differing(cursor):
                _grant(cursor, role, table, wanted(table))
            _grant_sequences(cursor, role)
    except DatabaseError as error:
        if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            return False
        raise
    return True


@contextmanager
def as_owner() -> Iterator[None]:
    """Let the default connection of Django be that of the tables' owner for as long as it takes."""
    served = dict(connection.settings_dict)
    owner = _of_owner(served)
    if owner == served:
        yield
        return
    connection.close()
    connection.settings_dict.update(owner)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(served)


def put_on() -> None:
    """Let the default connection work as the application's role from now on, where its login may (after migrations)."""
    options = _of_owner(connection.settings_dict)["OPTIONS"]
    if options != connection.settings_dict["OPTIONS"]:
        return
    if "GOODWORD_OWNER_URL" not in os.environ and (role := role_to_put_on(os.environ.get("DATABASE_URL", ""))):
        given = f"{options.get('options', '')} {START_AS}{role}".strip()
        connection.close()
        connection.settings_dict["OPTIONS"] = {**options, "options": given}


def _of_owner(served: dict[str, Any]) -> dict[str, Any]:
    """The connection's settings as the owner of the tables has them, in the same database."""
    if url := os.environ.get("GOODWORD_OWNER_URL"):
        return {**served, **database_settings(url), "NAME": served["NAME"]}
    options = dict(served["OPTIONS"])
    given = options.pop("options", "").replace(f"{START_AS}{app_role()}", "").strip()
    return {**served, "OPTIONS": {**options, "options": given} if given else options}


_HELD = """
SELECT c.relname, held.privilege_type FROM pg_class c
  LEFT JOIN LATERAL (SELECT acl.privilege_type FROM aclexplode(c.relacl) acl WHERE acl.grantee = to_regrole(%(role)s)
      UNION ALL SELECT acl.privilege_type || ' (' || a.attname || ')' FROM pg_attribute a, aclexplode(a.attacl) acl
       WHERE a.attrelid = c.oid AND NOT a.attisdropped AND acl.grantee = to_regrole(%(role)s)) held ON true
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
_SEQUENCES = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'S'
   AND NOT CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(%(role)s, c.oid, 'USAGE') END
"""


def _held(cursor: Any, role: str) -> dict[str, set[str]]:
    cursor.execute(_HELD, {"role": f'"{role}"'})
    held: dict[str, set[str]] = {}
    for table, right in cursor.fetchall():
        held.setdefault(table, set()).update([right] if right else [])
    return held


def _make_role(cursor: Any, role: str) -> None:
    """Make the role where it is missing, and let this login put it on."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    name = sql.Identifier(role)
    if not cursor.fetchone():
        cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
    cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [role])
    if not cursor.fetchone()[0]:
        cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))


def _grant(cursor: Any, role: str, table: str, rights: frozenset[str]) -> None:
    names = {"table": sql.Identifier(table), "role": sql.Identifier(role)}
    cursor.execute(sql.SQL("REVOKE ALL ON {table} FROM {role}").format(**names))
    if rights:
        listed = sql.SQL(", ".join(sorted(rights)))  # words of this module
        cursor.execute(sql.SQL("GRANT {rights} ON {table} TO {role}").format(rights=listed, **names))


def _grant_sequences(cursor: Any, role: str) -> None:
    cursor.execute("SELECT current_schema(), has_schema_privilege(%s, current_schema(), 'USAGE')", [role])
    schema, usable = cursor.fetchone()
    name = sql.Identifier(role)
    if not usable:
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), name))
    cursor.execute(_SEQUENCES, {"role": role})
    for (sequence,) in cursor.fetchall():
        cursor.execute(sql.SQL("GRANT USAGE, SELECT ON SEQUENCE {} TO {}").format(sql.Identifier(sequence), name))
