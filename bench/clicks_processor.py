"""How fast stored clicks are counted, beside how fast plain COPY stores the same rows in the same minute.

    python bench/clicks_processor.py [--rounds 5] [--clicks 100000] [--links 1000] [--known 20000]

Makes a database of its own (or uses DATABASE_URL), and prints for each round the rows per second of both and the ratio.
Some visitors are customers', some click twice. One connection for both sides, one after the other. On a machine that
does other things as well, the rows per second of the database process's own time tell more than those of the clock.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


def main() -> None:
    """Raises AssertionError when a click is counted twice or not at all."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--clicks", type=int, default=100_000, help="in each round")
    given.add_argument("--links", type=int, default=1_000)
    given.add_argument("--known", type=int, default=20_000, help="visitors who are customers'")
    given.add_argument("--commit", type=int, default=100, help="clicks in one commit of the storing side")
    options = given.parse_args()
    with _database():
        _run(options)


@contextmanager
def _database() -> Iterator[None]:
    from goodword.server import database, migrate

    if os.environ.get("DATABASE_URL"):
        database.set_up_django()
        migrate.migrate(verbosity=0)
        yield
        return
    with tempfile.TemporaryDirectory(prefix="goodword-clicks-") as folder, database.provided(Path(folder)):
        database.set_up_django()
        migrate.migrate(verbosity=0)
        yield


def _run(options: argparse.Namespace) -> None:
    from goodword.referrals.counting import count_clicks

    links = _links(options.links)
    known = [f"known-{number}" for number in range(options.known)]
    _customers(links[0][0], known)
    while count_clicks().more:
        pass
    ratios, rates, own = [], [], []
    for number in range(options.rounds):
        rows = _rows(options.clicks, links, known, seed=number)
        stored, _ = _timed(lambda rows=rows: _copy(rows, options.commit))
        runs = []
        counted, busy = _timed(lambda runs=runs: _count_all(runs))
        assert sum(run.clicks for run in runs) == options.clicks, "a click was counted twice or not at all"
        rates.append(options.clicks / counted)
        ratios.append(stored / counted)
        own.append(options.clicks / busy)
        touches = sum(run.touches for run in runs)
        print(
            f"stored {options.clicks / stored:>9,.0f}/s   counted {rates[-1]:>9,.0f}/s   ratio {ratios[-1]:.2f}   "
            f"per second of the database process {own[-1]:>9,.0f}   {len(runs)} runs, {touches} touches"
        )
    print(
        f"median {statistics.median(rates):,.0f} clicks/s counted, {statistics.median(ratios):.2f} of what is stored; "
        f"{statistics.median(own):,.0f} per second of the database process"
    )


def _links(count: int) -> list[tuple]:
    from tests import cast

    program = cast.program(name="Bench", slug=f"bench-{time.time_ns()}")
    partners = [cast.partner(program, name=f"Partner {number}") for number in range(50)]
    return [(program.pk, partners[n % 50].pk, cast.link(partners[n % 50]).pk) for n in range(count)]


def _customers(program: Any, visitors: list[str]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO referrals_knownbrowser SELECT %s, unnest(%s::text[]), false", [program, visitors])


def _rows(count: int, links: list[tuple], known: list[str], *, seed: int) -> list[tuple]:
    from goodword.domain.ids import uuid7

    now = datetime.now(UTC)
    rng = random.Random(f"{seed} {now}")
    rows, visitor = [], ""
    for number in range(count):
        kind = rng.random()
        if kind < 0.02:
            visitor = rng.choice(known)
        elif kind > 0.05 or not visitor:  # else the same visitor again
            visitor = f"{rng.getrandbits(128):032x}"
        place = rng.randrange(50 if rng.random() < 0.5 else len(links))  # half of all clicks are of a few links
        host = f"site-{place}.example" if rng.random() < 0.9 else f"site-{rng.randrange(50)}.example"
        why = "bot" if rng.random() < 0.1 else ""
        sub = f"sub-{rng.randrange(20)}" if rng.random() < 0.3 else ""
        at = now + timedelta(microseconds=number * 50)
        rows.append((uuid7(), at, *links[place], visitor, why, rng.random() < 0.1, sub, host))
    return rows


def _copy(rows: list[tuple], commit: int) -> None:
    from django.db import connection, transaction

    names = "id, at, program_id, partner_id, link_id, visitor, not_attributable, via_qr, sub_id, referrer_host"
    for start in range(0, len(rows), commit):
        into = f"COPY referrals_click ({names}) FROM STDIN"
        with transaction.atomic(), connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows[start : start + commit]:
                copy.write_row(row)


def _count_all(runs: list) -> None:
    from goodword.referrals.counting import count_clicks

    while True:
        runs.append(count_clicks(clicks_max=10_000))
        if not runs[-1].more:
            return


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock, and of the database process behind our connection."""
    begun, busy = time.perf_counter(), _busy()
    work()
    return time.perf_counter() - begun, _busy() - busy


def _busy() -> float:
    import psutil
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        times = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
