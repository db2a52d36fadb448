"""Tables of commissions.

Lines and outcomes are a projection of facts and terms: deleting and rebuilding them changes nothing.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from goodword.accounts.models import ProgramOwned, User
from goodword.accounts.scope import ProgramManager
from goodword.commissions.missed_models import MissedCredit, MissedLook
from goodword.ledger.models import CanonicalJson
from goodword.partners.models import Partner

__all__ = [
    "Checkpoint",
    "Hold",
    "Known",
    "Line",
    "MissedCredit",
    "MissedLook",
    "Outcome",
    "SettlementRun",
]


class Line(models.Model):
    """One commission line, as `settle` says now (`settlement.md` section 7). Its key is the engine's stable line id."""

    pk = models.CompositePrimaryKey("program_id", "line")
    # No foreign keys here and below: they are checked row by row, and a settlement writes the rows of a whole program.
    # One set-based check for each statement (commissions/migrations, "tied in sets") promises the same.
    program = models.ForeignKey(
        "accounts.Program", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    line = models.CharField(max_length=80)
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    conversion = models.CharField(max_length=200, help_text="external id of the conversion")
    conversion_at = models.DateTimeField()
    customer = models.CharField(max_length=200)
    kind = models.CharField(max_length=10)
    level = models.PositiveSmallIntegerField(default=0)
    rule = models.CharField(max_length=60)
    terms = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    share_ppm = models.IntegerField()
    basis_minor = models.BigIntegerField()
    rate = models.CharField(max_length=200)
    amount_minor = models.BigIntegerField()
    matures_on = models.DateField()
    matures_at = models.DateTimeField(help_text="first instant of matures_on in the program's zone")
    reasons = ArrayField(models.CharField(max_length=30), default=list)
    steps = CanonicalJson()
    digest = models.CharField(
        max_length=32, blank=True, help_text="of all the fields above: tells unchanged lines apart"
    )
    position = models.BigIntegerField(help_text="place in the engine's output order within its conversion")

    objects = ProgramManager()
    unscoped = models.Manager()

    class Meta:
        default_manager_name = "objects"
        base_manager_name = "unscoped"
        indexes = [
            models.Index(fields=["program", "partner", "conversion_at"], name="line_by_partner"),
            models.Index(fields=["program", "conversion_at"], name="line_by_time"),
            models.Index(fields=["program", "conversion"], name="line_by_conversion"),
            models.Index(fields=["program", "matures_at"], name="line_by_maturity"),
        ]


class Outcome(models.Model):
    """Why a conversion has no line."""

    pk = models.CompositePrimaryKey("program_id", "conversion")
    program = models.ForeignKey(
        "accounts.Program", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    conversion = models.CharField(max_length=200)
    outcome = models.CharField(max_length=30)

    objects = ProgramManager()
    unscoped = models.Manager()

    class Meta:
        default_manager_name = "objects"
        base_manager_name = "unscoped"


class Checkpoint(models.Model):
    """Up to where a program is settled: what comes later is settled on from here. It can be deleted at any time.

    `counting` empty: later conversions can change earlier lines, so there is nothing to go on from.
    """

    program = models.OneToOneField("accounts.Program", primary_key=True, on_delete=models.CASCADE, related_name="+")
    counting = models.CharField(max_length=64, help_text="what is counted, as the engine names it")
    settings = models.CharField(max_length=64, help_text="of the program's settings, terms left out")
    last = models.BigIntegerField(help_text="instant of the last conversion, in microseconds; -1: none yet")
    budget = models.JSONField(default=list, help_text="spent, by period")


class Known(models.Model):
    """What a checkpoint knows of one customer or partner: written with it, found through it, and never without it."""

    pk = models.CompositePrimaryKey("program_id", "kind", "name")
    program = models.ForeignKey(  # tied in sets, as lines are
        "accounts.Program", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=8, help_text="customer or partner")
    name = models.CharField(max_length=200)
    record = models.TextField(help_text="JSON, see domain/settlement/checkpoint.py")

    objects = ProgramManager()
    unscoped = models.Manager()

    class Meta:
        default_manager_name = "objects"
        base_manager_name = "unscoped"


class Hold(ProgramOwned):
    """A person or a rule stopped a line, or everything of a partner, from becoming payable."""

    id_kind = "hold"
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="holds")
    line = models.CharField(max_length=80, blank=True, help_text="empty: every line of the partner")
    reason = models.CharField(max_length=300)
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "partner", "line"], name="hold_once", condition=models.Q(released_at=None)
            )
        ]


class SettlementRun(ProgramOwned):
    """One pass of the worker over a program: what it looked at and what it posted."""

    id_kind = "payout_run"
    as_of = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    scope = models.CharField(max_length=20, help_text="conversions, partners or program")
    conversions = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    transactions = models.BigIntegerField(default=0)
    notices = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["program", "-as_of"], name="settlement_run_latest")]
