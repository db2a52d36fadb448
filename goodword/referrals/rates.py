"""Exchange rates that wait for a person: marked when recorded, approved or refused by somebody else.

A rate that waits is stored like every fact and seen by nobody's settlement. Recording goes through `record_facts`.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import ApiKey, Program, User
from goodword.accounts.services import record_audit
from goodword.domain.errors import DomainError
from goodword.domain.exchange import Quote, doubtful
from goodword.domain.ids import parse_public_id
from goodword.domain.payout_states import check_second_person
from goodword.referrals.models import Rate
from goodword.referrals.unsettled import mark_program

COUNTED = ("", "approved")


class RateDecided(DomainError):
    """Nobody waits for a decision on this rate."""

    code = "rate_decided"


def hold_doubtful(program: Program, keys: Sequence[UUID], actor: Actor) -> int:
    """Let those of these fresh rates wait that are far from the one before; how many do."""
    pairs: dict[tuple[str, str], list[Quote]] = defaultdict(list)
    before: dict[UUID, Quote] = {}
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, {"program": program.pk, "keys": list(keys)})
        for key, source, target, at, name, rate, *known in cursor.fetchall():
            pairs[source, target].append(Quote(at, name, key, rate))
            if known[0] is not None:
                before[key] = Quote(*known)
    waiting = [key for quotes in pairs.values() for key in doubtful(quotes, before)]
    if waiting:
        Rate.unscoped.filter(pk__in=waiting).update(approval="waiting", proposed_by=_proposer(actor))
        for one in Rate.unscoped.filter(pk__in=waiting).order_by("at", "external_id")[:100]:
            record_audit(action="rate.held", obj=one, label=_label(one), after=_said(one), actor=actor, program=program)
    return len(waiting)


def approve_rate(rate: Rate, *, user: User, actor: Actor, now: datetime, reason: str = "") -> Rate:
    """A second person says that the rate is meant: it counts, and what waited behind it is looked at again."""
    with transaction.atomic():
        held = _decide(rate, "approved", user=user, actor=actor, now=now, reason=reason)
        behind = Rate.objects.filter(
            from_currency=held.from_currency, to_currency=held.to_currency, approval="waiting", retracted_at=None,
            at__gte=held.at,
        )  # fmt: skip
        keys = list(behind.values_list("pk", flat=True))
        proposers = dict(behind.values_list("pk", "proposed_by"))
        Rate.unscoped.filter(pk__in=keys).update(approval="")
        hold_doubtful(held.program, keys, actor)
        for key, proposer in proposers.items():
            Rate.unscoped.filter(pk=key, approval="waiting").update(proposed_by=proposer)
        mark_program(held.program, "rate.approved")
    return held


def refuse_rate(rate: Rate, *, user: User, actor: Actor, now: datetime, reason: str = "") -> Rate:
    """The rate is a mistake: it never counts. Its id stays taken; the right rate is a new fact."""
    with transaction.atomic():
        return _decide(rate, "refused", user=user, actor=actor, now=now, reason=reason)


def _decide(rate: Rate, decision: str, *, user: User, actor: Actor, now: datetime, reason: str) -> Rate:
    held = Rate.objects.select_for_update(of=("self",)).select_related("program").get(pk=rate.pk)
    if held.approval != "waiting":
        remedy = "look at the list again"
        raise RateDecided("this rate waits for nobody", field="rate", value=held.external_id, remedy=remedy)
    check_second_person(held.proposed_by_id, user.pk)
    held.approval, held.decided_by, held.decided_at = decision, user, now
    held.save(update_fields=["approval", "decided_by", "decided_at"])
    record_audit(action=f"rate.{decision}", obj=held, label=_label(held), after=_said(held), reason=reason, actor=actor)
    return held


def _proposer(actor: Actor) -> User | None:
    """Who stands behind the rate: the person, or whoever made the key."""
    if actor.kind == "user":
        return User.objects.filter(pk=parse_public_id("user", actor.id)).first()
    if actor.kind == "key":
        return ApiKey.unscoped.get(pk=parse_public_id("api_key", actor.id)).created_by
    return None


def _label(rate: Rate) -> str:
    return f"{rate.from_currency} to {rate.to_currency}: {rate.rate}"


def _said(rate: Rate) -> dict[str, Any]:
    return {"id": rate.external_id, "rate": rate.rate, "at": rate.at.isoformat()}


_BEFORE = """
SELECT fresh.id, fresh.from_currency, fresh.to_currency, fresh.at, fresh.external_id, fresh.rate,
       known.at, known.external_id, known.id, known.rate
  FROM referrals_rate fresh
  LEFT JOIN LATERAL (
    SELECT one.at, one.external_id, one.id, one.rate FROM referrals_rate one
     WHERE one.program_id = fresh.program_id AND one.retracted_at IS NULL AND one.approval IN ('', 'approved')
       AND one.from_currency = fresh.from_currency AND one.to_currency = fresh.to_currency
       AND one.at <= fresh.at AND NOT one.id = ANY (%(keys)s)
     ORDER BY one.at DESC, one.external_id DESC LIMIT 1) known ON true
 WHERE fresh.program_id = %(program)s AND fresh.id = ANY (%(keys)s)
"""
