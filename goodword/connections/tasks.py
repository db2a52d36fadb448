"""Periodic work of this package, run by the worker: events that wait to be judged, and Stripe's own list."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db.models import F, Q
from procrastinate.contrib.django import app

from goodword.connections.backfill import catch_up, look_up_codes, read_range
from goodword.connections.judging import judge
from goodword.connections.listing_events import ListNotRead
from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.retention import pare_old

QUEUE: Final = "connections"
AT_ONCE_MAX: Final = 500


def due_events(now: datetime) -> list[UUID]:
    """Events nobody has judged yet, and those whose waiting is over, the oldest first."""
    waited = Q(outcome="waiting", look_again_at__lte=now, judged_at__lt=F("look_again_at"))
    rows = ReceivedEvent.unscoped.filter(Q(outcome="received") | waited)
    return list(rows.order_by("received_at", "pk").values_list("pk", flat=True)[:AT_ONCE_MAX])


def judge_events(now: datetime) -> int:
    """Judge what is due; says how many there were. One that breaks the judge does not keep the others waiting."""
    due = due_events(now)
    for key in due:
        judge(key, now)
    return len(due)


@app.periodic(cron="* * * * * */10")
@app.task(name="connections.judge_due", queue=QUEUE, queueing_lock="judge_due", lock="judge_due", pass_context=False)
def judge_due(timestamp: int) -> None:  # noqa: ARG001  (the scheduler gives the planned time; events go by the clock)
    """Every ten seconds: what a crash or a flood left over."""
    judge_events(datetime.now(UTC))


@app.periodic(cron="*/10 * * * *")
@app.task(name="connections.catch_up", queue=QUEUE, queueing_lock="catch_up", lock="catch_up", pass_context=False)
def catch_up_all(timestamp: int) -> None:  # noqa: ARG001
    """Every ten minutes: what Stripe's list has and no webhook brought."""
    now = datetime.now(UTC)
    for connection in Connection.unscoped.select_related("program").filter(kind="stripe", is_on=True).order_by("pk"):
        if bytes(connection.api_key_sealed):
            catch_up(connection, now)
            look_up_codes(connection, now)


@app.periodic(cron="47 1 * * *")
@app.task(name="connections.pare_old", queue=QUEUE, queueing_lock="pare_old", lock="pare_old", pass_context=False)
def pare_old_bodies(timestamp: int) -> None:  # noqa: ARG001
    """Every night: bodies that are old enough keep only what names nobody."""
    pare_old(datetime.now(UTC))


@app.task(name="connections.read_range", queue=QUEUE)
def read_range_later(*, connection_id: str, since: str, until: str) -> None:
    """Read the time that a person chose. What Stripe said against it stands on the connection's page."""
    connection = Connection.unscoped.select_related("program").get(pk=UUID(connection_id))
    now = datetime.now(UTC)
    try:
        read_range(connection, datetime.fromisoformat(since), datetime.fromisoformat(until), now)
    except ListNotRead as refused:
        Connection.unscoped.filter(pk=connection.pk).update(catch_up_problem=refused.message[:300])


def defer_read_range(connection: Connection, since: datetime, until: datetime) -> None:
    """Put the reading of a time in the queue."""
    name = f"connection {connection.pk}"
    read_range_later.configure(lock=name).defer(
        connection_id=str(connection.pk), since=since.isoformat(), until=until.isoformat()
    )
