"""How long does the settlement of ten million conversions take, from Parquet to Parquet, and how much memory?

Run: python -m bench.settlement [CONVERSIONS] [--skip-cold]. The facts (splits, tiers, caps, refunds, overrides, three
versions of terms; `_settlement_world.py`) are written once and kept in the temporary folder. The large run is the
command `goodword settle` itself, in a process of its own, with its start and its imports. Beside it, on a small world
of the same kind: the naive evaluator of the tests and the rules as ordinary Python, both with the same lines.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench._ground import RESULTS
from bench._settlement_world import PROGRAM, write_world
from goodword.domain.settlement import FactSet, line_to_json, read_facts, read_program, settle
from goodword.server.fact_files import plain_rows

KEPT = Path(tempfile.gettempdir()) / "goodword-bench-settlement"
SAMPLE, BY_HAND = 1_000, 300
ROUNDS = {1: 200, 1_000: 30}
TARGETS = {
    "seconds": 45.0,
    "peak GiB": 6.0,
    "times the oracle": 100.0,
    "batch of 1, ms": 5.0,
    "batch of 1,000, ms": 20.0,
}
"""At 10 million conversions on two cores that do nothing else; only the ratio is a minimum."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("conversions", nargs="?", type=int, default=10_000_000)
    parser.add_argument("--skip-cold", action="store_true", help="do not compile the rules anew, which takes a minute")
    parser.add_argument("--write-only", action="store_true", help="only write the facts")
    given = parser.parse_args(arguments)
    facts = world_of(given.conversions)
    if not given.write_only:
        found = measured(facts, given.conversions, cold=not given.skip_cold)
        keep(found)


def world_of(count: int) -> Path:
    """The folder of facts, written unless it is there and whole."""
    folder = KEPT / str(count)
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        began = time.perf_counter()
        write_world(folder / "facts", count)
        (folder / "whole").touch()
        print(f"{count:,} conversions written in {time.perf_counter() - began:.0f} s")
    return folder


def measured(folder: Path, count: int, *, cold: bool) -> dict[str, float]:
    """All figures, told as they come."""
    found = told(bulk(folder, count))
    per_row = found["seconds"] / count
    found |= told(ratios(per_row))
    found |= told(batches())
    if cold:
        found |= told(cold_start())
    return found


def told(figures: dict[str, float]) -> dict[str, float]:
    """Print figures, with their targets."""
    for name, value in figures.items():
        target = f"   (target {TARGETS[name]:g})" if name in TARGETS else ""
        print(f"{name:<28} {value:>14,.{0 if abs(value) >= 1000 else 2}f}{target}", flush=True)
    return figures


def keep(found: dict[str, float]) -> None:
    """Keep the figures as other benches do."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"bench": "settlement", "cores": os.cpu_count(), "results": found}, indent=1)
    (RESULTS / "bench-settlement.json").write_text(text + "\n", encoding="utf-8")


def bulk(folder: Path, count: int) -> dict[str, float]:
    """The command on the whole folder."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    command = [
        sys.executable, "-m", "goodword.server.cli", "settle", "--program", str(folder / "facts.program.json"),
        "--facts", str(folder / "facts"), "--out", f"{out}/",
    ]  # fmt: skip
    began = time.perf_counter()
    process = subprocess.Popen(command, start_new_session=True)
    peak = peak_of(process)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"the command ended with {process.returncode}")
    rows = sum(pq.ParquetFile(path).metadata.num_rows for path in (folder / "facts").glob("*.parquet"))
    lines = pq.ParquetFile(out / "lines.parquet").metadata.num_rows
    size = sum(path.stat().st_size for path in out.iterdir()) / 2**30
    return {
        "conversions": count,
        "rows read": rows,
        "lines": lines,
        "seconds": seconds,
        "processor seconds": processor_seconds(),
        "conversions/s": count / seconds,
        "peak GiB": peak / 2**30,
        "GiB written": size,
    }


def peak_of(process: "subprocess.Popen[bytes]") -> int:
    """Wait for a process; the most memory that it and all in its group held at once, looked at five times a second."""
    most = 0
    while process.poll() is None:
        most = max(most, sum(map(resident, members(process.pid))))
        time.sleep(0.2)
    return most


def members(group: int) -> list[int]:
    """The processes of a group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getpgid(int(entry.name)) == group:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def resident(process: int) -> int:
    """The memory of a process, in bytes."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def processor_seconds() -> float:
    """Processor time of the processes waited for so far."""
    times = os.times()
    return times.children_user + times.children_system


def ratios(per_row: float) -> dict[str, float]:
    """The oracle and the uncompiled rules on a small world, per conversion, against the large run."""
    from tests.oracle import evaluator

    objects = small_world(SAMPLE)
    program = read_program(PROGRAM)
    facts = read_facts(program, objects)
    evaluate: Any = evaluator.evaluate
    expected, seconds = timed(lambda: evaluate(PROGRAM, objects, None))
    lines = [line_to_json(line) for line in settle(program, facts).lines]
    assert [line["amount"] for line in lines] == [text["amount"] for text in expected.texts], "the oracle disagrees"
    few = read_facts(program, small_world(BY_HAND))
    by_hand, slow = timed(lambda: settle(program, few, compiled=False).lines)
    assert same(by_hand, settle(program, few).lines), "compiled rules say something else"
    return {
        "oracle, us each": seconds / SAMPLE * 1e6,
        "times the oracle": seconds / SAMPLE / per_row,
        "times the uncompiled rules": slow / BY_HAND / per_row,
    }


def same(some: list[Any], others: list[Any]) -> bool:
    """Whether lines are the same, steps included."""
    return list(map(line_to_json, some)) == list(map(line_to_json, others))


def small_world(count: int) -> list[dict[str, Any]]:
    """A small world of the same kind, as objects."""
    with tempfile.TemporaryDirectory() as folder:
        write_world(Path(folder) / "facts", count)
        return [
            {"fact": path.stem, **row}
            for path in sorted((Path(folder) / "facts").glob("*.parquet"))
            for row in plain_rows(path)
        ]


def batches() -> dict[str, float]:
    """Settle one conversion and a thousand, in this process and warm: from records to lines as rows."""
    program = read_program(PROGRAM)
    found = {}
    for count, rounds in ROUNDS.items():
        facts = read_facts(program, batch_of(count))
        settling = partial(batch, program, facts)
        times = sorted(timed(settling)[1] * 1000 for _ in range(rounds + 3))
        found[f"batch of {count:,}, ms"] = statistics.median(times)
        found[f"batch of {count:,}, slowest 1%"] = times[-max(1, rounds // 100)]
    return found


def batch_of(count: int) -> list[dict[str, Any]]:
    """So many sales, with the people, touches and refunds that belong to them."""
    world = small_world(max(100, 2 * count))
    sales = [fact for fact in world if fact["fact"] == "sale"][:count]
    whose, which = {sale["customer"] for sale in sales}, {sale["id"] for sale in sales}
    return sales + [
        fact
        for fact in world
        if fact["fact"] in ("partner", "agreement")
        or (fact["fact"] == "touch" and fact["customer"] in whose)
        or (fact["fact"] == "customer" and fact["id"] in whose)
        or (fact["fact"] == "refund" and fact["sale"] in which)
    ]


def batch(program: Any, facts: FactSet) -> int:
    """One settlement, its lines as objects."""
    return len(settle(program, facts).lines)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def cold_start() -> dict[str, float]:
    """The first settlement after an installation, and that of a process that finds the rules compiled."""
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree("goodword/domain", Path(home) / "goodword/domain", ignore=shutil.ignore_patterns("__pycache__"))
        (Path(home) / "goodword/__init__.py").touch()
        environment = {**os.environ, "PYTHONPATH": home, "XDG_CACHE_HOME": f"{home}/cache"}
        command = [sys.executable, "-m", "goodword.domain.settlement.warm"]
        run = lambda: subprocess.run(command, check=True, cwd=home, env=environment)  # noqa: E731
        return {
            "first settlement ever, s": timed(run)[1],
            "first of a process, s": timed(run)[1],
        }


if __name__ == "__main__":
    main()
