"""Where the parts of one installation meet on this machine: the pages' socket and the folder of spool files."""

import os
from pathlib import Path

PAGES_VARIABLE = "GOODWORD_PAGES"


def pages_place() -> str:
    """Where the pages listen: `unix:<path>`, or `<host>:<port>`."""
    return os.environ.get(PAGES_VARIABLE, "127.0.0.1:8001")


def spool_folder() -> Path:
    """Where clicks wait while the database is away."""
    return Path(os.environ.get("GOODWORD_SPOOL") or Path(os.environ.get("GOODWORD_DATA", "goodword-data")) / "spool")
