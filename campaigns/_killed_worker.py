"""The command `goodword worker` itself killed at its N-th statement, started again and killed again, and then let be.

The child is the real command, in a process that has loaded everything already: it finds the job in the queue, does it
and ends it. What it sends for its own sake (heartbeats, the schedule, taking jobs) counts as well, so the N-th is not
the same statement in each run; every number is tried. The clock is helped: a dead worker's heartbeat is made old.
"""

import mmap
import os
import signal
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import psycopg
from django.db import connection, connections
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns._crash_worker import books, counted, prepared
from goodword.accounts.models import Program
from goodword.commissions.models import SettlementRun
from goodword.commissions.services import enqueue_settlement
from goodword.commissions.verify import verify

PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.03
ASYNC = {psycopg.AsyncCursor: ("execute", "executemany"), psycopg.AsyncConnection: ("commit", "rollback")}


@dataclass(slots=True)
class Story:
    """What was done to workers so far."""

    statements: int = 0
    programs: int = 0
    killed: Counter[str] = field(default_factory=Counter)

    def told(self) -> dict[str, Any]:
        return {"statements": self.statements, "programs": self.programs, "killed": dict(self.killed)}


def sweep(minutes: float) -> Story:
    """A fresh program for each N, its worker killed there and the next one at M; as many as the minutes allow."""
    reference, total = untouched()
    story, ends = Story(total), time.monotonic() + minutes * 60
    for number in range(1, total + 1):
        if time.monotonic() > ends:
            break
        program, second = _waiting_program(), number * 7 % total + 1
        for at in (number, second):
            story.killed[_killed_at(program, at)] += 1
        _let_be(program)
        story.killed["idle, after all was done"] += 1
        story.programs += 1
        _compare(
            program, reference, f"worker killed at {number} of {total}, the next one at {(number * 7) % total + 1}"
        )
    return story


def untouched() -> tuple[Any, int]:
    """The books that an undisturbed worker leaves, and how many statements it has sent when its job is over."""
    program = _waiting_program()
    with _Worker(0) as worker:
        _wait(lambda: _is_done(program), worker, "an undisturbed worker did not settle")
        total = worker.sent()
    return _books(program), total


def _waiting_program() -> Program:
    program = prepared()
    enqueue_settlement(program)
    return program


def _killed_at(program: Program, at: int) -> str:
    """Start a worker that dies at its `at`-th statement; what it was doing then."""
    before = _books(program)
    with _Worker(at) as worker:
        _wait(worker.is_gone, worker, f"the worker never sent {at} statements")
    state = "its job done" if _is_done(program) else "its job running" if _has(program, "doing") else "its job waiting"
    found = _books(program)
    assert found == before or SettlementRun.unscoped.filter(program=program).count() == 2, "half of it stayed"
    _age_heartbeats()
    return f"{state}, {'nothing booked' if found == before else 'all booked'}"


def _let_be(program: Program) -> None:
    with _Worker(0) as worker:
        _wait(lambda: _is_done(program), worker, "the program stayed unsettled after its workers were killed")


class _Worker:
    """`goodword worker` in a child; at the end of the `with` it is killed, whatever it does."""

    def __init__(self, at: int) -> None:
        self._shared = mmap.mmap(-1, 8)
        connections.close_all()
        self._pid = os.fork()
        if self._pid == 0:
            self._run(at)
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.is_gone():
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        _age_heartbeats()

    def sent(self) -> int:
        """How many statements it has sent."""
        return int(struct.unpack("q", self._shared[:8])[0])

    def is_gone(self) -> bool:
        """Whether it was killed. That it ended by itself is a fault."""
        if not self._ended:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._ended = bool(pid)
            assert not pid or os.WIFSIGNALED(status), f"the worker ended by itself with {os.WEXITSTATUS(status)}"
        return self._ended

    def _run(self, at: int) -> None:
        from goodword.server.cli import app

        def at_statement(number: int) -> None:
            self._shared[:8] = struct.pack("q", number)
            if number == at:
                os.kill(os.getpid(), signal.SIGKILL)

        # A path back into the parent's code must not exist, whatever happens here.
        with suppress(BaseException):
            counted(at_statement, also=ASYNC)
            app(["worker"], standalone_mode=False)
        print("the worker failed", file=sys.stderr, flush=True)
        os._exit(1)


def _wait(look: Callable[[], bool], worker: _Worker, otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < deadline, otherwise
        worker.is_gone()
        time.sleep(LOOK_SECONDS)


def _is_done(program: Program) -> bool:
    settled = SettlementRun.unscoped.filter(program=program).count() == 2
    return settled and not _has(program, "todo", "doing")


def _has(program: Program, *states: str) -> bool:
    return ProcrastinateJob.objects.filter(queueing_lock=f"settle {program.pk}", status__in=states).exists()


def _age_heartbeats() -> None:
    """As if half a minute had passed: workers that are gone look it, and the schedule's last look is long ago."""
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_workers set last_heartbeat = last_heartbeat - interval '1 hour'")
        cursor.execute("delete from procrastinate_periodic_defers")


def _books(program: Program) -> dict[str, Any]:
    """The books without the moments of the runs: the worker goes by the clock."""
    found = books(program)
    return found | {"runs": [transactions for _, transactions in found["runs"]]}


def _compare(program: Program, reference: Any, story: str) -> None:
    found = _books(program)
    for part in reference:
        assert found[part] == reference[part], f"{story}: {part} differ\n{found[part]}\n{reference[part]}"
    broken = [result for result in verify(program, now=datetime.now(UTC)) if not result.holds]
    assert not broken, f"{story}: {broken}"
