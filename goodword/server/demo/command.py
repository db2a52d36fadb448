"""`goodword demo`: load what is missing, settle, tell what came of it and where to look."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.commissions.models import Line, Outcome
from goodword.commissions.selectors import figures
from goodword.domain.money import to_decimal
from goodword.partners.models import Partner
from goodword.referrals.models import Conversion, Customer, Refund, Touch
from goodword.server.demo import loading, money
from goodword.server.demo.loading import Load
from goodword.server.demo.people import SLUG
from goodword.server.errors import OperatorError

Say = Callable[[str], None]


class NotForReal(OperatorError):
    """Somebody wants the demo beside real programs."""


def run(*, say: Say, customers: int | None = None, now: datetime | None = None) -> Program:
    """Load and settle the demo, or what is missing of it, and tell its figures. A second time changes nothing."""
    began = time.perf_counter()
    _refuse_beside_real_programs()
    with _bars() as watcher:
        work = loading.begin(now or timezone.now(), watcher, customers)
        program = Program.objects.filter(slug=SLUG, is_demo=True).first()
        if program is not None:
            say("The demo is there already; nothing is loaded again.")
        else:
            program = loading.load_facts(work)
        money.settle_and_pay(work, program)
    _tell_steps(work, say)
    _tell_figures(program, say)
    say(f"Ready after {time.perf_counter() - began:.0f} seconds.")
    return program


def _refuse_beside_real_programs() -> None:
    """The demo's people have public passwords: they must not get into an installation that is in use."""
    real = Program.objects.filter(is_demo=False).order_by("slug").first()
    if real is not None:
        raise NotForReal(
            f"This database holds a program that is no demo ({real.slug}), and the demo's passwords are public. "
            "Give the demo a data folder of its own: goodword demo --data FOLDER"
        )


@contextmanager
def _bars() -> Iterator[loading.Watcher]:
    """Progress bars on a terminal; elsewhere the summary at the end says it all."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), _Rate())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        yield _Bars(progress)


class _Rate(TextColumn):
    """Rows per second, for the step that runs and for those that are done."""

    def __init__(self) -> None:
        super().__init__("{task.fields[rate]}")


class _Bars:
    """One bar for each step. A step of several parts shows one after the other, each with its own count and rate."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._part: TaskID | None = None
        self._title, self._doing = "", ""
        self._began, self._part_began, self._done, self._total = 0.0, 0.0, 0, 0

    def begin(self, title: str, total: int) -> None:
        """A new step. Its bar only moves to and fro until the first rows are reached."""
        self._task = self._progress.add_task(title, total=None, rate=f"of {total:,} rows")
        self._title, self._doing = title, ""
        self._began, self._done, self._total = time.perf_counter(), 0, total

    def reach(self, done: int) -> None:
        """So many rows are done."""
        self._done = done
        self._no_part()
        if self._task is not None:
            rate = _rate(done, self._began)
            self._progress.update(self._task, total=self._total, completed=done, rate=rate, visible=True)

    def part(self, doing: str, done: int, total: int) -> None:
        """What is done within the step now, and how far that is; its bar moves to and fro where nobody knows."""
        if doing != self._doing:
            self._no_part()
            self._doing, self._part_began = doing, time.perf_counter()
            title = f"{self._title}: {doing}"
            self._part = self._progress.add_task(title, total=total or None, rate=f"of {self._total:,} rows")
            if self._task is not None:
                self._progress.update(self._task, visible=False)
        if self._part is not None and done:
            self._progress.update(self._part, completed=done, rate=_rate(done, self._part_began))

    def end(self) -> None:
        """The step is over."""
        self._no_part()
        if self._task is not None:
            self._progress.update(self._task, rate=_rate(self._done, self._began), visible=True)
            self._progress.stop_task(self._task)

    def _no_part(self) -> None:
        if self._part is not None:
            self._progress.remove_task(self._part)
        self._part, self._doing = None, ""


def _rate(done: int, began: float) -> str:
    seconds = time.perf_counter() - began
    return f"{done / seconds:,.0f} rows/s" if seconds > 0 and done else ""


def _tell_steps(work: Load, say: Say) -> None:
    for title, seconds in work.seconds.items():
        rows = work.rows[title]
        say(f"{title:<32} {rows:>8,} rows {seconds:>7.1f} s {rows / seconds if seconds else 0:>10,.0f} rows/s")


def _tell_figures(program: Program, say: Say) -> None:
    with active_program(program):
        found = figures(program, now=timezone.now())
        live = {
            "customers": Customer.objects.filter(retracted_at=None).count(),
            "sales": Conversion.objects.filter(retracted_at=None).count(),
            "touches": Touch.objects.filter(retracted_at=None).count(),
            "refunds": Refund.objects.filter(retracted_at=None).count(),
            "partners": Partner.objects.count(),
            "commission lines": Line.objects.count(),
            "sales without a commission": Outcome.objects.count(),
        }
    say(program.data_note)
    say(", ".join(f"{count:,} {name}" for name, count in live.items()) + ".")
    parts = {
        "pending": found.pending,
        "held": found.held,
        "payable": found.payable,
        "in the payout that waits": found.in_payout,
        "paid": found.paid,
        "taken back": found.clawed_back,
        "owed by partners": found.debt,
    }
    say("; ".join(f"{name} {found.currency} {to_decimal(minor, found.currency)}" for name, minor in parts.items()))
