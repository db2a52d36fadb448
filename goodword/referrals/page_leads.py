"""Leads that web pages tell: kept apart until somebody who is no browser vouches for them. The only writes of them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.domain.click_privacy import network_of
from goodword.domain.errors import DomainError
from goodword.domain.ids import parse_public_id, public_id
from goodword.referrals.models import Customer, PageLead
from goodword.referrals.page_visits import Visit
from goodword.referrals.selectors import written_at
from goodword.referrals.tracking import record_tracked

SOURCE: Final = "browser"
REASON_LENGTH_MAX: Final = 300
_ID_LENGTH: Final = 24


class LeadDecided(DomainError):
    """Somebody confirmed or refused this lead already."""

    code = "lead_decided"


def tell_lead(
    program: Program,
    visit: Visit,
    given: Mapping[str, Any],
    *,
    counts: bool,
    host: str,
    address: str,
    actor: Actor,
    now: datetime,
) -> tuple[PageLead, bool]:
    """Keep a lead that a page told, once; and whether it is new. `counts`: record it, if its customer is new.

    A page never adds a browser to a customer we know: whoever could would take another's customer for a partner.
    """
    with active_program(program), transaction.atomic():
        told = PageLead(
            program=program,
            external_id=_id(visit, given),
            name=given.get("name") or "lead",
            customer=_customer_id(given["customer"]),
            told={name: given[name] for name in ("customer", "properties") if name in given},
            partner_id=visit.partner,
            click=visit.id,
            host=host,
            network=network_of(address),
            at=now,
        )
        PageLead.objects.bulk_create([told], ignore_conflicts=True)
        row = PageLead.objects.select_for_update().get(external_id=told.external_id)
        is_new = row.pk == told.pk
        if is_new and counts and not Customer.objects.filter(external_id=row.customer, retracted_at=None).exists():
            _count(row, actor, now)
    return row, is_new


def confirm_lead(lead: PageLead, *, actor: Actor, now: datetime) -> PageLead:
    """Vouch for a lead: it is recorded as an event, with its customer and the visit behind it. Raises LeadDecided."""
    with active_program(lead.program), transaction.atomic():
        row = _waiting(lead)
        _count(row, actor, now)
        _note(row, actor, "page_lead.confirmed")
    return row


def refuse_lead(lead: PageLead, *, reason: str, actor: Actor, now: datetime) -> PageLead:
    """Say that a lead is none: nothing is recorded, and the same told again changes nothing."""
    with active_program(lead.program), transaction.atomic():
        row = _waiting(lead)
        _decide(row, "refused", actor, now, reason.strip()[:REASON_LENGTH_MAX])
        _note(row, actor, "page_lead.refused")
    return row


def _waiting(lead: PageLead) -> PageLead:
    row = PageLead.objects.select_for_update(of=("self",)).select_related("program", "partner").get(pk=lead.pk)
    if row.state != "waiting":
        raise LeadDecided("this lead was decided already", remedy="look at the list again")
    return row


def _count(row: PageLead, actor: Actor, now: datetime) -> None:
    event = {
        "id": row.external_id,
        "name": row.name,
        "at": written_at(row.at),
        "click_id": public_id("touch", row.click),
        **row.told,
    }
    record_tracked(row.program, "lead", [event], actor=actor, now=now, source=SOURCE)
    _decide(row, "counted", actor, now)


def _decide(row: PageLead, state: str, actor: Actor, now: datetime, reason: str = "") -> None:
    row.state, row.decided_at, row.decided_label, row.reason = state, now, actor.label[:320], reason
    row.decided_by_id = _person(actor)
    row.save(update_fields=["state", "decided_at", "decided_label", "decided_by", "reason"])


def _note(row: PageLead, actor: Actor, action: str) -> None:
    after = {"customer": row.customer, "partner": row.partner.public_id, "event": row.external_id}
    record_audit(
        action=action, obj=row, label=f"{row.name} of {row.customer}"[:200], after=after, reason=row.reason, actor=actor
    )


def _person(actor: Actor) -> UUID | None:
    return parse_public_id("user", actor.id) if actor.kind == "user" else None


def _id(visit: Visit, given: Mapping[str, Any]) -> str:
    """An id in a space of its own, which no other browser and no server can take: the same told again is the same."""
    own = given.get("id") or [given.get("name") or "lead", _customer_id(given["customer"])]
    said = json.dumps([visit.visitor, own], sort_keys=True)
    return f"web-{hashlib.sha256(said.encode()).hexdigest()[:_ID_LENGTH]}"


def _customer_id(customer: Any) -> str:
    return str(customer["id"] if isinstance(customer, dict) else customer)
