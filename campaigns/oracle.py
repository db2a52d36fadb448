"""Engine and naive evaluator on many seeded worlds: `./run.sh campaign oracle [WORLDS] [FIRST_SEED]`."""

import sys
import time

from tests.oracle.comparing import differences

SHOWN = 5


def main() -> int:
    """Print the count as it grows and every difference (the first few in full); exit code 1 when there is one."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    lines, bad, started = 0, 0, time.perf_counter()
    for done, seed in enumerate(range(first, first + worlds), start=1):
        made, found = differences(seed)
        lines += made
        if found:
            bad += 1
            if bad <= SHOWN:
                print(*found, sep="\n")
        if done % 1000 == 0 or done == worlds:
            rate = done / (time.perf_counter() - started)
            print(f"{done} of {worlds} worlds, {lines} lines, {bad} differ, {rate:.0f} worlds/s", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
