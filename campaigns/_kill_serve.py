"""`goodword serve` for a campaign that kills its parts every few seconds: it never gives up on one."""

import os
import sys
from pathlib import Path

from goodword.server import process_tree, serving


def main() -> None:
    """Serve the data folder and port that the command line names."""
    process_tree.QUICK_DEATHS_MAX = 10**9
    process_tree.PAUSE_SECONDS_MAX = 0.2
    serving.DATABASE_LOOK_SECONDS = 0.1
    data, port = Path(sys.argv[1]), int(sys.argv[2])
    os.environ["GOODWORD_BASE_URL"] = f"http://127.0.0.1:{port}"
    plan = serving.Plan(data, "127.0.0.1", port, 1, 2, 1)
    raise SystemExit(serving.serve(plan, say=lambda text: print(text, file=sys.stderr, flush=True)))


if __name__ == "__main__":
    main()
