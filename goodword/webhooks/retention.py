"""What is kept of webhooks, and for how long. Nothing here is a record: trail, ledger and facts are."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from goodword.webhooks.models import Attempt, Delivery, Event, Secret

KEPT: Final = timedelta(days=90)
_SOME: Final = 5_000


def forget_old(now: datetime) -> int:
    """Delete events older than `KEPT` with their deliveries and attempts, and secrets that ended. Says how many."""
    Secret.unscoped.filter(ends_at__lt=now - timedelta(days=1)).delete()
    gone = 0
    while some := _forget_some(now - KEPT):
        gone += some
    return gone


@transaction.atomic
def _forget_some(before: datetime) -> int:
    old = list(Event.unscoped.filter(created_at__lt=before).order_by("created_at").values_list("pk", flat=True)[:_SOME])
    deliveries = Delivery.unscoped.filter(event__in=old)
    Attempt.unscoped.filter(delivery__in=deliveries.values("pk")).delete()
    deliveries.delete()
    Event.unscoped.filter(pk__in=old).delete()
    return len(old)
