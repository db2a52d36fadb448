"""The real front before a test's web server: started, waited for, ended. Then links are followed as in production."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from tests import database


@contextmanager
def before(pages: str, **variables: str) -> Iterator[str]:
    """The address of a front that hands over to the server at `pages` and works on this process's test database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://localhost:{port}"
    with tempfile.TemporaryDirectory(prefix="goodword-front-") as folder:
        environment = os.environ | {
            "DATABASE_URL": database.url(),
            "GOODWORD_BASE_URL": address,
            "GOODWORD_DATA": folder,
            "GOODWORD_PAGES": pages.partition("//")[2],
            "GOODWORD_SECRET_KEY": settings.SECRET_KEY,
            **variables,
        }
        command = [sys.executable, "-m", "goodword.server.cli", "front", "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, env=environment)
        try:
            _wait_for(port, process)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the front did not start")
