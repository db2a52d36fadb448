"""Put one fault after another into a copy of the engine: tries to find one that the oracle's worlds do not notice.

`./run.sh campaign engine_mutations [WORDS]` runs the scripted list (`_engine_mutants.py`), or what holds one of the
words in its name. `--chance N` adds N faults at places drawn by `--seed`: a flipped comparison, another sum, a constant
off by one (some of these change nothing that a line shows; read them before you blame the oracle).
Prints caught or SURVIVED per fault; ends with 1 when one survived, or the list is too short.
"""

import argparse
import ast
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from campaigns._engine_mutants import MUTANTS, MUTANTS_MIN, Mutant

ROOT = Path(__file__).resolve().parent.parent
ENGINE = Path("goodword/domain/settlement")
# Reading, writing and wording are tried by their own tests; worlds are good input.
NOT_DRAWN = ("read_", "write_", "explain", "check_", "result", "records", "strict_json", "fields", "fact_objects")
TRIAL = """
import sys
from tests.oracle.comparing import compare
from tests.oracle.worlds import world
first, count, skip, stop = int(sys.argv[1]), int(sys.argv[2]), set(map(int, sys.argv[4:])), sys.argv[3] == "stop"
for seed in range(first, first + count):
    if seed not in skip and (found := compare(*world(seed), compiled=False)[1]):
        print(seed, found[0], flush=True)
        if stop:
            sys.exit(1)
"""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one copy: a file of the engine and its whole new text."""

    what: str
    file: str
    text: str


def scripted(mutant: Mutant) -> Fault:
    """The fault of the list; its text must be found exactly once, or the list is stale."""
    source = (ROOT / ENGINE / mutant.file).read_text(encoding="utf-8")
    times = source.count(mutant.old)
    if times != 1:
        sys.exit(f"{mutant.what}: its text stands {times} times in {mutant.file}, not once; bring the list up to date")
    return Fault(mutant.what, mutant.file, source.replace(mutant.old, mutant.new))


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
    """The package and the oracle as they are now, without what was compiled from the sound engine."""
    leave = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "*.nbc", "*.nbi")
    shutil.copytree(ROOT / "goodword" / "domain", folder / "goodword" / "domain", ignore=leave)
    shutil.copy(ROOT / "goodword" / "__init__.py", folder / "goodword" / "__init__.py")
    shutil.copytree(ROOT / "tests" / "oracle", folder / "tests" / "oracle", ignore=leave)
    (folder / "tests" / "__init__.py").touch()


@dataclass
class Trials:
    """Runs worlds on copies of one sound copy, so that nobody's work in the meantime changes what is tried."""

    sound: Path
    wishes: argparse.Namespace
    skip: tuple[int, ...] = ()
    seconds_max: float = 3_600

    def without_fault(self) -> None:
        """What differs anyway says nothing about a fault and is left out."""
        began = time.monotonic()
        done = self._run(self.sound, "all")
        if done.returncode:
            sys.exit(f"the sound copy does not run:\n{done.stderr}")
        self.skip = tuple(int(line.split()[0]) for line in done.stdout.splitlines())
        self.seconds_max = 60 + 10 * (time.monotonic() - began)

    def catch(self, fault: Fault) -> bool:
        """Try one fault and say what came of it."""
        with tempfile.TemporaryDirectory(prefix="engine-mutation-") as name:
            folder = Path(name) / "copy"
            shutil.copytree(self.sound, folder)
            (folder / ENGINE / fault.file).write_text(fault.text, encoding="utf-8")
            done = self._run(folder, "stop")
        said = done.stdout.strip() or (done.stderr.strip().splitlines() or [""])[-1]
        verdict = "caught  " if done.returncode else "SURVIVED"
        print(f"{verdict} {fault.what}" + (f"  [{said[:110]}]" if said else ""), flush=True)
        return bool(done.returncode)

    def _run(self, folder: Path, until: str) -> subprocess.CompletedProcess[str]:
        words = [str(self.wishes.seed), str(self.wishes.worlds), until, *map(str, self.skip)]
        command = [sys.executable, "-B", "-c", TRIAL, *words]
        env, most = {"PYTHONPATH": str(folder)}, self.seconds_max
        try:
            return subprocess.run(
                command, cwd=folder, env=env, capture_output=True, text=True, timeout=most, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, stdout="it never ends", stderr="")


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
        copied(Path(name))
        trials = Trials(Path(name), wishes)
        trials.without_fault()
        differ = len(trials.skip)
        print(f"{len(faults)} faults, {wishes.worlds} worlds each from {wishes.seed}; {differ} differ without a fault")

        def tried(fault: Fault) -> bool | None:
            return trials.catch(fault) if time.monotonic() - began < 60 * wishes.minutes else None

        results = [one for one in pool.map(tried, faults) if one is not None]
    print(f"{sum(results)}/{len(results)} caught, {len(faults) - len(results)} not tried")
    if len(MUTANTS) < MUTANTS_MIN:
        print(f"the list holds {len(MUTANTS)} faults; at least {MUTANTS_MIN} are wanted")
    return 0 if results and all(results) and len(MUTANTS) >= MUTANTS_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
