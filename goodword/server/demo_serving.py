"""`goodword demo` around the loading: an empty database when asked for, the load in its own process, then serving."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from goodword.server.database import Provided, provided, set_up_django
from goodword.server.demo.people import tell_where_to_look
from goodword.server.errors import OperatorError
from goodword.server.process_tree import part_command
from goodword.server.serving import Plan, serve

LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
Say = Callable[[str], None]


class PublicPasswords(OperatorError):
    """The demo's passwords stand in the documentation."""


class NotEmptied(OperatorError):
    """The database is not ours alone to empty."""


def load_demo(data: Path | None, *, fresh: bool, customers: int | None, say: Say, tell: Say) -> None:
    """Bring the database up to date, load the demo into it, and tell the figures."""
    with provided(data, say=say) as database:
        if fresh:
            empty(database)
        set_up_django()
        from goodword.server import migrate
        from goodword.server.demo.command import run

        migrate.migrate(verbosity=0)
        run(say=tell, customers=customers)


def serve_demo(plan: Plan, *, fresh: bool, customers: int | None, say: Say) -> int:
    """Load the demo and serve it; the exit code. A listening address that others reach is refused."""
    if plan.host not in LOOPBACK:
        raise PublicPasswords(
            f"The demo's passwords are public, so it listens on this machine only, not at {plan.host}. "
            "Use `goodword serve` for others."
        )
    if fresh:
        with provided(plan.data, say=say) as database:
            empty(database)
    words = ["--customers", str(customers)] if customers else []
    words += ["--data", str(plan.data)] if plan.data else []

    def load() -> None:
        """In a process of its own: the parent stays small for as long as it watches."""
        say("First the demo's data; the pages answer when it is there.")
        finished = subprocess.run(part_command("demo", "--load-only", *words), check=False)
        if finished.returncode:
            raise OperatorError("The demo could not be loaded; what is above says why.")
        tell_where_to_look(os.environ["GOODWORD_BASE_URL"], say)

    return serve(plan, say=say, ready=load)


def empty(database: Provided) -> None:
    """Drop the embedded database and make it anew. Refused where anything but demos is in it."""
    if database.lease is None:
        raise NotEmptied("--fresh empties only the embedded database. Empty the one of DATABASE_URL yourself.")
    with psycopg.connect(database.url) as connection:
        if _real_programs(connection):
            raise NotEmptied("There are programs in the database that are no demo; --fresh would delete them.")
        name, owner = connection.info.dbname, connection.info.user
    with psycopg.connect(database.lease.cluster.url(database="postgres"), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))


def _real_programs(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    there = connection.execute("SELECT to_regclass('accounts_program') IS NOT NULL").fetchone()
    if not there or not there[0]:
        return False
    found = connection.execute("SELECT EXISTS (SELECT FROM accounts_program WHERE NOT is_demo)").fetchone()
    return bool(found and found[0])
