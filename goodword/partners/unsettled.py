"""Tells the settlement worker that a change here may change money."""

from datetime import datetime
from typing import Any

from django.apps import apps

from goodword.accounts.models import Program


def mark_unsettled(program: Program, cause: str, since: datetime | None = None) -> None:
    """Ask for the whole program to be settled again, in the transaction of the change; with `since`: what was sold from
    that moment on.

    The queue belongs to `referrals`, a layer above this one, so it is looked up by name and never imported.
    """
    queue: Any = apps.get_model("referrals", "UnsettledFact")
    queue.objects.create(program=program, customer="", cause=cause, since=since)
