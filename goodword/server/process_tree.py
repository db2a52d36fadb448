"""Runs the parts of the product as processes: starts them, starts a dead one again, ends them in order. No Django."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

PARENT_VARIABLE = "GOODWORD_PARENT"
LOOK_SECONDS = 0.2
PARENT_LOOK_SECONDS = 0.5
# A part that lived this long was well: its next death starts the count of quick deaths anew.
WELL_SECONDS = 30.0
QUICK_DEATHS_MAX = 6
PAUSE_SECONDS_MAX = 5.0


@dataclass
class Part:
    """One process of the product. `stop_seconds_max` is how long it may take to finish what it does."""

    name: str
    command: Sequence[str]
    stop_seconds_max: float = 20.0
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    start_at: float = field(default=0.0, init=False)
    quick_deaths: int = field(default=0, init=False)

    def start(self, environment: Mapping[str, str]) -> None:
        # A session of its own: Ctrl-C reaches the parent alone, which then stops the parts in order.
        self.process = subprocess.Popen(self.command, env=dict(environment), start_new_session=True)
        self.started_at = time.monotonic()

    def stop(self, hurry: threading.Event) -> None:
        """Ask, wait, then force."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        deadline = time.monotonic() + self.stop_seconds_max
        while self.process.poll() is None and time.monotonic() < deadline and not hurry.is_set():
            time.sleep(0.05)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def note_death(self) -> None:
        """Plan the next start: at once after a good life, later and later after quick deaths."""
        lived = time.monotonic() - self.started_at
        self.quick_deaths = 1 if lived > WELL_SECONDS else self.quick_deaths + 1
        self.start_at = time.monotonic() + min(0.2 * 2 ** (self.quick_deaths - 1), PAUSE_SECONDS_MAX)
        self.process = None


class ProcessTree:
    """Keeps its parts alive until a signal or `stop()`; `tend` is called between looks (to keep the database up)."""

    def __init__(
        self, parts: Sequence[Part], *, say: Callable[[str], None], tend: Callable[[], None] = lambda: None
    ) -> None:
        self.parts, self.say, self.tend = parts, say, tend
        self.stopping = threading.Event()
        self.hurry = threading.Event()

    def run(self) -> int:
        """0 after a wanted end, 1 when a part could not be kept alive."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            return self._watch()
        finally:
            for part in self.parts:
                part.stop(self.hurry)
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        self.stopping.set()

    def _on_signal(self, *_: object) -> None:
        """The first signal ends the parts one after the other; a second one ends them at once."""
        if self.stopping.is_set():
            self.hurry.set()
        self.stopping.set()

    def _watch(self) -> int:
        environment = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        while not self.stopping.is_set():
            self.tend()
            for part in self.parts:
                if not self._keep(part, environment):
                    return 1
            self.stopping.wait(LOOK_SECONDS)
        self.say("Stopping.")
        return 0

    def _keep(self, part: Part, environment: Mapping[str, str]) -> bool:
        if part.process is None:
            if time.monotonic() >= part.start_at:
                part.start(environment)
            return True
        code = part.process.poll()
        if code is None:
            return True
        part.note_death()
        if part.quick_deaths >= QUICK_DEATHS_MAX:
            self.say(f"{part.name} ended {part.quick_deaths} times in a row ({_ending(code)}). See its messages above.")
            return False
        self.say(f"{part.name} ended ({_ending(code)}); starting it again.")
        return True


def end_with_parent(parent: int | None = None) -> None:
    """End this process when its parent is gone, so that a killed `goodword serve` leaves nobody on the port."""
    parent = parent or int(os.environ.get(PARENT_VARIABLE, "0"))
    if parent:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True, name="parent watch").start()


def part_command(*words: str) -> list[str]:
    return [sys.executable, "-m", "goodword.server.cli", *words]


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)
    os._exit(1)


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
