"""How people get in: by a mailed link, which shows that the address is theirs and lets them choose a password once."""

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.db import transaction
from django.urls import reverse

from goodword.accounts.actors import Actor
from goodword.accounts.models import User
from goodword.accounts.services import record_audit
from goodword.domain.emails import checked_email
from goodword.domain.errors import DomainError

VALID_FOR = timedelta(days=14)
_SALT = "goodword.accounts.invitation"


class InvitationExpired(DomainError):
    """The link is too old, was used already, or is not one of ours."""

    code = "invitation_expired"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A person who may come in, and the address that lets them."""

    person: User
    link: str


@transaction.atomic
def invite_person(email: str, name: str = "") -> Invitation:
    """The person with this address, made when there is none yet, and the link that lets them in.

    Give the person a role or a seat in the same transaction, and write the audit entry there: the letter follows it.
    """
    typed = checked_email(email)
    person = User.objects.filter(email__iexact=typed).first()
    if person is None:
        person = User.objects.create_user(typed, name=name.strip()[:200])
    return Invitation(person, invitation_link(person))


def invitation_link(person: User) -> str:
    """Where the person comes in: the page that sets a first password, or the start page when they have one."""
    if person.has_usable_password():
        return f"{settings.BASE_URL}{reverse('accounts:home')}"
    # The unusable password is random text: the link dies with it, when a password is set.
    token = signing.dumps([str(person.pk), person.password], salt=_SALT)
    return f"{settings.BASE_URL}{reverse('accounts:invitation', args=[token])}"


def invited_person(token: str) -> User:
    """Whom the link was made for; raises InvitationExpired when it no longer counts."""
    try:
        key, password = signing.loads(token, salt=_SALT, max_age=VALID_FOR)
        return User.objects.get(pk=key, password=password, is_active=True)
    except (signing.BadSignature, User.DoesNotExist):
        raise InvitationExpired(
            "This invitation has been used or is too old.", remedy="sign in, or ask for a new invitation"
        ) from None


@transaction.atomic
def accept_invitation(token: str, *, name: str, password: str) -> User:
    """Set the first password. The same link does not work again. Raises ValidationError for a weak password."""
    person = User.objects.select_for_update().get(pk=invited_person(token).pk)
    invited_person(token)  # again, now that nobody else can use it
    person.name = name.strip()[:200]
    validate_password(password, person)
    person.set_password(password)
    person.save(update_fields=["name", "password"])
    EmailAddress.objects.update_or_create(
        user=person, email=person.email.lower(), defaults={"verified": True, "primary": True}
    )
    actor = Actor("user", person.public_id, person.email)
    record_audit(action="user.joined", obj=person, label=person.email, actor=actor, program=None)
    return person
