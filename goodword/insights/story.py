"""What happened to an object, in words: the audit trail as a person would tell it. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import current_program
from goodword.insights.audit_words import news, words_of
from goodword.partners.models import Agreement, Application, Partner


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: what, when, who, and why if somebody said."""

    at: datetime
    text: str
    actor: str = ""
    note: str = ""
    tone: str = ""


def story_of(kind: str, public_id: str, *, size: int = 50) -> list[Event]:
    """What was done to one object, newest first."""
    return _events(Q(object_kind=kind, object_id=public_id), size)


def story_of_partner(partner: Partner, *, size: int = 30) -> list[Event]:
    """What was done to a partner, its agreements, links, holds and payouts, newest first."""
    own = Q(object_kind="partner", object_id=partner.public_id)
    named = Q(after__partner=partner.public_id) | Q(before__partner=partner.public_id)
    return _events(own | named, size)


def story_of_agreement(agreement: Agreement) -> list[Event]:
    """What was done to an agreement, newest first."""
    return story_of("agreement", agreement.public_id)


def story_of_application(application: Application) -> list[Event]:
    """What was done to an application, newest first."""
    return story_of("application", application.public_id)


def _events(which: Q, size: int) -> list[Event]:
    entries = AuditEntry.objects.filter(which, program=current_program()).order_by("-sequence")[:size]
    return [event_of(entry) for entry in entries]


def event_of(entry: AuditEntry) -> Event:
    """An audit entry as one sentence."""
    return Event(entry.at, news(entry), entry.actor_label.partition(" <")[0], entry.reason, words_of(entry).tone)
