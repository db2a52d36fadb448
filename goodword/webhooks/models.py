"""Tables of outgoing webhooks: endpoints, their secrets, events, deliveries with every attempt, and what is unread."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from goodword.accounts.models import Program, ProgramOwned


class Endpoint(ProgramOwned):
    """A receiver of a program's events. `headers_sealed` holds its own headers: their values may be secrets."""

    id_kind = "webhook_endpoint"
    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, blank=True)
    kinds = ArrayField(models.CharField(max_length=40), help_text="the events it wants; * is all, also later ones")
    header_names = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    headers_sealed = models.BinaryField(default=bytes, blank=True)
    created_at = models.DateTimeField()
    off_since = models.DateTimeField(null=True)
    off_because = models.CharField(
        max_length=10, blank=True, choices=[(one, one) for one in ("person", "failures", "gone")]
    )
    removed_at = models.DateTimeField(null=True)

    failures_in_row = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, help_text="the first of the failures in a row")
    rest_until = models.DateTimeField(null=True, help_text="left in peace until then after failures in a row")
    last_success_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.description or self.url


class Secret(ProgramOwned):
    """What messages to an endpoint are signed with. After a rotation the old one signs too until `ends_at`."""

    id_kind = "webhook_endpoint"
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.BinaryField()
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"], name="webhook_one_lasting_secret", condition=models.Q(ends_at=None)
            )
        ]


class Event(ProgramOwned):
    """Something that happened, as it is told: `payload` is sent byte for byte. `source` is the change it tells of."""

    id_kind = "webhook_event"
    number = models.BigIntegerField(help_text="order within the program")
    kind = models.CharField(max_length=40)
    object = models.CharField(max_length=240, help_text="what it is about: told of one after the other")
    source = models.CharField(max_length=80, help_text="audit:17, ledger:204, sale:<key>: told of once")
    at = models.DateTimeField(help_text="when it happened")
    payload = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="webhook_event_number"),
            models.UniqueConstraint(fields=["program", "source"], name="webhook_event_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="webhook_event_by_age")]


class Delivery(ProgramOwned):
    """One event on its way to one endpoint. `number` and `object` are the event's: they order the way."""

    id_kind = "webhook_delivery"
    STATES = [("waiting", "Waiting"), ("delivered", "Delivered"), ("given_up", "Given up")]
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    number = models.BigIntegerField()
    object = models.CharField(max_length=240)
    state = models.CharField(max_length=10, default="waiting", choices=STATES)
    tries = models.PositiveSmallIntegerField(default=0, help_text="since it was queued, or queued again")
    attempts_made = models.PositiveIntegerField(default=0, help_text="ever")
    next_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, help_text="somebody sends it now, or died while doing so")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "endpoint"], name="webhook_delivery_once")]
        indexes = [
            models.Index(
                fields=["endpoint", "object", "number"], name="webhook_waiting", condition=models.Q(state="waiting")
            ),
            models.Index(fields=["next_at"], name="webhook_due", condition=models.Q(state="waiting")),
            models.Index(fields=["endpoint", "-number", "id"], name="webhook_delivery_log"),
        ]


class Attempt(ProgramOwned):
    """One try to deliver, and what came of it. `failure` is empty when it was taken."""

    id_kind = "webhook_delivery"
    FAILURES = [
        ("status", "It did not answer with 2xx"),
        ("redirect", "It sent us elsewhere; we do not follow"),
        ("timeout", "It took too long"),
        ("unknown_host", "Its name is not known"),
        ("address", "Its address is not allowed"),
        ("tls", "Its certificate was not accepted"),
        ("connection", "The connection failed"),
        ("answer", "It answered with something that is no HTTP"),
        ("secret", "Its secrets cannot be opened with the key of this installation"),
    ]
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=12, blank=True, choices=FAILURES)
    detail = models.CharField(max_length=300, blank=True)
    answer = models.CharField(max_length=1000, blank=True, help_text="the beginning of what it answered")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="webhook_attempt_number")]


class Reading(models.Model):
    """Where the telling of a program stands: how far its chains are read. A program has one once it has an endpoint."""

    program = models.OneToOneField(Program, primary_key=True, on_delete=models.CASCADE, related_name="+")
    audit_sequence = models.BigIntegerField()
    ledger_sequence = models.BigIntegerField()
    last_number = models.BigIntegerField(default=0)


class RecordedFacts(models.Model):
    """Facts that were recorded and not yet told of: written by a trigger, in the transaction of the facts themselves.

    More of them than are told of one by one come without their keys.
    """

    id = models.BigAutoField(primary_key=True)
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10)
    keys = ArrayField(models.UUIDField())
    count = models.BigIntegerField()
    batch = models.BigIntegerField(help_text="the transaction that recorded them")
    at = models.DateTimeField()
