"""Tables of the ledger. Rows are only ever inserted (triggers and grants); a mistake is reversed."""

from typing import Any

from django.db import models

from goodword.accounts.models import ProgramOwned
from goodword.accounts.scope import ProgramManager


class CanonicalJson(models.JSONField):
    """JSON kept as the very text that was written, and hashed: nothing is taken apart on the way in."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002 - Django's own way of asking
        return "json"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return super().from_db_value(value, expression, connection) if isinstance(value, str) else value


class Account(ProgramOwned):
    """An account of a program, or of one of its partners (`owner` is the partner's key; null: the program's own).

    The balance is moved by the trigger on entries alone; any other change of a row is refused.
    """

    id_kind = "transaction"
    kind = models.CharField(max_length=30, help_text="a name of domain/chart.py, e.g. payable")
    owner = models.UUIDField(null=True)
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(
        default=0, help_text="debits less credits, kept with every entry, checked by verify"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "kind", "owner", "currency"], name="account_once", nulls_distinct=False
            )
        ]


class Chain(models.Model):
    """The end of a program's chain. Whoever posts locks this row first: it gives out the next sequence number."""

    program = models.OneToOneField("accounts.Program", primary_key=True, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    objects = ProgramManager()
    unscoped = models.Manager()

    class Meta:
        default_manager_name = "objects"
        base_manager_name = "unscoped"


class Transaction(ProgramOwned):
    """One balanced set of entries with one cause. Gapless and hash-chained per program."""

    id_kind = "transaction"
    # No foreign keys on the two tables that grow fastest, here and below: one set-based check for each statement
    # (ledger/migrations, "rules") holds them to rows that exist, in the same program, and none of those can be deleted.
    program = models.ForeignKey(
        "accounts.Program", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=30, help_text="a recipe of domain/chart.py, e.g. accrual")
    cause_kind = models.CharField(max_length=30, help_text="what made it: line, hold, payout, reversal, person")
    cause_id = models.CharField(max_length=120, db_collation="C")
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    memo = models.CharField(max_length=300)
    actor = models.CharField(max_length=320, default="system")
    evidence = CanonicalJson(default=dict, help_text="line, terms version and steps as they were when it was posted")
    legs = models.PositiveIntegerField(default=2, help_text="how many entries it has; none can be added later")
    reverses = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "sequence"], name="transaction_sequence"),
            models.UniqueConstraint(  # what tells rows apart first: an index is searched from the left
                fields=["cause_id", "program", "cause_kind", "kind"], name="transaction_cause_once"
            ),
            models.UniqueConstraint(
                fields=["reverses"], name="transaction_reversed_once", condition=models.Q(reverses__isnull=False)
            ),
        ]


class Entry(models.Model):
    """One leg: an amount on the debit or the credit side, never both, never zero."""

    id = models.BigAutoField(primary_key=True)
    program = models.ForeignKey(
        "accounts.Program", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="entries", db_constraint=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries", db_constraint=False)
    subject = models.CharField(
        max_length=80, blank=True, db_collation="C", help_text="the commission line this is about"
    )
    currency = models.CharField(max_length=3)
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)

    objects = ProgramManager()
    unscoped = models.Manager()

    class Meta:
        default_manager_name = "objects"
        base_manager_name = "unscoped"
        constraints = [
            models.CheckConstraint(
                name="entry_one_side",
                condition=(models.Q(debit_minor__gt=0) & models.Q(credit_minor=0))
                | (models.Q(credit_minor__gt=0) & models.Q(debit_minor=0)),
            )
        ]
        indexes = [models.Index(fields=["subject"], name="entry_by_subject")]
