"""Tables of missed credit: which partner an uncredited sale may be due to, and what a person decided about it."""

from django.db import models

from goodword.accounts.models import ProgramOwned, User
from goodword.partners.models import Partner

__all__ = ["MissedCredit", "MissedLook"]


class MissedCredit(ProgramOwned):
    """A suggestion. It changes nothing until a person credits the partner; "not theirs" is remembered for ever."""

    id_kind = "missed_credit"
    STATES = [("open", "To decide"), ("credited", "Credited"), ("not_theirs", "Not theirs")]
    conversion = models.CharField(max_length=200, help_text="external id")
    conversion_at = models.DateTimeField()
    customer = models.CharField(max_length=200, help_text="external id")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    strength = models.PositiveSmallIntegerField(help_text="3 strong, 2 likely, 1 weak")
    known_before = models.BooleanField(default=False, help_text="the program does not pay for such customers by rule")
    evidence = models.JSONField(help_text="kind, strength and what it is about; see domain/missed_credit.py")
    found_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=STATES, default="open")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_label = models.CharField(max_length=320, blank=True, help_text="who, as the audit trail says it")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "conversion", "partner"], name="missed_credit_once")]
        indexes = [
            models.Index(fields=["program", "state", "-strength", "-conversion_at", "id"], name="missed_by_strength"),
            models.Index(fields=["program", "state", "-conversion_at", "id"], name="missed_by_time"),
            models.Index(fields=["program", "customer", "partner"], name="missed_by_customer"),
        ]


class MissedLook(models.Model):
    """When uncredited sales were looked through last, how many there were, and how long that took."""

    program = models.OneToOneField("accounts.Program", primary_key=True, on_delete=models.CASCADE, related_name="+")
    looked_at = models.DateTimeField()
    sales = models.BigIntegerField(default=0)
    milliseconds = models.BigIntegerField(default=0)
