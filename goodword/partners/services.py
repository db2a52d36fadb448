"""Writes about partners and applications: one verb each. Agreements and terms are in `agreements.py`.

`create_terms`, `publish_terms_version` and `put_on_terms` are offered here too, so that callers know one door.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from goodword.accounts.actors import Actor
from goodword.accounts.invitations import invite_person
from goodword.accounts.models import Program, User
from goodword.accounts.services import record_audit
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.partner_details import PartnerDetails, checked_details
from goodword.domain.partner_states import application_after, partner_after
from goodword.partners.agreements import (
    create_terms,
    end_agreement,
    publish_terms_version,
    put_on_terms,
    start_first_agreement,
)
from goodword.partners.errors import AlreadyApplied, ExternalIdTaken, KeyTaken, NoDefaultTerms, OwnAncestor
from goodword.partners.models import Application, Group, Partner, PartnerUser, TermsVersion
from goodword.partners.selectors import agreement_in_force, default_version
from goodword.partners.unsettled import mark_unsettled

__all__ = [
    "add_seat",
    "approve_application",
    "create_group",
    "create_partner",
    "create_terms",
    "end_agreement",
    "end_partner",
    "invite_to_partner",
    "pause_partner",
    "publish_terms_version",
    "put_on_terms",
    "reject_application",
    "resume_partner",
    "submit_application",
    "update_partner",
]
# What of a partner the settlement looks at: changing these may change who is credited or paid.
_SETTLED_BY = ("external_id", "email", "emails", "domains", "country", "group_id", "parent_id")


@transaction.atomic
def create_partner(
    program: Program,
    details: PartnerDetails,
    *,
    actor: Actor,
    now: datetime,
    version: TermsVersion | None = None,
    group: Group | None = None,
    parent: Partner | None = None,
    joined_at: datetime | None = None,
) -> Partner:
    """A new active partner, on the given terms version (else the default one) from the day it joined."""
    joined = joined_at or now
    details = checked_details(details)
    version = version or default_version(program)
    if version is None:
        raise NoDefaultTerms("the program has no default terms yet", remedy="publish terms and make them the default")
    partner = Partner(program=program, group=group, parent=parent, joined_at=joined, **_columns(details))
    _insert(partner, details.external_id)
    start_first_agreement(partner, version, starts_at=joined)
    mark_unsettled(program, "partner.created", since=joined)
    record_audit(
        action="partner.created",
        obj=partner,
        after={"name": partner.name, "terms": version.settlement_key},
        actor=actor,
    )
    return partner


@transaction.atomic
def update_partner(
    partner: Partner,
    details: PartnerDetails,
    *,
    actor: Actor,
    group: Group | None,
    parent: Partner | None = None,
) -> Partner:
    """Change what is known about a partner; settles again when it may matter to money."""
    details = checked_details(details)
    locked = Partner.objects.select_for_update().get(pk=partner.pk)
    _refuse_own_ancestor(locked, parent)
    before = _shown(locked)
    for name, value in {**_columns(details), "group": group, "parent": parent}.items():
        setattr(locked, name, value)
    after = _shown(locked)
    changed = {name for name in after if before[name] != after[name]}
    if not changed:
        return locked
    _save(locked, details.external_id)
    if changed & set(_SETTLED_BY):
        mark_unsettled(locked.program, "partner.changed")
    record_audit(
        action="partner.changed",
        obj=locked,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        actor=actor,
    )
    return locked


def pause_partner(partner: Partner, *, reason: str, actor: Actor) -> Partner:
    """New clicks stop counting; what was earned stays and is paid as agreed."""
    return _move_partner(partner, "pause", reason=reason, actor=actor)


def resume_partner(partner: Partner, *, actor: Actor, reason: str = "") -> Partner:
    """Clicks count again from now on."""
    return _move_partner(partner, "resume", reason=reason, actor=actor)


@transaction.atomic
def end_partner(partner: Partner, *, reason: str, for_cause: bool, actor: Actor, now: datetime) -> Partner:
    """End the partnership and the agreement in force. For cause there is no tail."""
    ended = _move_partner(partner, "end", reason=reason, actor=actor)
    if agreement := agreement_in_force(ended, now):
        end_agreement(agreement, ends_at=now, for_cause=for_cause, reason=reason, actor=actor)
    return ended


@transaction.atomic
def _move_partner(partner: Partner, step: str, *, reason: str, actor: Actor) -> Partner:
    locked = Partner.objects.select_for_update().get(pk=partner.pk)
    before = locked.status
    locked.status = partner_after(before, step)
    locked.status_reason = _reason(reason) if step != "resume" else ""
    locked.save(update_fields=["status", "status_reason"])
    record_audit(
        action=f"partner.{_DONE[step]}",
        obj=locked,
        before={"status": before},
        after={"status": locked.status},
        reason=reason,
        actor=actor,
    )
    return locked


_DONE = {"pause": "paused", "resume": "resumed", "end": "ended"}


@transaction.atomic
def create_group(program: Program, *, key: str, name: str, description: str, actor: Actor) -> Group:
    """A named set of partners; conditions of rules may look at it."""
    group = Group(program=program, key=key, name=name.strip(), description=description.strip())
    try:
        with transaction.atomic():
            group.save(force_insert=True)
    except IntegrityError:
        raise KeyTaken(f"a group {key!r} exists already", field="key", value=key, remedy="choose another key") from None
    record_audit(action="group.created", obj=group, after={"key": key, "name": group.name}, actor=actor)
    return group


@transaction.atomic
def add_seat(partner: Partner, user: User, *, role: str = "owner") -> PartnerUser:
    """Let a person into a partner's pages; once per person and partner. The invitation's entry tells the story."""
    seat, _ = PartnerUser.objects.get_or_create(
        program=partner.program, user=user, partner=partner, ended_at=None, defaults={"role": role}
    )
    return seat


@transaction.atomic
def invite_to_partner(partner: Partner, *, email: str, name: str, role: str = "owner", actor: Actor) -> PartnerUser:
    """Give a person a seat at a partner; the letter with the way in follows the audit entry."""
    person = invite_person(email, name).person
    seat = add_seat(partner, person, role=role)
    record_audit(
        action="seat.invited",
        obj=partner,
        after={"partner": partner.public_id, "email": person.email, "person": person.public_id, "role": role},
        actor=actor,
    )
    return seat


@transaction.atomic
def submit_application(
    program: Program, details: PartnerDetails, *, audience: str, promotion: str, actor: Actor, now: datetime
) -> Application:
    """Keep an application as it was sent. One address waits once."""
    details = _reachable(checked_details(details))
    application = Application(
        program=program,
        name=details.name,
        contact_name=details.contact_name,
        email=details.email,
        website=details.website,
        country=details.country,
        audience=audience.strip(),
        promotion=promotion.strip(),
        submitted_at=now,
    )
    try:
        with transaction.atomic():
            application.save(force_insert=True)
    except IntegrityError:
        raise AlreadyApplied(
            f"an application from {details.email} waits for an answer already",
            field="email",
            value=details.email,
            remedy="wait for the answer, or write to the program",
        ) from None
    record_audit(
        action="application.submitted",
        obj=application,
        label=application.name,
        after={"name": application.name, "email": application.email},
        actor=actor,
    )
    return application


def _reachable(details: PartnerDetails) -> PartnerDetails:
    """An applicant must be somebody whom an answer reaches."""
    problems = [
        Problem("required", f"give your {word}", field, "", "we answer to it")
        for field, word in (("contact_name", "name"), ("email", "e-mail address"))
        if not getattr(details, field)
    ]
    if problems:
        raise InvalidInput(problems)
    return details


@transaction.atomic
def approve_application(
    application: Application,
    *,
    actor: Actor,
    decided_by: User | None = None,
    now: datetime,
    version: TermsVersion | None = None,
    group: Group | None = None,
) -> Partner:
    """Make the applicant a partner on the default terms (or the given ones), with a seat in the partner pages."""
    locked = Application.objects.select_for_update().get(pk=application.pk)
    locked.status = application_after(locked.status, "approve")
    details = PartnerDetails(
        name=locked.name,
        contact_name=locked.contact_name,
        email=locked.email,
        website=locked.website,
        country=locked.country,
        notes=locked.audience,
    )
    partner = create_partner(locked.program, details, actor=actor, now=now, version=version, group=group)
    locked.decided_at, locked.decided_by, locked.partner = now, decided_by, partner
    locked.save(update_fields=["status", "decided_at", "decided_by", "partner"])
    person = invite_person(locked.email, locked.contact_name).person
    add_seat(partner, person)
    record_audit(
        action="application.approved",
        obj=locked,
        label=locked.name,
        after={"partner": partner.public_id, "email": locked.email, "person": person.public_id},
        actor=actor,
    )
    return partner


@transaction.atomic
def reject_application(
    application: Application, *, reason: str, actor: Actor, decided_by: User | None = None, now: datetime
) -> Application:
    """Turn an application down, with the reason that the applicant will read."""
    locked = Application.objects.select_for_update().get(pk=application.pk)
    locked.status = application_after(locked.status, "reject")
    locked.reason, locked.decided_at, locked.decided_by = _reason(reason), now, decided_by
    locked.save(update_fields=["status", "reason", "decided_at", "decided_by"])
    record_audit(
        action="application.rejected",
        obj=locked,
        label=locked.name,
        after={"email": locked.email},
        reason=locked.reason,
        actor=actor,
    )
    return locked


def _reason(text: str) -> str:
    tidy = text.strip()
    if not tidy:
        raise InvalidInput(
            [Problem("required", "a reason is needed", "reason", "", "write one sentence the partner will understand")]
        )
    return tidy


def details_of(partner: Partner) -> PartnerDetails:
    """A partner's own data, as it is."""
    return PartnerDetails(**{name: getattr(partner, name) for name in PartnerDetails.__dataclass_fields__})


def _columns(details: PartnerDetails) -> dict[str, Any]:
    return {**asdict(details), "emails": list(details.emails), "domains": list(details.domains)}


def _shown(partner: Partner) -> dict[str, Any]:
    columns = _columns(details_of(partner))
    keys = {"group_id": partner.group_id, "parent_id": partner.parent_id}
    return {**columns, **{name: str(key) if key else "" for name, key in keys.items()}}


def _insert(partner: Partner, external_id: str) -> None:
    try:
        with transaction.atomic():
            partner.save(force_insert=True)
    except IntegrityError:
        raise _taken(external_id) from None


def _save(partner: Partner, external_id: str) -> None:
    try:
        with transaction.atomic():
            partner.save()
    except IntegrityError:
        raise _taken(external_id) from None


def _taken(external_id: str) -> ExternalIdTaken:
    return ExternalIdTaken(
        f"another partner has the number {external_id!r}",
        field="external_id",
        value=external_id,
        remedy="leave it empty or give this partner's own",
    )


def _refuse_own_ancestor(partner: Partner, parent: Partner | None) -> None:
    seen = parent
    while seen is not None:
        if seen.pk == partner.pk:
            raise OwnAncestor(
                f"{partner.name} would be recruited by its own recruit",
                field="parent",
                value=parent.name if parent else "",
                remedy="choose another recruiter or none",
            )
        seen = seen.parent
