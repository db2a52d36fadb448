"""The world of the access test: two companies with two programs of three partners each, and everyone who may call.

Every object carries a word of the place it belongs to; a word in an answer to somebody from elsewhere is a leak.
An address with a new argument needs an entry in IDS (an object of a place) or CONSTANTS (anything else).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.test import Client
from django.utils import timezone

from goodword.accounts.models import ApiKey, Membership, Program, User
from goodword.accounts.scope import active_program
from goodword.domain.ids import PREFIXES, public_id, uuid7
from goodword.ledger.services import post
from goodword.partners.models import Partner, PartnerUser
from tests import cast
from tests.books import accrued

STAFF = {"OW": "owner", "PM": "manager", "FI": "finance", "VI": "viewer"}
SEATS = {"PO": "owner", "PB": "member"}
KEYS = {"K-ing": "events:write", "K-r": "read", "K-rw": "manage", "K-pay": "payouts:write", "K-web": "browser"}
SECRET = [scope for scope in KEYS.values() if scope != "browser"]
PAGE = "https://shop.example"  # on an allowed host: a key for web pages works from there, others do not care
RELATIONS = ("own", "sibling", "other program", "other tenant", "never existed", "malformed")


class Caller(Client):
    """A browser without the bookkeeping of templates, which would take most of the time of ten thousand calls."""

    def request(self, **request: Any) -> Any:
        response = self.handler(self._base_environ(**request))
        self.cookies.update(response.cookies)
        return response


@dataclass
class Place:
    """A program, one of its partners, and the ids of their objects by the name that addresses give them."""

    program: Program
    partner: Partner
    word: str
    ids: dict[str, str] = field(default_factory=dict)


def _posted(here: Any) -> str:
    with active_program(here.program):
        return post(here.program, [accrued(here.partner, line=here.word)], now=cast.NOW)[0].public_id


def _suggested(here: Any) -> str:
    sale = cast.sale(here.program, external_id=f"missed-{here.word}", customer=here.sale.customer)
    return cast.missed_credit(here.partner, conversion=sale.external_id, customer=sale.customer).public_id


# Objects that addresses name. Each maker may use what stands before it through `here.made`.
IDS: dict[str, Callable[[Any], str]] = {
    "partner": lambda here: here.partner.public_id,
    "link": lambda here: here.link.public_id,
    "key": lambda here: here.link.key,
    "code": lambda here: cast.code(here.partner, offer=here.word).public_id,
    "line": lambda here: here.line.line,
    "conversion": lambda here: here.sale.public_id,
    "customer": lambda here: cast.customer(here.program, name=here.word).public_id,
    "payout": lambda here: here.payout.public_id,
    "run": lambda here: here.payout.run.public_id,
    "debt": lambda here: cast.debt_proposal(here.partner, reason=here.team).public_id,
    "letter": lambda here: str(cast.letter(here.program, here.partner.email, subject=here.word).pk),
    "application": lambda here: cast.application(here.program, name=here.team).public_id,
    "agreement": lambda here: here.agreement.public_id,
    "terms": lambda here: here.agreement.terms_version.terms.public_id,
    "version": lambda here: here.agreement.terms_version.public_id,
    "group": lambda here: cast.group(here.program, name=here.team).public_id,
    "suggestion": _suggested,
    "page_lead": lambda here: cast.page_lead(here.link, customer=here.sale.customer).public_id,
    "trial": lambda here: cast.live_test(here.link).public_id,
    "hold": lambda here: cast.hold(here.partner, reason=here.team, line=here.line.line).public_id,
    "rate": lambda here: cast.rate(here.program, origin=here.word, approval="waiting").public_id,
    "made": lambda here: cast.imported(here.program, file_name=here.team, content_hash=here.word).public_id,
    "upload": lambda here: cast.upload(here.program, file_name=here.team).public_id,
    "member": lambda here: Membership.objects.filter(program=here.program, role="viewer").get().public_id,
    "terms_key": lambda here: here.agreement.terms_version.terms.key,
    "transaction": _posted,
    "connection": lambda here: cast.connection(here.program, name=here.team).public_id,
    "received": lambda here: cast.received_event(cast.connection(here.program, name=here.team)).public_id,
    # The API names facts by the ids that the company gave them.
    "sale_id": lambda here: here.sale.external_id,
    "event_id": lambda here: cast.sale(here.program, name="lead").external_id,
    "customer_id": lambda here: cast.customer(here.program, name=here.word).external_id,
    "touch_id": lambda here: cast.touch(here.partner).external_id,
    "refund_id": lambda here: cast.refund(here.sale, reason=here.word).external_id,
    "cancel_id": lambda here: cast.cancel(here.sale).external_id,
    "credit_id": lambda here: cast.credit(here.program, reason=here.word).external_id,
    "rate_id": lambda here: cast.rate(here.program, origin=here.word).external_id,
    "webhook_endpoint": lambda here: cast.webhook(here.program, description=here.team).public_id,
    "webhook_delivery": lambda here: cast.webhook_delivery(cast.webhook(here.program, description=here.team)).public_id,
    "api_key": lambda here: cast.api_key(here.program, name=here.team)[0].public_id,
}
# Arguments that name no object of anybody.
CONSTANTS = {
    "kind": "svg", "page": "inactive", "month": "2026-10",
    "token": "no-such-token", "sale": "sale-1", "pk": "999", "number": "1",
    "address": "no-such-address", "system": "stripe",
}  # fmt: skip


@dataclass(frozen=True)
class Principal:
    """Somebody who calls, and the words that may never reach them."""

    name: str
    client: Client
    area: str
    role: str
    hidden: frozenset[str]
    ids: Mapping[str, str] = field(default_factory=dict)  # what is this person's own, and nobody else's at the partner


def _place(of: Program, word: str, partner_word: str) -> Place:
    """A partner of the program with one object of each kind, marked with its word."""
    mark = f"{word}-{partner_word}"
    partner = cast.partner(of, name=mark, email=f"{mark}@partner.example", notes=f"{word}-team")
    link = cast.link(partner, label=mark)  # where it leads is public: everybody who follows it sees that
    sale = cast.sale(of, external_id=f"sale-{mark}", customer=f"customer-{mark}")
    version = cast.terms_version(of, terms=cast.terms(of, key=f"terms-{mark}", name=mark))
    here = SimpleNamespace(
        program=of, partner=partner, word=mark, team=f"{word}-team", link=link, sale=sale,
        line=cast.line(partner, conversion=sale.external_id, customer=sale.customer),
        agreement=cast.agreement(partner, terms_version=version), payout=cast.payout(partner, reference=mark[:35]),
    )  # fmt: skip
    return Place(of, partner, mark, {name: make(here) for name, make in IDS.items()})


class World:
    """Two companies, four programs, twelve partners; the principals all belong to the first partner's place."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        words = {"a-one": "zqaone", "a-two": "zqatwo", "b-one": "zqbone", "b-two": "zqbtwo"}
        companies = {"a": cast.organization("Company A"), "b": cast.organization("Company B")}
        for slug, word in words.items():
            here = cast.program(slug=slug, name=word, organization=companies[slug[0]])
            cast.member(here, "viewer")
            places = [_place(here, word, name) for name in ("alpha", "beta", "gamma")]
            self.places |= {f"{slug} {place.word.rpartition('-')[2]}": place for place in places}
        self.own, self.sibling = self.places["a-one alpha"], self.places["a-one beta"]
        self.by_relation = {
            "own": self.own,
            "sibling": self.sibling,
            "other program": self.places["a-two alpha"],
            "other tenant": self.places["b-one alpha"],
        }
        self.put_out = self._put_out()
        self.principals = {principal.name: principal for principal in self._principals()}

    def _principals(self) -> list[Principal]:
        elsewhere = frozenset({"zqatwo", "zqbone", "zqbtwo"})
        others = elsewhere | {"zqaone-beta", "zqaone-gamma", "zqaone-team"}
        program, partner = self.own.program, self.own.partner
        found = [
            Principal(name, cast.sign_in(cast.member(program, role), browser=Caller), "staff", role, elsewhere)
            for name, role in STAFF.items()
        ]
        found += [self._seated(name, cast.seat(partner, role), role, others) for name, role in SEATS.items()]
        found += [
            Principal(
                name,
                cast.with_key(cast.api_key(program, scope)[1], browser=Caller, origin=PAGE),
                "api",
                scope,
                elsewhere,
            )
            for name, scope in KEYS.items()
        ]
        anonymous = Caller(raise_request_exception=False)
        return [*found, Principal("PUB", anonymous, "public", "public", others | {"zqaone-alpha"})]

    def _seated(self, name: str, user: User, role: str, hidden: frozenset[str]) -> Principal:
        letter = cast.letter(self.own.program, user.email, subject=self.own.word)
        return Principal(name, cast.sign_in(user, browser=Caller), "portal", role, hidden, {"letter": str(letter.pk)})

    def _put_out(self) -> dict[str, Client]:
        """People and keys that were let in once and are not any more."""
        program, partner, now = self.own.program, self.own.partner, timezone.now()
        suspended, left, unseated = cast.member(program, "owner"), cast.member(program, "owner"), cast.seat(partner)
        people = {"suspended": suspended, "left": left, "unseated": unseated}
        clients = {who: cast.sign_in(person, browser=Caller) for who, person in people.items()}
        type(suspended).objects.filter(pk=suspended.pk).update(is_active=False)
        Membership.objects.filter(user=left).update(ended_at=now)
        PartnerUser.unscoped.filter(user=unseated).update(ended_at=now)
        for name, change in (("revoked", {"revoked_at": now}), ("expired", {"expires_at": now - timedelta(days=1)})):
            key, text = cast.api_key(program, *SECRET)
            ApiKey.unscoped.filter(pk=key.pk).update(**change)
            clients[name] = cast.with_key(text, browser=Caller)
        return clients

    def path(self, route: str, relation: str = "own", program: str = "own", who: Principal | None = None) -> str:
        """The address with the objects of a relation, in the program of another one, as somebody would call it."""
        mine = who.ids if who and relation == "own" else {}
        slugs = {"never existed": "never-existed"}
        slug = slugs.get(program) or self.by_relation[program].program.slug

        def fill(argument: re.Match[str]) -> str:
            name = argument[1]
            return slug if name == "program" else mine.get(name) or self._argument(name, relation)

        filled = re.sub(r"<(?:\w+:)?(\w+)>", fill, route)
        return "/" + filled

    def _argument(self, name: str, relation: str) -> str:
        if name in CONSTANTS:
            return CONSTANTS[name]
        assert name in IDS, f"tests/world.py: add the argument {name!r} to IDS (an object) or CONSTANTS (no object)"
        if relation == "malformed":
            return "x"
        known = self.by_relation.get(relation)
        return known.ids[name] if known else _invented(self.own.ids[name])


def _invented(like: str) -> str:
    """An id of the same form that nothing has."""
    kind = next((kind for kind, prefix in PREFIXES.items() if like.startswith(f"{prefix}_")), None)
    if kind:
        return public_id(kind, uuid7())
    return "987654321" if like.isdigit() else "never-existed-1"


def arguments(route: str) -> set[str]:
    """The names of the objects in an address."""
    return set(re.findall(r"<(?:\w+:)?(\w+)>", route)) - {"program"} - CONSTANTS.keys()
