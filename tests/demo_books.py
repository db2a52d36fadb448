"""The demo's books against its own exported files: what the test of a slice and the campaign over all of it look at."""

import json
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

from django.db import connection

from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.commissions.models import SettlementRun
from goodword.commissions.projection import lines_digest
from goodword.commissions.services import rebuild_lines, settle_program
from goodword.commissions.verify import verify
from goodword.domain.ids import public_id
from goodword.domain.money import to_minor
from goodword.ledger.models import Entry
from goodword.referrals.export import export_facts

Sums = Counter[tuple[str, str]]

_OWED = """
    select account.owner, entry.currency, sum(entry.credit_minor - entry.debit_minor)
    from ledger_entry entry join ledger_account account on account.id = entry.account_id
    where entry.program_id = %s and account.owner is not null
    group by account.owner, entry.currency
"""


def booked(program: Program) -> Sums:
    """What the ledger says each partner earned, by currency: all its accounts together, paid or not."""
    with connection.cursor() as cursor:
        cursor.execute(_OWED, [program.pk])
        return Counter({(public_id("partner", owner), code): int(minor) for owner, code, minor in cursor.fetchall()})


def settled_from_files(program: Program, folder: Path) -> Sums:
    """What `goodword settle`, in a process without a database, makes of the exported files, by partner and currency."""
    export_facts(program, folder)
    run = SettlementRun.unscoped.filter(program=program).latest("as_of")
    out = folder / "lines.jsonl"
    command = [sys.executable, "-m", "goodword.server.cli", "settle", "--program", str(folder / "program.json")]
    command += [word for path in sorted((folder / "facts").iterdir()) for word in ("--facts", str(path))]
    command += ["--as-of", run.as_of.isoformat(), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    sums: Sums = Counter()
    for text in out.read_text(encoding="utf-8").splitlines():
        line = json.loads(text, parse_float=Decimal)
        if "line" in line:
            sums[line["partner"], line["currency"]] += to_minor(line["amount"], line["currency"])
    return sums


def difference(one: Sums, other: Sums) -> dict[tuple[str, str], int]:
    """Partner and currency -> by how much the two differ; empty: they agree."""
    found = {key: one[key] - other[key] for key in one.keys() | other.keys()}
    return {key: minor for key, minor in found.items() if minor}


def violations(program: Program) -> list[str]:
    """The invariants that do not hold, each with its first offender."""
    run = SettlementRun.unscoped.filter(program=program).latest("as_of")
    return [f"{one.id} {one.sentence}: {one.offenders[0]}" for one in verify(program, now=run.as_of) if not one.holds]


def posted_by_another_settlement(program: Program) -> int:
    """How many ledger entries a second settlement of everything adds; there should be none."""
    with active_program(program):
        before = Entry.objects.count()
        run = SettlementRun.objects.latest("as_of")
        settle_program(program, now=run.as_of, everything=True)
        return Entry.objects.count() - before


def lines_before_and_after_rebuilding(program: Program) -> tuple[str, str]:
    """The digest of all lines as they stand, and after they were deleted and made anew."""
    with active_program(program):
        before = lines_digest(program)
        run = SettlementRun.objects.latest("as_of")
        return before, rebuild_lines(program, now=run.as_of)
