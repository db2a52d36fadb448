"""The test database: one template, migrated once for each set of migrations, and a copy for each test process."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, connections
from django.db.backends.signals import connection_created
from django.db.migrations.loader import MigrationLoader
from django.test import TransactionTestCase

from goodword.server import rights
from goodword.server.embedded import LIMITED_ROLE, ROLE, SUPERUSER, Cluster, Lease
from goodword.server.settings import database_settings

# Any number that no other user of the cluster takes.
TEMPLATE_LOCK = 5_150_662
NAME_LENGTH_MAX = 63


@contextmanager
def provided(root: Path, worker: str) -> Iterator[None]:
    """Point Django at a fresh database of this test process for as long as the tests run."""
    with ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            lease = stack.enter_context(Cluster(root / ".test-data", durable=False).lease())
            _let_tests_tamper(lease)
            settings.DATABASES["default"].update(database_settings(lease.url))
            connection.settings_dict.update(settings.DATABASES["default"])
        base = _test_name(settings.DATABASES["default"])
        name = base if worker == "master" else f"{base}_{worker}"
        template = _ensure_template(base)
        _work_as_the_application()
        _copy(template, name)
        settings.DATABASES["default"]["NAME"] = name
        stack.callback(_drop, name)
        stack.enter_context(_copied_anew_after_transactional_tests(template, name))
        yield


def _let_tests_tamper(lease: Lease) -> None:
    """Tests that damage the books on purpose switch the triggers off, as a superuser could."""
    with psycopg.connect(lease.cluster.url(role=SUPERUSER, database="postgres"), autocommit=True) as connection:
        try:
            connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {ROLE}")
        except psycopg.errors.InternalError:  # another test process did the same at this moment
            return


def _work_as_the_application() -> None:
    """Every test meets the rights that the product has when it serves; `as_owner` is the way out."""
    role = f"-c role={LIMITED_ROLE}"
    settings.DATABASES["default"]["OPTIONS"] = {"options": role}
    connection.settings_dict["OPTIONS"] = {"options": role}


@contextmanager
def as_owner(cursor: Any) -> Iterator[None]:
    """For tests that damage on purpose what the application may not touch."""
    cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        with suppress(DatabaseError):  # a transaction that failed takes the role back by itself
            cursor.execute("RESET ROLE")


@contextmanager
def _server() -> Iterator[Any]:
    """A cursor for making and dropping databases, as their owner."""
    with rights.as_owner(), connection._nodb_cursor() as cursor:
        yield cursor


def url() -> str:
    """The address of this process's test database."""
    from urllib.parse import quote

    found: dict[str, Any] = connection.settings_dict
    user, password = quote(found["USER"], safe=""), quote(found["PASSWORD"] or "", safe="")
    person = f"{user}:{password}@" if password else f"{user}@"
    port = f"&port={found['PORT']}" if found["PORT"] else ""
    return f"postgresql://{person}/{quote(found['NAME'])}?host={quote(found['HOST'], safe='/')}{port}"


@contextmanager
def _copied_anew_after_transactional_tests(template: str, name: str) -> Iterator[None]:
    """Emptying table by table would meet the rules that keep the books append-only; a fresh copy meets none."""
    original = TransactionTestCase._fixture_teardown
    opened: WeakSet[Any] = WeakSet()

    def remember(connection: Any, **_: Any) -> None:
        opened.add(connection)

    def teardown(self: TransactionTestCase) -> None:
        # Beside a browser's event loop Django keeps other connections than without one: close both kinds.
        for one in list(opened):
            with suppress(DatabaseError):  # one of a server thread, which notices by itself
                one.close()
        _copy(template, name)

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]
    connection_created.connect(remember)
    try:
        yield
    finally:
        connection_created.disconnect(remember)
        TransactionTestCase._fixture_teardown = original  # type: ignore[method-assign]


def _test_name(database: dict[str, Any]) -> str:
    name = database["NAME"]
    return name if name.startswith("test_") else f"test_{name}"


def _ensure_template(base: str) -> str:
    """The migrated template for the migrations as they are now; older ones of the same base are dropped."""
    prefix = f"{base}_template_"
    template = f"{prefix}{_fingerprint()}"[:NAME_LENGTH_MAX]
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        existing = {row[0] for row in cursor.fetchall()}
        if template not in existing:
            for outdated in existing:
                cursor.execute(f'DROP DATABASE IF EXISTS "{outdated}" WITH (FORCE)')
            _migrate(cursor, template)
    return template


def _migrate(cursor: Any, template: str) -> None:
    """Migrate under another name, then rename: a template is whole or not there."""
    making = f"making_{template}"[:NAME_LENGTH_MAX]
    cursor.execute(f'DROP DATABASE IF EXISTS "{making}" WITH (FORCE)')
    cursor.execute(f'CREATE DATABASE "{making}"')
    connection.close()
    connection.settings_dict["NAME"] = making
    call_command("migrate", verbosity=0, interactive=False)
    assert rights.give(), "the login of DATABASE_URL may not make the role of the application"
    connection.close()
    cursor.execute(f'ALTER DATABASE "{making}" RENAME TO "{template}"')


def _copy(template: str, name: str) -> None:
    connection.close()
    with _server() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])  # PostgreSQL copies for one at a time
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    connection.settings_dict["NAME"] = name


def _drop(name: str) -> None:
    connections.close_all()
    with _server() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _fingerprint() -> str:
    """The same for the same migrations, of ours and of others."""
    digest = hashlib.sha256()
    loader = MigrationLoader(None)
    for key, migration in sorted(loader.disk_migrations.items()):
        source = Path(__import__(migration.__module__, fromlist=["_"]).__file__).read_bytes()
        digest.update(repr(key).encode() + source)
    digest.update(Path(rights.__file__).read_bytes())
    return digest.hexdigest()[:12]
