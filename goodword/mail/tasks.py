"""Periodic work of this package, run by the worker."""

from django.utils import timezone
from procrastinate.contrib.django import app

from goodword.mail.services import deliver_due


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="mail.deliver", lock="mail.deliver", pass_context=False)
def deliver(timestamp: int) -> int:  # noqa: ARG001  (the scheduler gives the planned time; letters go by the clock)
    """Every minute: new audit entries become letters, and letters that are due are sent."""
    return deliver_due(timezone.now())
