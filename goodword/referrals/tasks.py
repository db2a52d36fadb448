"""Jobs of imports (files too large to work on while a person waits) and of old clicks."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from procrastinate.contrib.django import app

from goodword.accounts.actors import Actor, ActorKind
from goodword.accounts.models import User
from goodword.accounts.scope import active_program
from goodword.referrals.click_retention import forget_clicks, keep_months
from goodword.referrals.importing.steps import check_upload, import_or_check
from goodword.referrals.models import Upload

QUEUE = "imports"
CLICKS = "clicks"
Work = Literal["checking", "importing"]


@app.task(name="referrals.import_step", queue=QUEUE)
def import_step(*, upload_id: str, work: Work, actor: list[str], by: str, skip_bad: bool, again: bool) -> None:
    """Check or import one upload. A refusal is kept with it, for the page to show."""
    upload = Upload.unscoped.select_related("program").filter(pk=UUID(upload_id)).first()
    if upload is None or upload.work != work:
        return  # its worker was killed after it had finished: the job is here for the second time
    kind, key, label = actor
    who = Actor(_actor_kind(kind), key, label)
    with active_program(upload.program):
        if work == "importing":
            user = User.objects.get(pk=UUID(by))
            import_or_check(upload, skip_bad=skip_bad, again=again, actor=who, by=user, now=datetime.now(UTC))
        else:
            check_upload(upload, actor=who, now=datetime.now(UTC))


@app.periodic(cron="17 1 * * *")
@app.task(name="referrals.keep_clicks", queue=CLICKS, queueing_lock="referrals.keep_clicks", pass_context=False)
def keep_clicks(timestamp: int) -> None:
    """Every night: tables for the months to come, and what is old goes."""
    now = datetime.fromtimestamp(timestamp, UTC)
    keep_months(now)
    forget_clicks(now)


def _actor_kind(kind: str) -> ActorKind:
    assert kind in ("user", "system"), kind
    return "user" if kind == "user" else "system"


def defer_import_step(upload: Upload, work: Work, *, actor: Actor, by: User, skip_bad: bool, again: bool) -> None:
    """Put the step in the queue, and the upload's state with it."""
    upload.work, upload.bytes_done = work, 0
    upload.save(update_fields=["work", "bytes_done"])
    name = f"import {upload.program_id}"
    import_step.configure(lock=name).defer(
        upload_id=str(upload.pk),
        work=work,
        actor=[actor.kind, actor.id, actor.label],
        by=str(by.pk),
        skip_bad=skip_bad,
        again=again,
    )
