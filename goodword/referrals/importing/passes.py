"""One pass over a file: rows into items, items through a door, in batches, with what was found added up.

A dry run and an import are the same pass; only the import writes. Memory stays at one batch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

from django.db import connection

from goodword.domain.errors import Problem
from goodword.referrals.importing.items import Item, read_items
from goodword.referrals.importing.kinds import Kind
from goodword.referrals.importing.layout import Layout, check
from goodword.referrals.importing.report import Report
from goodword.referrals.importing.table import read_header, read_rows
from goodword.referrals.importing.verdicts import Door, Good
from goodword.referrals.models import Import

BATCH: Final = 2_000
Progress = Callable[[int, int], None]
"""Told after each batch: rows read so far, bytes read so far."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass works on. `imported_in` None: a dry run."""

    kind: Kind
    layout: Layout
    door: Door
    imported_in: Import | None = None
    progress: Progress = lambda _rows, _bytes: None


def run_pass(work: Pass, file: BinaryIO) -> Report:
    """Read the whole file and say what it holds; with an import, write its good rows.

    Runs inside the caller's transaction. Raises a FileRefused child when the file as a whole cannot be read.
    """
    header = read_header(file, work.layout.delimiter)
    check(work.kind, work.layout, header)
    report, seen = Report(), _Seen()
    items = read_items(work.kind, work.layout, header, read_rows(file, work.layout.delimiter, header))
    for batch in _batches(items):
        _take(work, batch, report, seen)
        work.progress(report.rows, file.tell())
    return report


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _take(work: Pass, batch: list[Item], report: Report, seen: "_Seen") -> None:
    readable = [item for item in batch if not item.problems]
    verdict = work.door.check([item.found for item in readable])
    first, clashing = seen.sort(verdict.good)
    problems = {readable[place].line: list(found) for place, found in verdict.problems.items()}
    problems |= {readable[one.place].line: [_other_content(work.kind, one)] for one in clashing}
    problems |= {item.line: item.problems for item in batch if item.problems}
    report.rows += len(batch)
    report.bad += len(problems)
    report.conflicts += sum(any(one.code in _CONFLICTS for one in found) for found in problems.values())
    report.add_problems(_numbered(problems))
    fresh = [one for one in first if one.key not in verdict.known]
    changed = sum(one.key in verdict.changed for one in first)
    report.new += len(fresh)
    report.changed += changed
    report.duplicates = report.rows - report.bad - report.new - report.changed
    for one in fresh:
        report.add_example(readable[one.place].found)
        if one.minor is not None:
            report.add_money(one.currency, one.minor)
    if work.imported_in is not None and first:
        work.door.write(first, work.imported_in)


_CONFLICTS: Final = frozenset(("idempotency_mismatch", "duplicate_in_batch", "external_id_taken", "code_too_similar"))


def _numbered(problems: dict[int, list[Problem]]) -> Iterator[Problem]:
    for line in sorted(problems):
        for problem in problems[line]:
            yield Problem(problem.code, problem.message, problem.field, problem.value, problem.remedy, line=line)


def _other_content(kind: Kind, one: Good) -> Problem:
    return Problem(
        "duplicate_in_batch",
        f"another row of this file has the id {one.key!r} with other content",
        kind.columns[0].name,
        one.key[:40],
        "keep one row per id",
    )


class _Seen:
    """The ids that this file has had, in a temporary table: a file of any size, the same memory."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "create temporary table if not exists import_seen (key text primary key, hash text not null)"
            )
            cursor.execute("truncate import_seen")

    def sort(self, rows: Sequence[Good]) -> tuple[list[Good], list[Good]]:
        """The rows whose id comes for the first time, and those whose id came before with other content."""
        if not rows:
            return [], []
        keys, hashes = [one.key for one in rows], [one.content_hash for one in rows]
        with connection.cursor() as cursor:
            cursor.execute(_REMEMBER, [keys, hashes])
            fresh = {row[0] for row in cursor.fetchall()}
            cursor.execute("select key, hash from import_seen where key = any(%s)", [keys])
            hash_of = dict(cursor.fetchall())
        first, clashing = [], []
        for one in rows:
            if one.key in fresh:
                fresh.remove(one.key)
                first.append(one)
            elif hash_of[one.key] != one.content_hash:
                clashing.append(one)
        return first, clashing


_REMEMBER: Final = """
insert into import_seen select * from unnest(%s::text[], %s::text[]) on conflict do nothing returning key
"""
