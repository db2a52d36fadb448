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
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["audit_entry", "to", "kind"], name="mail_once_per_entry")]


class OutboxCursor(models.Model):
    """How far the audit trail has been read for letters. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    entry_at = models.DateTimeField(null=True)
    entry_id = models.UUIDField(null=True)
