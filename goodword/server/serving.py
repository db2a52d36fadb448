"""`goodword serve`: database, migrations, web and worker as one tree of processes."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from goodword.server.database import Provided, provided
from goodword.server.errors import MigrationFailed
from goodword.server.process_tree import Part, ProcessTree, part_command
from goodword.server.web import check_port, default_processes, meeting_place, web_parts
from goodword.server.worker import FINISH_SECONDS_MAX

DATABASE_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Plan:
    """What to serve, and where."""

    data: Path | None
    host: str
    port: int
    processes: int | None
    threads: int
    concurrency: int
    links: tuple[str, int] | None = None


def serve(plan: Plan, *, say: Callable[[str], None], ready: Callable[[], None] = lambda: None) -> int:
    """Serve until told to stop; the exit code."""
    check_port(plan.host, plan.port)
    if plan.links is not None:
        check_port(*plan.links)
    with provided(plan.data, say=say) as database, meeting_place():
        _migrate(say)
        _announce(database, say)
        ready()
        return ProcessTree(_parts(plan), say=say, tend=_tend(database, say)).run()


def _migrate(say: Callable[[str], None]) -> None:
    """In a process of its own: the parent stays small for as long as it watches."""
    finished = subprocess.run(part_command("migrate"), check=False, capture_output=True, text=True)
    if finished.returncode != 0:
        raise MigrationFailed(f"The migrations failed:\n{finished.stderr.strip()}")
    say(finished.stdout.strip())


def _announce(database: Provided, say: Callable[[str], None]) -> None:
    how = "started" if database.lease and database.lease.started else "already running, adopted"
    say(f"Database: {f'embedded in {database.folder}, {how}' if database.lease else 'the server of DATABASE_URL'}")
    say(f"Goodword is at {os.environ['GOODWORD_BASE_URL']} (Ctrl-C stops it)")


def _parts(plan: Plan) -> list[Part]:
    """In the order in which they stop."""
    processes = plan.processes or default_processes()
    return [
        *web_parts(plan.host, plan.port, processes=processes, threads=plan.threads, links=plan.links),
        Part("worker", part_command("worker", "--concurrency", str(plan.concurrency)), FINISH_SECONDS_MAX + 10),
    ]


def _tend(database: Provided, say: Callable[[str], None]) -> Callable[[], None]:
    """Bring an embedded database that was killed up again."""
    looked_at = 0.0

    def look() -> None:
        nonlocal looked_at
        if database.lease is None or time.monotonic() - looked_at < DATABASE_LOOK_SECONDS:
            return
        looked_at = time.monotonic()
        cluster = database.lease.cluster
        if cluster.postmaster() is None:
            say("The database ended; starting it again.")
            with cluster.alone():
                cluster.ensure_running()

    return look
