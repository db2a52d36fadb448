"""Jobs of the settlement worker: settle programs that need it, look for missed credit, verify by night."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from goodword.accounts.models import Program
from goodword.commissions.missed.looking import look_through
from goodword.commissions.missed.reading import to_look_through
from goodword.commissions.models import Line, SettlementRun
from goodword.commissions.services import settle_program
from goodword.commissions.verify import verify_all
from goodword.referrals.models import UnsettledFact

QUEUE = "settlement"


@app.task(name="commissions.settle", queue=QUEUE, retry=5)
def settle(program_id: str) -> None:
    """Settle what facts have asked for in one program."""
    settle_program(Program.objects.get(pk=UUID(program_id)), now=datetime.now(UTC))


@app.periodic(cron="* * * * * */15")
@app.task(name="commissions.settle_due", queue=QUEUE, queueing_lock="settle_due", pass_context=False)
def settle_due(timestamp: int) -> None:
    """Every quarter of a minute: ask for the settlement of programs with unsettled facts or due maturities."""
    for program in due_programs(datetime.fromtimestamp(timestamp, UTC)):
        defer_settlement(program)


@app.periodic(cron="23 3 * * *")
@app.task(name="commissions.verify_nightly", queue=QUEUE, queueing_lock="verify_nightly", pass_context=False)
def verify_nightly(timestamp: int) -> None:
    """Every night: examine the books of every program; what is off stops its payouts."""
    verify_all(now=datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="* * * * * */20")
@app.task(name="commissions.look_for_missed", queue=QUEUE, queueing_lock="look_for_missed", pass_context=False)
def look_for_missed(timestamp: int) -> None:
    """Three times a minute: look through the uncredited sales of programs that were settled since the last look."""
    now = datetime.fromtimestamp(timestamp, UTC)
    for program in to_look_through(now):
        look_through(program, now=now)


def defer_settlement(program: Program) -> None:
    """Put the job in the queue, once: a second one waits for nothing that the first would not do."""
    name = f"settle {program.pk}"
    try:
        # A queue that has the job already refuses by a unique index: the savepoint keeps the caller's work whole.
        with transaction.atomic():
            settle.configure(lock=name, queueing_lock=name).defer(program_id=str(program.pk))
    except AlreadyEnqueued:
        return


def due_programs(now: datetime) -> list[Program]:
    """Programs with facts to settle, or with lines that matured after their last settlement."""
    facts = UnsettledFact.objects.filter(program=OuterRef("pk"))
    runs = SettlementRun.unscoped.filter(program=OuterRef("pk")).order_by("-as_of").values("as_of")
    matured = Line.unscoped.filter(
        program=OuterRef("pk"), matures_at__lte=now, matures_at__gt=OuterRef("settled_until")
    )
    programs = Program.objects.annotate(settled_until=Subquery(runs[:1]))
    return list(programs.filter(Q(Exists(facts)) | Q(Exists(matured))).order_by("pk"))
