"""Migrations by one process at a time, however many start at once. Holds no migration of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from goodword.server import rights

# Any number that no other lock of this database takes.
MIGRATION_LOCK = 4_076_231
# A migration that waits for a lock makes everybody behind it wait as well: better to stop and say so.
LOCK_TIMEOUT = "15s"


def unapplied() -> list[str]:
    """The migrations that the code knows and the database does not."""
    loader = MigrationLoader(connection)
    return sorted(f"{app}.{name}" for app, name in set(loader.graph.nodes) - set(loader.applied_migrations))


def unknown() -> list[str]:
    """The migrations that the database has and the code does not: the database belongs to a newer release."""
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations) | {
        key for migration in loader.disk_migrations.values() for key in migration.replaces
    }
    installed = {app for app, _ in loader.disk_migrations}
    return sorted(f"{app}.{name}" for app, name in set(loader.applied_migrations) - known if app in installed)


def migrate(*, verbosity: int = 1) -> list[str]:
    """Bring the database to the code's level, as its owner, and say which migrations ran."""
    with rights.as_owner(), _only_one():
        waiting = unapplied()
        if waiting:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = %s", [LOCK_TIMEOUT])
            call_command("migrate", verbosity=verbosity, interactive=False)
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
        rights.give()
    rights.put_on()
    return waiting


@contextmanager
def _only_one() -> Iterator[None]:
    """A lock on a connection of its own: it ends with this process, even when that is killed."""
    with connection.copy().cursor() as cursor:
        try:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
            yield
        finally:
            cursor.connection.close()
