"""Imports: a dry run, the import itself, and taking it back. Each is one verb and one transaction."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final

from django.db import connection, transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program, User
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.referrals.importing.errors import AlreadyImported, BadRows, CannotUndo
from goodword.referrals.importing.facts import FactDoor
from goodword.referrals.importing.kinds import KINDS
from goodword.referrals.importing.layout import Layout
from goodword.referrals.importing.passes import Pass, Progress, run_pass
from goodword.referrals.importing.people import CodeDoor, PartnerDoor
from goodword.referrals.importing.report import Report
from goodword.referrals.importing.verdicts import Door
from goodword.referrals.models import Fact, Import
from goodword.referrals.services import MODELS, mark_program

UNDO_KINDS: Final = frozenset(name for name, kind in KINDS.items() if kind.fact in MODELS)
"""Kinds whose rows can be retracted. Partners and codes are not facts: they are paused and revoked."""


def _no_progress(_rows: int, _bytes: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to import: its kind, its content, the name it came under, how it is to be read."""

    kind: str
    content: BinaryIO
    name: str
    content_hash: str
    layout: Layout
    source: str = "import"
    progress: Progress = field(default=_no_progress)


def dry_run(program: Program, file: File, *, actor: Actor, now: datetime) -> Report:
    """What an import of this file would do, with everything that is wrong in it. Nothing is written."""
    with active_program(program), transaction.atomic():
        return run_pass(_pass(program, file, actor, now), file.content)


def import_file(
    program: Program,
    file: File,
    *,
    actor: Actor,
    by: User | None = None,
    skip_bad: bool = False,
    again: bool = False,
    now: datetime,
) -> Import:
    """Import the whole file or nothing of it.

    `skip_bad`: leave rows out that are wrong, knowingly. `again`: the same content was imported before, and is meant to
    be. Raises BadRows or AlreadyImported otherwise.
    """
    with active_program(program), transaction.atomic():
        made = _begin(program, file, by, again=again, now=now)
        report = run_pass(_pass(program, file, actor, now, made), file.content)
        if report.bad and not skip_bad:
            raise _bad_rows(report)
        made.counts = report.counts()
        made.save(update_fields=["counts"])
        record_audit(
            action="import.finished",
            obj=made,
            label=made.file_name,
            after={"kind": made.kind, **made.counts},
            actor=actor,
        )
    return made


def undo_import(made: Import, *, reason: str, actor: Actor, by: User | None = None, now: datetime) -> int:
    """Retract every fact that came in with an import and ask for a new settlement; says how many there were.

    What was paid on them becomes a balance that later earnings are set against; the ledger books the difference.
    """
    with active_program(made.program), transaction.atomic():
        locked = Import.objects.select_for_update().get(pk=made.pk)
        if refusal := why_not_undo(locked):
            raise refusal
        model = MODELS[KINDS[locked.kind].fact]
        count: int = _facts_of(model, locked).update(retracted_at=now)
        locked.undone_at, locked.undone_by = now, by
        locked.save(update_fields=["undone_at", "undone_by"])
        mark_program(locked.program, "import undone")
        record_audit(
            action="import.undone",
            obj=locked,
            label=locked.file_name,
            after={"kind": locked.kind, "retracted": count},
            reason=reason,
            actor=actor,
        )
    return count


def why_not_undo(made: Import) -> CannotUndo | None:
    """Why this import cannot be taken back; None when it can."""
    if made.undone_at is not None:
        return CannotUndo(f"it was undone on {made.undone_at:%-d %B %Y}")
    if made.kind not in UNDO_KINDS:
        title = KINDS[made.kind].title.lower() if made.kind in KINDS else made.kind
        return CannotUndo(f"{title} stay once they are there", remedy="pause the partner or revoke the code instead")
    later = Import.objects.filter(
        kind=made.kind, undone_at=None, imported_at__gt=made.imported_at, counts__duplicates__gt=0
    ).order_by("-imported_at")
    if blocking := later.first():
        return CannotUndo(
            f"{blocking.file_name} came later and held {made.kind} that were here already; "
            "undoing this import could take them away from it, too",
            remedy=f"undo {blocking.file_name} first",
        )
    return None


def last_layout(kind: str) -> dict[str, Any] | None:
    """How the last file of this kind was read; it is proposed for the next one."""
    found = Import.objects.filter(kind=kind).exclude(mapping={}).order_by("-imported_at").first()
    return found.mapping if found else None


def _pass(program: Program, file: File, actor: Actor, now: datetime, made: Import | None = None) -> Pass:
    kind = KINDS[file.kind]
    return Pass(kind, file.layout, _door(program, file, actor, now, writes=made is not None), made, file.progress)


def _door(program: Program, file: File, actor: Actor, now: datetime, *, writes: bool) -> Door:
    if file.kind == "partners":
        return PartnerDoor(program, actor, now)
    if file.kind == "codes":
        return CodeDoor(program, actor)
    return FactDoor(program, KINDS[file.kind].fact, file.source, actor, now, writes=writes)


def _begin(program: Program, file: File, by: User | None, *, again: bool, now: datetime) -> Import:
    """The import's row. One import of a kind runs at a time, so the same file cannot slip in twice."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_turn(program, file.kind)])
    same = Import.objects.filter(kind=file.kind, content_hash=file.content_hash, undone_at=None).order_by("-again")
    earlier = same.first()
    if earlier and not again:
        raise AlreadyImported(
            f"the same content was imported on {earlier.imported_at:%-d %B %Y} as {earlier.file_name}",
            remedy="import it again only if you mean to; rows that are known stay as they are",
        )
    return Import.objects.create(
        program=program,
        kind=file.kind,
        file_name=file.name,
        content_hash=file.content_hash,
        again=earlier.again + 1 if earlier else 0,
        mapping=file.layout.to_json(),
        imported_at=now,
        imported_by=by,
    )


def _turn(program: Program, kind: str) -> int:
    digest = hashlib.blake2b(f"import {program.pk} {kind}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _bad_rows(report: Report) -> BadRows:
    first = report.problems[0]
    return BadRows(
        f"{report.bad} of {report.rows} rows are wrong; the first: line {first.line}, {first.field}: {first.message}",
        remedy="correct them, or choose to leave them out",
        line=first.line,
    )


def _facts_of(model: type[Fact], made: Import) -> Any:
    return model.objects.filter(imported_in=made, retracted_at=None)
