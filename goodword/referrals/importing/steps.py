"""An upload on its way: checked, then imported. A small file at once, a large one by a job, with its progress kept."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import User
from goodword.domain.errors import DomainError, Problem
from goodword.referrals.importing.layout import from_json
from goodword.referrals.importing.services import File, dry_run, import_file
from goodword.referrals.importing.uploads import opened
from goodword.referrals.models import Import, Upload

AT_ONCE_MAX: Final = 2 << 20
"""Files up to this many bytes are worked on while the person waits: a second or two."""


def check_upload(upload: Upload, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Run the dry run under the upload's layout and keep what it found, or why the file was refused."""
    try:
        report = dry_run(upload.program, _file(upload), actor=actor, now=now)
        preview = report.to_json()
    except DomainError as refused:
        preview = {"refused": [asdict(problem) for problem in _problems_of(refused)]}
    upload.preview, upload.work = preview, ""
    upload.save(update_fields=["preview", "work"])
    return preview


def import_upload(
    upload: Upload, *, skip_bad: bool, again: bool, actor: Actor, by: User | None, now: datetime
) -> Import:
    """Import an upload as it was shown; its content is dropped in the same transaction."""
    with transaction.atomic():
        made = import_file(upload.program, _file(upload), actor=actor, by=by, skip_bad=skip_bad, again=again, now=now)
        upload.made, upload.work = made, ""
        upload.save(update_fields=["made", "work"])
        upload.chunks.all().delete()
    return made


def import_or_check(
    upload: Upload, *, skip_bad: bool, again: bool, actor: Actor, by: User | None, now: datetime
) -> Import | None:
    """Import an upload; where facts have changed since its dry run and it is refused, check it anew."""
    try:
        return import_upload(upload, skip_bad=skip_bad, again=again, actor=actor, by=by, now=now)
    except DomainError:
        check_upload(upload, actor=actor, now=now)
        return None


def _problems_of(refused: DomainError) -> list[Problem]:
    """What a refused file is told; what says no line of its own is at the refusal's."""
    line = getattr(refused, "line", 0)
    return [replace(problem, line=problem.line or line) for problem in refused.problems]


def _file(upload: Upload) -> File:
    return File(
        upload.kind,
        opened(upload),
        upload.file_name,
        upload.content_hash,
        from_json(upload.layout),
        progress=_Told(upload),
    )


class _Told:
    """Writes how far a pass has come, on a connection of its own: its transaction is not over yet."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def __call__(self, _rows: int, done: int) -> None:
        if self._upload.size <= AT_ONCE_MAX:
            return
        aside = connection.copy()
        try:
            with aside.cursor() as cursor:
                statement = "update referrals_upload set bytes_done = %s where id = %s"
                cursor.execute(statement, [done, self._upload.pk])
        finally:
            aside.close()
