"""From the audit trail to the mail server: letters are written exactly once, then sent until they are taken.

Reading follows each chain by its gapless numbers, so an entry that commits late is never jumped over.
"""

import smtplib
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from goodword.accounts.models import AuditEntry, AuditHead, Program
from goodword.accounts.scope import active_program, no_program
from goodword.mail.letters import Letter, letters_for
from goodword.mail.models import Mail, OutboxCursor

SMTP = "django.core.mail.backends.smtp.EmailBackend"
ENTRIES_AT_ONCE = 500
LETTERS_AT_ONCE = 200
ATTEMPTS_MAX = 10  # with doubling pauses from one minute: given up after about seventeen hours
NOT_KEPT = "This letter held a link or a code that signs somebody in. Its text is not kept after sending."


def deliver_due(now: datetime) -> int:
    """Write the letters that new audit entries ask for, and send what is due. Returns how many were sent.

    Two workers may run this at once: each chain and each letter is worked on by one of them.
    """
    read_trails()
    return send_due(now) if settings.EMAIL_HOST else 0


def read_trails() -> int:
    """Turn what is new in every audit chain into letters. Returns how many were written."""
    written = 0
    for head in AuditHead.objects.select_related("program").order_by("pk"):
        read = OutboxCursor.objects.filter(program=head.program_id).values_list("sequence", flat=True).first() or 0
        while read < head.sequence:
            reached, new = _read_some(head.program)
            written += new
            if reached is None or reached == read:
                break  # another worker reads this chain
            read = reached
    return written


@transaction.atomic
def _read_some(program: Program | None) -> tuple[int | None, int]:
    """The next entries of one chain; the cursor moves in the same transaction as the letters are written."""
    OutboxCursor.objects.bulk_create([OutboxCursor(program=program)], ignore_conflicts=True)
    cursor = OutboxCursor.objects.select_for_update(skip_locked=True, of=("self",)).filter(program=program).first()
    if cursor is None:
        return None, 0
    entries = AuditEntry.objects.filter(program=program, sequence__gt=cursor.sequence).select_related("program")
    due = list(entries.order_by("sequence")[:ENTRIES_AT_ONCE])
    with active_program(program) if program else no_program():
        rows = [_row(entry, letter) for entry in due for letter in letters_for(entry)]
    Mail.objects.bulk_create(rows)
    if due:
        OutboxCursor.objects.filter(pk=cursor.pk).update(sequence=due[-1].sequence)
    return (due[-1].sequence if due else cursor.sequence), len(rows)


def _row(entry: AuditEntry, letter: Letter) -> Mail:
    return Mail(
        program=entry.program, audit_entry=entry, kind=letter.kind, to=letter.to, subject=letter.subject,
        text=letter.text, html=letter.html, personal=letter.personal,
    )  # fmt: skip


def send_due(now: datetime) -> int:
    """Send the letters whose time has come, over one connection. Returns how many the server took."""
    due = Q(next_attempt_at=None) | Q(next_attempt_at__lte=now)
    real = Q(program=None) | Q(program__is_demo=False)  # the people of a demo are invented: nothing leaves for them
    waiting = Mail.objects.filter(due, real, sent_at=None, given_up=False).order_by("pk")
    keys = list(waiting.values_list("pk", flat=True)[:LETTERS_AT_ONCE])
    if not keys:
        return 0
    server = get_connection(SMTP, timeout=20)
    try:
        server.open()
    except OSError as failure:  # smtplib's errors are OSErrors: the server is away, so every letter waits
        _postpone_all(keys, now, failure)
        return 0
    try:
        return sum(_send_one(key, server, now) for key in keys)
    finally:
        server.close()


@transaction.atomic
def _send_one(key: int, server: BaseEmailBackend, now: datetime) -> bool:
    """One letter under its row lock. A crash after the server took it sends it again, under the same Message-ID."""
    letter = Mail.objects.select_for_update(skip_locked=True).filter(pk=key, sent_at=None, given_up=False).first()
    if letter is None:
        return False
    letter.attempts += 1
    try:
        server.send_messages([_message(letter)])
    except (OSError, ValueError) as failure:
        _note_failure(letter, now, failure)
        return False
    letter.sent_at, letter.last_error, letter.next_attempt_at = timezone.now(), "", None
    if letter.personal:
        letter.text, letter.html = NOT_KEPT, ""
    letter.save()
    return True


def _message(letter: Mail) -> EmailMultiAlternatives:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
    headers = {"Message-ID": f"<goodword.{letter.pk}.{letter.created_at:%Y%m%d%H%M%S}@{domain}>"}
    headers["Auto-Submitted"] = "auto-generated"
    message = EmailMultiAlternatives(letter.subject, letter.text, to=[letter.to], headers=headers)
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    return message


def _note_failure(letter: Mail, now: datetime, failure: Exception) -> None:
    """Try again later, unless the server said that this address will never work."""
    refused = isinstance(failure, smtplib.SMTPRecipientsRefused) and all(
        code >= 500 for code, _ in failure.recipients.values()
    )
    letter.given_up = refused or isinstance(failure, ValueError) or letter.attempts >= ATTEMPTS_MAX
    letter.last_error = " ".join(str(failure).split())[:300]
    letter.next_attempt_at = None if letter.given_up else now + timedelta(minutes=2 ** (letter.attempts - 1))
    letter.save()


def _postpone_all(keys: list[int], now: datetime, failure: Exception) -> None:
    for letter in Mail.objects.filter(pk__in=keys, sent_at=None):
        letter.attempts += 1
        _note_failure(letter, now, failure)
