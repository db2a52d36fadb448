"""How long the embedded database takes to be made, started, adopted, recovered after a kill, and stopped."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

from bench._ground import seconds, tell
from goodword.server.embedded import Cluster


def life(folder: Path) -> dict[str, float]:
    cluster = Cluster(folder)
    took = {}
    leases = []
    took["made"] = seconds(lambda: leases.append(cluster.lease()))
    took["stopped"] = seconds(leases.pop().close)
    took["started"] = seconds(lambda: leases.append(cluster.lease()))
    took["adopted"] = seconds(lambda: leases.append(cluster.lease()))
    running = cluster.postmaster()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    took["recovered"] = seconds(lambda: leases.append(cluster.lease()))
    for lease in leases:
        lease.close()
    return took


def main(rounds: int = 3) -> None:
    results: dict[str, list[float]] = {}
    for _ in range(rounds):
        folder = Path(tempfile.mkdtemp(prefix="goodword-bench-"))
        for name, took in life(folder / "data").items():
            results.setdefault(name, []).append(took)
        shutil.rmtree(folder)
    tell("database", results, unit="s")


if __name__ == "__main__":
    main()
