"""The facts of one settlement laid out for the fold: by customer, partner and sale, in order, none later than `as_of`.

Only looks up; what a fact means is decided elsewhere.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar

from goodword.domain.currency import decimals
from goodword.domain.settlement.arithmetic import ALL, Ratio
from goodword.domain.settlement.calendar import DAY, Zone, whole_months
from goodword.domain.settlement.program import WHOLE_PPM, Program, Terms
from goodword.domain.settlement.records import (
    CHANNELS,
    REGISTRATION,
    Agreement,
    Cancel,
    Conversion,
    Credit,
    Customer,
    FactSet,
    Instant,
    Partner,
    Rate,
    Refund,
    Sale,
    Share,
    Touch,
)
from goodword.domain.settlement.result import Notice

_PUBLIC_MAIL = (
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com "
    "aol.com proton.me protonmail.com gmx.com gmx.de gmx.net web.de mail.com zoho.com yandex.com yandex.ru mail.ru "
    "qq.com 163.com 126.com hey.com fastmail.com"
)
PUBLIC_MAIL: Final = frozenset(_PUBLIC_MAIL.split())
NEVER: Final = 2**80
"""Later than every instant."""
IN_ORDER = attrgetter("at", "id")


class Candidate(NamedTuple):
    """A touch as attribution weighs it. Sorts by time; codes on sales stand after recorded touches of their instant."""

    at: Instant
    source: int
    id: str
    rank: int
    expires: Instant
    partner: str


class Lock(NamedTuple):
    """The day on which a customer's shares were fixed, and what its later conversions have from it."""

    day: int
    attributed: "Attributed"


class History:
    """What is known of one customer, growing as its conversions are taken in order."""

    __slots__ = (
        "codes",
        "country",
        "customer",
        "existing",
        "first_sale_day",
        "first_share",
        "last_sale_day",
        "lock",
        "nth",
        "paid",
        "seen",
        "self_referrers",
        "started",
        "touches",
    )

    def __init__(self, customer: Customer | None, touches: list[Candidate]) -> None:
        self.touches = touches
        self.seen = 0
        self.codes: list[Candidate] = []
        self.existing = customer is not None and customer.existing
        self.country = customer.country if customer else None
        self.customer = customer
        self.self_referrers: dict[str, bool] = {}
        self.lock: Lock | None = None
        self.first_share: dict[str, Instant] = {}
        self.first_sale_day: int | None = None
        self.last_sale_day: int | None = None
        self.nth: dict[str, int] = {}
        self.started: dict[tuple[str, str], tuple[int, int]] = {}
        self.paid: dict[tuple[str, str], int] = {}


Identity = tuple[frozenset[str], frozenset[str]]
NOBODY: Final[Identity] = (frozenset(), frozenset())


def identity(emails: Iterable[str | None], domains: Iterable[str | None]) -> Identity:
    """E-mail addresses and domains in lower case; domains of public mail providers tell nothing and are left out."""
    addresses = {email.lower() for email in emails if email}
    hosts = {domain.lower() for domain in domains if domain}
    hosts |= {email.rpartition("@")[2] for email in addresses if "@" in email}
    return frozenset(addresses), frozenset(hosts - PUBLIC_MAIL)


class InForce(NamedTuple):
    """An agreement with its terms."""

    agreement: Agreement
    terms: Terms
    start_day: int


class Standing(NamedTuple):
    """What a partner is paid by at a conversion: the agreement in force, or the tail of an ended one."""

    in_force: InForce
    terms: Terms
    tail_ppm: int = WHOLE_PPM
    in_tail: bool = False


class Attributed(NamedTuple):
    """The shares of a conversion in credit order, how they came about, and who assisted."""

    shares: tuple[Share, ...]
    how: str
    """The model, `lock` or `credit`."""
    because: str
    """The conversion that set the lock, or the credit's id."""
    weights: tuple[int, ...]
    """The weight behind each share, then the sum of all weights; empty under a lock or credit."""
    touched: dict[str, Instant]
    """Each partner's earliest credited touch."""
    assisting: tuple[str, ...]
    reason: str
    """Why nobody has a share."""


Term = tuple[Instant, Instant, Standing]
"""The start and end of an agreement, and what it gives while it is in force."""


class Index:
    """The facts at or before `as_of`, by what the fold asks for."""

    def __init__(self, program: Program, facts: FactSet, as_of: Instant | None) -> None:
        self.program = program
        self.zone = Zone(program.timezone)
        self.as_of = latest(facts) if as_of is None else as_of
        self.partners: dict[str, Partner] = {partner.id: partner for partner in facts.partners}
        self.codes: dict[str, str] = {code.id: code.partner for code in facts.codes}
        self.customers: dict[str, Customer] = {customer.id: customer for customer in facts.customers}
        self.agreements = self._agreements(facts.agreements)
        self.ranks = {channel: i for i, names in enumerate(program.attribution.priority) for channel in names}
        self.last_rank = len(program.attribution.priority)
        self._of_customer, self._of_visitor = self._touches(facts.touches)
        self._histories: dict[str, History] = {}
        self._identities: dict[str, Identity] = {}
        self.conversions: list[Conversion] = sorted(
            (one for one in chain[Conversion](facts.sales, facts.events) if one.at <= self.as_of), key=IN_ORDER
        )
        self.sales: dict[str, Sale] = {sale.id: sale for sale in self.conversions if isinstance(sale, Sale)}
        self.refunds, self.notices = self._refunds(facts)
        self.cancels: dict[str, Instant] = {}
        for cancel in in_order(facts.cancels, self.as_of):
            self.cancels.setdefault(cancel.sale, cancel.at)
        self.credits = self._credits(facts.credits)
        self._rates = self._rates_by_source(facts.rates)

    def history(self, customer: str) -> History:
        """A customer's history, begun when first asked for."""
        found = self._histories.get(customer)
        if found is None:
            known = self.customers.get(customer)
            found = self._histories[customer] = History(known, self._touches_of(customer, known))
        return found

    def refers_itself(self, history: History, partner: str) -> bool:
        """Whether the partner is the customer: an equal e-mail, or a shared domain of its own."""
        emails, domains = self._identity_of(partner)
        customer = history.customer
        if customer is None or not (emails or domains):
            return False
        found = history.self_referrers.get(partner)
        if found is None:
            theirs = identity((customer.email,), (customer.domain,))
            found = not (emails.isdisjoint(theirs[0]) and domains.isdisjoint(theirs[1]))
            history.self_referrers[partner] = found
        return found

    def in_force(self, partner: str, at: Instant) -> Standing | None:
        """The partner's agreement in force at an instant."""
        for starts, ends, found in self.agreements.get(partner, ()):
            if starts <= at < ends:
                return found
        return None

    def last_ended(self, partner: str, at: Instant) -> InForce | None:
        """The partner's agreement with the latest end at or before an instant."""
        ended = [one.in_force for _, ends, one in self.agreements.get(partner, ()) if ends <= at]
        return max(
            ended, key=lambda one: (one.agreement.ends or 0, one.agreement.starts, one.agreement.id), default=None
        )

    def tail_percent(self, ended: InForce, at: Instant) -> int | None:
        """The part of a commission, in millionths, that an ended agreement still pays; None past its tail."""
        months = whole_months(self.zone.day(ended.agreement.ends or 0), self.zone.day(at))
        for step in ended.terms.tail:
            if months < step.months:
                return step.ppm
            months -= step.months
        return None

    def rate(self, currency: str, at: Instant) -> Ratio | None:
        """Minor units of the program's currency for one minor unit of another; None: no rate yet."""
        if currency == self.program.currency:
            return ALL
        rates = self._rates.get(currency, [])
        place = bisect_right(rates, at, key=attrgetter("at"))
        if place == 0:
            return None
        rate = rates[place - 1]
        scale = Fraction(10) ** (decimals(self.program.currency) - decimals(currency))
        exact = Fraction(rate.numerator, rate.denominator) * scale
        return Ratio(exact.numerator, exact.denominator)

    def _agreements(self, agreements: Iterable[Agreement]) -> dict[str, list[Term]]:
        found: dict[str, list[Term]] = defaultdict(list)
        for one in sorted(agreements, key=attrgetter("starts", "id")):
            start_day = self.zone.day(one.starts)
            terms = self.program.terms[one.terms]
            ends = NEVER if one.ends is None else one.ends
            found[one.partner].append((one.starts, ends, Standing(InForce(one, terms, start_day), terms)))
        return found

    def _touches(self, touches: Iterable[Touch]) -> tuple[dict[str, list[Candidate]], dict[str, list[Candidate]]]:
        of_customer: dict[str, list[Candidate]] = defaultdict(list)
        of_visitor: dict[str, list[Candidate]] = defaultdict(list)
        attribution, as_of = self.program.attribution, self.as_of
        windows = {channel: attribution.window_of(channel) * DAY for channel in CHANNELS}
        ranks = {channel: self.ranks.get(channel, self.last_rank) for channel in CHANNELS}
        for touch in touches:
            at, channel = touch.at, touch.channel
            if at > as_of:
                continue
            protected = channel == REGISTRATION and touch.until is not None
            expires = touch.until if protected and touch.until is not None else at + windows[channel]
            candidate = Candidate(at, 0, touch.id, ranks[channel], expires, touch.partner)
            if touch.customer is not None:
                of_customer[touch.customer].append(candidate)
            if touch.visitor is not None:
                of_visitor[touch.visitor].append(candidate)
        return of_customer, of_visitor

    def _touches_of(self, id_: str, customer: Customer | None) -> list[Candidate]:
        found = self._of_customer.get(id_, [])
        if customer is not None and customer.visitors:
            seen = chain.from_iterable(self._of_visitor.get(visitor, ()) for visitor in customer.visitors)
            return sorted({*found, *seen})
        return sorted(found)

    def _refunds(self, facts: FactSet) -> tuple[dict[str, list[tuple[Instant, int]]], list[Notice]]:
        """What each sale's refunds give back, in order, never more than its amount; and what is odd about them."""
        effective: dict[str, list[tuple[Instant, int]]] = defaultdict(list)
        left: dict[str, int] = {}
        notices = []
        for refund in in_order(facts.refunds, self.as_of):
            sale = self.sales.get(refund.sale)
            if sale is None:
                notices.append(Notice(refund.id, refund.sale, "unmatched"))
                continue
            room = left.get(sale.id, sale.amount)
            if refund.amount > room:
                notices.append(Notice(refund.id, refund.sale, "quarantined"))
            left[sale.id] = room - min(refund.amount, room)
            effective[sale.id].append((refund.at, min(refund.amount, room)))
        return effective, sorted(notices)

    def _credits(self, credits_: Iterable[Credit]) -> dict[tuple[str, str], Credit]:
        found = {}
        for credit in in_order(credits_, self.as_of):
            about = ("customer", credit.customer) if credit.customer else ("conversion", credit.conversion or "")
            found[about] = credit
        return found

    def _rates_by_source(self, rates: Iterable[Rate]) -> dict[str, list[Rate]]:
        found: dict[str, list[Rate]] = defaultdict(list)
        for rate in in_order(rates, self.as_of):
            if rate.target == self.program.currency:
                found[rate.source].append(rate)
        return found

    def _identity_of(self, partner: str) -> Identity:
        found = self._identities.get(partner)
        if found is None:
            known = self.partners.get(partner)
            found = identity(known.emails, known.domains) if known else NOBODY
            self._identities[partner] = found
        return found


Dated = TypeVar("Dated", Refund, Cancel, Credit, Rate)


def in_order(facts: Iterable[Dated], as_of: Instant) -> list[Dated]:
    """The facts not after `as_of`, by (at, id)."""
    return sorted((fact for fact in facts if fact.at <= as_of), key=IN_ORDER)


def latest(facts: FactSet) -> Instant:
    """The latest `at` of any fact; before everything when no fact has one."""
    dated = (facts.touches, facts.sales, facts.events, facts.refunds, facts.cancels, facts.credits, facts.rates)
    return max((fact.at for group in dated for fact in group), default=-NEVER)
