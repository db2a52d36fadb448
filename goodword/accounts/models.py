"""Tables of identity and tenancy. Every program-scoped table elsewhere extends `ProgramOwned`."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from goodword.accounts.scope import ProgramManager
from goodword.domain.ids import public_id, uuid7


class Keyed(models.Model):
    """A row with a UUIDv7 key and a typed public id; `id_kind` names the kind in `domain/ids.py`."""

    id_kind: ClassVar[str]
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True

    @property
    def public_id(self) -> str:
        return public_id(self.id_kind, self.id)


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(Keyed, AbstractBaseUser, PermissionsMixin):
    """A person who signs in. What they may do stands in memberships, never on this row."""

    id_kind = "user"
    email = models.EmailField(max_length=320, unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


class Organization(Keyed):
    """A company. It runs one or more programs."""

    id_kind = "organization"
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Program(Keyed):
    """A referral partner program: the tenant. Its settlement settings are those of `settlement.md` section 2."""

    id_kind = "program"
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="programs")
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    tagline = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    site_url = models.URLField(blank=True)
    contact_email = models.EmailField(blank=True)
    accent = models.CharField(max_length=7, default="#0f766e")
    disclosure = models.TextField(blank=True, help_text="what partners write beside their links")
    recruiting = models.CharField(
        max_length=10, default="open", choices=[("open", "Open"), ("invite", "By invitation")]
    )
    status = models.CharField(max_length=10, default="live", choices=[("live", "Live"), ("paused", "Paused")])
    allowed_hosts = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    data_note = models.TextField(blank=True, help_text="shown on every page, e.g. where demo data comes from")
    is_demo = models.BooleanField(
        default=False, editable=False, help_text="set by the demo loader alone; opens the public demo shop"
    )

    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    rounding = models.CharField(max_length=10, default="half_up")
    terms_at = models.CharField(max_length=10, default="conversion")
    self_referral = models.CharField(max_length=10, default="block")
    hold_days = models.PositiveIntegerField(default=30)
    attribution = models.JSONField(default=dict, help_text="the `attribution` object of the program document")
    guardrail = models.JSONField(null=True, blank=True)
    budget = models.JSONField(null=True, blank=True)

    minimum_payout_minor = models.BigIntegerField(default=5000)
    payouts_blocked = models.TextField(blank=True, help_text="a violated invariant; empty when none")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class ProgramOwned(Keyed):
    """A row of one program. `objects` raises unless a program is active (`accounts.scope.active_program`)."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")

    objects = ProgramManager()
    unscoped = models.Manager()

    class Meta:
        abstract = True
        default_manager_name = "objects"
        base_manager_name = "unscoped"


class Membership(Keyed):
    """A person's role in an organization: in all its programs, or in one."""

    id_kind = "user"
    ROLES = [("owner", "Owner"), ("manager", "Program manager"), ("finance", "Finance"), ("viewer", "Viewer")]
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="memberships")
    program = models.ForeignKey(Program, null=True, blank=True, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=ROLES)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organization", "program"],
                name="membership_once",
                condition=models.Q(ended_at=None),
                nulls_distinct=False,
            )
        ]


class ApiKey(ProgramOwned):
    """A key of a program: the prefix is shown for ever, the secret once; only its SHA-256 is kept.

    A publishable key, for web pages, has no secret: its prefix is all of it, and nothing matches its hash.
    """

    id_kind = "api_key"
    SCOPES = ["events:write", "read", "manage", "payouts:write", "browser", "browser:leads"]
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=20))
    mode = models.CharField(max_length=4, default="live", choices=[("live", "Live"), ("test", "Test")])
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    exposed_at = models.DateTimeField(null=True, blank=True, help_text="seen in an address: replace it")

    def __str__(self) -> str:
        return self.name

    @property
    def is_publishable(self) -> bool:
        """Whether it is made for web pages, where everybody can read it."""
        return "browser" in self.scopes


class AuditHead(models.Model):
    """The end of one audit chain; its row lock orders the writers."""

    id = models.BigAutoField(primary_key=True)
    program = models.ForeignKey(Program, null=True, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program"], name="audit_head_once", nulls_distinct=False)]


class AuditEntry(Keyed):
    """One thing that somebody did: append-only (trigger), gapless and hash-chained per program, and the outbox.

    `program` is empty for what happens above programs (sign-in, organization settings): that is a chain of its own.
    """

    id_kind = "transaction"
    program = models.ForeignKey(Program, null=True, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    actor_kind = models.CharField(
        max_length=10, choices=[(k, k) for k in ("user", "partner", "key", "system", "public")]
    )
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(max_length=320)
    action = models.CharField(max_length=60, help_text="object.verb, e.g. partner.approved")
    object_kind = models.CharField(max_length=30, blank=True)
    object_id = models.CharField(max_length=80, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "sequence"], name="audit_sequence", nulls_distinct=False)
        ]
        indexes = [models.Index(fields=["program", "object_kind", "object_id"], name="audit_by_object")]
