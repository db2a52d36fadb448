"""The settlement worker killed at its N-th database statement, and what its books must be afterwards.

A child process counts its own statements (all but BEGIN: execute, COPY and each of its chunks, fetches of a server
cursor, COMMIT, ROLLBACK) and sends itself SIGKILL when it is about to send the N-th. A last point stands after the last
COMMIT. No place is marked by hand. Django must be set up before this is imported.
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import psycopg
from django.db import connections

from goodword.accounts.models import AuditEntry, Program
from goodword.commissions.models import Line, Outcome, SettlementRun
from goodword.commissions.services import settle_program
from goodword.commissions.verify import verify
from goodword.ledger.models import Entry, Transaction
from goodword.referrals.models import UnsettledFact
from tests.commissions.world import NOW, World, credit, refund, sale, touch

LATER = NOW + timedelta(days=21)


def ladder(reference: Any, total: int) -> int:
    """Kill one program's worker at 1, 2, 3 ...: every run is the recovery of the one before. All of it or nothing."""
    program = prepared()
    before = books(program)
    for number in range(1, total + 1):
        killed = run_killed(program, number)
        found = books(program)
        assert found in (before, reference), f"killed at {number}: half of it stayed"
        if found == reference:  # the kill came after the commit; later runs have less to do
            assert number >= total - 2, f"committed at {number} of {total}"
        assert killed or found == reference, f"the worker was not killed at statement {number}"
    assert not run_killed(program, 0)
    compare(program, reference, "after all kills")
    return total


def sweep(reference: Any, total: int, *, every_pair: bool) -> int:
    """A fresh program for each N, killed again at M of the recovery."""
    kills = 0
    for number in range(1, total + 1):
        for second in range(1, total + 1) if every_pair else [(number * 7) % total + 1]:
            program = prepared()
            assert run_killed(program, number), f"the worker was not killed at statement {number} of {total}"
            kills += 1 + run_killed(program, second)
            assert not run_killed(program, 0)
            compare(program, reference, f"killed at {number}, recovery at {second}")
    return kills


def prepared() -> Program:
    """A settled program to which everything happens at once: new sales, a refund, a decision, days gone by."""
    world = World()
    world.arrive(touch("alder"), sale("s-1"), sale("s-2", "c-2"), touch("birch", "c-3"), sale("s-3", "c-3"))
    world.settle()
    world.arrive(
        sale("s-4"),
        refund("s-1", minor=4_000),
        touch("alder", "c-2"),
        credit("c-3", [("alder", "100%")]),
        sale("s-5", "c-5"),
    )
    connections.close_all()  # the child must not inherit an open connection
    return world.program


def untouched() -> tuple[Any, int]:
    """The books without any kill, and how many statements the run sends."""
    program = prepared()
    reading, writing = os.pipe()
    if os.fork() == 0:
        count = counted(lambda _: None)
        settle_program(program, now=LATER)
        os.write(writing, str(count() + 1).encode())  # one more point after the last statement
        os._exit(0)
    os.wait()
    total = int(os.read(reading, 20))
    found = books(program)
    assert found["transactions"], "the scenario posts nothing"
    return found, total


def run_killed(program: Program, at: int) -> bool:
    """Settle in a child that kills itself at its `at`-th statement (0: never); whether it died of it."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        # A path back into the parent's code must not exist, whatever happens here.
        try:
            count = counted(lambda number: os.kill(os.getpid(), signal.SIGKILL) if number == at else None)
            settle_program(program, now=LATER)
            if count() + 1 == at:
                os.kill(os.getpid(), signal.SIGKILL)
        except BaseException as error:  # noqa: BLE001
            print(f"the worker failed: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the worker ended with an error"
    return os.WIFSIGNALED(status)


def counted(
    at_statement: Callable[[int], None], *, also: Mapping[type, tuple[str, ...]] = MappingProxyType({})
) -> Callable[[], int]:
    """Call `at_statement` with the running number before everything that is sent to the database."""
    sent, numbers = 0, itertools.count(1)  # a worker sends from several threads

    def wrap(owner: type, name: str) -> None:
        original = getattr(owner, name)

        def before(*given: Any, **named: Any) -> Any:
            nonlocal sent
            sent = next(numbers)
            at_statement(sent)
            return original(*given, **named)

        setattr(owner, name, before)

    for owner, names in {
        psycopg.Cursor: ("execute", "executemany", "copy", "stream"),
        psycopg.ServerCursor: ("execute", "fetchmany"),
        psycopg.Copy: ("write", "finish"),
        psycopg.Connection: ("commit", "rollback"),
        **also,
    }.items():
        for name in names:
            wrap(owner, name)
    return lambda: sent


def compare(program: Program, reference: Any, story: str) -> None:
    found = books(program)
    for part in reference:
        assert found[part] == reference[part], f"{story}: {part} differ\n{found[part]}\n{reference[part]}"
    broken = [result for result in verify(program, now=LATER) if not result.holds]
    assert not broken, f"{story}: {broken}"


def books(program: Program) -> dict[str, Any]:
    """Everything a settlement leaves, with the names that differ between programs taken out."""
    partners = {line.line: f"{line.conversion} {line.rule}" for line in Line.unscoped.filter(program=program)}
    legs: dict[Any, list[Any]] = {}
    for entry in Entry.unscoped.filter(program=program).select_related("account").order_by("id"):
        leg = (entry.account.kind, partners.get(entry.subject, "gone"), entry.debit_minor, entry.credit_minor)
        legs.setdefault(entry.transaction_id, []).append(leg)
    transactions = Transaction.unscoped.filter(program=program).order_by("sequence")
    return {
        "transactions": [(one.sequence, one.kind, one.memo, sorted(legs[one.pk])) for one in transactions],
        "lines": sorted(
            Line.unscoped.filter(program=program).values_list("conversion", "rule", "amount_minor", "matures_at")
        ),
        "outcomes": sorted(Outcome.unscoped.filter(program=program).values_list("conversion", "outcome")),
        "waiting": UnsettledFact.objects.filter(program=program).count(),
        "runs": list(
            SettlementRun.unscoped.filter(program=program).order_by("id").values_list("as_of", "transactions")
        ),
        "letters": sorted(AuditEntry.objects.filter(program=program).values_list("action", "object_label")),
    }
