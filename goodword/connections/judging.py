"""Judging a stored event: what it is worth together with the others it belongs to, recorded once.

An event is stored before it is judged, so whatever happens here can be done again. One event of a program is judged at
a time; what it waits for wakes it up.
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import OperationalError, transaction
from django.db import connection as database
from django.db.models import F

from goodword.accounts.scope import active_program
from goodword.connections.applying import Applied, Door, apply
from goodword.connections.models import ReceivedEvent
from goodword.connections.systems import SYSTEMS, own_kinds, seen
from goodword.connections.wanted import Seen, Unreadable, Wanted

log = logging.getLogger(__name__)
TRIES_MAX: Final = 5
"""An event that broke the judge so often is put aside, so that the others go on."""
PATIENCE: Final = timedelta(hours=1)
"""How long an event waits for another that says more, before we go on with what it says itself."""
AT_ONCE_WAIT: Final = "200ms"
"""How long a request waits for its turn before it leaves the event to the worker."""
OPEN: Final = ("received", "waiting")
_WORDS: Final = {
    "invoice": "Waits for invoice.paid of its invoice.",
    "promotion_code": "Waits for the text of its promotion code (promotion_code.created).",
    "payment": "Waits for the payment that it belongs to.",
    "sale": "Waits for its sale.",
    "unknown_type": "Goodword does not read events of this type.",
    "not_paid_yet": "Nothing has been paid yet.",
    "no_payment": "Nothing was to be paid.",
    "nothing_paid": "The amount paid is zero.",
    "nothing_given_back": "No money was given back.",
    "mode_mismatch": "A test event at a live connection, or a live event at a test connection.",
    "future_dated": "It is dated more than 5 minutes ahead of us.",
    "poison": f"Judging it failed {TRIES_MAX} times. Nothing of it was recorded.",
}


def words_for(reason: str) -> str:
    """A reason in words."""
    return _WORDS.get(reason, "")


def judge(key: UUID, now: datetime, *, at_once: bool = False) -> bool:
    """Judge one event, and then those that waited for it; says whether it was done.

    `at_once`: leave it to the worker when another event of the program is being judged right now.
    """
    woken: Sequence[UUID] = ()
    if not ReceivedEvent.unscoped.filter(pk=key, outcome__in=OPEN).update(tries=F("tries") + 1):
        return True
    try:
        done, woken = _judge(key, now, at_once=at_once)
    except Exception as error:  # noqa: BLE001  (whatever it is, the other events go on)
        log.error("judging %s failed: %s", key, type(error).__name__)  # noqa: TRY400  (a trace may hold what was sent)
        _note_failure(key, error, now)
        return False
    for other in woken:
        judge(other, now, at_once=at_once)
    return done


def _judge(key: UUID, now: datetime, *, at_once: bool) -> tuple[bool, Sequence[UUID]]:
    with transaction.atomic():
        event = ReceivedEvent.unscoped.select_related("connection__program").get(pk=key)
        if not _take_turn(event, at_once=at_once):
            ReceivedEvent.unscoped.filter(pk=key).update(tries=F("tries") - 1)
            return False, ()
        event.refresh_from_db(fields=["outcome", "look_again_at", "tries"])
        if event.outcome not in OPEN:
            return True, ()
        if event.tries > TRIES_MAX:
            _finish(event, now, "quarantined", "poison")
            return True, ()
        with active_program(event.connection.program):
            return True, _decide(event, now)


def _take_turn(event: ReceivedEvent, *, at_once: bool) -> bool:
    """One at a time for each program: of two events of one payment the later sees what the earlier has recorded."""
    number = int.from_bytes(hashlib.blake2b(f"judge {event.program_id}".encode(), digest_size=8).digest(), signed=True)
    longest = AT_ONCE_WAIT if at_once else "0"
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute("select set_config('lock_timeout', %s, true)", [longest])
            cursor.execute("select pg_advisory_xact_lock(%s)", [number])
            cursor.execute("select set_config('lock_timeout', '0', true)")
    except OperationalError:
        if not at_once:
            raise
        return False
    return True


def _note_failure(key: UUID, error: Exception, now: datetime) -> None:
    """The event stays open until it has failed too often. What went wrong is told without what it holds."""
    told = f"{type(error).__name__} while judging"
    ReceivedEvent.unscoped.filter(pk=key, outcome__in=OPEN).update(detail=told, judged_at=now)
    given_up = {
        "outcome": "quarantined",
        "reason": "poison",
        "detail": f"{words_for('poison')} ({type(error).__name__})",
    }
    ReceivedEvent.unscoped.filter(pk=key, outcome__in=OPEN, tries__gte=TRIES_MAX).update(**given_up)


def _decide(event: ReceivedEvent, now: datetime) -> Sequence[UUID]:
    system = SYSTEMS[event.connection.kind]
    rows = system.related(event)
    try:
        wanted = _facts(event, rows, now)
    except Unreadable as refused:
        _finish(event, now, "quarantined", refused.code, refused.message)
        return ()
    if reason := wanted.waiting.get(event.event_id):
        event.look_again_at = event.look_again_at or event.received_at + PATIENCE
        _finish(event, now, "waiting", reason)
        return ()
    if event.connection.mode == "test" and not event.connection.program.is_demo:
        _finish(event, now, "tested", "test", _would(wanted))
        return ()
    done = apply(Door(event.connection, now, system.merges), wanted)
    _tell(event, now, wanted, done)
    return [row.pk for row in rows if row.outcome == "waiting" and row.pk != event.pk]


def _facts(event: ReceivedEvent, rows: Sequence[ReceivedEvent], now: datetime) -> Wanted:
    """What the events say together; those that say nonsense on their own are left out, unless it is this one."""
    facts = SYSTEMS[event.connection.kind].facts
    given = [(row, seen(row, now)) for row in rows]
    try:
        return facts(event, given)
    except Unreadable:
        good = [pair for pair in given if _is_sound(event, pair)]
        return facts(event, good)


def _is_sound(event: ReceivedEvent, pair: tuple[ReceivedEvent, Seen]) -> bool:
    row, _ = pair
    try:
        SYSTEMS[event.connection.kind].facts(row, [pair])
    except Unreadable:
        if row.pk == event.pk:
            raise
        return False
    return True


def _would(wanted: Wanted) -> str:
    named = {
        "customer": wanted.customers, "sale": wanted.sales, "event": wanted.events, "refund": wanted.refunds,
        "cancel": wanted.cancels,
    }  # fmt: skip
    said = [f"{kind} {fact['id']}" for kind, facts in named.items() for fact in facts]
    return f"Would record: {', '.join(said)}." if said else "Would record nothing."


def _tell(event: ReceivedEvent, now: datetime, wanted: Wanted, done: Applied) -> None:
    event.facts = [list(pair) for pair in done.new]
    own = [one for one in done.refused if one.kind in own_kinds(event)]
    if own:
        _finish(event, now, "quarantined", own[0].code[:60], f"{own[0].kind} {own[0].id}: {own[0].message}")
    elif reason := wanted.empty.get(event.event_id):
        _finish(event, now, "ignored", reason)
    elif done.new or done.withdrawn or not done.known:
        detail = f"Withdrawn: {', '.join(done.withdrawn)}." if done.withdrawn else ""
        _finish(event, now, "recorded", "", detail)
    else:
        _finish(event, now, "known", "", "What it says was recorded before.")


def _finish(event: ReceivedEvent, now: datetime, outcome: str, reason: str, detail: str = "") -> None:
    event.outcome, event.reason, event.judged_at, event.tries = outcome, reason, now, 0
    event.detail = (detail or words_for(reason))[:500]
    event.save(update_fields=["outcome", "reason", "detail", "judged_at", "facts", "look_again_at", "tries"])
