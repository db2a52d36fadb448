"""Tables of the API: answers to requests that carried an `Idempotency-Key`, kept for ever; how often a key calls."""

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


class Bucket(models.Model):
    """How many calls a key has left at a moment, for all processes together. Not logged: a crash forgets it."""

    key = models.UUIDField(primary_key=True, help_text="of the API key")
    tokens = models.FloatField()
    granted = models.FloatField(help_text="how many the last process got")
    since = models.DateTimeField()
