"""What has really arrived from a program's site, and what is missing. Checks look at rows.

A check is a few indexed look-ups; nothing is remembered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q

from goodword.accounts.models import ApiKey, Program
from goodword.connections.models import Connection, ReceivedEvent
from goodword.referrals.models import Click, Conversion, Customer, Link, PageLead, Touch
from goodword.webhooks.models import Endpoint


@dataclass(frozen=True, slots=True)
class Check:
    """What was found: whether it is done, since when, and in words what is missing or what arrived."""

    done: bool
    words: str
    at: datetime | None = None
    place: str = ""
    action: str = ""


def link_check(program: Program) -> Check:
    """Is there a link, may it lead to the site, and has somebody followed one?"""
    if not program.allowed_hosts:
        return Check(done=False, words="No host is allowed yet, so no link can lead to your site.",
                     place="settings-edit", action="Allow your site's host")  # fmt: skip
    if not Link.objects.filter(revoked_at=None).exists():
        return Check(done=False, words="No partner has a link yet.", place="partners", action="Open a partner")
    click = Click.objects.order_by("-id").first()
    if click is None:
        return Check(done=False, words="Links are ready; nobody has followed one yet.")
    return Check(done=True, words="A link was followed.", at=click.at)


def script_check(program: Program) -> Check:
    """Did a click come back with a customer? That is the only proof that the site keeps it and passes it on."""
    passed = Customer.objects.filter(retracted_at=None).exclude(visitors=[]).order_by("recorded_at").first()
    if passed:
        return Check(done=True, words="A customer came with a click: your site keeps it and passes it on.",
                     at=passed.recorded_at)  # fmt: skip
    touch = Touch.objects.filter(click_id__isnull=False, retracted_at=None).order_by("recorded_at").first()
    if touch:
        return Check(done=True, words="A click was matched with a customer.", at=touch.recorded_at)
    if Customer.objects.filter(retracted_at=None).exists():
        return Check(done=False, words="Customers arrive, but none with a click. Is gw_click sent on in visitors?")
    return Check(done=False, words="No customer has come with a click yet.")


def key_check(program: Program) -> Check:
    """Is there a key that may send facts, and was it used?"""
    now_usable = Q(revoked_at=None) & Q(scopes__overlap=["events:write", "manage"])
    found = ApiKey.objects.filter(now_usable).aggregate(last=Max("last_used_at"), made=Max("created_at"))
    if not found["made"]:
        return Check(done=False, words="There is no API key that may send facts.", place="key-create",
                     action="Make a key")  # fmt: skip
    if not found["last"]:
        return Check(done=False, words="A key is there; nothing has called with it yet.", place="keys", action="Keys")
    return Check(done=True, words="Your server has called with its key.", at=found["last"])


def page_check(program: Program, key: ApiKey | None) -> Check:
    """Is there a key for web pages, and has a page called with it?"""
    if key is None:
        return Check(done=False, words="There is no key for web pages. Leave this out if your server tells of leads.",
                     place="key-create", action="Make a key")  # fmt: skip
    lead = PageLead.objects.order_by("-at").first()
    if lead:
        return Check(done=True, words=f"A page on {lead.host} told of a lead.", at=lead.at, place="page-leads",
                     action="See the leads")  # fmt: skip
    if key.last_used_at:
        return Check(done=True, words="A page has called with the key.", at=key.last_used_at)
    return Check(done=False, words="The key is there; no page has called with it yet.", place="keys", action="Keys")


def lead_check(program: Program) -> Check:
    lead = Conversion.objects.filter(retracted_at=None).exclude(name="sale").order_by("recorded_at").first()
    if lead is None:
        return Check(done=False, words="No lead or other event has arrived. Leave this out if you only send sales.")
    return Check(done=True, words=f"The first event arrived: {lead.name} {lead.external_id}.", at=lead.recorded_at)


def sale_check(program: Program) -> Check:
    sale = Conversion.objects.filter(retracted_at=None, name="sale").order_by("recorded_at").first()
    if sale is None:
        return Check(done=False, words="No sale has arrived yet.")
    return Check(done=True, words=f"The first sale arrived: {sale.external_id}.", at=sale.recorded_at)


def connection_check(kind: str) -> Callable[[Program], Check]:
    """Is this system connected, and has it been heard?"""
    label = dict(Connection.KINDS)[kind]

    def check(program: Program) -> Check:
        rows = Connection.objects.filter(kind=kind, is_on=True)
        if not rows.exists():
            return Check(done=False, words=f"{label} is not connected.", place="connections", action=f"Connect {label}")
        last = ReceivedEvent.objects.filter(connection__in=rows).aggregate(last=Max("received_at"))["last"]
        if last is None:
            words = f"{label} is connected, but nothing has come from it yet. Is the address entered there?"
            return Check(done=False, words=words, place="connections", action="See the connection")
        stuck = ReceivedEvent.objects.filter(connection__in=rows, outcome="quarantined").count()
        words = f"{label} was heard" + (f"; {stuck:,} of its events need a person." if stuck else ".")
        return Check(done=not stuck, words=words, at=last, place="connections", action="See what came")

    return check


def webhook_check(program: Program) -> Check:
    """Has one of our webhooks been taken by the other side?"""
    rows = Endpoint.objects.filter(removed_at=None)
    if not rows.exists():
        return Check(done=False, words="No endpoint is set up. Leave this out if no system of yours needs to be told.")
    last = rows.aggregate(last=Max("last_success_at"))["last"]
    if last is None:
        return Check(done=False, words="An endpoint is set up, but it has not accepted a webhook yet.")
    return Check(done=True, words="Your endpoint accepted a webhook.", at=last)
