"""`goodword import`, `export` and `verify`: the words around them. What a row must hold, `referrals` decides."""

import getpass
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import typer
from django.utils import timezone

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.connections.retention import erase_person
from goodword.domain.errors import DomainError, Problem
from goodword.referrals.export import export_facts
from goodword.referrals.importing import layout as layouts
from goodword.referrals.importing.errors import BadRows
from goodword.referrals.importing.files import inspect
from goodword.referrals.importing.kinds import KINDS, Kind
from goodword.referrals.importing.report import Report
from goodword.referrals.importing.services import File, dry_run, import_file
from goodword.referrals.importing.table import likely_delimiter, read_header
from goodword.referrals.importing.uploads import shown_name
from goodword.server.errors import OperatorError, problem_text

BAD_INPUT = 2
SIZE_MAX = 64 << 30
PROBLEMS_TOLD = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """What to import and how to read it; an empty word leaves the choice to us."""

    kind: str
    path: Path
    program: str
    columns: Sequence[str]
    values: Sequence[str]
    delimiter: str
    numbers: str
    dates: str
    zone: str
    dry: bool
    skip_bad: bool
    again: bool


def import_csv(wish: Wish) -> int:
    """Import the whole file or nothing; the exit code (2: the file is not as it must be)."""
    program, kind = _program(wish.program), _kind(wish.kind)
    try:
        with _opened(wish.path) as content, active_program(program), _progress(wish.path) as progress:
            file = _file(wish, kind, content, progress)
            return _dry_run(program, file) if wish.dry else _import(program, file, wish)
    except DomainError as refused:
        return _tell(refused.problems)


def export_program(slug: str, folder: Path) -> int:
    """Write program.json and facts/ as `goodword settle` reads them."""
    counts = export_facts(_program(slug), folder)
    for kind, count in counts.items():
        typer.echo(f"{count:>10,}  {kind}")
    typer.echo(f"In {folder}. To settle them: goodword settle --program {folder}/program.json --facts {folder}/facts")
    return 0


def erase(program_name: str, visitor: str, reason: str, *, ask: bool) -> int:
    """Erase one visitor; the exit code (2: there is nobody of that id)."""
    program = _program(program_name)
    if not visitor.strip() or not reason.strip():
        raise OperatorError("Name the visitor and the reason: both go into the trail's sentence.")
    if ask and not typer.confirm(f"Make visitor {visitor!r} of {program.name} nobody? This cannot be undone."):
        return 1
    clicks, bodies = erase_person(program, visitor, reason=reason, actor=_me(), now=timezone.now())
    typer.echo(f"{clicks} clicks and {bodies} bodies of webhooks name nobody any more.")
    return 0 if clicks or bodies else BAD_INPUT


def verify_books(slug: str) -> int:
    """Examine one program, or every program; 1 when an invariant is violated."""
    from goodword.commissions.verify import report

    return report(_program(slug) if slug else None, now=timezone.now(), say=typer.echo)


def _dry_run(program: Program, file: File) -> int:
    report = dry_run(program, file, actor=_me(), now=timezone.now())
    _tell_counts(report, "would be new")
    return _tell(report.problems) if report.bad else 0


def _import(program: Program, file: File, wish: Wish) -> int:
    try:
        made = import_file(program, file, actor=_me(), skip_bad=wish.skip_bad, again=wish.again, now=timezone.now())
    except BadRows:
        report = dry_run(program, file, actor=_me(), now=timezone.now())
        return _tell(report.problems, "Put them right, or leave those rows out with --skip-bad.")
    counts = made.counts
    money = ", ".join(f"{amount} {currency}" for currency, amount in counts["totals"].items()) or "no money"
    typer.echo(
        f"{counts['new']:,} new, {counts['duplicates']:,} were known, {counts['bad']:,} left out; "
        f"{money}. Import {made.public_id} can be taken back in the back office."
    )
    return 0


def _file(wish: Wish, kind: Kind, content: BinaryIO, progress: Callable[[int, int], None]) -> File:
    found = inspect(content, size_max=SIZE_MAX)
    delimiter = wish.delimiter or likely_delimiter(content)
    content.seek(0)
    header = read_header(content, delimiter)
    content.seek(0)
    columns, values = _pairs(wish.columns, "--column"), _pairs(wish.values, "--value")
    by_name = layouts.proposed(kind, header, delimiter).columns
    taken = set(columns.values())
    kept = {field: name for field, name in by_name.items() if name not in taken and field not in values}
    layout = layouts.Layout(kept | columns, values, delimiter, wish.numbers, wish.dates, wish.zone)
    layouts.check(kind, layout, header)
    return File(kind.name, content, shown_name(wish.path.name), found.content_hash, layout, progress=progress)


def _pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """FIELD=TEXT words as a table."""
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise OperatorError(f"{option} {wrong[0]!r} is not FIELD=TEXT, such as {option} amount=total")
    return dict(word.split("=", 1) for word in words)


def _program(slug: str) -> Program:
    found = Program.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Program.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise OperatorError(f"there is no program {slug!r}; there is: {known}")
    return found


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise OperatorError(f"{name!r} cannot be imported; choose one of {', '.join(KINDS)}")
    return KINDS[name]


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        yield file


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    size = path.stat().st_size
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(f"Reading {path.name}", total=size)
        yield lambda _rows, done: bar.update(task, completed=done)


def _me() -> Actor:
    try:
        return Actor("system", "", f"command line ({getpass.getuser()})")
    except (KeyError, OSError):
        return Actor("system", "", "command line")


def _tell_counts(report: Report, new: str) -> None:
    money = ", ".join(f"{amount} {currency}" for currency, amount in report.money.items()) or "no money"
    typer.echo(
        f"{report.rows:,} rows: {report.new:,} {new} ({money}), {report.duplicates:,} known, {report.bad:,} bad."
    )


def _tell(problems: Sequence[Problem], remedy: str = "") -> int:
    for problem in problems[:PROBLEMS_TOLD]:
        typer.echo(problem_text(problem), err=True)
    if len(problems) > PROBLEMS_TOLD:
        typer.echo(f"and {len(problems) - PROBLEMS_TOLD} more", err=True)
    typer.echo(f"Nothing was written. {remedy}".strip(), err=True)
    return BAD_INPUT
