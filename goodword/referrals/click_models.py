"""Tables of clicks: the visits, one table for each month, and what is counted of them.

`referrals_click` is a partitioned table made by a migration in SQL. It has one column more than the model, `batch`: the
id of the transaction that stored the row, by which `counting.py` takes each row once. Clicks have no foreign
keys, so that storing one checks nothing: their program, partner and link come from the link itself, and links stay.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from goodword.accounts.models import Program, ProgramOwned
from goodword.accounts.scope import ProgramManager
from goodword.partners.models import Partner


class Click(ProgramOwned):
    """One visit through a link. One that may earn becomes a touch as soon as its visitor is known as a customer's."""

    id_kind = "touch"
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    link = models.ForeignKey(
        "referrals.Link", on_delete=models.PROTECT, related_name="clicks", db_constraint=False, db_index=False
    )
    visitor = models.CharField(max_length=64)
    at = models.DateTimeField()
    sub_id = models.CharField(max_length=200, blank=True)
    via_qr = models.BooleanField(default=False)
    referrer_host = models.CharField(max_length=253, blank=True)
    not_attributable = models.CharField(
        max_length=20, blank=True, help_text="head, prefetch, embedded, bot, inactive; empty: counts"
    )
    dropped = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, help_text="parameters left out: too long or unsafe"
    )
    privacy_signal = models.BooleanField(default=False, help_text="the visitor sent Sec-GPC or DNT: no cookie was set")
    utm_source = models.CharField(max_length=200, blank=True)
    utm_campaign = models.CharField(max_length=200, blank=True)
    network = models.CharField(max_length=39, blank=True, help_text="the address cut to /24 or /48")
    address_hash = models.BinaryField(null=True, help_text="keyed with the month's salt; see domain/click_privacy.py")
    agent = models.CharField(max_length=40, blank=True, help_text="family of the browser, such as Firefox on Windows")
    agent_hash = models.BinaryField(null=True, help_text="keyed with the month's salt")
    repeated = models.BooleanField(
        default=False, help_text="the same visitor followed the same link seconds before: counted once"
    )

    class Meta:
        indexes = [models.Index(fields=["visitor"], name="click_by_visitor", condition=models.Q(not_attributable=""))]


class Counts(models.Model):
    """How many visits there were: those of people, those among them by QR code, repetitions, and all others.

    The link's key carries the program; program and partner stand beside it for reading alone.
    """

    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    people = models.BigIntegerField(default=0)
    by_qr = models.BigIntegerField(default=0, help_text="of people")
    repeated = models.BigIntegerField(default=0)
    machines = models.BigIntegerField(default=0, help_text="bots, previews, HEAD, embedded, out of use")

    objects = ProgramManager["Counts"]()
    unscoped = models.Manager()

    class Meta:
        abstract = True
        default_manager_name = "objects"
        base_manager_name = "unscoped"


class ClicksByHour(Counts):
    """Clicks of one link in one hour (UTC)."""

    pk = models.CompositePrimaryKey("link_id", "hour")
    link = models.ForeignKey("referrals.Link", on_delete=models.PROTECT, related_name="+", db_index=False)
    hour = models.DateTimeField()

    class Meta(Counts.Meta):
        indexes = [
            models.Index(fields=["partner", "hour"], name="clicks_of_partner_by_hour"),
            models.Index(fields=["program", "hour"], name="clicks_of_program_by_hour"),
        ]


class ClicksByDay(Counts):
    """Clicks of one link on one day (UTC), by one thing that they had: the sub-id, the host they came from ..."""

    ASPECTS = [
        ("", "all"),
        ("sub", "sub-id"),
        ("host", "host"),
        ("source", "utm_source"),
        ("campaign", "utm_campaign"),
        ("why", "why it does not count"),
    ]
    pk = models.CompositePrimaryKey("link_id", "day", "aspect", "value")
    link = models.ForeignKey("referrals.Link", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    aspect = models.CharField(max_length=8, choices=ASPECTS, blank=True)
    value = models.CharField(max_length=253, blank=True)

    class Meta(Counts.Meta):
        indexes = [
            models.Index(fields=["partner", "day"], name="clicks_of_partner_by_day", condition=models.Q(aspect="")),
            models.Index(fields=["program", "day"], name="clicks_of_program_by_day", condition=models.Q(aspect="")),
        ]


class KnownBrowser(models.Model):
    """A visitor id that a customer was recorded with. `look_again`: its clicks have still to be made touches."""

    pk = models.CompositePrimaryKey("program_id", "visitor")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    visitor = models.CharField(max_length=64)
    look_again = models.BooleanField(default=True)

    objects = ProgramManager["KnownBrowser"]()
    unscoped = models.Manager()

    class Meta:
        default_manager_name = "objects"
        base_manager_name = "unscoped"
        indexes = [models.Index(fields=["program"], name="browsers_to_look_at", condition=models.Q(look_again=True))]


class ClickSalt(models.Model):
    """The salt of one month's hashes, for all programs. It is destroyed soon after the month is over."""

    month = models.DateField(primary_key=True, help_text="its first day, UTC")
    salt = models.BinaryField()
