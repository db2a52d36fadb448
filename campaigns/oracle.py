"""Engine and naive evaluator on many seeded worlds: tries to break the engine's lines, outcomes, notices and steps.

`./run.sh campaign oracle [COUNT] [SEED]`, also `--seed`, `--minutes`, `--processes`, `--all` (the whole coverage).
It ends with 1 at a difference, or when a feature of the contract was met too seldom.
"""

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle.comparing import compare
from tests.oracle.coverage import report
from tests.oracle.shrinking import kind_of, shrunk, written
from tests.oracle.worlds import any_world, world_of

BLOCK = 250
SHOWN = 3
# A feature must be met once in this many worlds, or the count says nothing about it.
WORLDS_PER_HIT = 5_000


@dataclass
class Tally:
    """What came of some worlds."""

    worlds: int = 0
    lines: int = 0
    differ: dict[int, list[str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.worlds += other.worlds
        self.lines += other.lines
        self.differ |= other.differ
        self.seen += other.seen


def warm() -> None:
    """Load all that worlds need, and look through it for rubbish no more: that takes longer than the worlds."""
    compare(*any_world(0))
    gc.freeze()


def block_of(seeds: range) -> Tally:
    """Compare a block of seeds; runs in a process of its own."""
    tally = Tally()
    for seed in seeds:
        expected, found = compare(*any_world(seed))
        tally.worlds += 1
        tally.lines += len(expected.lines)
        tally.seen += expected.book.seen
        if found:
            tally.differ[seed] = found
    return tally


def blocks(first: int, count: int) -> Iterator[range]:
    """The seeds in blocks."""
    for start in range(first, first + count, BLOCK):
        yield range(start, min(start + BLOCK, first + count))


def run(wishes: argparse.Namespace) -> Tally:
    """All blocks over the processes; prints the count as it grows."""
    total, began = Tally(), time.monotonic()
    waiting = list(blocks(wishes.seed, wishes.count))
    with ProcessPoolExecutor(wishes.processes, initializer=warm) as pool:
        while waiting and time.monotonic() - began < 60 * wishes.minutes:
            batch, waiting = waiting[: 4 * wishes.processes], waiting[4 * wishes.processes :]
            for tally in pool.map(block_of, batch):
                total.add(tally)
            rate = total.worlds / (time.monotonic() - began)
            print(f"{total.worlds} worlds, {total.lines} lines, {len(total.differ)} differ, {rate:.0f}/s", flush=True)
    return total


def steered(examples: int, began: float, minutes: float) -> tuple[int, str]:
    """Worlds that hypothesis steers towards what it has not seen; (how many, the smallest difference in words)."""
    tried = 0

    @settings(max_examples=max(1, examples), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def agree(chance: Any) -> None:
        nonlocal tried
        if time.monotonic() - began > 60 * minutes:
            return
        tried += 1
        drawn = world_of(chance)
        _, found = compare(*drawn)
        assert not found, "\n  ".join([written(*drawn), *found])

    try:
        agree()
    except AssertionError as difference:
        return tried, str(difference)
    return tried, ""


def show(total: Tally) -> None:
    """How many of each kind, the first as small as it gets, and a few more in short."""
    kinds = Counter(kind_of(found) for found in total.differ.values())
    print(
        *(f"{count:>6} differ in: {kind}" for kind, count in kinds.most_common()), sep="\n", end="\n" if kinds else ""
    )
    for place, (seed, found) in enumerate(sorted(total.differ.items())[:SHOWN]):
        print(f"seed {seed}:", *found[:6], sep="\n  ")
        if place == 0:
            small = shrunk(*any_world(seed))
            print(f"the same difference, as small as it gets:\n{written(*small)}", *compare(*small)[1], sep="\n  ")


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=200_000)
    parser.add_argument("first", nargs="?", type=int, default=None, help="the first seed; the same as --seed")
    parser.add_argument("--seed", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=240, help="begin no more worlds after this long")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="print how often every feature was met")
    wishes = parser.parse_args()
    wishes.seed = wishes.seed if wishes.first is None else wishes.first
    return wishes


def main() -> int:
    """Run, show differences and coverage; 1 when something is wrong."""
    wishes = _wishes()
    print(f"seeds from {wishes.seed}")
    began = time.monotonic()
    total = run(wishes)
    show(total)
    tried, difference = steered(wishes.count // 100, began, wishes.minutes)
    if difference:
        print(f"hypothesis found a difference:\n{difference}")
    text, lacking = report(total.seen, total.worlds // WORLDS_PER_HIT)
    print(text)
    if wishes.all:
        print(*(f"{count:>9}  {name}" for name, count in sorted(total.seen.items())), sep="\n")
    if lacking:
        print("met too seldom:", *lacking, sep="\n  ")
    print(
        f"{total.worlds} worlds by seed and {tried} by hypothesis, {total.lines} lines with all their steps, ", end=""
    )
    print(f"{len(total.differ) + bool(difference)} differences")
    return 1 if total.differ or difference or lacking else 0


if __name__ == "__main__":
    sys.exit(main())
