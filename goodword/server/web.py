"""The web part: Granian in front of the WSGI application."""

import errno
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from goodword.server.errors import PortTaken
from goodword.server.process_tree import end_with_parent

TARGET = "goodword.server.wsgi:application"
PROCESSES_MAX = 4


def default_processes() -> int:
    return min(os.cpu_count() or 1, PROCESSES_MAX)


def serve_web(host: str, port: int, *, processes: int, threads: int) -> None:
    """Answer requests until told to stop."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    check_port(host, port)
    end_with_parent()
    Server(
        TARGET,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=15,
        log_level=LogLevels.warning,
    ).serve(target_loader=partial(_load, parent=os.getpid()))


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


def _load(*_: object, parent: int, **__: object) -> Callable[..., Any]:
    """Runs in each process that Granian starts: end with Granian, then load the application."""
    end_with_parent(parent)
    from goodword.server.wsgi import application

    return application
