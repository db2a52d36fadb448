"""Tries to break the settlement on Spark: a worker is killed while it settles; lines must be as one machine has them.

`./run.sh campaign spark [ROWS] [--seed N]`: starts a master and two workers here, settles so many conversions
(a million), kills one worker with its executor when the first part is done, and compares every column of all lines and
outcomes. Needs goodword[spark] and Java. It ends with 1 at a difference.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from bench._settlement_world import write_world
from goodword.server.cli import app

GROUPS = 64
STARTS_WITHIN = 120


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, help="as other campaigns; one round is made, however long it takes")
    given = parser.parse_args(arguments)
    print(f"seed {given.seed}, {given.rows:,} conversions in {GROUPS} groups")
    with tempfile.TemporaryDirectory(prefix="goodword-spark-") as folder:
        return trial(Path(folder), given.rows, given.seed)


def trial(home: Path, rows: int, seed: int) -> int:
    """Settle here and on the cluster, and compare."""
    program = write_world(home / "facts", rows, seed=seed, groups=GROUPS)
    command = ["settle", "--program", str(program), "--facts", str(home / "facts"), "--out"]
    seconds = timed([*command, f"{home}/here/"])
    print(f"on one machine: {seconds:.1f} s", flush=True)
    (home / "work").mkdir()
    with cluster(home) as (master, workers):
        killing = Killing(workers[0], home / "work")
        killing.start()
        spark = ["--engine", "spark", "--master", master, "--work", str(home / "work")]
        seconds = timed([*command, f"{home}/there/", *spark])
        killing.join()
    print(f"on two workers, one of them killed after {killing.done} of {killing.parts} parts: {seconds:.1f} s")
    if not killing.done or killing.done == killing.parts:
        print("FAULT: no worker was killed while it settled; nothing was tried")
        return 1
    return compared(home)


def timed(words: list[str]) -> float:
    began = time.perf_counter()
    code = app(words, standalone_mode=False)
    if code:
        raise SystemExit(f"goodword {' '.join(words)} ended with {code}")
    return time.perf_counter() - began


def compared(home: Path) -> int:
    """Every column of every line and outcome, in their order."""
    faults = 0
    for name in ("lines.parquet", "outcomes.parquet"):
        here, there = (pq.read_table(home / where / name) for where in ("here", "there"))
        odd = [column for column in here.column_names if here.column(column) != there.column(column)]
        faults += bool(odd) or not here.schema.equals(there.schema)
        print(f"{name}: {len(here):,} rows here, {len(there):,} there, columns that differ: {', '.join(odd) or 'none'}")
    return 1 if faults else 0


@contextmanager
def cluster(home: Path) -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """A master and two workers with a core each, in processes of their own."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        log = home / "master.log"
        started.append(spark_class(log, "master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"))
        master = said(log, r"(spark://127\.0\.0\.1:\d+)")
        for number in (1, 2):
            log = home / f"worker-{number}.log"
            folder = ("--work-dir", str(home / f"worker-{number}"), "--host", "127.0.0.1", "--webui-port", "0")
            started.append(spark_class(log, "worker.Worker", "--cores", "1", "--memory", "1g", *folder, master))
            said(log, r"(Successfully registered with master)")
        yield master, started[1:]
    finally:
        for process in started:
            stop(process)


def spark_class(log: Path, name: str, *words: str) -> "subprocess.Popen[bytes]":
    from pyspark.find_spark_home import _find_spark_home

    command = [f"{_find_spark_home()}/bin/spark-class", f"org.apache.spark.deploy.{name}", *words]
    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(Path.cwd())}
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, process_group=0)


def said(log: Path, pattern: str) -> str:
    """What a process writes about itself when it is up."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        found = re.search(pattern, log.read_text(errors="replace"))
        if found:
            return found[1]
        time.sleep(0.2)
    raise SystemExit(f"Spark did not start:\n{log.read_text(errors='replace')[-2000:]}")


class Killing(threading.Thread):
    """Kills a worker and its executor when the first part is settled."""

    def __init__(self, worker: "subprocess.Popen[bytes]", work: Path) -> None:
        super().__init__(daemon=True)
        self._worker, self._work = worker, work
        self.done = self.parts = 0

    def run(self) -> None:
        until = time.monotonic() + 600
        while time.monotonic() < until:
            done = len(list(self._work.glob("*/part-*/outcomes.parquet")))
            if done:
                self.parts = len(list(self._work.glob("*/part-*")))
                stop(self._worker)
                self.done = done
                return
            time.sleep(0.02)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all of its group at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


if __name__ == "__main__":
    sys.exit(main())
