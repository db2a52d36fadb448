"""Writes about drafts of terms: kept as typed, and published by a second person where the rates ask for one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program, User
from goodword.accounts.services import record_audit
from goodword.partners.agreements import publish_terms_version
from goodword.partners.errors import DraftChanged, SecondPersonNeeded
from goodword.partners.models import Terms, TermsDraft, TermsVersion
from goodword.partners.terms_check import checked_terms, content_hash


@transaction.atomic
def save_draft(terms: Terms, typed: Mapping[str, str], *, user: User, now: datetime) -> TermsDraft:
    """Keep what was typed, right or not. Whoever was asked to agree to an earlier state is asked no more."""
    saved = {"typed": dict(typed), "saved_at": now, "saved_by": user}
    unasked = {"asked_at": None, "asked_by": None, "document_hash": ""}
    draft, _ = TermsDraft.objects.update_or_create(
        terms=terms, defaults={**saved, **unasked}, create_defaults={"program_id": terms.program_id, **saved}
    )
    return draft


@transaction.atomic
def drop_draft(terms: Terms) -> None:
    """Throw the draft away; it never bound anybody."""
    TermsDraft.objects.filter(terms=terms).delete()


@transaction.atomic
def ask_second_person(
    program: Program, terms: Terms, typed: Mapping[str, str], *, document: Any, user: User, actor: Actor, now: datetime
) -> TermsDraft:
    """Keep a draft that is whole and ask somebody else to publish exactly this."""
    checked_terms(program, document)
    draft = save_draft(terms, typed, user=user, now=now)
    draft.asked_at, draft.asked_by, draft.document_hash = now, user, content_hash(document)
    draft.save(update_fields=["asked_at", "asked_by", "document_hash"])
    record_audit(action="terms.second_person_asked", obj=terms, after={"hash": draft.document_hash}, actor=actor)
    return draft


@transaction.atomic
def publish_draft(
    program: Program,
    terms: Terms,
    *,
    document: Any,
    note: str,
    user: User,
    actor: Actor,
    now: datetime,
    effective_at: datetime | None = None,
) -> TermsVersion:
    """The second person agrees to what they were asked for: it is published as the work of the first."""
    draft = TermsDraft.objects.select_for_update().filter(terms=terms).first()
    if draft is None or draft.asked_by is None or draft.document_hash != content_hash(document):
        raise DraftChanged("the draft has changed since you opened it", remedy="look at it again")
    if draft.asked_by_id == user.pk:
        raise SecondPersonNeeded("you asked for this yourself", remedy="somebody else has to agree")
    version = publish_terms_version(
        program,
        terms,
        document=document,
        note=note,
        actor=actor,
        now=now,
        published_by=draft.asked_by,
        approved_by=user,
        effective_at=effective_at,
    )
    drop_draft(terms)
    return version
