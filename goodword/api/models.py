"""Tables of the API: the answers to requests that carried an `Idempotency-Key`, kept for ever."""

from django.db import models

from goodword.accounts.models import ProgramOwned


class AnsweredCall(ProgramOwned):
    """A request that was carried out once, and what was answered. Written in the transaction of its effect."""

    id_kind = "api_key"
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64, help_text="SHA-256 of method, address and body")
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "key"], name="answered_call_once")]
