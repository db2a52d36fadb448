"""Reads about endpoints and their deliveries."""

from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from goodword.accounts.models import Program
from goodword.webhooks.models import Attempt, Delivery, Endpoint


def endpoints_of(program: Program) -> QuerySet[Endpoint]:
    """The endpoints of a program, without removed ones."""
    rows: QuerySet[Endpoint] = Endpoint.unscoped.filter(program=program, removed_at=None)
    return rows.order_by("created_at", "pk")


def with_counts(rows: QuerySet[Endpoint]) -> QuerySet[Any]:
    """Endpoints with how many messages wait (`waiting`) and were given up (`missed`)."""
    waiting = Count("deliveries", filter=Q(deliveries__state="waiting"))
    return rows.annotate(waiting=waiting, missed=Count("deliveries", filter=Q(deliveries__state="given_up")))


def deliveries_of(program: Program) -> QuerySet[Delivery]:
    """The deliveries of a program's endpoints, with their events; what was sent to removed ones is not among them."""
    rows: QuerySet[Delivery] = Delivery.unscoped.filter(program=program, endpoint__removed_at=None)
    return rows.select_related("event", "endpoint")


def with_attempts(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Deliveries with all their attempts, the first one first."""
    return rows.prefetch_related(Prefetch("attempts", Attempt.unscoped.order_by("number")))


def state_of(endpoint: Endpoint) -> str:
    """How an endpoint is: off, failing, works, or new (nothing was sent yet)."""
    if endpoint.off_since is not None:
        return "off"
    if endpoint.failing_since is not None:
        return "failing"
    return "works" if endpoint.last_success_at else "new"
