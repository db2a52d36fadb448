"""Which audit entries become letters, to whom, and what they say. One template per kind: subject, then paragraphs.

A line that is an address alone becomes a button in the HTML form. What people typed is text: it is never rendered.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string

from goodword.accounts.invitations import invitation_link
from goodword.accounts.models import AuditEntry, Membership, Program, User
from goodword.accounts.selectors import team_of
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.domain.money import to_decimal
from goodword.partners.models import Partner, PartnerUser
from goodword.payouts.models import Payout


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets a letter. `person` is there when they can sign in."""

    address: str
    name: str = ""
    person: User | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter ready to be kept and sent."""

    kind: str
    to: str
    subject: str
    text: str
    html: str
    personal: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of letter: its template, who receives it, and whether it carries a link that signs them in."""

    name: str
    receivers: Callable[[AuditEntry, Program], Iterable[Receiver]]
    invites: bool = False


def letters_for(entry: AuditEntry) -> list[Letter]:
    """The letters that an entry asks for: none for most entries, one for each address and kind otherwise."""
    program = entry.program
    if program is None:
        return []
    found: dict[tuple[str, str], Letter] = {}
    for kind in KINDS.get(entry.action, ()):
        for receiver in kind.receivers(entry, program):
            letter = _write(kind, receiver, entry, program)
            found.setdefault((letter.kind, letter.to.lower()), letter)
    return list(found.values())


def _write(kind: Kind, receiver: Receiver, entry: AuditEntry, program: Program) -> Letter:
    invited = kind.invites and receiver.person is not None and not receiver.person.has_usable_password()
    words = {
        "entry": entry, "after": entry.after or {}, "before": entry.before or {}, "program": program,
        "name": receiver.name, "amount": _amount(entry), "invited": invited,
        "link": invitation_link(receiver.person) if invited and receiver.person else "",
        "office": f"{settings.BASE_URL}/p/{program.slug}", "portal": f"{settings.BASE_URL}/portal/{program.slug}",
    }  # fmt: skip
    subject, _, text = render_to_string(f"mail/{kind.name}.txt", words).strip().partition("\n")
    text = text.strip() + "\n"
    html = render_to_string("mail/letter.html", {"program": program, "paragraphs": _paragraphs(text)})
    return Letter(kind.name, receiver.address, " ".join(subject.split())[:300], text, html, invited)


def _paragraphs(text: str) -> list[dict[str, str]]:
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    lone = [part.startswith(("https://", "http://")) and not part.split()[1:] for part in parts]
    return [{"link" if alone else "text": part} for part, alone in zip(parts, lone, strict=True)]


def _amount(entry: AuditEntry) -> str:
    after = entry.after or {}
    minor, currency = after.get("amount_minor"), after.get("currency")
    return f"{currency} {to_decimal(minor, currency)}" if isinstance(minor, int) and currency else ""


# Receivers


def _team(*roles: str) -> Callable[[AuditEntry, Program], Iterator[Receiver]]:
    def members(entry: AuditEntry, program: Program) -> Iterator[Receiver]:
        """The team, without whoever did it."""
        for membership in team_of(program).filter(role__in=roles, user__is_active=True):
            if membership.user.public_id != entry.actor_id:
                yield Receiver(membership.user.email, membership.user.name, membership.user)

    return members


def _member(entry: AuditEntry, _program: Program) -> Iterator[Receiver]:
    """The team mate that the entry is about."""
    key = _key("user", entry.object_id)
    for membership in Membership.objects.filter(pk=key).select_related("user") if key else ():
        yield Receiver(membership.user.email, membership.user.name, membership.user)


def _applicant(entry: AuditEntry, _program: Program) -> Iterator[Receiver]:
    address = (entry.after or {}).get("email", "")
    if address:
        yield Receiver(address, entry.object_label)


def _partner(entry: AuditEntry, program: Program) -> Iterator[Receiver]:
    """The owners of the partner that the entry is about; its contact address when nobody of it can sign in yet."""
    partner = _partner_of(entry, program)
    if partner is None:
        return
    seats = PartnerUser.unscoped.filter(partner=partner, ended_at=None, role="owner", user__is_active=True)
    people = [Receiver(seat.user.email, seat.user.name, seat.user) for seat in seats.select_related("user")]
    if not people and partner.email:
        people = [Receiver(partner.email, partner.contact_name)]
    yield from people


def _partner_of(entry: AuditEntry, program: Program) -> Partner | None:
    """The partner named by the entry, or owed by the payout it is about."""
    if entry.object_kind == "payout" and (key := _key("payout", entry.object_id)):
        payout = Payout.unscoped.filter(program=program, pk=key).select_related("partner").first()
        return payout.partner if payout else None
    named = entry.object_id if entry.object_kind == "partner" else (entry.after or {}).get("partner", "")
    key = _key("partner", named)
    return Partner.unscoped.filter(program=program, pk=key).first() if key else None


def _key(kind: str, text: str) -> UUID | None:
    try:
        return parse_public_id(kind, text)
    except MalformedId:
        return None


KINDS: Mapping[str, tuple[Kind, ...]] = {
    "application.submitted": (
        Kind("application_received", _applicant),
        Kind("application_submitted", _team("owner", "manager")),
    ),
    "application.approved": (Kind("application_approved", _partner, invites=True),),
    "application.rejected": (Kind("application_rejected", _applicant),),
    "partner.invited": (Kind("partner_invited", _partner, invites=True),),
    "partner.paused": (Kind("partner_paused", _partner),),
    "partner.resumed": (Kind("partner_resumed", _partner),),
    "terms.published": (Kind("terms_published", _team("owner", "manager", "finance")),),
    "agreement.started": (Kind("agreement_started", _partner),),
    "hold.placed": (Kind("hold_placed", _partner),),
    "payout.paid": (Kind("payout_paid", _partner),),
    "payout.returned": (Kind("payout_returned", _partner), Kind("payout_returned_team", _team("owner", "finance"))),
    "payout_method.changed": (
        Kind("payout_method_changed", _partner),
        Kind("payout_method_changed_team", _team("owner", "finance")),
    ),
    "commission.clawed_back": (Kind("commission_clawed_back", _partner),),
    "team.invited": (Kind("team_invited", _member, invites=True),),
    "team.role_changed": (Kind("team_role_changed", _member),),
    "key.created": (Kind("key_created", _team("owner")),),
    "key.exposed": (Kind("key_exposed", _team("owner", "manager")),),
    "webhook.disabled": (Kind("webhook_disabled", _team("owner", "manager")),),
}
