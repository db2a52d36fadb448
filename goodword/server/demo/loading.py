"""The demo's data into the database: files through the importer, then the story around them, settled and paid."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from django.db import connection, transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program, User
from goodword.accounts.scope import active_program
from goodword.partners.models import Partner
from goodword.partners.services import add_seat
from goodword.referrals.importing.files import inspect
from goodword.referrals.importing.services import File, import_file
from goodword.referrals.models import Import
from goodword.referrals.services import create_link
from goodword.server.demo import people, stage
from goodword.server.demo.clicks import count_all, store_clicks
from goodword.server.demo.files import LAYOUTS, write_files
from goodword.server.demo.partners import read_partners
from goodword.server.demo.purchases import Purchases, read_purchases
from goodword.server.demo.simulation import simulate


class Watcher(Protocol):
    """Somebody who watches the demo load: told of each step, its size and how far it has come."""

    def begin(self, title: str, total: int) -> None: ...

    def reach(self, done: int) -> None: ...

    def part(self, doing: str, done: int, total: int) -> None: ...

    def end(self) -> None: ...


@dataclass(slots=True)
class Load:
    """What one loading works with, and how long each step took."""

    now: datetime
    purchases: Purchases
    calendar: stage.Calendar
    watcher: Watcher
    seconds: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def step(self, title: str, total: int) -> Iterator[Watcher]:
        """Time a step and let it be watched."""
        self.watcher.begin(title, total)
        began = time.perf_counter()
        try:
            yield self.watcher
        finally:
            self.seconds[title] = time.perf_counter() - began
            self.rows[title] = total
            self.watcher.end()


def begin(now: datetime, watcher: Watcher, customers: int | None = None) -> Load:
    """Read the purchases; `customers` keeps a slice of that many customers."""
    today = now.date()
    purchases = read_purchases(today, customers=customers)
    return Load(now, purchases, stage.Calendar(today, purchases.first_day), watcher)


def load_facts(work: Load) -> Program:
    """The program with its people, agreements and all facts: everything, or nothing when it is interrupted."""
    with transaction.atomic():
        program = stage.make_program(work.purchases.weeks)
        with active_program(program):
            team = stage.make_team(program)
            manager = stage.actor_of_person(team["manager"])
            stage.make_agreements(program, work.calendar, manager, team["manager"])
            _import_files(work, program, team["manager"], manager)
            _around_partners(work, program, team["manager"], manager)
            store_clicks(program, work.now)
    count_all()
    with connection.cursor() as cursor:
        cursor.execute("analyze")  # the planner has not seen these tables with rows yet
    return program


def _import_files(work: Load, program: Program, by: User, actor: Actor) -> None:
    partners = read_partners(work.purchases.first_day)
    story = simulate(work.purchases.rows, partners, work.calendar.today)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_files(Path(folder), work.purchases.rows, partners, story)
        importer = _Importer(program, by, actor, work.now)
        for kind, path in paths.items():
            rows = len(path.read_bytes().splitlines()) - 1
            with work.step(f"Import {kind}", rows) as watcher:
                importer.take(kind, path, watcher)
            if kind == "partners":
                _make_links(program, actor)


@dataclass(frozen=True, slots=True)
class _Importer:
    """Somebody of the company at the import page."""

    program: Program
    by: User
    actor: Actor
    now: datetime

    def take(self, kind: str, path: Path, watcher: Watcher) -> Import:
        """Import one file, as the page would."""
        with path.open("rb") as content:
            file = File(
                kind,
                content,
                path.name,
                inspect(content, size_max=1 << 30).content_hash,
                LAYOUTS[kind],
                source="demo",
                progress=lambda rows, _bytes: watcher.reach(rows),
            )
            return import_file(self.program, file, actor=self.actor, by=self.by, now=self.now)


def _make_links(program: Program, actor: Actor) -> None:
    for partner in Partner.objects.order_by("external_id"):
        create_link(program, partner, destination=program.site_url, label="Front page", actor=actor)
    for number, page in (("P001", "new-releases"), ("P001", "jazz"), ("P002", "jazz"), ("P060", "boxed-sets")):
        partner = Partner.objects.get(external_id=number)
        create_link(
            program, partner, destination=f"{program.site_url}?page={page}", label=page.capitalize(), actor=actor
        )


def _around_partners(work: Load, program: Program, by: User, actor: Actor) -> None:
    """What happened to partners since: new terms for all, better ones for one, a pause, an end, an application."""
    stage.change_standard_terms(program, work.calendar, actor, by)
    stage.promote(work.calendar, actor)
    stage.recruit(actor)
    stage.bill_in_euros(program, work.calendar, actor, work.now)
    stage.share_customers(program, work.calendar, actor, work.now)
    stage.pause_and_end(work.now, actor)
    stage.apply(program, work.now)
    for login in people.LOGINS.values():
        if login.partner:
            add_seat(Partner.objects.get(external_id=login.partner), stage.make_person(login), role=login.role)
