"""Tables of partners and agreements. A terms version is never edited once published; a change is a new version."""

from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models.functions import Lower

from goodword.accounts.models import ProgramOwned, User
from goodword.partners.exact_json import ExactDecoder, ExactEncoder


class Group(ProgramOwned):
    """A named set of partners: a tier, a region, a recruiting cohort."""

    id_kind = "group"
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "key"], name="group_key")]

    def __str__(self) -> str:
        return self.name


class Partner(ProgramOwned):
    """A firm or person that brings clients. Its people sign in through `PartnerUser`."""

    id_kind = "partner"
    STATUSES = [("active", "Active"), ("paused", "Paused"), ("rejected", "Rejected"), ("ended", "Ended")]
    external_id = models.CharField(max_length=100, blank=True, help_text="the company's own number for this partner")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, default="firm", choices=[("firm", "Firm"), ("person", "Person")])
    status = models.CharField(max_length=10, default="active", choices=STATUSES)
    status_reason = models.TextField(blank=True)
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.PROTECT, related_name="partners")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="recruits")
    contact_name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(max_length=320, blank=True)
    emails = ArrayField(
        models.EmailField(max_length=320), default=list, blank=True, help_text="further addresses, for self-referral"
    )
    domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    website = models.URLField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    notes = models.TextField(blank=True, help_text="for the team only")
    joined_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "external_id"], name="partner_external_id", condition=~models.Q(external_id="")
            )
        ]
        indexes = [
            models.Index("program", Lower("name"), name="partner_by_name"),
            models.Index(fields=["program", "id"], name="partner_by_key"),
        ]

    def __str__(self) -> str:
        return self.name


class PartnerUser(ProgramOwned):
    """A person of a partner firm, with a role in it."""

    id_kind = "user"
    ROLES = [("owner", "Owner"), ("member", "Member")]
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="partner_seats")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="seats")
    role = models.CharField(max_length=10, choices=ROLES, default="owner")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "partner"], name="partner_seat_once", condition=models.Q(ended_at=None)
            )
        ]


class Application(ProgramOwned):
    """A request to become a partner, as it was sent, and what was decided."""

    id_kind = "application"
    STATUSES = [("submitted", "Waiting"), ("approved", "Approved"), ("rejected", "Rejected")]
    name = models.CharField(max_length=200)
    contact_name = models.CharField(max_length=200)
    email = models.EmailField(max_length=320)
    website = models.URLField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    audience = models.TextField(blank=True)
    promotion = models.TextField(blank=True)
    status = models.CharField(max_length=10, default="submitted", choices=STATUSES)
    reason = models.TextField(blank=True)
    submitted_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    partner = models.OneToOneField(Partner, null=True, on_delete=models.PROTECT, related_name="application")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "program", Lower("email"), name="application_waiting_once", condition=models.Q(status="submitted")
            )
        ]
        indexes = [
            models.Index(fields=["program", "id"], name="application_by_key"),
            models.Index(fields=["program", "submitted_at", "id"], name="application_by_time"),
        ]


class Terms(ProgramOwned):
    """A named set of terms, e.g. "standard"; what it says stands in its versions."""

    id_kind = "terms"
    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=100)
    is_default = models.BooleanField(
        default=False, help_text="what a newly approved partner gets, and the program page shows"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="terms_key"),
            models.UniqueConstraint(fields=["program"], name="terms_one_default", condition=models.Q(is_default=True)),
        ]

    def __str__(self) -> str:
        return self.name


class TermsVersion(ProgramOwned):
    """One published text of the terms: the document the engine runs (`settlement.md`, "terms"), for ever as it is."""

    id_kind = "terms"
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    note = models.CharField(max_length=300, blank=True)
    content_hash = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", help_text="the second person, where one was needed"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["terms", "number"], name="terms_version_number")]

    @property
    def settlement_key(self) -> str:
        """The name of this version in settlement documents, e.g. `standard@2`."""
        return f"{self.terms.key}@{self.number}"


class TermsDraft(ProgramOwned):
    """A next version that somebody is writing: the editor's fields as they were typed, right or not. It binds nobody.

    When it waits for a second person, `document_hash` says what exactly that person is asked to agree to.
    """

    id_kind = "terms"
    terms = models.OneToOneField(Terms, on_delete=models.PROTECT, related_name="draft")
    typed = models.JSONField(help_text="the fields of the editor by name, as text")
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    document_hash = models.CharField(max_length=64, blank=True)


class InForce(models.Func):
    """The half-open period of an agreement."""

    function = "TSTZRANGE"
    output_field: ClassVar["models.Field[Any, Any]"] = DateTimeRangeField()


class Agreement(ProgramOwned):
    """A partner on a terms version, in force on [starts_at, ends_at). New terms end one and start the next."""

    id_kind = "agreement"
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="agreements")
    terms_version = models.ForeignKey(TermsVersion, on_delete=models.PROTECT, related_name="agreements")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    for_cause = models.BooleanField(default=False, help_text="ended for cause: no tail")
    end_reason = models.TextField(blank=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=320, blank=True)
    accepted_hash = models.CharField(max_length=64, blank=True, help_text="content hash of the accepted version")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="agreement_ends_after_start",
                condition=models.Q(ends_at=None) | models.Q(ends_at__gte=models.F("starts_at")),
            ),
            ExclusionConstraint(
                name="agreement_one_at_a_time",
                expressions=[
                    ("partner", RangeOperators.EQUAL),
                    (InForce("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(fields=["program", "id"], name="agreement_by_key"),
            models.Index(fields=["program", "starts_at", "id"], name="agreement_by_start"),
        ]
