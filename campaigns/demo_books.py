"""Tries to find a cent between the demo's ledger and its own files: `./run.sh campaign demo_books [--customers 1500]`.

Loads the demo (all of it unless told otherwise) into an embedded database of its own, then: every invariant; the ledger
against `goodword settle` over the exported facts, per partner and currency; a second settlement; lines deleted and
rebuilt. Prints each result with its time; exit code 1 when one of them is not as it must be. With `--here` all this
happens in the database that DATABASE_URL names, on a server of another version say; a demo that it holds is looked at.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench import _ground


def main() -> int:
    """Load, look, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=None, help="only so many customers")
    parser.add_argument("--seed", default="", help="taken for the sake of all campaigns; the demo has one story")
    parser.add_argument("--minutes", default="", help="taken for the sake of all campaigns; this one runs once")
    parser.add_argument("--here", action="store_true", help="in the database that DATABASE_URL names")
    words = parser.parse_args()
    with _given() if words.here else _ground.product():
        return _examine(words.customers)


@contextmanager
def _given() -> Iterator[None]:
    """Django on the migrated database of DATABASE_URL, which stays as it is afterwards."""
    from goodword.server import database, migrate

    if not os.environ.get("DATABASE_URL"):
        sys.exit("--here needs DATABASE_URL to name the database")
    with tempfile.TemporaryDirectory() as folder, database.provided(Path(folder)):
        database.set_up_django()
        migrate.migrate(verbosity=0)
        yield


def _examine(customers: int | None) -> int:
    from django.db import connection

    from goodword.ledger.models import Entry
    from goodword.server.demo.command import run
    from tests import demo_books

    with connection.cursor() as cursor:
        cursor.execute("show server_version")
        print(f"PostgreSQL {cursor.fetchone()[0]}")
    program = run(say=print, customers=customers, now=datetime.now(UTC))
    faults = [
        _look("invariants that do not hold", lambda: demo_books.violations(program)),
        _look("partners whose ledger differs from their files, in minor units", lambda: _files(program)),
        _look("entries posted by a second settlement", lambda: demo_books.posted_by_another_settlement(program)),
        _look("lines that differ after rebuilding", lambda: _rebuilt(program)),
    ]
    print(f"{Entry.unscoped.filter(program=program).count():,} ledger entries; {sum(faults)} of 4 looks found a fault")
    return 1 if any(faults) else 0


def _look(what: str, find: Callable[[], object]) -> bool:
    began = time.perf_counter()
    found = find()
    print(f"{what}: {found or 'none'} ({time.perf_counter() - began:.1f} s)", flush=True)
    return bool(found)


def _files(program: object) -> object:
    from tests import demo_books

    with tempfile.TemporaryDirectory() as folder:
        files = demo_books.settled_from_files(program, Path(folder))
    books = demo_books.booked(program)
    print(
        f"{len(books)} partners, {sum(books.values()):,} minor units in the books, {sum(files.values()):,} from files"
    )
    return demo_books.difference(books, files)


def _rebuilt(program: object) -> object:
    from tests import demo_books

    before, after = demo_books.lines_before_and_after_rebuilding(program)
    return "" if before == after else f"{before} became {after}"


if __name__ == "__main__":
    sys.exit(main())
