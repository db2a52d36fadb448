"""Tables of what other systems tell us: connections, their secrets, and every event exactly as it came."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from goodword.accounts.models import ProgramOwned


class Connection(ProgramOwned):
    """A system that sends us signed webhooks at an address of its own."""

    id_kind = "connection"
    KINDS = [
        ("stripe", "Stripe"),
        ("standard", "Standard Webhooks"),
        ("woocommerce", "WooCommerce"),
        ("shopify", "Shopify"),
    ]
    kind = models.CharField(max_length=12, choices=KINDS)
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=43, unique=True, help_text="the unguessable part of its web address")
    mode = models.CharField(max_length=4, default="live", choices=[("live", "Live"), ("test", "Test")])
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=320)
    api_key_sealed = models.BinaryField(default=bytes, help_text="Stripe: a restricted key that may read events")
    caught_up_to = models.DateTimeField(null=True, help_text="Stripe's own list of events was read up to here")
    catch_up_problem = models.CharField(max_length=300, blank=True)
    refused_at = models.DateTimeField(null=True, help_text="when somebody without the secret last called")
    refused_reason = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes = [models.Index(fields=["program", "id"], name="connection_by_program")]

    def __str__(self) -> str:
        return self.name


class Secret(ProgramOwned):
    """What a connection signs with. Of two that overlap both are believed until the older one ends."""

    id_kind = "connection"
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="secrets")
    sealed = models.BinaryField()
    hint = models.CharField(max_length=8, help_text="its last letters, to tell two apart")
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["connection", "ends_at"], name="secret_by_connection")]

    def is_believed(self, now: datetime) -> bool:
        return self.ends_at is None or self.ends_at > now


class ReceivedEvent(ProgramOwned):
    """One event as it came, kept for ever under its own id, and what became of it. Its body is pared after a while.

    `links` are the ids of the other system that tie it to further events of the same payment or order; `customer` and
    `subscription` tie it to those of the same customer and subscription.
    """

    id_kind = "received_event"
    OUTCOMES = [
        ("received", "Waits for its turn"),
        ("recorded", "Recorded"),
        ("known", "Known already"),
        ("waiting", "Waits for another event"),
        ("ignored", "Not read"),
        ("quarantined", "Needs a person"),
        ("tested", "Test only"),
    ]
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="events")
    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=100, blank=True)
    happened_at = models.DateTimeField(help_text="when the other system says it happened")
    received_at = models.DateTimeField()
    via = models.CharField(max_length=8, default="webhook", help_text="webhook, list (read from the other's own list)")
    headers = models.JSONField(default=dict, help_text="those that say what it is; never a signature")
    body = models.BinaryField(help_text="the bytes that were signed; later what is left of them (paring.py)")
    pared_at = models.DateTimeField(null=True, help_text="when the body was reduced to what names nobody")
    content_hash = models.CharField(max_length=64, help_text="of what it says, not of how it was written down")
    repeats = models.PositiveIntegerField(default=0, help_text="how often it came again")
    links = ArrayField(models.CharField(max_length=255), default=list)
    customer = models.CharField(max_length=200, blank=True)
    subscription = models.CharField(max_length=200, blank=True)

    outcome = models.CharField(max_length=12, default="received", choices=OUTCOMES)
    reason = models.CharField(max_length=60, blank=True, help_text="a stable code")
    detail = models.CharField(max_length=500, blank=True, help_text="the same in words")
    facts = models.JSONField(default=list, help_text="kind and id of what was recorded when it was judged")
    tries = models.PositiveSmallIntegerField(default=0)
    judged_at = models.DateTimeField(null=True)
    look_again_at = models.DateTimeField(null=True, help_text="waiting: when we stop waiting for the other event")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "event_id"], name="received_event_once")]
        indexes = [
            GinIndex(fields=["links"], name="received_event_links"),
            models.Index(
                fields=["connection", "customer", "type"],
                name="received_event_customer",
                condition=~models.Q(customer=""),
            ),
            models.Index(
                fields=["connection", "subscription"],
                name="received_event_subscr",
                condition=~models.Q(subscription=""),
            ),
            models.Index(fields=["connection", "-received_at", "id"], name="received_event_newest"),
            models.Index(
                fields=["received_at"], name="received_event_whole", condition=models.Q(pared_at__isnull=True)
            ),
            models.Index(
                fields=["received_at"],
                name="received_event_due",
                condition=models.Q(outcome__in=["received", "waiting"]),
            ),
        ]
