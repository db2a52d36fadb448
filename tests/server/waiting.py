"""Waiting for what another process does, without sleeping a fixed time."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def until(look: Callable[[], Any], *, seconds: float = 60) -> Any:
    """What `look` gives as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{look} stayed {found!r} for {seconds} s"
        threading.Event().wait(0.05)
    return found


def python(code: str, *words: object, **variables: str) -> subprocess.Popen[str]:
    """Run a few lines of Python that may use the product, in another process."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def goodword(*words: object, **variables: str) -> subprocess.Popen[str]:
    """Run the command line in another process."""
    return python("from goodword.server.cli import main; main()", *words, **variables)
