"""A small program with everything a page can show, made through the services, and one with nothing but its people."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from goodword.accounts.actors import Actor
from goodword.accounts.models import Membership
from goodword.accounts.scope import active_program
from goodword.commissions.missed.looking import look_through
from goodword.commissions.missed.reading import suggestions
from goodword.commissions.models import Hold, Line
from goodword.commissions.services import place_hold, settle_program
from goodword.domain.partner_details import PartnerDetails
from goodword.partners import services
from goodword.partners.models import Agreement, Application, Group, Terms
from goodword.payouts.methods import set_payout_method
from goodword.payouts.models import Payout, PayoutRun
from goodword.payouts.services import approve_run, confirm_payouts, export_run, prepare_run
from goodword.referrals.models import Code, Conversion, Customer, Link, Upload
from goodword.referrals.services import record_facts
from goodword.referrals.sharing import create_code, create_link
from tests import cast
from tests.counted import count_anew

FIRMS = (
    ("Nordic Beats", "Ida Berg", "SE"),
    ("Kassette & Co. Vertriebsgesellschaft mbH", "Tom Weiß", "DE"),
    ("Vinyl Weekly", "Ana Silva", "PT"),
    ("Indie Radar", "Joe Marsh", "GB"),
    ("Lena Fischer", "Lena Fischer", "AT"),
)
DOCUMENT = {
    "rules": [
        {"key": "first-year", "on": "sale", "pay": {"percent": "20%"}, "lasts": {"months": 12}},
        {"key": "signup", "on": "signup", "pay": {"flat": "5.00"}},
    ],
    "choose": "first",
    "clawback": {"days": 90},
}
IBANS = ("DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606")


def bare(slug: str = "bare") -> SimpleNamespace:
    """A new program: people of the team, a partner's person, and nothing that happened."""
    here = cast.program(slug=slug, name="Fresh Start", site_url="https://shop.example/")
    with active_program(here):
        alder = cast.partner(here, name="Alder Advice")
    return SimpleNamespace(
        program=here, olga=cast.member(here, "owner", cast.person(name="Olga Owner")), alice=cast.seat(alder)
    )


def busy(slug: str = "acme") -> SimpleNamespace:
    """A program half a year old: sales, refunds, a paid run and a waiting one, a debt, a hold, applications."""
    now = timezone.now()
    world = cast.acme(slug)
    program = world.program
    program.name, program.site_url, program.tagline = "Acme Records", "https://shop.example/", "Earn with every record"
    program.allowed_hosts, program.minimum_payout_minor = ["shop.example"], 500
    program.save()
    Membership.objects.filter(user=world.olga).update(program=None)
    with active_program(program):
        _partners(world, now)
        then = now - timedelta(days=20)
        _facts(world, now, range(38))
        settle_program(program, now=then)
        _paid_run(world, then)
        _facts(world, now, range(38, 43))
        _after_the_run(world, now)
        settle_program(program, now=now)
        place_hold(world.firms[1], reason="waiting for the invoice", user=world.sam, actor=_by(world.sam), now=now)
        prepare_run(program, "EUR", user=world.sam, actor=_by(world.sam), now=now)
        world.ids = _ids(world)
        world.ida = cast.seat(world.firms[0], user=cast.person("ida@nordic.example", name="Ida Berg"))
        world.paused = Link.objects.filter(partner=world.firms[4])[0].key
    return world


def _by(user: Any) -> Actor:
    return Actor("user", user.public_id, f"{user.name} <{user.email}>")


def clicked(link: Link, now: datetime) -> None:
    """Four weeks of clicks: people from here and there, somebody twice, machines."""
    for day in range(28):
        at = now - timedelta(days=day, minutes=3)
        for n in range((day * 5) % 7 + 1):
            host = ("blog.example", "news.example", "a-rather-long-name-of-a-site.newsletter.example")[n % 3]
            cast.click(link, at=at, visitor=f"r-{day}-{n}", referrer_host=host, sub_id=("", "footer")[n % 2],
                       utm_campaign=("", "spring")[day % 2], via_qr=n == 3)  # fmt: skip
        cast.click(link, at=at + timedelta(seconds=2), visitor=f"r-{day}-0")
        cast.click(link, at=at, not_attributable=("bot", "prefetch", "head")[day % 3])
    count_anew()


def _partners(world: SimpleNamespace, now: Any) -> None:
    program, bob = world.program, _by(world.bob)
    long_ago = now - timedelta(days=300)
    gold = services.create_group(program, key="gold", name="Gold", description="A hundred sales a year", actor=bob)
    terms = Terms.objects.get(key="standard")
    services.publish_terms_version(
        program, terms, document=DOCUMENT, note="20% for a year, 5.00 for a sign-up", actor=bob, now=long_ago,
        published_by=world.bob, effective_at=long_ago,
    )  # fmt: skip
    world.firms = []
    clicked(create_link(program, world.alder, destination="https://shop.example/", label="Website", actor=bob), now)
    create_code(program, world.alder, key="ALDER10", offer="10% off the first order", actor=bob)
    for number, (name, contact, country) in enumerate(FIRMS):
        details = PartnerDetails(
            name=name, contact_name=contact, country=country, email=f"hello{number}@partner.example",
            website="https://partner.example", external_id=f"P-{number}",
        )  # fmt: skip
        group = gold if number % 2 else None
        firm = services.create_partner(program, details, actor=bob, now=long_ago, joined_at=long_ago, group=group)
        link = create_link(program, firm, destination="https://shop.example/", label="Newsletter", actor=bob)
        create_code(program, firm, key=f"RECORD{number}", offer="10% off the first order", actor=bob)
        cast.click(link, visitor=f"visitor-{number}", at=now - timedelta(days=3))
        world.firms.append(firm)
    for firm, iban in zip([world.alder, *world.firms[:2]], IBANS, strict=True):
        set_payout_method(firm, kind="iban", holder=firm.name, account=iban, actor=bob, now=long_ago)
    services.pause_partner(world.firms[4], reason="odd clicks from one address", actor=bob)
    applicant = PartnerDetails(name="Deep Cuts", contact_name="Max Moll", email="max@deepcuts.example")
    for details in (applicant, PartnerDetails(name="B-Side", contact_name="Bea Side", email="bea@bside.example")):
        services.submit_application(
            program, details, audience="8,000 readers in Austria", promotion="Monthly reviews with a link", now=now,
            actor=Actor("public", "", "a visitor"),
        )  # fmt: skip


def _facts(world: SimpleNamespace, now: Any, numbers: Iterable[int]) -> None:
    """One customer, its touch and its sale for each number; a bigger number is later, 38 is about 20 days ago."""
    firms = [world.alder, *world.firms[:4]]
    customers, touches, sales = [], [], []
    for number in numbers:
        name = f"c-{number:03}"
        at = now - timedelta(days=173 - 4 * number, hours=number % 9)
        firm = firms[number % 5]
        customers.append({"id": name, "name": f"Customer {number}", "email": f"{name}@mail.example"})
        if number % 8 != 7:
            channel = "form" if number % 3 == 2 else "link"
            touches.append({"id": f"t-{number}", "partner": firm.public_id, "customer": name, "channel": channel,
                            "at": _at(at - timedelta(days=2))})  # fmt: skip
        amount = 4000 + 1370 * (number % 7)
        sales.append({"id": f"ORD-{2000 + number}", "customer": name, "at": _at(at), "currency": "EUR",
                      "amount": f"{amount // 100}.{amount % 100:02}", "tax": "6.00", "product": "LP"})  # fmt: skip
    _record(world, "customer", customers, now)
    _record(world, "touch", touches, now)
    _record(world, "sale", sales, now)


def _paid_run(world: SimpleNamespace, now: Any) -> None:
    run = prepare_run(world.program, "EUR", user=world.sam, actor=_by(world.sam), now=now)
    approve_run(run, user=world.olga, actor=_by(world.olga), now=now)
    export_run(run, user=world.olga, actor=_by(world.olga), now=now)
    keys = list(Payout.objects.filter(run=run).values_list("pk", flat=True))
    confirm_payouts(run, keys, actor=_by(world.sam), now=now)


def _after_the_run(world: SimpleNamespace, now: Any) -> None:
    """Refunds of paid sales, which leave a debt; one of a sale that nobody knows; an event; a customer known before."""
    signup = {"id": "EV-1", "name": "signup", "customer": "c-003", "at": _at(now - timedelta(days=150))}
    _record(world, "event", [signup], now)
    _record(world, "customer", [{"id": "c-900", "name": "Old Friend", "existing": True}], now)
    paid = Line.objects.filter(partner=world.firms[0]).order_by("-conversion_at")
    back = [line for line in paid if line.conversion_at < now - timedelta(days=50)][:1]
    back += list(paid.filter(conversion_at__gt=now - timedelta(days=50)))
    refunds = [
        {"id": f"R-{n}", "sale": line.conversion, "amount": _whole(line.conversion), "currency": "EUR",
         "at": _at(now - timedelta(days=1)), "reason": "sent back"}
        for n, line in enumerate(back)
    ]  # fmt: skip
    stray = {"id": "R-99", "sale": "ORD-9999", "amount": "12.00", "currency": "EUR", "at": _at(now)}
    _record(world, "refund", [*refunds, stray], now)


def _whole(sale: str) -> str:
    minor = Conversion.objects.get(external_id=sale).amount_minor or 0
    return f"{minor // 100}.{minor % 100:02}"


def _at(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds"))


def _record(world: SimpleNamespace, kind: str, items: list[dict[str, Any]], now: Any) -> None:
    record_facts(world.program, kind, items, source="api", actor=_by(world.olga), now=now)


def _webhook(world: SimpleNamespace) -> dict[str, str]:
    """A system that is told everything, with a message that it took."""
    endpoint = cast.webhook(world.program, description="The books", url="https://books.example.com/goodword")
    return {
        "webhook_endpoint": endpoint.public_id,
        "webhook_delivery": cast.webhook_delivery(endpoint).public_id,
    }


def _upload(world: SimpleNamespace) -> Upload:
    """A file with one good row, one that is known and two bad ones, its columns already matched."""
    rows = "Order,Customer,Amount,Currency,Date\nA-1,c-001,20.00,EUR,2026-03-01\nA-2,c-002,abc,EUR,2026-03-02\n"
    rows += "A-3,c-002,12.00,EUR,yesterday\n"
    return cast.upload(world.program, rows.encode(), file_name="orders.csv", uploaded_by=world.olga)


def _connected(world: SimpleNamespace) -> dict[str, str]:
    """A Stripe account that has sent something, and a shop that has not."""
    stripe = cast.connection(world.program, name="Our Stripe account", created_at=timezone.now())
    cast.connection(world.program, name="Shop in Austria", kind="woocommerce", created_at=timezone.now())
    ago = timezone.now() - timedelta(hours=2)
    body = b'{"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_1", "object": "invoice"}}}'
    given = {"happened_at": ago, "received_at": ago}
    event = cast.received_event(stripe, body, event_id="evt_1OQxTr2eZvKYlo2C", links=["in_1", "pi_1"], **given)
    waiting = {"outcome": "waiting", "reason": "payment", "detail": "Waits for the payment that it belongs to."}
    cast.received_event(stripe, body, type="charge.refunded", facts=[], **waiting, **given)
    aside = {"outcome": "quarantined", "reason": "missing_field", "detail": "data.object.total is missing"}
    cast.received_event(stripe, body, facts=[], repeats=2, **aside, **given)
    return {"connection": stripe.public_id, "received": event.public_id, "system": "stripe"}


def _suggested(world: SimpleNamespace) -> str:
    """What the search finds in these facts, after a doubled customer and a mistyped code came in."""
    now = timezone.now()
    doubled = {"id": "c-950", "name": "Customer 3 again", "email": "c-003@mail.example"}
    typist = {"id": "c-951", "name": "Wren Typist", "email": "wren@typist.example"}
    _record(world, "customer", [doubled, typist], now)
    sales = [
        {"id": "ORD-2950", "customer": "c-950", "at": _at(now - timedelta(days=2)), "currency": "EUR",
         "amount": "84.00", "product": "LP"},
        {"id": "ORD-2951", "customer": "c-951", "at": _at(now - timedelta(days=1)), "currency": "EUR",
         "amount": "39.00", "product": "LP", "code": "reccord1"},
    ]  # fmt: skip
    _record(world, "sale", sales, now)
    settle_program(world.program, now=now)
    look_through(world.program, now=now)
    return str(suggestions().get(conversion="ORD-2950").public_id)


def _told_by_pages(world: SimpleNamespace) -> str:
    """Leads that a page told: one waits, one counts, one was refused; and the key that let them in."""
    link, ago = Link.objects.filter(partner=world.alder)[0], timezone.now() - timedelta(hours=3)
    cast.api_key(world.program, "browser", name="The website", created_by=world.olga)
    decided = {"decided_at": ago, "decided_by": world.bob, "decided_label": "Bob Brown <bob@acme.example>"}
    network = {"network": "203.0.113.0", "at": ago}
    cast.page_lead(link, customer="c-003", state="counted", **decided, **network)
    cast.page_lead(link, customer="test@test.example", state="refused", reason="Our own test.", **decided, **network)
    long_name = "anastasia.papadopoulos@a-rather-long-name-of-a-site.newsletter.example"
    cast.page_lead(link, customer=long_name, host="www.shop.example", name="offer_asked", **network)
    return str(cast.page_lead(link, customer="c-002", **network).public_id)


def _ids(world: SimpleNamespace) -> dict[str, str]:
    """An object for every argument that addresses have; the portal sees those of Alice's firm."""
    alder, terms = world.alder, Terms.objects.get(key="standard")
    line = Line.objects.filter(partner=alder).order_by("conversion_at")[0]
    imported = cast.imported(world.program, imported_by=world.olga, counts={"rows": 40, "new": 40, "duplicates": 0})
    letter = cast.letter(world.program, world.alice.email)
    return {
        "partner": alder.public_id,
        "application": Application.objects.all()[0].public_id,
        "group": Group.objects.get().public_id,
        "terms": terms.public_id,
        "version": terms.versions.latest("number").public_id,
        "agreement": Agreement.objects.filter(partner=alder).latest("starts_at").public_id,
        "conversion": Conversion.objects.get(external_id=line.conversion).public_id,
        "sale": line.conversion,
        "customer": Customer.objects.get(external_id=line.customer).public_id,
        "line": line.line,
        "hold": Hold.objects.get().public_id,
        "suggestion": _suggested(world),
        "page_lead": _told_by_pages(world),
        "trial": cast.live_test(Link.objects.filter(partner=alder)[0], started_at=timezone.now()).public_id,
        "link": Link.objects.filter(partner=alder)[0].public_id,
        "code": Code.objects.filter(partner=alder)[0].public_id,
        "debt": cast.debt_proposal(world.firms[3], proposed_by=world.sam).public_id,
        "run": PayoutRun.objects.latest("number").public_id,
        "payout": Payout.objects.filter(partner=alder)[0].public_id,
        "made": imported.public_id,
        "upload": _upload(world).public_id,
        "letter": str(letter.pk),
        **_connected(world),
        "rate": cast.rate(world.program, approval="waiting").public_id,
        "month": (timezone.now() - timedelta(days=20)).strftime("%Y-%m"),
        "member": Membership.objects.filter(user=world.vic)[0].public_id,
        "api_key": cast.api_key(world.program, "read", created_by=world.olga)[0].public_id,
        **_webhook(world),
    }
