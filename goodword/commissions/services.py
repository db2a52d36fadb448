"""The verbs of commissions: settle a program, rebuild its lines, hold and release. Each is one database transaction
under the program's settle key. How settling works is in `settling.py`.
"""

from datetime import datetime

from django.db import IntegrityError, transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program, User
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.commissions.errors import AlreadyHeld, AlreadyReleased, UnknownLine
from goodword.commissions.models import Hold, Line, Outcome, SettlementRun
from goodword.commissions.projection import lines_digest
from goodword.commissions.settle_key import lock_settlement
from goodword.commissions.settling import (
    Watch,
    finish,
    settle_facts,
    settle_maturities,
    settled_until,
    stored_differences,
    take,
    unwatched,
)
from goodword.domain.collector import collector_paused
from goodword.ledger.services import book
from goodword.partners.models import Partner

__all__ = [
    "enqueue_settlement",
    "lines_digest",
    "lock_settlement",
    "place_hold",
    "rebuild_lines",
    "release_hold",
    "settle_program",
]


def settle_program(
    program: Program, *, now: datetime, everything: bool = False, watch: Watch = unwatched
) -> SettlementRun:
    """Settle what facts have asked for, and what has matured since; book the differences. Again: posts nothing.

    Takes the unsettled facts under the program's settle lock and deletes them in the same transaction, so a crash at
    any point leaves either all of it done or nothing. `everything` settles the whole program, asked for or not.
    `watch` is told how far it is.
    """
    with active_program(program), transaction.atomic(), collector_paused():
        lock_settlement(program)
        run = SettlementRun(program=program, started_at=now)
        work = take(program, now, everything=everything)
        work.watch = watch
        if work.taken or everything:
            settle_facts(work)
        settle_maturities(work)
        finish(run, work, now)
        watch("checking that all of it balances", 0, 0)  # as the transaction ends
    return run


def rebuild_lines(program: Program, *, now: datetime) -> str:
    """Delete every line and outcome of the program and make them anew; gives `lines_digest`. Books stay as they are."""
    with active_program(program), transaction.atomic():
        lock_settlement(program)
        Line.unscoped.filter(program=program).delete()
        Outcome.unscoped.filter(program=program).delete()
        settle_program(program, now=now, everything=True)
        return lines_digest(program)


def enqueue_settlement(program: Program) -> None:
    """Ask for a settlement soon. Call it in the transaction that recorded the facts; asking twice is asking once."""
    from goodword.commissions.tasks import defer_settlement  # noqa: PLC0415 - the task calls `settle_program`

    defer_settlement(program)


def place_hold(
    partner: Partner, *, line: str = "", reason: str, user: User | None, actor: Actor, now: datetime
) -> Hold:
    """Hold one line of a partner, or everything (no line); what is pending or payable of it is held at once.

    What is inside a payout already stays there. Raises AlreadyHeld or UnknownLine.
    """
    with active_program(partner.program), transaction.atomic():
        lock_settlement(partner.program)
        if line and not Line.objects.filter(partner=partner, line=line).exists():
            raise UnknownLine(
                f"{partner.name} has no commission line {line[:80]}",
                field="line",
                value=line[:80],
                remedy="take the id from the list of commission lines",
            )
        hold = _placed(partner, line, reason, user, now)
        _rebook(hold, now)
        record_audit(action="hold.placed", obj=hold, label=_label(hold), after=_what(hold), reason=reason, actor=actor)
    return hold


def release_hold(hold: Hold, *, reason: str = "", user: User | None, actor: Actor, now: datetime) -> Hold:
    """Let go: what was held goes back to where time says it belongs. Raises AlreadyReleased."""
    with active_program(hold.program), transaction.atomic():
        lock_settlement(hold.program)
        hold = Hold.objects.select_for_update(of=("self",)).select_related("partner", "program").get(pk=hold.pk)
        if hold.released_at is not None:
            raise AlreadyReleased("this hold was released before", field="hold", value=hold.public_id)
        hold.released_at, hold.released_by = now, user
        hold.save(update_fields=["released_at", "released_by"])
        _rebook(hold, now)
        record_audit(
            action="hold.released", obj=hold, label=_label(hold), before=_what(hold), reason=reason, actor=actor
        )
    return hold


def _placed(partner: Partner, line: str, reason: str, user: User | None, now: datetime) -> Hold:
    try:
        with transaction.atomic():
            return Hold.objects.create(
                program=partner.program, partner=partner, line=line, reason=reason, placed_at=now, placed_by=user
            )
    except IntegrityError as twice:
        raise AlreadyHeld(
            f"{partner.name} is held already" if not line else "the line is held already",
            field="line",
            value=line[:80],
            remedy="release the hold that is there first",
        ) from twice


def _rebook(hold: Hold, now: datetime) -> None:
    rows = Line.objects.filter(partner_id=hold.partner_id)
    if hold.line:
        rows = rows.filter(line=hold.line)
    book(hold.program, stored_differences(hold.program, rows, settled_until(hold.program, now)), now=now)


def _label(hold: Hold) -> str:
    return f"{hold.partner.name}, line {hold.line}" if hold.line else hold.partner.name


def _what(hold: Hold) -> dict[str, str]:
    return {"partner": hold.partner.public_id, "line": hold.line, "reason": hold.reason}
