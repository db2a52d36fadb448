"""The demo's company, program, people, groups and terms: what stands before any file is imported."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings

from goodword.accounts.actors import VISITOR, Actor
from goodword.accounts.models import Membership, Organization, Program, User
from goodword.domain.ids import public_id
from goodword.domain.partner_details import PartnerDetails
from goodword.partners.models import Partner, Terms, TermsVersion
from goodword.partners.selectors import latest_version
from goodword.partners.services import (
    create_group,
    create_terms,
    details_of,
    end_partner,
    pause_partner,
    publish_terms_version,
    put_on_terms,
    submit_application,
    update_partner,
)
from goodword.referrals.ecb import import_reference_rates
from goodword.referrals.models import Touch
from goodword.referrals.services import record_facts
from goodword.server.demo.files import ZONE
from goodword.server.demo.partners import GROUPS, LEAD_TIME, RECRUITS, STANDARD_LATER, TERMS
from goodword.server.demo.people import HOST, LOGINS, SLUG, Login
from goodword.server.demo.simulation import PARTIAL_SHARE, REFUND_SHARE, WINDOW_DAYS

ATTRIBUTION: Final = {
    "model": "last",
    "window_days": WINDOW_DAYS,
    "windows": {"code": 0},
    "priority": [["registration"], ["code"], ["link", "form"]],
    "lock": {"months": None},
    "existing_customers": "exclude",
}


BUDGET: Final = {"amount": "25000.00", "per": "month", "mode": "first_come"}
_CLUB: Final = "club-hamburg"
_SHARED_CUSTOMERS: Final = 6


@dataclass(frozen=True, slots=True)
class Calendar:
    """The demo's days, all told from today and the first purchase."""

    today: date
    first_purchase: date

    @property
    def begin(self) -> datetime:
        """The program opens."""
        return self._morning(self.first_purchase - LEAD_TIME)

    @property
    def new_terms(self) -> datetime:
        """The second version of the standard terms begins to hold."""
        return self._morning(self.first_purchase + timedelta(weeks=39))

    @property
    def first_payout(self) -> datetime:
        """The first payout run."""
        return self._morning(self.today - timedelta(days=38))

    def _morning(self, day: date) -> datetime:
        return datetime.combine(day, time(9), ZoneInfo(ZONE))


def actor_of_person(user: User) -> Actor:
    """Who acts when the demo acts as one of its people."""
    return Actor("user", user.public_id, f"{user.name} <{user.email}>")


def make_program(weeks: int) -> Program:
    """The company and its program."""
    organization = Organization.objects.create(name="Harbour Lane Music")
    return Program.objects.create(
        organization=organization,
        slug=SLUG,
        name="Harbour Lane Music",
        tagline="Send us people who love records. We share what they spend.",
        description="Harbour Lane sells records to listeners everywhere. Reviewers, radio people, clubs and "
        "teachers who send us listeners earn a part of what these buy, for as long as their terms say.",
        # The company's website is the demo shop: a link that is followed leads to a sale that one can watch.
        site_url=f"{settings.BASE_URL}/demo-shop/{SLUG}/",
        contact_email=f"partners@{HOST}",
        disclosure="I earn a commission when you buy records through this link.",
        allowed_hosts=[HOST, f"www.{HOST}", urlsplit(settings.BASE_URL).hostname or "localhost"],
        data_note=data_note(weeks),
        is_demo=True,
        currency="USD",
        timezone=ZONE,
        attribution=ATTRIBUTION,
        budget=BUDGET,
        minimum_payout_minor=2500,
    )


def data_note(weeks: int) -> str:
    """What is real and what is not, in two sentences: it stands on every page."""
    return (
        "The sales are real: purchases at the music shop CDNOW from January 1997 to June 1998, "
        f"moved forward by {weeks} weeks. "
        "Simulated are the company, all partners, touches, codes and payouts, the flags of customers, "
        "a club in Hamburg that is billed in euros (at the European Central Bank's rates), "
        f"and the refunds of {REFUND_SHARE:.0%} of the orders ({PARTIAL_SHARE:.0%} of these in part)."
    )


def make_team(program: Program) -> dict[str, User]:
    """The two people of the company; those of the partners come with the partners."""
    team = {}
    for key in ("manager", "finance"):
        team[key] = make_person(LOGINS[key])
        Membership.objects.create(
            user=team[key], organization=program.organization, program=program, role=LOGINS[key].role
        )
    return team


def make_person(login: Login) -> User:
    """A person with a public password; one that an earlier demo made is taken as it is."""
    found = User.objects.filter(email=login.email).first()
    return found or User.objects.create_user(login.email, login.password, name=login.name)


def make_agreements(program: Program, calendar: Calendar, actor: Actor, by: User) -> None:
    """Groups, terms and their first versions, published when the program opened."""
    for key, (name, about) in GROUPS.items():
        create_group(program, key=key, name=name, description=about, actor=actor)
    for key, (name, document) in TERMS.items():
        terms = create_terms(program, key=key, name=name, actor=actor, is_default=key == "standard")
        publish_terms_version(
            program, terms, document=document, note="", actor=actor, now=calendar.begin, published_by=by
        )


def change_standard_terms(program: Program, calendar: Calendar, actor: Actor, by: User) -> TermsVersion:
    """Half-way through everybody on the standard terms moves to their second version."""
    terms = Terms.objects.get(key="standard")
    return publish_terms_version(
        program,
        terms,
        document=STANDARD_LATER,
        note="Large orders pay 10%, and loyal customers pay 3% after the first year.",
        actor=actor,
        now=calendar.new_terms,
        published_by=by,
        effective_at=calendar.new_terms,
    )


def promote(calendar: Calendar, actor: Actor) -> None:
    """One partner does so well that it gets better terms after a year."""
    partner = Partner.objects.get(external_id="P006")
    version = latest_version(Terms.objects.get(key="loyal"))
    assert version is not None
    starts = calendar.begin + timedelta(weeks=70)
    put_on_terms(partner, version, starts_at=starts, actor=actor, reason="A year of good clients: the long-run terms")


def recruit(actor: Actor) -> None:
    """Some partners were brought in by others."""
    for recruiter, recruits in RECRUITS.items():
        parent = Partner.objects.get(external_id=recruiter)
        for partner in Partner.objects.filter(external_id__in=recruits).select_related("group"):
            update_partner(partner, details_of(partner), actor=actor, group=partner.group, parent=parent)


def bill_in_euros(program: Program, calendar: Calendar, actor: Actor, now: datetime) -> None:
    """A club that one partner sent is billed every month in euros, and the bank's rates are recorded."""
    since = calendar.first_purchase
    import_reference_rates(program, ["EUR"], since=since, actor=actor, now=now)
    sender = Partner.objects.get(external_id="P002").public_id
    told = {"customer": _CLUB, "currency": "EUR"}
    facts: dict[str, list[dict[str, Any]]] = {
        "customer": [{"id": _CLUB, "name": "Plattenclub Hamburg", "country": "DE"}],
        "touch": [{"id": f"t-{_CLUB}", "at": _noon(since), "partner": sender, "customer": _CLUB, "channel": "form"}],
        "sale": [
            {"id": f"invoice-{n:02}", "at": _noon(day), "amount": f"{240 + 35 * (n % 5)}.00", "kind": "invoice", **told}
            for n, day in enumerate(_months(since + timedelta(days=20), now.date()), start=1)
        ],
    }
    for kind, items in facts.items():
        record_facts(program, kind, items, source="demo", actor=actor, now=now)


def _months(first: date, until: date) -> Iterator[date]:
    day = first
    while day < until:
        yield day
        day += timedelta(weeks=4)


def _noon(day: date) -> str:
    return datetime.combine(day, time(12), ZoneInfo(ZONE)).isoformat()


def share_customers(program: Program, calendar: Calendar, actor: Actor, now: datetime) -> None:
    """Customers whom two partners both worked for are shared by a person's decision."""
    sent: dict[str, list[str]] = {}
    for customer, partner in Touch.objects.order_by("at", "external_id").values_list("customer", "partner_id"):
        sent.setdefault(customer, [])
        if (name := public_id("partner", partner)) not in sent[customer]:
            sent[customer].append(name)
    both = sorted(customer for customer, names in sent.items() if len(names) == 2)
    decided = (calendar.first_payout - timedelta(days=10)).isoformat()
    items = [
        {
            "id": f"shared-{customer}",
            "at": decided,
            "customer": customer,
            "shares": [
                {"partner": partner, "percent": percent}
                for partner, percent in zip(sent[customer], ("60%", "40%"), strict=True)
            ],
            "reason": "Both advised this customer; they agreed to share",
        }
        for customer in both[:_SHARED_CUSTOMERS]
    ]
    if items:
        record_facts(program, "credit", items, source="demo", actor=actor, now=now)


def pause_and_end(now: datetime, actor: Actor) -> None:
    """One partner rests, one broke the rules."""
    pause_partner(
        Partner.objects.get(external_id="P038"), reason="The website is being rebuilt until spring", actor=actor
    )
    end_partner(
        Partner.objects.get(external_id="P048"),
        reason="Bought search ads on our own name, after two warnings",
        for_cause=True,
        actor=actor,
        now=now - timedelta(days=60),
    )


def apply(program: Program, now: datetime) -> None:
    """Somebody asks to become a partner and waits for an answer."""
    details = PartnerDetails(
        name="Needle & Thread",
        contact_name="Odette Marchand",
        email="odette@needle-and-thread.example",
        website="https://needle-and-thread.example",
        country="CA",
    )
    submit_application(
        program,
        details,
        audience="11,000 readers who buy records and mend their own clothes",
        promotion="A monthly letter with three records each, and a page that lists them all",
        actor=VISITOR,
        now=now - timedelta(days=2),
    )
