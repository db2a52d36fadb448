"""The worker's loop that takes stored clicks: twice a second it looks for new ones, and goes on while more wait.

It decides nothing: what happens with a click stands in `referrals/counting.py`. Of many workers one at a time does it.
"""

import logging
import threading
from typing import Final, Self

LOOK_SECONDS: Final = 0.5
PAUSE_SECONDS_MAX: Final = 30.0
_log = logging.getLogger(__name__)


class ClickLoop:
    """A thread that counts clicks until it is told to stop. A failure is logged and tried again, later and later."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clicks", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What is being counted is finished or given up as a whole; nothing is lost either way."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        pause = LOOK_SECONDS
        while not self._stop.is_set():
            try:
                more, pause = self._look(), LOOK_SECONDS
            except Exception:  # noqa: BLE001 - whatever it is, the other jobs of this worker go on
                _log.exception("clicks were not counted; they wait and are tried again")
                more, pause = False, min(pause * 2, PAUSE_SECONDS_MAX)
            if not more:
                self._stop.wait(pause)

    def _look(self) -> bool:
        from django.db import connection

        from goodword.referrals.counting import count_clicks

        try:
            return count_clicks().more
        except BaseException:
            connection.close()  # a broken connection mends itself by being opened anew
            raise
