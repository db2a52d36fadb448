"""How far a settlement of files has come, told on standard error: counts of what was really done, never a guess."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

_EVERY_SECONDS = 0.5


class Progress:
    """Counts rows read, conversions settled and lines written, and tells them twice a second."""

    def __init__(self, file: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._began = self._told = clock()
        self._rows = self._settled = self._of = self._written = self._width = 0
        self._read_at: float | None = None

    def read(self, rows: int) -> None:
        """So many more rows were read."""
        self._rows += rows
        self._tell(lambda: f"read {self._rows:,} rows{self._rate(self._rows, self._began)}")

    def prepared(self, conversions: int) -> None:
        """Everything is read and in order; so many conversions are to be settled."""
        self._of, self._read_at = conversions, self._clock()
        seconds = self._read_at - self._began
        self._say(f"read {self._rows:,} rows in {seconds:.1f} s; {conversions:,} conversions to settle", end="\n")

    def settled(self, conversions: int) -> None:
        """The conversions up to this number are settled."""
        self._settled = conversions
        self._tell(self._going)

    def written(self, lines: int) -> None:
        """So many more lines were written."""
        self._written += lines
        self._tell(self._going)

    def done(self, lines: int) -> None:
        """Everything is in place."""
        seconds = self._clock() - self._began
        self._settled = self._of
        rate = self._rate(self._of, self._began)
        self._say(f"settled {self._of:,} conversions in {seconds:.1f} s{rate}; {lines:,} lines", end="\n")

    def _going(self) -> str:
        rate = self._rate(self._settled, self._read_at or self._began)
        return f"settled {self._settled:,} of {self._of:,} conversions{rate}, {self._written:,} lines written"

    def _rate(self, count: int, since: float) -> str:
        seconds = self._clock() - since
        return f" ({count / seconds:,.0f}/s)" if seconds > 0 and count else ""

    def _tell(self, text: Callable[[], str]) -> None:
        now = self._clock()
        if self._file is not None and now - self._told >= _EVERY_SECONDS:
            self._told = now
            self._say(text(), end="")

    def _say(self, text: str, *, end: str) -> None:
        if self._file is None:
            return
        self._file.write("\r" + text.ljust(self._width) + end)
        self._file.flush()
        self._width = 0 if end else len(text)


def progress_for(*, wanted: bool | None) -> Progress:
    """Progress on standard error when it is wanted, or (None) when a person is looking."""
    shown = sys.stderr.isatty() if wanted is None else wanted
    return Progress(sys.stderr if shown else None)
