"""The one lock under which a program is settled and paid: whoever holds it sees books that nobody is changing."""

from django.db import connection

from goodword.accounts.models import Program

_SPACE = 0x5E771E


def lock_settlement(program: Program) -> None:
    """Wait for the program's settle key and keep it until this database transaction ends."""
    assert connection.in_atomic_block, "the settle key is kept by a transaction"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_SPACE, str(program.pk)])
