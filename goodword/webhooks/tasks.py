"""Periodic work of this package, run by the worker."""

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from goodword.webhooks.delivery import deliver_due
from goodword.webhooks.gathering import gather
from goodword.webhooks.retention import forget_old

QUEUE = "webhooks"


def _now() -> datetime:
    return datetime.now(UTC)


@app.periodic(cron="* * * * * */5")
@app.task(name="webhooks.gather", queue=QUEUE, lock="webhooks.gather", queueing_lock="webhooks.gather")
def gather_new(timestamp: int) -> None:  # noqa: ARG001  (the scheduler gives the planned time)
    """Every five seconds: what was committed becomes events."""
    gather(_now())


@app.periodic(cron="* * * * * */5")
@app.task(name="webhooks.deliver", queue=QUEUE, lock="webhooks.deliver", queueing_lock="webhooks.deliver")
def deliver(timestamp: int) -> None:  # noqa: ARG001
    """Every five seconds: what is due is sent. One job for all receivers: a slow one takes no worker from others."""
    deliver_due(_now)


@app.periodic(cron="41 2 * * *")
@app.task(name="webhooks.forget_old", queue=QUEUE, queueing_lock="webhooks.forget_old")
def forget(timestamp: int) -> None:
    """Every night: what is old goes."""
    forget_old(datetime.fromtimestamp(timestamp, UTC))
