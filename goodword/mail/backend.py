"""Where letters of other libraries go (sign-in codes, password links): into the same outbox, and out at once."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from goodword.mail.models import Mail
from goodword.mail.services import send_due

ACCOUNT = "account"


class OutboxBackend(BaseEmailBackend):
    """Keeps each letter, and tries to send it now: a sign-in code cannot wait for the worker."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            for address in message.recipients():
                Mail.objects.create(
                    kind=ACCOUNT, to=address, subject=" ".join(message.subject.split())[:300], text=str(message.body),
                    html=_html(message), personal=True,
                )  # fmt: skip
        if settings.EMAIL_HOST:
            send_due(timezone.now())
        return len(email_messages)


def _html(message: EmailMessage) -> str:
    alternatives: list[Any] = getattr(message, "alternatives", None) or []
    return next((str(part.content) for part in alternatives if part.mimetype == "text/html"), "")
