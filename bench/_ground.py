"""What every bench stands on: a durable database of its own and one way to tell results. Measures nothing itself."""

import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

RESULTS = Path("test-results")


@contextmanager
def product() -> Iterator[None]:
    """Django on a fresh, migrated and durable database (flushing on, as in production), gone at the end."""
    from goodword.server import database

    os.environ.pop("DATABASE_URL", None)
    folder = Path(tempfile.mkdtemp(prefix="goodword-bench-"))
    try:
        with database.provided(folder):
            database.set_up_django()
            from goodword.server import migrate

            migrate.migrate(verbosity=0)
            yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def interleaved(ways: dict[str, Callable[[], float]], *, rounds: int = 5) -> dict[str, list[float]]:
    """Run the ways in turn, round after round: other work on the machine then meets them alike."""
    results: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            results[name].append(way())
    return results


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def tell(name: str, results: dict[str, list[float]], *, unit: str, against: str | None = None) -> None:
    """Print median and spread of each way, its ratio to `against`, and keep all of it in test-results/."""
    reference = statistics.median(results[against]) if against else 0.0
    kept = {}
    for way, values in results.items():
        median = statistics.median(values)
        ratio = f", {median / reference:.2f} x {against}" if against and way != against else ""
        print(f"{name}: {way}: {median:,.3g} {unit} ({min(values):,.3g} to {max(values):,.3g}){ratio}")
        kept[way] = {"median": median, "values": values}
    RESULTS.mkdir(exist_ok=True)
    about = {
        "bench": name,
        "unit": unit,
        "against": against,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    text = json.dumps({**about, "results": kept}, indent=1)
    (RESULTS / f"bench-{name}.json").write_text(text + "\n", encoding="utf-8")
