"""A person's decision about a suggestion: credit the partner, or say that the sale is not theirs. The only writes."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.commissions.errors import CreditedMeanwhile, SuggestionDecided
from goodword.commissions.missed.reading import is_uncredited, sentences
from goodword.commissions.models import MissedCredit
from goodword.domain.ids import parse_public_id
from goodword.referrals.services import record_facts

REASON_LENGTH_MAX: Final = 300
_WITHOUT_MORE: Final = " (and more)"


def credit_partner(suggestion: MissedCredit, *, source: str, actor: Actor, now: datetime) -> MissedCredit:
    """Record that the whole credit of the sale is the partner's, with the evidence as the reason.

    The customer's later sales follow by the lock, as after any other credit. Raises SuggestionDecided or
    CreditedMeanwhile.
    """
    with active_program(suggestion.program), transaction.atomic():
        row = _open(suggestion)
        if not is_uncredited(row):
            raise CreditedMeanwhile(
                f"{row.conversion} is credited by now, or its credit was denied",
                remedy="open the sale to see who got it",
            )
        reason = _reason(row)
        record_facts(row.program, "credit", [_fact(row, reason, now)], source=source, actor=actor, now=now)
        _decide(row, "credited", reason, actor, now)
        MissedCredit.objects.filter(conversion=row.conversion, state="open").delete()
    return row


def turn_down(suggestion: MissedCredit, *, reason: str, actor: Actor, now: datetime) -> MissedCredit:
    """Remember that this partner did not bring this customer: no sale of theirs is suggested to it again."""
    with active_program(suggestion.program), transaction.atomic():
        row = _open(suggestion)
        _decide(row, "not_theirs", reason.strip()[:REASON_LENGTH_MAX], actor, now)
        same = MissedCredit.objects.filter(customer=row.customer, partner=row.partner_id, state="open")
        same.delete()
    return row


def _open(suggestion: MissedCredit) -> MissedCredit:
    rows = MissedCredit.objects.select_for_update(of=("self",)).select_related("partner", "program")
    row = rows.filter(pk=suggestion.pk).first()
    if row is None or row.state != "open":
        raise SuggestionDecided(
            "this suggestion was decided already, or nothing speaks for it any longer",
            remedy="look at the list again",
        )
    return row


def _fact(row: MissedCredit, reason: str, now: datetime) -> dict[str, object]:
    return {
        "id": f"missed-{row.public_id}",
        "conversion": row.conversion,
        "shares": [{"partner": row.partner.public_id, "percent": "100%"}],
        "reason": reason,
        "at": now.isoformat(),
    }


def _reason(row: MissedCredit) -> str:
    """What was found, whole sentences as far as there is room."""
    said = ""
    for sentence in sentences(row):
        longer = f"{said} {sentence}".strip()
        if len(longer) > REASON_LENGTH_MAX - len(_WITHOUT_MORE):
            return f"{said}{_WITHOUT_MORE}" if said else sentence[: REASON_LENGTH_MAX - 1] + "…"
        said = longer
    return said


def _decide(row: MissedCredit, state: str, reason: str, actor: Actor, now: datetime) -> None:
    row.state, row.decided_at, row.reason, row.decided_label = state, now, reason, actor.label[:320]
    row.decided_by_id = _person(actor)
    row.save(update_fields=["state", "decided_at", "decided_by", "decided_label", "reason"])
    after = {"conversion": row.conversion, "customer": row.customer, "partner": row.partner.public_id}
    record_audit(
        action=f"missed_credit.{state}",
        obj=row,
        label=f"{row.conversion}, {row.partner.name}",
        after=after,
        reason=reason,
        actor=actor,
    )


def _person(actor: Actor) -> UUID | None:
    return parse_public_id("user", actor.id) if actor.kind == "user" else None
