"""How long the bodies of received webhooks stay whole, and the erasure of a person from them and from clicks.

An event keeps its id, its hash, its times and what became of it for good: a repetition stays a repetition.
"""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.connections.judging import OPEN
from goodword.connections.models import ReceivedEvent
from goodword.connections.paring import pared
from goodword.domain.ids import public_id
from goodword.referrals.click_retention import erase_visitor
from goodword.referrals.models import Click, Customer

_SOME: Final = 500


def pare_old(now: datetime) -> int:
    """Pare every body that is older than the setting says and whose event waits for nothing; how many."""
    before = now - timedelta(days=settings.RECEIVED_BODY_DAYS)
    old = ReceivedEvent.unscoped.filter(pared_at=None, received_at__lt=before).exclude(outcome__in=OPEN)
    done = 0
    while some := _pare(old.order_by("received_at", "pk"), now):
        done += some
    return done


@transaction.atomic
def _pare(rows: QuerySet[ReceivedEvent], now: datetime) -> int:
    events = list(rows.select_related("connection").select_for_update(of=("self",), skip_locked=True)[:_SOME])
    for event in events:
        event.body, event.pared_at = _left_of(event), now
        event.save(update_fields=["body", "pared_at"])
    return len(events)


def _left_of(event: ReceivedEvent) -> bytes:
    """Nothing, where no later event reads it: our own shapes are complete facts, and the unread says nothing."""
    if event.connection.kind == "standard" or not (event.links or event.customer or event.subscription):
        return b""
    known = Customer.unscoped.filter(program_id=event.program_id)
    return pared(bytes(event.body), is_guest=lambda key: known.filter(external_id=key).exists())


def erase_person(program: Program, visitor: str, *, reason: str, actor: Actor, now: datetime) -> tuple[int, int]:
    """Make a visitor nobody, in clicks and in what other systems sent; how many clicks and how many bodies.

    Bodies go that tell of a customer who came with this browser, or that hold the visitor's id or one of its clicks'.
    """
    with active_program(program), transaction.atomic():
        customers = list(Customer.objects.filter(visitors__contains=[visitor]).values_list("external_id", flat=True))
        bodies = _pare_all(_about(visitor, customers), now)
        clicks = erase_visitor(program, visitor, reason=reason, actor=actor)
        record_audit(action="customer.bodies_erased", obj=program, reason=reason, after={"bodies": bodies}, actor=actor)
    return clicks, bodies


def _pare_all(rows: QuerySet[ReceivedEvent], now: datetime) -> int:
    done = 0
    while some := _pare(rows, now):
        done += some
    return done


def _about(visitor: str, customers: list[str]) -> QuerySet[ReceivedEvent]:
    """Events not yet pared that name the visitor or one of these customers, wherever in their body."""
    clicks = Click.objects.filter(visitor=visitor).values_list("pk", flat=True)
    named = [visitor, *customers, *(public_id("touch", key) for key in clicks)]
    whole = ReceivedEvent.objects.filter(pared_at=None)
    # One look through the bodies of the program: erasing is rare, and an index of all their words would be a search.
    spoken_of = whole.extra(
        where=["EXISTS (SELECT FROM unnest(%s::bytea[]) word WHERE position(word IN body) > 0)"],
        params=[[word.encode() for word in named]],
    )
    return whole.filter(Q(customer__in=customers) | Q(pk__in=spoken_of.values("pk")))
