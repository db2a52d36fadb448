"""The front without its store: it reads a visit, decides it and answers, and keeps nothing. The limit of `ingest`."""

import os
import sys
from typing import Any

from goodword.ingest.app import Front, redirect_to
from goodword.ingest.links import Link
from goodword.ingest.places import spool_folder


class Bare(Front):
    """Everything that the front does for a visit, but the storing."""

    async def _send_on(self, link: Link, scope: Any, protocol: Any) -> None:
        redirect_to(protocol, self._visit(link, scope), frozenset())


def front() -> Bare:
    """For Granian."""
    return Bare("127.0.0.1:9", spool_folder())


def main() -> None:
    """Serve at the port that the command line names."""
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    from goodword.server.web import quick_tasks

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goodword.server.settings")
    Server(
        "bench._bare_front:front", factory=True, port=int(sys.argv[1]), interface=Interfaces.RSGI,
        loop=Loops.uvloop, task_impl=quick_tasks(), backlog=2048, backpressure=2048, websockets=False,
        log_level=LogLevels.warning,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()
