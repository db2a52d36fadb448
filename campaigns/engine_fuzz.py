"""Tries to make the engine fail on bad input: bent programs and facts as objects, as files with broken text, and as
folders of Parquet through `goodword settle`.

`./run.sh campaign engine_fuzz [--minutes N] [--seed N]` prints what was tried and what came of it. It ends with 1 at a
traceback, at bad input without a list of problems, at output that should not be, and where a round takes long or holds
on to memory.
"""

import argparse
import contextlib
import io
import json
import random
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, seed, settings

from goodword.server.settle_command import BAD_INPUT, DONE, settle_files
from tests.domain.fuzzing import bent, broken_texts, what_comes_of
from tests.domain.worlds import percent, program, referred, sale, terms

ROUND = 25
SECONDS_MAX = 20
MEGABYTES_MAX = 1_500


def on_objects(given_: Any, told: Counter[str]) -> None:
    """Objects read and settled in process."""
    told["objects with problems" if what_comes_of(*given_) else "objects settled"] += 1


def on_files(given_: Any, told: Counter[str]) -> None:
    """The command on a program and a .jsonl file of broken bytes."""
    with tempfile.TemporaryDirectory(prefix="engine-fuzz-") as name:
        folder = Path(name)
        (folder / "program.json").write_bytes(given_[0])
        (folder / "facts.jsonl").write_bytes(given_[1])
        told[f"files: {_command(folder, folder / 'facts.jsonl')}"] += 1


def on_parquet(given_: Any, told: Counter[str]) -> None:
    """The command on a folder of Parquet files, as far as Arrow can write such facts down at all."""
    document, facts = given_
    with tempfile.TemporaryDirectory(prefix="engine-fuzz-") as name:
        folder = Path(name)
        (folder / "facts").mkdir()
        (folder / "program.json").write_bytes(json.dumps(document, default=str).encode("utf-8", "surrogatepass"))
        by_kind = defaultdict(list)
        for fact in facts:
            kind = fact.get("fact") if isinstance(fact, dict) else None
            by_kind[kind if isinstance(kind, str) and kind.isalpha() and len(kind) < 20 else "sale"].append(fact)
        for kind, rows in by_kind.items():
            try:
                pq.write_table(pa.Table.from_pylist(rows), folder / "facts" / f"{kind}.parquet")
            except Exception:  # noqa: BLE001 - whatever Arrow cannot write is not our input
                told["left out: no Parquet can hold them"] += 1
        told[f"Parquet: {_command(folder, folder / 'facts')}"] += 1


def _command(folder: Path, facts: Path) -> str:
    out, heard = folder / "lines.jsonl", io.StringIO()
    with contextlib.redirect_stderr(heard), contextlib.redirect_stdout(heard):
        code = settle_files(str(folder / "program.json"), [str(facts)], out=str(out), progress=False)
    said = heard.getvalue()
    assert "Traceback" not in said, said[-3000:]
    assert code in (DONE, BAD_INPUT), f"exit code {code}: {said[-2000:]}"
    assert out.exists() == (code == DONE), f"exit code {code}, but lines: {out.exists()}"
    assert code == DONE or said.strip(), "bad input, but not a word"
    return "settled" if code == DONE else "problems listed"


def warm() -> None:
    """Compile what is compiled, by one good world on each way, so that the time of an input is its own."""
    document, facts = program(terms(percent("10%"))), [*referred(), sale("s", "1.00")]
    told: Counter[str] = Counter()
    on_objects((document, facts), told)
    on_files((json.dumps(document).encode(), "\n".join(map(json.dumps, facts)).encode()), told)
    on_parquet((document, facts), told)
    assert sum(told[f"{way} settled"] for way in ("objects", "files:", "Parquet:")) == len(WAYS), told


WAYS = [(on_objects, bent()), (on_files, broken_texts()), (on_parquet, bent())]


def rounds(first: int, minutes: float, told: Counter[str]) -> str:
    """Rounds until the time is over; what went wrong, or nothing."""
    until, number, times = time.monotonic() + 60 * minutes, first, [0.0]
    while time.monotonic() < until:
        for way, inputs in WAYS:
            every = _made(way, inputs, number, told, times)
            try:
                every()
            except Exception as fault:  # noqa: BLE001 - any exception is what we look for
                return f"FAULT with --seed {number} in {way.__name__}: {fault!r}"
        number += 1
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{sum(told.values())} tried, slowest {max(times):.1f} s, peak {megabytes} MB", flush=True)
        if max(times) > SECONDS_MAX or megabytes > MEGABYTES_MAX:
            return f"more than {SECONDS_MAX} s for one input, or more than {MEGABYTES_MAX} MB"
    return ""


def _made(way: Any, inputs: Any, number: int, told: Counter[str], times: list[float]) -> Any:
    """A round of one way: its inputs made up from a seed; `times` learns how long each took."""

    @seed(number)
    @settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(inputs)
    def every(given_: Any) -> None:
        began = time.process_time()
        way(given_, told)
        times[0] = max(times[0], time.process_time() - began)

    return every


def main() -> int:
    """Rounds, then how often what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--minutes", type=float, default=2)
    wishes = parser.parse_args()
    print(f"seed {wishes.seed}")
    told: Counter[str] = Counter()
    warm()
    fault = rounds(wishes.seed, wishes.minutes, told)
    print(*(f"{count:>8}  {what}" for what, count in sorted(told.items())), sep="\n")
    print(fault or "no traceback, every refusal with its problems")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
