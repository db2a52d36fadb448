"""Kill the settlement worker at every database statement, and again while it recovers: do the books stay whole?

    ./run.sh campaign crash_sweep            a fresh program for each N, killed at N and at one M of the recovery
    ./run.sh campaign crash_sweep --all      the same for every pair of N and M (hours)
    ./run.sh campaign crash_sweep --small    one program, killed at 1, 2, 3 ..., each run recovering from the last
    ./run.sh campaign crash_sweep --clicks   the counting of clicks, killed at 1, 2, 3 ...
    ./run.sh campaign crash_sweep --worker   the command `goodword worker`, with its queue, killed at N and again at M

Makes a database of its own, unless DATABASE_URL names one: that one is used and small programs stay behind in it.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def main() -> None:
    """Raises AssertionError, which says where the worker was killed, when the books are not whole."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--small", action="store_true", help="one program, killed again and again")
    given.add_argument("--all", action="store_true", help="every pair of a kill and a kill of its recovery")
    given.add_argument("--worker", action="store_true", help="kill the worker process itself, not only its settlement")
    given.add_argument("--clicks", action="store_true", help="kill the counting of clicks")
    given.add_argument("--minutes", type=float, default=30.0, help="with --worker: begin no further program after that")
    given.add_argument("--seed", default="", help="taken for the sake of all campaigns; this one tries every number")
    options = given.parse_args()
    with _database():
        if options.clicks:
            from campaigns import _killed_counting

            print(json.dumps(_killed_counting.sweep()))
            return
        from campaigns import _crash_worker as worker

        if options.worker:
            from campaigns import _killed_worker

            print(json.dumps(_killed_worker.sweep(options.minutes).told()))
            return
        reference, total = worker.untouched()
        if options.small:
            kills = worker.ladder(reference, total)
        else:
            kills = worker.sweep(reference, total, every_pair=options.all)
    print(json.dumps({"statements": total, "kills": kills}))


@contextmanager
def _database() -> Iterator[None]:
    from goodword.server import database, migrate

    if os.environ.get("DATABASE_URL"):
        database.set_up_django()
        yield
        return
    with tempfile.TemporaryDirectory(prefix="goodword-crash-") as folder, database.provided(Path(folder)):
        database.set_up_django()
        migrate.migrate(verbosity=0)
        yield


if __name__ == "__main__":
    main()
