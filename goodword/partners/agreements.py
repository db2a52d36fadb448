"""Writes about terms and agreements. A published version is never edited; a partner stands on one version at a time."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program, User
from goodword.accounts.services import record_audit
from goodword.domain.settlement import Terms as ReadTerms
from goodword.domain.terms_answers import normal_form
from goodword.domain.terms_problems import rates_over_whole
from goodword.partners.errors import (
    AgreementNotInForce,
    AgreementsOverlap,
    EffectiveInThePast,
    KeyTaken,
    SameTerms,
    SecondPersonNeeded,
)
from goodword.partners.models import Agreement, Partner, Terms, TermsVersion
from goodword.partners.selectors import latest_version
from goodword.partners.terms_check import checked_terms, content_hash
from goodword.partners.unsettled import mark_unsettled


@transaction.atomic
def create_terms(program: Program, *, key: str, name: str, actor: Actor, is_default: bool = False) -> Terms:
    """A named, still empty set of terms; what it says comes with its first version."""
    if is_default:
        Terms.objects.filter(is_default=True).update(is_default=False)
    terms = Terms(program=program, key=key, name=name.strip(), is_default=is_default)
    try:
        with transaction.atomic():
            terms.save(force_insert=True)
    except IntegrityError:
        raise KeyTaken(f"terms {key!r} exist already", field="key", value=key, remedy="choose another key") from None
    record_audit(
        action="terms.created", obj=terms, after={"key": key, "name": terms.name, "default": is_default}, actor=actor
    )
    return terms


@transaction.atomic
def publish_terms_version(
    program: Program,
    terms: Terms,
    *,
    document: Any,
    note: str,
    actor: Actor,
    now: datetime,
    published_by: User | None = None,
    approved_by: User | None = None,
    effective_at: datetime | None = None,
) -> TermsVersion:
    """Publish the next version of these terms, for ever as it is.

    With `effective_at` every partner on an older version of these terms moves to it at that moment; without, only
    agreements that begin later use it. Rates over 100% need `approved_by`, somebody other than `published_by`.
    """
    _refuse_alone(checked_terms(program, document), published_by, approved_by)
    if effective_at is not None:
        _refuse_past(effective_at, now)
    version = _next_version(terms, document, note.strip(), now, (published_by, approved_by))
    moved = _move_all(version, effective_at, actor) if effective_at else 0
    mark_unsettled(program, "terms.published", since=effective_at or now)
    record_audit(
        action="terms.published",
        obj=version,
        label=f"{version.terms.name}, version {version.number}",
        after={"version": version.settlement_key, "hash": version.content_hash, "partners_moved": moved}
        | ({"published_by": str(published_by)} if approved_by else {}),
        reason=version.note,
        actor=actor,
    )
    return version


def _refuse_alone(terms: ReadTerms, published_by: User | None, approved_by: User | None) -> None:
    """Who pays more than the sale itself may have slipped with a digit: somebody else looks first."""
    doubtful = rates_over_whole(terms)
    if doubtful and (approved_by is None or approved_by == published_by):
        raise SecondPersonNeeded(
            f"{', '.join(doubtful)} of a sale",
            field="document",
            remedy="in the back office ask a second person to publish it, or give rates of 100% or less",
        )


def _says_the_same(last: TermsVersion, document: Any) -> bool:
    currency = last.terms.program.currency
    return normal_form(last.document, currency) == normal_form(document, currency)


def _next_version(
    terms: Terms, document: Any, note: str, now: datetime, people: tuple[User | None, User | None]
) -> TermsVersion:
    """The version after the last one; two people who publish at once take turns."""
    locked = Terms.objects.select_for_update().get(pk=terms.pk)
    last, digest = latest_version(locked), content_hash(document)
    if last and _says_the_same(last, document):
        raise SameTerms(f"this says what version {last.number} says", field="document", remedy="change a rule first")
    return TermsVersion.objects.create(
        program_id=locked.program_id,
        terms=locked,
        number=last.number + 1 if last else 1,
        document=document,
        note=note,
        content_hash=digest,
        published_at=now,
        published_by=people[0],
        approved_by=people[1],
    )


def _refuse_past(effective_at: datetime, now: datetime) -> None:
    if effective_at < now:
        raise EffectiveInThePast(
            "new terms cannot begin before now",
            field="effective_at",
            value=effective_at.isoformat(),
            remedy="choose a later day: earlier sales keep the terms they were made under",
        )


def _move_all(version: TermsVersion, at: datetime, actor: Actor) -> int:
    """Partners that stand on an older version at that moment, or would begin on one later."""
    older = Q(terms_version__terms=version.terms_id) & ~Q(terms_version=version.pk)
    live = Q(ends_at=None) | Q(ends_at__gt=at)
    not_empty = ~Q(ends_at=F("starts_at"))
    affected = list(
        Agreement.objects.filter(older & live & not_empty).select_related("partner").order_by("partner_id", "starts_at")
    )
    list(Partner.objects.select_for_update().filter(pk__in={a.partner_id for a in affected}).order_by("pk"))
    for agreement in affected:
        starts = max(agreement.starts_at, at)
        _follow(agreement, version, starts=starts, actor=actor)
    return len({agreement.partner_id for agreement in affected})


def _follow(agreement: Agreement, version: TermsVersion, *, starts: datetime, actor: Actor) -> None:
    """End an agreement and let one on the new version take over what was left of it."""
    left = agreement.ends_at
    agreement.ends_at = starts
    agreement.end_reason = f"new terms, version {version.number}"
    agreement.save(update_fields=["ends_at", "end_reason"])
    following = Agreement.objects.create(
        program_id=agreement.program_id,
        partner=agreement.partner,
        terms_version=version,
        starts_at=starts,
        ends_at=left,
    )
    _record_start(following, actor=actor, reason=version.note)


def start_first_agreement(partner: Partner, version: TermsVersion, *, starts_at: datetime) -> Agreement:
    """The agreement a partner begins with: part of creating it, which writes the audit entry."""
    return Agreement.objects.create(
        program=partner.program, partner=partner, terms_version=version, starts_at=starts_at
    )


@transaction.atomic
def put_on_terms(
    partner: Partner,
    version: TermsVersion,
    *,
    starts_at: datetime,
    actor: Actor,
    ends_at: datetime | None = None,
    reason: str = "",
) -> Agreement:
    """Put a partner on a terms version from a moment on; the agreement in force then ends at that moment."""
    Partner.objects.select_for_update().get(pk=partner.pk)
    in_force = (
        Agreement.objects.filter(partner=partner, starts_at__lt=starts_at)
        .filter(Q(ends_at=None) | Q(ends_at__gt=starts_at))
        .first()
    )
    if in_force:
        in_force.ends_at, in_force.end_reason = starts_at, reason or f"new agreement on {version.settlement_key}"
        in_force.save(update_fields=["ends_at", "end_reason"])
    agreement = Agreement(
        program=partner.program, partner=partner, terms_version=version, starts_at=starts_at, ends_at=ends_at
    )
    try:
        with transaction.atomic():
            agreement.save(force_insert=True)
    except IntegrityError:
        raise AgreementsOverlap(
            f"{partner.name} has an agreement that begins later",
            field="starts_at",
            value=starts_at.isoformat(),
            remedy="end that agreement first, or choose a day after it",
        ) from None
    mark_unsettled(partner.program, "agreement.started", since=starts_at)
    _record_start(agreement, actor=actor, reason=reason)
    return agreement


@transaction.atomic
def end_agreement(agreement: Agreement, *, ends_at: datetime, for_cause: bool, reason: str, actor: Actor) -> Agreement:
    """End an agreement at a moment. For cause there is no tail: later sales of its customers pay nothing."""
    locked = Agreement.objects.select_for_update().get(pk=agreement.pk)
    if (locked.ends_at and locked.ends_at <= ends_at) or ends_at < locked.starts_at:
        raise AgreementNotInForce(
            "the agreement is not in force at that moment",
            field="ends_at",
            value=ends_at.isoformat(),
            remedy="choose a moment between its start and its end",
        )
    before = locked.ends_at
    locked.ends_at, locked.for_cause, locked.end_reason = ends_at, for_cause, reason
    locked.save(update_fields=["ends_at", "for_cause", "end_reason"])
    mark_unsettled(locked.program, "agreement.ended", since=ends_at)
    record_audit(
        action="agreement.ended",
        obj=locked,
        label=locked.partner.name,
        before={"ends_at": before.isoformat() if before else ""},
        after={"ends_at": ends_at.isoformat(), "for_cause": for_cause, "partner": locked.partner.public_id},
        reason=reason,
        actor=actor,
    )
    return locked


def _record_start(agreement: Agreement, *, actor: Actor, reason: str) -> None:
    record_audit(
        action="agreement.started",
        obj=agreement,
        label=agreement.partner.name,
        after={
            "partner": agreement.partner.public_id,
            "terms": agreement.terms_version.settlement_key,
            "starts_at": agreement.starts_at.isoformat(),
        },
        reason=reason,
        actor=actor,
    )
