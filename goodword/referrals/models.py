"""Tables of facts.

A fact is inserted once under its external id and never edited; an undone import retracts its facts.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from goodword.accounts.models import ProgramOwned, User
from goodword.partners.models import Partner
from goodword.referrals.click_models import Click, ClickSalt, ClicksByDay, ClicksByHour, KnownBrowser
from goodword.referrals.live_test_models import LiveTest
from goodword.referrals.told_models import PageLead, ToldClick

__all__ = [
    "Cancel",
    "Click",
    "ClickSalt",
    "ClicksByDay",
    "ClicksByHour",
    "Code",
    "Conversion",
    "Credit",
    "Customer",
    "Fact",
    "Import",
    "KnownBrowser",
    "Link",
    "LiveTest",
    "PageLead",
    "Rate",
    "Refund",
    "Signal",
    "ToldClick",
    "Touch",
    "UnsettledFact",
    "Upload",
    "UploadChunk",
]


class Import(ProgramOwned):
    """One file that somebody imported: what it was, what it held, whether it was undone."""

    id_kind = "import"
    kind = models.CharField(max_length=20, help_text="customers, sales, refunds, touches, partners ...")
    file_name = models.CharField(max_length=255)
    content_hash = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    counts = models.JSONField(default=dict, help_text="rows, new, duplicates; money totals per currency")
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    again = models.PositiveSmallIntegerField(default=0, help_text="how often this content came before, knowingly")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "kind", "content_hash", "again"],
                name="import_once",
                condition=models.Q(undone_at=None),
            )
        ]


class Upload(ProgramOwned):
    """A file that waits to be imported: its content stands in chunks until it is imported, dropped or a day old."""

    id_kind = "import"
    kind = models.CharField(max_length=20)
    file_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    content_hash = models.CharField(max_length=64)
    layout = models.JSONField(default=dict)
    preview = models.JSONField(null=True, help_text="what the dry run found under `layout`; null: not run yet")
    work = models.CharField(max_length=10, blank=True, help_text="checking, importing; empty: nobody works on it")
    bytes_done = models.BigIntegerField(default=0, help_text="how far a running dry run or import has come")
    made = models.ForeignKey(Import, null=True, on_delete=models.CASCADE, related_name="+", help_text="its import")
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")


class UploadChunk(models.Model):
    """A part of an uploaded file, in order: kept in the database, so that any node can go on with it."""

    id = models.BigAutoField(primary_key=True)
    program = models.ForeignKey("accounts.Program", on_delete=models.CASCADE, related_name="+")
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="upload_chunk_number")]


class Fact(ProgramOwned):
    """What all facts share: their id in the world outside, when we learned it, and the hash of its exact content."""

    external_id = models.CharField(max_length=200)
    payload_hash = models.CharField(
        max_length=64, help_text="SHA-256 of the canonical content; same id, other hash: refused"
    )
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=20, default="api", help_text="api, import, page, demo, redirect")
    imported_in = models.ForeignKey(Import, null=True, on_delete=models.PROTECT, related_name="+")
    retracted_at = models.DateTimeField(null=True, help_text="its import was undone: settlement no longer sees it")

    class Meta:
        abstract = True


def _listed(name: str, *order: str) -> models.Index:
    """For a list that is read page by page: the program's rows in this order, from either end."""
    return models.Index(fields=["program", *order, "id"], name=name)


def _live_id(name: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=["program", "external_id"], name=name, condition=models.Q(retracted_at=None))


class Link(ProgramOwned):
    """A partner's referral link: `/r/<program slug>/<key>` sends people to the stored destination."""

    id_kind = "link"
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="links")
    key = models.CharField(max_length=40)
    skeleton = models.CharField(max_length=40, help_text="the key with look-alikes folded; unique")
    destination = models.URLField(max_length=2000)
    label = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "skeleton"], name="link_skeleton")]
        indexes = [_listed("link_by_key")]


class Code(ProgramOwned):
    """A partner's code, given at the till or typed into a form. The id in settlement facts is `key`."""

    id_kind = "code"
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="codes")
    key = models.CharField(max_length=40)
    skeleton = models.CharField(max_length=40)
    offer = models.CharField(max_length=200, blank=True, help_text="what the customer gets, in words")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "skeleton"], name="code_skeleton")]
        indexes = [_listed("code_by_key")]


class Customer(Fact):
    """A client of the company, as the company knows it. Its row may be completed later: the latest fields serve."""

    id_kind = "customer"
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=320, blank=True)
    domain = models.CharField(max_length=253, blank=True)
    country = models.CharField(max_length=2, blank=True)
    existing = models.BooleanField(default=False)
    visitors = ArrayField(models.CharField(max_length=64), default=list, blank=True)

    class Meta:
        constraints = [_live_id("customer_external_id")]
        indexes = [
            GinIndex(fields=["visitors"], name="customer_by_visitor"),
            _listed("customer_by_key"),
            _listed("customer_by_time", "recorded_at"),
        ]


class Touch(Fact):
    """A partner's trace on the way to a sale: a click, a code, a form, a registration, or a person's entry."""

    id_kind = "touch"
    CHANNELS = ["link", "code", "form", "registration", "manual"]
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="touches")
    customer = models.CharField(max_length=200, blank=True, help_text="external id")
    visitor = models.CharField(max_length=64, blank=True)
    channel = models.CharField(max_length=12, choices=[(c, c) for c in CHANNELS])
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    click_id = models.UUIDField(null=True, unique=True, help_text="the click it was made of; it outlives that")

    class Meta:
        constraints = [
            _live_id("touch_external_id"),
            models.CheckConstraint(name="touch_of_someone", condition=~models.Q(customer="", visitor="")),
        ]
        indexes = [
            models.Index(fields=["program", "customer"], name="touch_by_customer"),
            models.Index(fields=["program", "visitor"], name="touch_by_visitor"),
            models.Index(fields=["program", "partner"], name="touch_by_partner"),
            _listed("touch_by_key"),
        ]


class Conversion(Fact):
    """A sale or another event (lead, signup, meeting). The two share one name space of ids."""

    # No foreign key to the program here and on `UnsettledFact`: one check for each statement (referrals/migrations,
    # "tied in sets") promises the same, where sales come in by the thousand.
    program = models.ForeignKey(
        "accounts.Program", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    imported_in = models.ForeignKey(Import, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    id_kind = "conversion"
    name = models.CharField(max_length=60, default="sale", help_text="sale, or the event's name")
    customer = models.CharField(max_length=200)
    at = models.DateTimeField()
    currency = models.CharField(max_length=3, blank=True)
    amount_minor = models.BigIntegerField(
        null=True, help_text="what was charged (sale) or the value (event), in minor units"
    )
    tax_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    fees_minor = models.BigIntegerField(default=0)
    cost_minor = models.BigIntegerField(default=0)
    lines = models.JSONField(null=True, help_text="as received: product, category, amount, quantity")
    product = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=40, blank=True)
    subscription = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=60, blank=True)
    properties = models.JSONField(null=True)

    class Meta:
        constraints = [_live_id("conversion_external_id")]
        indexes = [
            models.Index(fields=["program", "customer"], name="conversion_by_customer"),
            models.Index(fields=["program", "-at", "id"], name="conversion_by_time"),
            models.Index(fields=["program", "code"], name="conversion_by_code", condition=~models.Q(code="")),
            models.Index(
                fields=["imported_in"], name="conversion_by_import", condition=models.Q(imported_in__isnull=False)
            ),
        ]


class Refund(Fact):
    """Money given back on a sale. `sale` is an external id: the sale may arrive later."""

    id_kind = "refund"
    sale = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [_live_id("refund_external_id")]
        indexes = [
            models.Index(fields=["program", "sale"], name="refund_by_sale"),
            _listed("refund_by_key"),
            _listed("refund_by_time", "at"),
        ]


class Cancel(Fact):
    """A subscription or contract ended early."""

    id_kind = "cancel"
    sale = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [_live_id("cancel_external_id")]
        indexes = [models.Index(fields=["program", "sale"], name="cancel_by_sale"), _listed("cancel_by_key")]


class Credit(Fact):
    """A person's decision on who is credited; it outranks attribution. Empty shares deny credit."""

    id_kind = "credit"
    conversion = models.CharField(max_length=200, blank=True)
    customer = models.CharField(max_length=200, blank=True)
    shares = models.JSONField(help_text='[{"partner": "prt_...", "percent": "60%"}]')
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [_live_id("credit_external_id")]
        indexes = [_listed("credit_by_key")]


class Rate(Fact):
    """An exchange rate: units of `to_currency` for one of `from_currency`, and where it was read."""

    id_kind = "rate"
    from_currency = models.CharField(max_length=3)
    to_currency = models.CharField(max_length=3)
    rate = models.CharField(max_length=32, help_text="decimal string, exact")
    at = models.DateTimeField()
    origin = models.CharField(max_length=100, blank=True)
    APPROVALS = [("", "counts"), ("waiting", "waits"), ("approved", "approved"), ("refused", "refused")]
    approval = models.CharField(
        max_length=8, blank=True, default="", choices=APPROVALS, help_text="far from the one before: waits for a person"
    )
    proposed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [_live_id("rate_external_id")]
        indexes = [
            models.Index(fields=["program", "from_currency", "to_currency", "at"], name="rate_lookup"),
            _listed("rate_by_key"),
            _listed("rate_by_time", "at"),
        ]


class Signal(ProgramOwned):
    """Something about a fact that looks like fraud: for the team, never for partners. It changes no fact."""

    id_kind = "signal"
    KINDS = [("bad_click", "Click that is none of ours"), ("reused_click", "Click used by too many customers")]
    kind = models.CharField(max_length=20, choices=KINDS)
    customer = models.CharField(max_length=200, blank=True, help_text="external id; empty: not known yet")
    fact_kind = models.CharField(max_length=20)
    fact = models.CharField(max_length=200, help_text="external id of the fact that carried it")
    given = models.CharField(max_length=64, help_text="the click id as it was sent")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "kind", "fact_kind", "fact", "given"], name="signal_once")
        ]
        indexes = [
            models.Index(fields=["program", "customer"], name="signal_by_customer"),
            models.Index(fields=["program", "-recorded_at", "id"], name="signal_by_time"),
        ]


class UnsettledFact(models.Model):
    """What the settlement worker has still to look at. Written with the fact, deleted with the posting it led to.

    `customer` empty means: settle the whole program (an import, new terms, a changed program setting). `since`: what
    was sold before that moment stays as it was settled; none: anything may change.
    """

    id = models.BigAutoField(primary_key=True)
    program = models.ForeignKey(
        "accounts.Program", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    customer = models.CharField(max_length=200, blank=True)
    cause = models.CharField(max_length=60)
    since = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["program", "id"], name="unsettled_by_program")]
