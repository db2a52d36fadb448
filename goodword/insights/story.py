"""What happened to an object, in words: the audit trail as a person would tell it. Reads only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import current_program
from goodword.insights.wording import money_text
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
    words = _WORDS.get(entry.action)
    text = words(entry) if words else f"{entry.action.replace('.', ' ').replace('_', ' ').capitalize()}"
    return Event(entry.at, text, entry.actor_label.partition(" <")[0], entry.reason, _TONES.get(entry.action, ""))


def _after(entry: AuditEntry, name: str) -> Any:
    return (entry.after or {}).get(name, "")


def _terms(entry: AuditEntry) -> str:
    """`standard@2` as people say it."""
    key, _, number = str(_after(entry, "terms")).rpartition("@")
    return f"the {key} terms, version {number}" if key else "new terms"


def _changed(entry: AuditEntry) -> str:
    names = sorted(name.removesuffix("_id").replace("_", " ") for name in (entry.after or {}))
    return f"Changed: {', '.join(names)}" if names else "Changed"


def _payout(verb: str) -> Callable[[AuditEntry], str]:
    def words(entry: AuditEntry) -> str:
        minor, currency = _after(entry, "amount_minor"), _after(entry, "currency")
        amount = f" {money_text(minor, currency)}" if isinstance(minor, int) and currency else ""
        return f"{verb}{amount}"

    return words


_WORDS: Mapping[str, Callable[[AuditEntry], str]] = {
    "partner.created": lambda e: f"Became a partner on {_terms(e)}",
    "partner.changed": _changed,
    "partner.paused": lambda _: "Paused: new clicks stop counting",
    "partner.resumed": lambda _: "Active again",
    "partner.ended": lambda _: "The partnership ended",
    "application.submitted": lambda _: "Applied to join",
    "application.approved": lambda _: "The application was approved",
    "application.rejected": lambda _: "The application was turned down",
    "agreement.started": lambda e: f"New agreement on {_terms(e)}",
    "agreement.ended": lambda _: "The agreement ended",
    "terms.created": lambda _: "Created",
    "terms.published": lambda e: f"Published {e.object_label}",
    "link.created": lambda e: f"New link {e.object_label}",
    "link.revoked": lambda e: f"Link {e.object_label} revoked",
    "code.created": lambda e: f"New code {e.object_label}",
    "code.revoked": lambda e: f"Code {e.object_label} revoked",
    "hold.placed": lambda _: "Hold placed: nothing of it is paid until somebody lets go",
    "hold.released": lambda _: "Hold released",
    "payout.paid": _payout("Paid"),
    "payout.returned": _payout("Payout came back:"),
    "payout_method.changed": lambda _: "Changed where payouts go",
    "commission.clawed_back": lambda _: "Commission taken back after a refund",
    "seat.invited": lambda e: f"Invited {_after(e, 'email')} to the partner pages",
}
_TONES = {
    "partner.created": "good",
    "partner.resumed": "good",
    "application.approved": "good",
    "payout.paid": "good",
    "partner.paused": "warn",
    "hold.placed": "warn",
    "payout.returned": "bad",
    "commission.clawed_back": "bad",
    "application.rejected": "bad",
    "partner.ended": "bad",
}
