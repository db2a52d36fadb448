"""Starting a test click, and what came of it. It is no click: nothing here makes touches or counts anything."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.domain.errors import DomainError
from goodword.domain.ids import parse_public_id, public_id, uuid7
from goodword.referrals.models import Conversion, Customer, Link, LiveTest, Touch

CLICK_PARAMETER = "gw_click"


class LinkOutOfUse(DomainError):
    """The link is revoked or its partner not active: a real click through it would lead nowhere."""

    code = "link_out_of_use"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What has come of a test click so far."""

    kept_at: datetime | None
    customer: str
    lead: Conversion | None
    sale: Conversion | None


def usable_links() -> QuerySet[Link]:
    """Links of the active program that a test may follow."""
    rows = Link.objects.filter(revoked_at=None, partner__status="active").select_related("partner")
    return rows.order_by("partner__name", "key")


def start_test(program: Program, link: Link, *, actor: Actor, now: datetime) -> LiveTest:
    """Make a click that never counts. Raises LinkOutOfUse."""
    if link.revoked_at or link.partner.status != "active":
        raise LinkOutOfUse(f"the link {link.key} is out of use", field="link", remedy="choose another link")
    with active_program(program), transaction.atomic():
        key = uuid7()
        test = LiveTest.objects.create(
            id=key,
            program=program,
            partner=link.partner,
            link=link,
            visitor=f"test-{key.hex}",
            started_at=now,
            started_by_id=_person(actor),
        )
        record_audit(action="live_test.started", obj=test, label=link.key, actor=actor)
    return test


def landing_address(test: LiveTest) -> str:
    """Where the link leads, with the test's click id added as the redirect adds one."""
    parts = urlsplit(test.link.destination)
    own = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] != CLICK_PARAMETER]
    query = "&".join([*own, urlencode({CLICK_PARAMETER: public_id("touch", test.pk)})])
    return urlunsplit(parts._replace(query=query))


def arrived(test: LiveTest) -> Arrived:
    """Who came with the test's click id, and what they did since."""
    known = (
        Customer.objects.filter(visitors__contains=[test.visitor], retracted_at=None).order_by("recorded_at").first()
    )
    touch = Touch.objects.filter(visitor=test.visitor, retracted_at=None).order_by("recorded_at").first()
    name = known.external_id if known else (touch.customer if touch else "")
    kept = known.recorded_at if known else (touch.recorded_at if touch else None)
    if not name:
        return Arrived(kept, "", None, None)
    rows = Conversion.objects.filter(customer=name, retracted_at=None, recorded_at__gte=test.started_at)
    ordered = rows.order_by("recorded_at", "id")
    return Arrived(kept, name, ordered.exclude(name="sale").first(), ordered.filter(name="sale").first())


def _person(actor: Actor) -> UUID | None:
    return parse_public_id("user", actor.id) if actor.kind == "user" else None
