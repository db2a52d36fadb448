"""The people and things that tests speak of. Factories take keywords, hide nothing, and write rows as they are told.

Alice owns the partner Alder Advice. Bob manages Acme's program, Sam is its finance person, Olga its owner, Vic
only looks. Eve owns a program of another company. What the services do has its own tests; these rows
are only the stage.
"""

import hashlib
import time
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client

from goodword.accounts.actors import SYSTEM, Actor
from goodword.accounts.keys import create_key
from goodword.accounts.models import Membership, Organization, Program, User
from goodword.commissions.models import Hold, Line, MissedCredit, Outcome, SettlementRun
from goodword.connections.models import Connection, ReceivedEvent
from goodword.mail.models import Mail
from goodword.partners.models import Agreement, Application, Group, Partner, PartnerUser, Terms, TermsVersion
from goodword.payouts.models import DebtProposal, Payout, PayoutLine, PayoutMethod, PayoutRun
from goodword.referrals.models import (
    Cancel,
    Click,
    Code,
    Conversion,
    Credit,
    Customer,
    Import,
    Link,
    LiveTest,
    PageLead,
    Rate,
    Refund,
    Signal,
    Touch,
    Upload,
    UploadChunk,
)
from goodword.webhooks.models import Attempt, Delivery, Endpoint, Event, Reading

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PASSWORD = "correct-horse-battery"
TERMS = {
    "rules": [{"key": "all", "on": "sale", "pay": {"percent": "20%"}}],
    "choose": "first",
    "clawback": {"days": 60},
}


def _unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# People and programs


def person(email: str = "", **fields: Any) -> User:
    """Somebody with the password PASSWORD."""
    address = (email or f"{_unique('person')}@example.com").lower()
    return User.objects.create(email=address, password=_password_hash(), **fields)


@cache
def _password_hash() -> str:
    """Hashing is slow on purpose: once for all people of a test run."""
    return make_password(PASSWORD)


def organization(name: str = "Acme") -> Organization:
    return Organization.objects.create(name=name)


def program(**fields: Any) -> Program:
    slug = fields.pop("slug", None) or _unique("acme")
    given: dict[str, Any] = {"name": slug.title(), "currency": "EUR", "timezone": "Europe/Berlin"} | fields
    given.setdefault("allowed_hosts", ["shop.example"])
    return Program.objects.create(organization=given.pop("organization", None) or organization(), slug=slug, **given)


def member(of: Program, role: str = "manager", user: User | None = None, **fields: Any) -> User:
    """A person with a role in one program (`program=None`: in all of its organization)."""
    found = user or person(name=f"{role.title()} of {of.name}")
    given = {"program": of, "organization": of.organization} | fields
    Membership.objects.create(user=found, role=role, **given)
    return found


def actor(user: User | None = None) -> Actor:
    return Actor("user", user.public_id, str(user)) if user else SYSTEM


def api_key(of: Program, *scopes: str, **fields: Any) -> tuple[Any, str]:
    """A key and its text: `client.get(url, headers={"Authorization": f"Bearer {text}"})`."""
    maker = fields.pop("created_by", None) or person()
    given = {"name": _unique("key"), "expires_at": None, "actor": SYSTEM} | fields
    return create_key(of, scopes=scopes or ("read",), created_by=maker, **given)


def sign_in(user: User, *, lately: bool = True, browser: type[Client] = Client) -> Client:
    """A browser with a session of this person; `lately` tells whether step-up pages believe it."""
    client = browser(raise_request_exception=False)
    client.force_login(user)
    session = client.session
    at = time.time() + (3600 if lately else -3600)  # ahead, so that a slow run of tests stays lately
    session["account_authentication_methods"] = [{"method": "password", "at": at, "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def with_key(text: str, *, browser: type[Client] = Client, origin: str = "") -> Client:
    """A program that calls the API with this key; `origin`: a page that does."""
    page = {"Origin": origin} if origin else {}
    return browser(headers={"Authorization": f"Bearer {text}", **page}, raise_request_exception=False)


# Partners and what they agreed


def partner(of: Program, **fields: Any) -> Partner:
    given = {"name": _unique("Partner"), "joined_at": NOW - timedelta(days=400)} | fields
    return Partner.unscoped.create(program=of, **given)


def seat(at: Partner, role: str = "owner", user: User | None = None, **fields: Any) -> User:
    """A person of a partner."""
    found = user or person(name=f"{role.title()} of {at.name}")
    PartnerUser.unscoped.create(program=at.program, partner=at, user=found, role=role, **fields)
    return found


def group(of: Program, **fields: Any) -> Group:
    return Group.unscoped.create(program=of, **({"key": _unique("group"), "name": "Gold"} | fields))


def application(of: Program, **fields: Any) -> Application:
    given = {"name": _unique("Applicant"), "contact_name": "Ann", "email": f"{_unique('ann')}@example.com"}
    return Application.unscoped.create(program=of, submitted_at=NOW, **(given | fields))


def terms(of: Program, **fields: Any) -> Terms:
    return Terms.unscoped.create(program=of, **({"key": _unique("terms"), "name": "Standard"} | fields))


def terms_version(of: Program, **fields: Any) -> TermsVersion:
    given = {"number": 1, "document": TERMS, "content_hash": _hash("terms"), "published_at": NOW - timedelta(days=400)}
    given = given | {"terms": fields.pop("terms", None) or terms(of)} | fields
    return TermsVersion.unscoped.create(program=of, **given)


def agreement(of: Partner, **fields: Any) -> Agreement:
    given = {"starts_at": NOW - timedelta(days=400), "accepted_at": NOW - timedelta(days=400)} | fields
    given["terms_version"] = given.get("terms_version") or terms_version(of.program)
    return Agreement.unscoped.create(program=of.program, partner=of, **given)


# Facts


def link(of: Partner, **fields: Any) -> Link:
    key = fields.pop("key", None) or _unique("link")
    given = {"destination": "https://shop.example/", "skeleton": key} | fields
    return Link.unscoped.create(program=of.program, partner=of, key=key, **given)


def code(of: Partner, **fields: Any) -> Code:
    key = fields.pop("key", None) or _unique("code")
    return Code.unscoped.create(program=of.program, partner=of, key=key, **({"skeleton": key} | fields))


def click(on: Link, **fields: Any) -> Click:
    given = {"visitor": _unique("v"), "at": NOW - timedelta(days=11)} | fields
    return Click.unscoped.create(program=on.program, partner=on.partner, link=on, **given)


def _fact(word: str, fields: dict[str, Any]) -> dict[str, Any]:
    given = {"external_id": _unique(word), "recorded_at": NOW} | fields
    return {"payload_hash": _hash(given["external_id"])} | given


def customer(of: Program, **fields: Any) -> Customer:
    return Customer.unscoped.create(program=of, **_fact("customer", fields))


def touch(of: Partner, **fields: Any) -> Touch:
    given = {"customer": "c-1", "channel": "link", "at": NOW - timedelta(days=11)} | fields
    return Touch.unscoped.create(program=of.program, partner=of, **_fact("touch", given))


def sale(of: Program, **fields: Any) -> Conversion:
    given = {"customer": "c-1", "currency": "EUR", "amount_minor": 10_000, "at": NOW - timedelta(days=10)} | fields
    return Conversion.unscoped.create(program=of, **_fact("sale", given))


def refund(of: Conversion, **fields: Any) -> Refund:
    given = {"currency": of.currency, "amount_minor": 1_000, "at": NOW - timedelta(days=5)} | fields
    return Refund.unscoped.create(program=of.program, sale=of.external_id, **_fact("refund", given))


def cancel(of: Conversion, **fields: Any) -> Cancel:
    given = {"at": NOW - timedelta(days=4)} | fields
    return Cancel.unscoped.create(program=of.program, sale=of.external_id, **_fact("cancel", given))


def credit(of: Program, **fields: Any) -> Credit:
    given = {"customer": "c-1", "shares": [], "reason": "the partner brought it", "at": NOW} | fields
    return Credit.unscoped.create(program=of, **_fact("credit", given))


def signal(of: Program, **fields: Any) -> Signal:
    given = {"kind": "bad_click", "fact_kind": "customer", "fact": _unique("c"), "given": "tch_x"} | fields
    return Signal.unscoped.create(program=of, recorded_at=NOW, **given)


def rate(of: Program, **fields: Any) -> Rate:
    given = {"from_currency": "USD", "to_currency": "EUR", "rate": "0.92", "at": NOW - timedelta(days=20)} | fields
    return Rate.unscoped.create(program=of, **_fact("rate", given))


def imported(of: Program, **fields: Any) -> Import:
    given = {"kind": "sales", "file_name": "sales.csv", "content_hash": _hash(_unique("f")), "imported_at": NOW}
    return Import.unscoped.create(program=of, **(given | fields))


def upload(of: Program, content: bytes = b"id,amount\n1,2.00\n", **fields: Any) -> Upload:
    """A file that waits to be imported."""
    given = {"kind": "sales", "file_name": "sales.csv", "content_hash": _hash(_unique("u")), "uploaded_at": NOW}
    row = Upload.unscoped.create(program=of, size=len(content), **(given | fields))
    UploadChunk.objects.create(program=of, upload=row, number=0, data=content)
    return row


def connection(of: Program, **fields: Any) -> Connection:
    given = {"kind": "stripe", "name": _unique("Stripe"), "address": _unique("hook"), "created_at": NOW}
    return Connection.unscoped.create(program=of, **(given | {"created_by": "test"} | fields))


def received_event(of: Connection, body: bytes = b"{}", **fields: Any) -> ReceivedEvent:
    given = {"event_id": _unique("evt"), "type": "invoice.paid", "happened_at": NOW, "received_at": NOW}
    given |= {"content_hash": _hash("event"), "outcome": "recorded", "facts": [["sale", "in_1"]]}
    return ReceivedEvent.unscoped.create(program=of.program, connection=of, body=body, **(given | fields))


# What came of them


def line(of: Partner, **fields: Any) -> Line:
    """A commission line, as the engine would have left it: 20% of EUR 100.00."""
    number = fields.pop("line", None) or _unique("line")
    given: dict[str, Any] = {
        "conversion": "s-1", "conversion_at": NOW - timedelta(days=10), "customer": "c-1", "kind": "commission",
        "rule": "all", "terms": "standard@1", "currency": "EUR", "share_ppm": 1_000_000, "basis_minor": 10_000,
        "rate": "20%", "amount_minor": 2_000, "matures_on": (NOW + timedelta(days=20)).date(),
        "matures_at": NOW + timedelta(days=20), "reasons": [], "steps": [], "position": 1,
    }  # fmt: skip
    return Line.unscoped.create(program=of.program, partner=of, line=number, **(given | fields))


def outcome(of: Program, **fields: Any) -> Outcome:
    return Outcome.unscoped.create(program=of, **({"conversion": "s-2", "outcome": "no_touch"} | fields))


def live_test(on: Link, **fields: Any) -> LiveTest:
    given = {"visitor": _unique("test"), "started_at": NOW} | fields
    return LiveTest.unscoped.create(program=on.program, partner=on.partner, link=on, **given)


def missed_credit(of: Partner, **fields: Any) -> MissedCredit:
    """A suggestion that is still to be decided: its sale credits nobody."""
    found = [{"kind": "code_slip", "strength": 2, "about": {"given": "aldr-10", "code": "alder-10"}}]
    given = {"conversion": _unique("s"), "conversion_at": NOW - timedelta(days=10), "customer": "c-1"}
    given |= {"strength": 2, "evidence": found, "found_at": NOW} | fields
    if not Outcome.unscoped.filter(program=of.program, conversion=given["conversion"]).exists():
        outcome(of.program, conversion=given["conversion"])
    return MissedCredit.unscoped.create(program=of.program, partner=of, **given)


def page_lead(through: Link, **fields: Any) -> PageLead:
    """A lead that a web page told, waiting to be confirmed."""
    made = click(through)
    given = {"name": "lead", "customer": _unique("c"), "host": "shop.example", "at": NOW, "click": made.pk} | fields
    given |= {"told": {"customer": given["customer"]}, "external_id": _unique("web")}
    return PageLead.unscoped.create(program=through.program, partner=through.partner, **given)


def hold(of: Partner, **fields: Any) -> Hold:
    given = {"reason": "waiting for an answer", "placed_at": NOW} | fields
    return Hold.unscoped.create(program=of.program, partner=of, **given)


def settlement_run(of: Program, **fields: Any) -> SettlementRun:
    given = {"as_of": NOW, "started_at": NOW, "finished_at": NOW, "scope": "program"} | fields
    return SettlementRun.unscoped.create(program=of, **given)


def payout_method(of: Partner, **fields: Any) -> PayoutMethod:
    given = {
        "kind": "iban", "holder": of.name, "account_encrypted": b"", "account_mask": "DE•• •••• 1234",
        "fingerprint": _hash(_unique("iban")), "created_at": NOW, "created_by": "test",
        "usable_from": NOW - timedelta(days=3),
    }  # fmt: skip
    return PayoutMethod.unscoped.create(program=of.program, partner=of, **(given | fields))


def payout_run(of: Program, **fields: Any) -> PayoutRun:
    given = {"currency": "EUR", "minimum_minor": 0, "content_hash": _hash("run"), "prepared_at": NOW} | fields
    given.setdefault("number", PayoutRun.unscoped.filter(program=of).count() + 1)
    given["prepared_by"] = given.get("prepared_by") or person()
    return PayoutRun.unscoped.create(program=of, **given)


def payout(of: Partner, **fields: Any) -> Payout:
    given = {"currency": "EUR", "amount_minor": 2_000, "reference": _unique("GW")} | fields
    given["run"] = given.get("run") or payout_run(of.program)
    given["method"] = given.get("method") or payout_method(of)
    return Payout.unscoped.create(program=of.program, partner=of, **given)


def debt_proposal(of: Partner, **fields: Any) -> DebtProposal:
    given = {"kind": "write_off", "currency": "EUR", "amount_minor": 500, "reason": "cannot pay", "proposed_at": NOW}
    given |= fields
    given["proposed_by"] = given.get("proposed_by") or person()
    return DebtProposal.unscoped.create(program=of.program, partner=of, **given)


def payout_line(of: Payout, **fields: Any) -> PayoutLine:
    given = {"line": _unique("line"), "amount_minor": of.amount_minor} | fields
    return PayoutLine.unscoped.create(program=of.program, payout=of, **given)


def letter(of: Program | None, to: str, **fields: Any) -> Mail:
    given = {"kind": "test", "subject": "A letter", "text": "Hello."} | fields
    return Mail.objects.create(program=of, to=to, **given)


def webhook(of: Program, **fields: Any) -> Endpoint:
    """A system that is told everything, with one message that it took."""
    given = {"url": f"https://{_unique('crm')}.example.com/hooks", "kinds": ["*"], "created_at": NOW} | fields
    return Endpoint.unscoped.create(program=of, **given)


def webhook_delivery(to: Endpoint, **fields: Any) -> Delivery:
    """A message that was taken at the first try."""
    reading, _ = Reading.objects.get_or_create(program=to.program, defaults={"audit_sequence": 0, "ledger_sequence": 0})
    reading.last_number += 1
    reading.save()
    event = Event.unscoped.create(
        program=to.program, number=reading.last_number, kind="endpoint.test", object=_unique("test"),
        source=_unique("test"), at=NOW, created_at=NOW,
        payload='{"type":"endpoint.test","data":{"message":"This is a test."}}',
    )  # fmt: skip
    given = {"state": "delivered", "attempts_made": 1, "next_at": NOW, "settled_at": NOW} | fields
    made = Delivery.unscoped.create(
        program=to.program, event=event, endpoint=to, number=event.number, object=event.object, **given
    )
    Attempt.unscoped.create(program=to.program, delivery=made, number=1, at=NOW, milliseconds=80, status=204)
    return made


# The usual cast


def acme(slug: str = "acme") -> SimpleNamespace:
    """Acme's program with its people, and Alice's firm as an active partner on 20%."""
    here = program(slug=slug, name="Acme Partners")
    standard = terms(here, key="standard", is_default=True)
    alder = partner(here, name="Alder Advice", email="alice@alder.example")
    agreement(alder, terms_version=terms_version(here, terms=standard))
    return SimpleNamespace(
        program=here,
        alder=alder,
        alice=seat(alder, user=person("alice@alder.example", name="Alice Alder")),
        olga=member(here, "owner", person("olga@acme.example", name="Olga Owner")),
        bob=member(here, "manager", person("bob@acme.example", name="Bob Brown")),
        sam=member(here, "finance", person("sam@acme.example", name="Sam Sharp")),
        vic=member(here, "viewer", person("vic@acme.example", name="Vic View")),
    )


def eve(slug: str = "evil") -> SimpleNamespace:
    """Eve's own program, at another company."""
    here = program(slug=slug, name="Evil Partners", organization=organization("Evil"))
    firm = partner(here, name="Ember", email="ed@ember.example")
    return SimpleNamespace(
        program=here,
        partner=firm,
        eve=member(here, "owner", person("eve@evil.example", name="Eve Evil")),
        ed=seat(firm, user=person("ed@ember.example", name="Ed Ember")),
    )
