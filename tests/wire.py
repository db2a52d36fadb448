"""A wire between the front and the test database that a test can cut, hold and mend: the database itself stays up."""

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection


class Wire:
    """Listens at a socket of its own and carries bytes both ways, one pair of threads for each connection."""

    def __init__(self, folder: Path) -> None:
        self._place = folder / ".s.PGSQL.5432"
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []
        self._flowing = threading.Event()
        self._flowing.set()
        found: dict[str, Any] = connection.settings_dict
        self._there = (found["HOST"], int(found["PORT"] or 5432))
        user, password = quote(found["USER"], safe=""), quote(found["PASSWORD"] or "", safe="")
        self.url = f"postgresql://{user}:{password}@/{quote(found['NAME'])}?host={folder}&port=5432"

    def mend(self) -> None:
        """The database can be reached, and answers."""
        self._flowing.set()
        if self._listener is None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(self._place))
            self._listener.listen(64)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Nobody answers there, and every connection is broken."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            self._place.unlink()
        self._flowing.set()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def hold(self) -> None:
        """Nothing arrives any more, and nobody is told."""
        self._flowing.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = self._to_database()
                self._ends += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _to_database(self) -> socket.socket:
        host, port = self._there
        if not host.startswith("/"):
            return socket.create_connection((host or "localhost", port))
        there = socket.socket(socket.AF_UNIX)
        there.connect(os.path.join(host, f".s.PGSQL.{port}"))  # noqa: PTH118 - a name for connect, not a path
        return there

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(65_536):
                self._flowing.wait()
                there.sendall(data)
        for end in (here, there):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def strung() -> Iterator[Wire]:
    """A wire that works."""
    with tempfile.TemporaryDirectory(prefix="gw-wire-") as folder:
        wire = Wire(Path(folder))
        wire.mend()
        try:
            yield wire
        finally:
            wire.cut()
