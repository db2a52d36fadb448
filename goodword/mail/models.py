"""Tables of outgoing mail."""

from django.db import models

from goodword.accounts.models import AuditEntry, Program


class Mail(models.Model):
    """One letter to one address. Without an SMTP server it waits on the outbox page, where it can be read."""

    id = models.BigAutoField(primary_key=True)
    program = models.ForeignKey(Program, null=True, on_delete=models.PROTECT, related_name="+")
    audit_entry = models.ForeignKey(AuditEntry, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)
    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    personal = models.BooleanField(
        default=False, help_text="holds a link or code that signs somebody in: only owners read it, and only unsent"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, help_text="empty: at once, or never again once given up")
    given_up = models.BooleanField(default=False)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["audit_entry", "to", "kind"], name="mail_once_per_entry")]
        indexes = [
            models.Index(fields=["program", "-id"], name="mail_by_program"),
            models.Index(fields=["id"], name="mail_to_send", condition=models.Q(sent_at=None, given_up=False)),
        ]


class OutboxCursor(models.Model):
    """How far one audit chain has been read for letters: the number of the last entry read."""

    id = models.BigAutoField(primary_key=True)
    program = models.ForeignKey(Program, null=True, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program"], name="outbox_cursor_once", nulls_distinct=False)]
