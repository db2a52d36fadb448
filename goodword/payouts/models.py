"""Tables of payouts. Every change of state goes through `services.advance`, which reads again under lock."""

from django.db import models

from goodword.accounts.models import ProgramOwned, User
from goodword.accounts.scope import ProgramManager
from goodword.partners.models import Partner


class PayoutMethod(ProgramOwned):
    """Where a partner's money goes. The account is stored encrypted; people see the mask."""

    id_kind = "payout"
    KINDS = [("iban", "Bank account (IBAN)"), ("account", "Bank account (number and routing)"), ("other", "Other")]
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="payout_methods")
    kind = models.CharField(max_length=10, choices=KINDS)
    holder = models.CharField(max_length=200)
    account_encrypted = models.BinaryField()
    account_mask = models.CharField(max_length=60)
    fingerprint = models.CharField(
        max_length=64, help_text="keyed hash of the account: tells change and equality, not the number"
    )
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=320)
    usable_from = models.DateTimeField(help_text="end of the cooling-off after a change")
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner"], name="payout_method_current", condition=models.Q(replaced_at=None)
            )
        ]


class PayoutRun(ProgramOwned):
    """A set of payouts of one currency that two people prepare and approve together."""

    id_kind = "payout_run"
    STATES = [
        ("prepared", "Prepared"),
        ("approved", "Approved"),
        ("exported", "Sent"),
        ("closed", "Closed"),
        ("cancelled", "Cancelled"),
    ]
    number = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=STATES, default="prepared")
    minimum_minor = models.BigIntegerField()
    content_hash = models.CharField(
        max_length=64, help_text="over payees, amounts, currency and destinations; approval binds it"
    )
    prepared_at = models.DateTimeField()
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    exported_at = models.DateTimeField(null=True)
    exported_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="payout_run_number"),
            models.CheckConstraint(
                name="payout_run_two_people",
                condition=models.Q(approved_by=None) | ~models.Q(approved_by=models.F("prepared_by")),
            ),
        ]


class Payout(ProgramOwned):
    """What one partner gets in one run."""

    id_kind = "payout"
    STATES = [
        ("prepared", "Prepared"),
        ("approved", "Approved"),
        ("exported", "Sent"),
        ("paid", "Paid"),
        ("returned", "Returned"),
        ("cancelled", "Cancelled"),
    ]
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="payouts")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="payouts")
    method = models.ForeignKey(PayoutMethod, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=STATES, default="prepared")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reference = models.CharField(max_length=35, help_text="what the bank shows; unique")
    settled_at = models.DateTimeField(null=True, help_text="when it was confirmed or returned")
    outcome_note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "partner"], name="payout_once_per_run"),
            models.UniqueConstraint(fields=["program", "reference"], name="payout_reference"),
            models.CheckConstraint(name="payout_positive", condition=models.Q(amount_minor__gt=0)),
        ]


class PayoutLine(models.Model):
    """A commission line inside a payout, with the part of it that is paid here (negative: taken back and netted)."""

    id = models.BigAutoField(primary_key=True)
    program = models.ForeignKey("accounts.Program", on_delete=models.PROTECT, related_name="+")
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="lines")
    line = models.CharField(max_length=80)
    amount_minor = models.BigIntegerField()
    live = models.BooleanField(default=True, help_text="false once the payout is paid, returned or cancelled")

    objects = ProgramManager()
    unscoped = models.Manager()

    class Meta:
        default_manager_name = "objects"
        base_manager_name = "unscoped"
        constraints = [
            models.UniqueConstraint(
                fields=["program", "line"], name="line_in_one_live_payout", condition=models.Q(live=True)
            )
        ]
        indexes = [models.Index(fields=["program", "line"], name="payout_line_by_line")]


class DebtProposal(ProgramOwned):
    """What one person proposes about a partner's debt; it is posted when a second one confirms it."""

    id_kind = "debt_proposal"
    KINDS = [("claim", "Ask for it back in money"), ("write_off", "Give it up")]
    STATES = [("waiting", "Waits for a second person"), ("confirmed", "Confirmed"), ("refused", "Not done")]
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="debt_proposals")
    kind = models.CharField(max_length=10, choices=KINDS)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=STATES, default="waiting")
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(name="debt_proposal_positive", condition=models.Q(amount_minor__gt=0)),
            models.UniqueConstraint(
                fields=["partner", "currency"],
                name="debt_proposal_one_waiting",
                condition=models.Q(state="waiting"),
            ),
            models.CheckConstraint(
                name="debt_proposal_two_people",
                condition=~models.Q(state="confirmed") | ~models.Q(decided_by=models.F("proposed_by")),
            ),
        ]
