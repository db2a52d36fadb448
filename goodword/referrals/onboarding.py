"""Letting an applicant in: partner, agreement, seat and a first link, all or nothing."""

from datetime import datetime

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import User
from goodword.domain.errors import DomainError
from goodword.partners.models import Application, Partner
from goodword.partners.services import approve_application
from goodword.referrals.sharing import create_link


@transaction.atomic
def approve_with_link(application: Application, *, by: User | None, actor: Actor, now: datetime) -> Partner:
    """Approve, and make the link the new partner can share at once. Without a site address there is none to make.

    The page and the API both come in here, so that no partner begins with less than another.
    """
    partner = approve_application(application, actor=actor, decided_by=by, now=now)
    program = application.program
    if program.site_url:
        try:
            with transaction.atomic():
                create_link(program, partner, destination=program.site_url, label="First link", actor=actor)
        except DomainError:
            # The program's own address is not on its list of allowed hosts: no reason to keep the partner out.
            return partner
    return partner
