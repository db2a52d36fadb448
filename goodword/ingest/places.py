"""Where the parts of one installation meet on this machine: the pages' socket, and what the front keeps on disk."""

import os
from pathlib import Path

PAGES_VARIABLE = "GOODWORD_PAGES"
LOSSES_NAME = "clicks-not-kept"


def pages_place() -> str:
    """Where the pages listen: `unix:<path>`, or `<host>:<port>`."""
    return os.environ.get(PAGES_VARIABLE, "127.0.0.1:8001")


def spool_folder() -> Path:
    """Where clicks wait while the database is away."""
    return Path(os.environ.get("GOODWORD_SPOOL") or _data_folder() / "spool")


def links_file() -> Path:
    """The last known link table, for a start while the database is away."""
    return _data_folder() / "links.last-known"


def losses_file() -> Path:
    """How many clicks could be kept nowhere."""
    return _data_folder() / LOSSES_NAME


def _data_folder() -> Path:
    return Path(os.environ.get("GOODWORD_DATA", "goodword-data"))
