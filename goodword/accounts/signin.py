"""What allauth asks of us: no open sign-up, secrets of second factors encrypted at rest."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from goodword.accounts.actors import VISITOR, Actor
from goodword.accounts.models import User
from goodword.accounts.services import record_audit


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are invited; nobody signs up."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "This e-mail address and this password do not fit together.",
        "enter_current_password": "This is not your current password.",
        "incorrect_code": "This code is not right. Look at the newest letter.",
        "incorrect_password": "This is not your password.",
        "too_many_login_attempts": "Too many attempts. Wait a few minutes, then try again.",
        "rate_limited": "Too many attempts. Wait a few minutes, then try again.",
    }

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        _note("user.signed_in", user, request)
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Kept for people we know only: what a stranger types may be a password in the wrong field."""
        typed = str(credentials.get("email", ""))
        if person := User.objects.filter(email__iexact=typed).first():
            _note("user.sign_in_refused", person, request)

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps authenticator secrets and recovery seeds encrypted: a stolen database alone opens nothing."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right. Codes change every half minute: take the newest.",
        "cannot_generate_recovery_codes": "First turn on the authenticator app or add a key; the codes replace them.",
        "unverified_email": "First show that the address is yours: sign out, and sign in once with a mailed code.",
    }

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002  (the library's name)
        """What a new key is called until the person says it better."""
        known = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Key {known + 1}"

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


@transaction.atomic
def _note(action: str, person: User, request: HttpRequest) -> None:
    """An entry in the chain above programs: it concerns the person, not one program."""
    actor = Actor("user", person.public_id, person.email) if action == "user.signed_in" else VISITOR
    browser = request.headers.get("User-Agent", "")[:200]
    record_audit(action=action, obj=person, label=person.email, after={"browser": browser}, actor=actor, program=None)


def _cipher() -> Fernet:
    key: Any = hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=32, person=b"goodword mfa").digest()
    return Fernet(base64.urlsafe_b64encode(key))
