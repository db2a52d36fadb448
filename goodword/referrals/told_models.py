"""Tables of what others tell us of visits: clicks under ids of their own, and leads that a web page told."""

from django.db import models

from goodword.accounts.models import ProgramOwned, User
from goodword.partners.models import Partner


class ToldClick(ProgramOwned):
    """The id under which a server told a click: told again, it is the same click."""

    id_kind = "told_click"
    external_id = models.CharField(max_length=200)
    payload_hash = models.CharField(max_length=64)
    click = models.UUIDField()
    visitor = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "external_id"], name="told_click_once")]


class PageLead(ProgramOwned):
    """A lead as a web page told it. Anybody can make a page say anything: it is no fact until somebody vouches for it.

    Counted, it is recorded as an event under the same external id. `browser:leads` of a key vouches for all leads of
    customers who are new.
    """

    id_kind = "page_lead"
    STATES = [("waiting", "To confirm"), ("counted", "Counted"), ("refused", "Refused")]
    external_id = models.CharField(max_length=40, help_text="made of the browser and what it says of itself")
    name = models.CharField(max_length=60, help_text="of the event, such as lead")
    customer = models.CharField(max_length=200, help_text="external id")
    told = models.JSONField(help_text="customer and properties, as the page gave them")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    click = models.UUIDField(help_text="the visit that the page proved")
    host = models.CharField(max_length=253, help_text="of the page, as the browser said")
    network = models.CharField(max_length=39, blank=True, help_text="the address cut to /24 or /48")
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=STATES, default="waiting")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_label = models.CharField(max_length=320, blank=True, help_text="who, as the audit trail says it")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "external_id"], name="page_lead_once")]
        indexes = [models.Index(fields=["program", "state", "-at", "id"], name="page_leads_by_state")]
