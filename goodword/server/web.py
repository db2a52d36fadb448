"""The web part: Granian in front with links and events, Granian behind it with the pages, in processes of their own.

The front has its processor's time for itself: a page that takes long to make delays no visit through a link.
"""

import errno
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from goodword.server.errors import PortTaken
from goodword.server.process_tree import Part, end_with_parent, part_command

PROCESSES_MAX = 4
PLACE_VARIABLE: Final = "GOODWORD_PAGES"
STOP_SECONDS: Final = 15
AT_ONCE_MAX: Final = 2048
"""Requests in progress in one front: most of them wait for the same commit."""


def default_processes() -> int:
    return min(os.cpu_count() or 1, PROCESSES_MAX)


def default_fronts() -> int:
    """One writes the largest batches; more than one is for machines with many cores."""
    return int(os.environ.get("GOODWORD_FRONTS", "1"))


def web_parts(
    host: str, port: int, *, processes: int, threads: int, links: tuple[str, int] | None = None
) -> list[Part]:
    """The processes of the web part, in the order in which they stop."""
    parts = [Part("web", part_command("front", "--host", host, "--port", str(port)))]
    if links is not None:
        where = ["--host", links[0], "--port", str(links[1])]
        parts.append(Part("links", part_command("front", *where, "--links-only")))
    parts.append(Part("pages", part_command("pages", "--processes", str(processes), "--threads", str(threads))))
    return parts


@contextmanager
def meeting_place() -> Iterator[None]:
    """A folder that only this user sees, for the socket between the front and the pages."""
    folder = Path(tempfile.mkdtemp(prefix="goodword-"))
    os.environ[PLACE_VARIABLE] = f"unix:{folder / 'pages'}"
    try:
        yield
    finally:
        del os.environ[PLACE_VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


def serve_front(host: str, port: int, *, links_only: bool) -> None:
    """Answer links and events, and hand the rest to the pages, until told to stop."""
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    check_port(host, port)
    end_with_parent()
    os.environ["GOODWORD_LINKS_ONLY"] = "1" if links_only else "0"
    Server(
        "goodword.ingest.app:front",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,
        task_impl=quick_tasks(),
        workers=default_fronts(),
        backlog=AT_ONCE_MAX,
        backpressure=AT_ONCE_MAX,
        respawn_failed_workers=True,
        respawn_interval=0,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve(target_loader=partial(_load_front, parent=os.getpid()))


def quick_tasks() -> Any:
    """How Granian runs what waits: in Rust, where that exists, a request that waits for a commit costs a fifth less.

    Granian warns at each start that this way is experimental. It is chosen on purpose and tested here, and nobody
    who starts the product could do anything about it: that one line is left out, every other warning stays.
    """
    from granian.constants import TaskImpl
    from granian.log import logger

    logger.addFilter(_is_news)
    return TaskImpl.rust if sys.version_info < (3, 12) else TaskImpl.asyncio


def _is_news(record: logging.LogRecord) -> bool:
    return record.getMessage() != "Rust task implementation is experimental!"


def serve_pages(*, processes: int, threads: int) -> None:
    """Answer what the front hands over, until told to stop."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    end_with_parent()
    place = Path(os.environ[PLACE_VARIABLE].removeprefix("unix:"))
    place.unlink(missing_ok=True)  # of one that was killed
    Server(
        "goodword.server.wsgi:application",
        uds=place,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
    ).serve(target_loader=partial(_load_pages, parent=os.getpid()))


def check_port(host: str, port: int) -> None:
    """Raise `PortTaken` when the address cannot be listened at, in words that help."""
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:1]:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise PortTaken(_why(error, host, port)) from error


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken{_taker(port)}. Stop that program, or choose another: --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Choose one above 1023: --port 8000"
    return f"The address {host}:{port} cannot be used: {error.strerror}. Choose another with --host and --port."


def _taker(port: int) -> str:
    """Who listens, as far as the system lets us see."""
    import psutil

    try:
        for found in psutil.net_connections(kind="tcp"):
            if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid:
                return f" by {psutil.Process(found.pid).name()} (process {found.pid})"
    except (psutil.Error, OSError):
        pass
    return ""


def _load_front(*_: object, parent: int, **__: object) -> Any:
    """Runs in each process that Granian starts: end with Granian, then make the application."""
    end_with_parent(parent)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goodword.server.settings")
    from goodword.ingest.app import front

    return front()


def _load_pages(*_: object, parent: int, **__: object) -> Callable[..., Any]:
    end_with_parent(parent)
    from goodword.server.wsgi import application

    return application
