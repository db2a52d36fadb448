"""Put one fault after another into a copy of the engine: tries to find one that neither the oracle's worlds nor the
tables of cases notice.

`./run.sh campaign engine_mutations [WORDS]` runs the scripted list (`_engine_mutants.py`), or what holds one of the
words in its name. `--chance N` adds N faults at places drawn by `--seed`: a flipped comparison, another sum, a constant
off by one (some of these change nothing that a line shows; read them before you blame the oracle).
Prints per fault what caught it, or SURVIVED; ends with 1 when one survived, was not tried, or the list is too short. A
fault whose text is no longer in the engine ends it at once. The rules run uncompiled, but for faults that only compiled
rules can have.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from campaigns._engine_mutants import COMPILED, MUTANTS, MUTANTS_MIN, TABLES, WORLDS, Mutant

ROOT = Path(__file__).resolve().parent.parent
ENGINE = Path("goodword/domain/settlement")
# Reading, writing and wording are tried by their own tests; worlds are good input.
NOT_DRAWN = ("read_", "write_", "explain", "check_", "result", "records", "strict_json", "fields", "fact_objects")
# Cases with their expected figures; the first four by the document alone, the others also from files in columns.
CASES = [
    "domain/test_field_cases.py", "domain/test_edges.py", "domain/test_limits_and_more.py", "domain/test_told_steps.py",
    "domain/test_words.py", "domain/test_prepare.py", "server/test_settle_paths.py", "server/test_fact_columns.py",
]  # fmt: skip
# Holds compiled words against uncompiled ones: it has nothing to compare in an uncompiled copy.
OF_BOTH = "told_alike"
COMPILES = "compiled: bool = True"
# Modules whose rules are compiled into those of others even where lines are settled uncompiled.
CALLED = ("writing.py", "bytes_in_place.py", "layout.py", "tables.py", "texts.py", "cells.py", "exact.py", "dates.py")
# What was loaded by the first world stays: looking through it for rubbish takes longer than many worlds.
TRIAL = """
import gc, json, sys
from tests.oracle.comparing import compare
from tests.oracle.coverage import REQUIRED
from tests.oracle.worlds import any_world
until, how = sys.argv[1:]
for place, seed in enumerate(json.load(sys.stdin)):
    expected, found = compare(*any_world(seed), compiled=how == "compiled")
    if place == 0:
        gc.freeze()
    if until == "all":
        print(json.dumps([seed, sorted(REQUIRED & expected.book.seen.keys()), found[:1]]), flush=True)
    elif found:
        sys.exit(f"{seed} {found[0]}")
"""


def by_features(met: Mapping[int, set[str]]) -> list[int]:
    """The same worlds, first few that together meet every feature, then few of the others that do so, and so on: a
    fault then meets soon what it spoils, and a survivor still meets them all.
    """
    left, order = dict(met), list[int]()
    while left:
        wanted = set().union(*left.values())
        if not wanted:
            return order + list(left)
        while wanted:
            best = max(left, key=lambda seed: len(left[seed] & wanted))
            wanted -= left.pop(best)
            order.append(best)
    return order


@dataclass(frozen=True)
class Fault:
    """What is wrong with one copy: a file of the engine and its whole new text."""

    what: str
    file: str
    text: str
    by: str = WORLDS


def scripted(mutant: Mutant) -> Fault:
    """The fault of the list; its text must be found exactly once, or the list is stale."""
    source = (ROOT / ENGINE / mutant.file).read_text(encoding="utf-8")
    times = source.count(mutant.old)
    if times != 1:
        sys.exit(f"{mutant.what}: its text stands {times} times in {mutant.file}, not once; bring the list up to date")
    return Fault(mutant.what, mutant.file, source.replace(mutant.old, mutant.new), mutant.by)


# faults by chance

COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
SUMS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult}
WORDS = {ast.And: ast.Or, ast.Or: ast.And}


def drawn(count: int, seed: int) -> list[Fault]:
    """Faults at places of the engine that chance picks."""
    places = [
        (path, number)
        for path in sorted((ROOT / ENGINE).rglob("*.py"))
        if not path.name.startswith(NOT_DRAWN)
        for number in range(len(list(_sites(ast.parse(path.read_text(encoding="utf-8"))))))
    ]
    chosen = random.Random(seed).sample(places, min(count, len(places)))
    return [_fault_at(path, number) for path, number in chosen]


def _sites(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        flips = (
            (isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS)
            or (isinstance(node, ast.BinOp) and type(node.op) in SUMS)
            or isinstance(node, ast.BoolOp)
            or (isinstance(node, ast.Constant) and type(node.value) is int)
        )
        if flips:
            yield node


def _fault_at(path: Path, number: int) -> Fault:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    node = list(_sites(tree))[number]
    before = _kind(node)
    if isinstance(node, ast.Compare):
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp):
        node.op = SUMS[type(node.op)]()
    elif isinstance(node, ast.BoolOp):
        node.op = WORDS[type(node.op)]()
    elif isinstance(node, ast.Constant):
        node.value += 1  # type: ignore[operator]
    where = path.relative_to(ROOT / ENGINE)
    what = f"{where}:{getattr(node, 'lineno', 0)}: {before} -> {_kind(node)}"
    return Fault(what, str(where), ast.unparse(tree))


def _kind(node: ast.AST) -> str:
    if isinstance(node, ast.Compare):
        return type(node.ops[0]).__name__
    if isinstance(node, ast.BinOp | ast.BoolOp):
        return type(node.op).__name__
    return str(getattr(node, "value", ""))


# trying them


def copied(folder: Path) -> None:
    """The package, the oracle and the cases as they are now, without what was compiled from the sound engine."""
    leave = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "*.nbc", "*.nbi")
    for name in ("goodword", "tests", "bench"):
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    shutil.copy(ROOT / "pyproject.toml", folder / "pyproject.toml")


def uncompiled(text: str) -> str:
    """The same module, but who settles runs the rules as ordinary Python: nothing to compile per fault."""
    return text.replace(COMPILES, COMPILES.replace("True", "False"))


class Bench:
    """One copy in which faults are put one after the other, each taken out again before the next comes.

    It keeps what was compiled by the sound engine where no fault can be in it: Numba itself looks at the file that a
    function stands in, not at those whose functions it calls (`CALLED`).
    """

    def __init__(self, sound: Path, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(sound, folder)
        for path in (folder / ENGINE).rglob("*.py"):
            if COMPILES in (text := path.read_text(encoding="utf-8")):
                path.write_text(uncompiled(text), encoding="utf-8")
        with (folder / ENGINE / "rules/kept.py").open("a", encoding="utf-8") as kept:
            kept.write('\n\ndef rules_hash() -> str:\n    return os.environ["RULES_NAME"]\n')

    @contextmanager
    def with_fault(self, fault: Fault) -> Iterator[str]:
        """The copy with a fault in it; gives the name under which its rules are kept."""
        path = self.folder / ENGINE / fault.file
        sound, times = path.read_bytes(), path.stat()
        path.write_text(uncompiled(fault.text), encoding="utf-8")
        name = "faulty" if path.name in CALLED else "sound"
        try:
            yield name
        finally:
            path.write_bytes(sound)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            shutil.rmtree(self.folder / ENGINE / "rules/__pycache__/rules-faulty", ignore_errors=True)


@dataclass
class Trials:
    """Runs worlds and cases on copies of a sound copy, so that nobody's work in the meantime changes what is tried."""

    sound: Path
    wishes: argparse.Namespace
    benches: "Queue[Bench]"
    seeds: Sequence[int] = ()
    seconds_max: float = 3_600

    def without_fault(self) -> None:
        """What differs anyway says nothing about a fault and is left out; the cases hold."""
        began, bench = time.monotonic(), self.benches.get()
        self.seeds = range(self.wishes.seed, self.wishes.seed + self.wishes.worlds)
        done = self._worlds(bench.folder, "all", WORLDS)
        if done.returncode:
            sys.exit(f"the sound copy does not run:\n{done.stderr}")
        told = list(map(json.loads, done.stdout.splitlines()))
        self.seeds = by_features({seed: set(features) for seed, features, differ in told if not differ})
        if (cases := self._cases(bench.folder)).returncode:
            sys.exit(f"the cases do not hold in the sound copy:\n{cases.stdout[-3000:]}")
        self.benches.put(bench)
        self.seconds_max = 60 + 10 * (time.monotonic() - began)

    def catch(self, fault: Fault) -> bool:
        """Try one fault and say what came of it."""
        began = time.monotonic()
        done, by = self._compiled(fault) if fault.by == COMPILED else self._uncompiled(fault)
        verdict = f"caught by {by}" if done.returncode else "SURVIVED"
        seconds = time.monotonic() - began
        print(f"{verdict:<25} {fault.what}  [{_said(done)[:110]}] {seconds:.0f} s", flush=True)
        return bool(done.returncode)

    def _compiled(self, fault: Fault) -> "tuple[subprocess.CompletedProcess[str], str]":
        with tempfile.TemporaryDirectory(prefix="engine-mutation-") as name:
            folder = Path(name) / "copy"
            shutil.copytree(self.sound, folder)
            (folder / ENGINE / fault.file).write_text(fault.text, encoding="utf-8")
            return self._worlds(folder, "stop", COMPILED), COMPILED

    def _uncompiled(self, fault: Fault) -> "tuple[subprocess.CompletedProcess[str], str]":
        bench = self.benches.get()
        try:
            with bench.with_fault(fault) as name:
                if fault.by == WORLDS and (done := self._worlds(bench.folder, "stop", WORLDS, name)).returncode:
                    return done, WORLDS
                return self._cases(bench.folder, name), TABLES
        finally:
            self.benches.put(bench)

    def _worlds(self, folder: Path, until: str, by: str, kept: str = "sound") -> "subprocess.CompletedProcess[str]":
        how = "compiled" if by == COMPILED else "plain"
        return self._run(folder, ["-c", TRIAL, until, how], kept, json.dumps(list(self.seeds)))

    def _cases(self, folder: Path, kept: str = "sound") -> "subprocess.CompletedProcess[str]":
        files = [f"tests/{name}" for name in CASES]
        quiet = ["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-k", f"not {OF_BOTH}"]
        return self._run(folder, ["-m", "pytest", *quiet, *files], kept)

    def _run(self, folder: Path, words: list[str], kept: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        # What is compiled with less than 1 is not kept from one fault to the next.
        env = os.environ | {"PYTHONPATH": str(folder), "NUMBA_OPT": "1", "RULES_NAME": kept}
        command = [sys.executable, "-B", *words]
        try:
            return subprocess.run(
                command,
                cwd=folder,
                env=env,
                input=given,
                capture_output=True,
                text=True,
                timeout=self.seconds_max,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, stdout="it never ends", stderr="")


def _said(done: "subprocess.CompletedProcess[str]") -> str:
    """What a trial has to say in short: a difference, a failed test, or an error."""
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or [""]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return (failed or [lines[0] if done.stdout.strip() else lines[-1]])[0]


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only the faults whose name holds one of these")
    parser.add_argument("--seed", type=int, default=500_000, help="the first world, and where chance begins")
    parser.add_argument("--worlds", type=int, default=2_000, help="how many worlds a fault may survive")
    parser.add_argument("--minutes", type=float, default=60, help="begin no fault after this long")
    parser.add_argument("--chance", type=int, default=0, help="how many faults to draw beside the list")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    """The sound copy first, then every fault; 1 when one survived or the list is too short."""
    wishes, began = _wishes(), time.monotonic()
    faults = [*map(scripted, MUTANTS), *drawn(wishes.chance, wishes.seed)]
    faults = [one for one in faults if not wishes.words or any(word in one.what for word in wishes.words)]
    with tempfile.TemporaryDirectory(prefix="engine-sound-") as name, ThreadPoolExecutor(wishes.processes) as pool:
        sound, benches = Path(name) / "sound", Queue[Bench]()
        copied(sound)
        for place in range(wishes.processes):
            benches.put(Bench(sound, Path(name) / f"bench-{place}"))
        trials = Trials(sound, wishes, benches)
        trials.without_fault()
        differ = wishes.worlds - len(trials.seeds)
        print(f"{len(faults)} faults, {wishes.worlds} worlds each from {wishes.seed}; {differ} differ without a fault")

        def tried(fault: Fault) -> bool | None:
            return trials.catch(fault) if time.monotonic() - began < 60 * wishes.minutes else None

        results = [one for one in pool.map(tried, faults) if one is not None]
    left = len(faults) - len(results)
    print(f"{sum(results)} of {len(faults)} faults caught, {len(results) - sum(results)} survived, {left} not tried")
    if len(MUTANTS) < MUTANTS_MIN:
        print(f"the list holds {len(MUTANTS)} faults; at least {MUTANTS_MIN} are wanted")
    return 0 if results and all(results) and not left and len(MUTANTS) >= MUTANTS_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
