"""The demo's simulated part: who sent which customer, with which code, and which orders were given back.

Everything follows from the customer's id alone, so a slice of customers has the same story as the whole. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Final, NamedTuple

from goodword.server.demo.partners import DEBTOR, DemoPartner
from goodword.server.demo.purchases import Purchase

SEED: Final = "goodword demo 1"
WINDOW_DAYS: Final = 60
REFUND_SHARE: Final = 0.03
PARTIAL_SHARE: Final = 0.3
FATES: Final = {"direct": 30, "one": 52, "two": 10, "too_late": 4, "existing": 3, "self": 1}
"""In percent of customers: sent by nobody, by one partner, by two, too long before, known before, by themselves."""
_REASONS: Final = ("changed my mind", "arrived damaged", "wrong edition", "ordered twice", "late delivery")
_CHANNELS: Final = {"link": 82, "form": 12, "registration": 4, "manual": 2}


class Customer(NamedTuple):
    """A row of the customers file."""

    key: str
    email: str
    existing: bool


class Touch(NamedTuple):
    """A row of the touches file; moments are local times of the program's zone."""

    key: str
    at: datetime
    partner: str
    customer: str
    channel: str
    until: date | None


class Refund(NamedTuple):
    """A row of the refunds file."""

    key: str
    day: date
    order: str
    amount: str
    reason: str


@dataclass(slots=True)
class Story:
    """All that was simulated. `codes` says which order carried which code."""

    customers: list[Customer] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)


def simulate(purchases: Sequence[Purchase], partners: Sequence[DemoPartner], today: date) -> Story:
    """The story of all customers, and that of the one whose commission is taken back after it was paid."""
    story = Story()
    debtor = next(partner for partner in partners if partner.number == DEBTOR)
    reversed_order = order_taken_back(purchases, today)
    for key, orders in _by_customer(purchases):
        if reversed_order is not None and reversed_order.customer == key:
            _take_back(story, debtor, reversed_order, today)
        else:
            _Life(story, partners, orders, today).live()
    return story


def order_taken_back(purchases: Sequence[Purchase], today: date) -> Purchase | None:
    """The dearest order of eleven to sixteen weeks ago after which its customer bought nothing more."""
    last = {purchase.customer: purchase.order for purchase in purchases}
    fitting = [
        purchase
        for purchase in purchases
        if last[purchase.customer] == purchase.order and 77 <= (today - purchase.day).days <= 112
    ]
    return max(fitting, key=lambda purchase: (Decimal(purchase.amount), purchase.order), default=None)


def _take_back(story: Story, debtor: DemoPartner, order: Purchase, today: date) -> None:
    story.customers.append(Customer(order.customer, "", existing=False))
    sent = datetime.combine(order.day - timedelta(days=3), time(19, 30))
    story.touches.append(Touch(f"t-{order.order}", sent, debtor.number, order.customer, "link", None))
    given_back = today - timedelta(days=9)
    story.refunds.append(Refund(f"r-{order.order}", given_back, order.order, order.amount, "returned unopened"))


def _by_customer(purchases: Sequence[Purchase]) -> Iterator[tuple[str, list[Purchase]]]:
    orders: dict[str, list[Purchase]] = {}
    for purchase in purchases:
        orders.setdefault(purchase.customer, []).append(purchase)
    yield from sorted(orders.items())


class _Life:
    """One customer's way: decided by a random generator of its own."""

    def __init__(self, story: Story, partners: Sequence[DemoPartner], orders: list[Purchase], today: date) -> None:
        self.story, self.partners, self.orders, self.today = story, partners, orders, today
        self.key = orders[0].customer
        self.random = Random(f"{SEED} {self.key}")  # noqa: S311 - a story, no secret
        self.count = 0

    def live(self) -> None:
        """Decide how the customer came, what sent it back later, and what it gave back."""
        fate = self.random.choices(list(FATES), weights=list(FATES.values()))[0]
        first = self.orders[0]
        email = self._came(fate, first)
        self.story.customers.append(Customer(self.key, email, existing=fate == "existing"))
        for order in self.orders[1:]:
            self._later(order, referred=fate in ("one", "two"))
        for order in self.orders:
            self._maybe_refund(order)

    def _came(self, fate: str, first: Purchase) -> str:
        if fate == "direct":
            return ""
        partner = self._partner(first.day)
        if fate == "too_late":
            self._touch(partner, first.day, self.random.randint(WINDOW_DAYS + 2, WINDOW_DAYS + 50))
            return ""
        if fate == "two":
            self._touch(self._partner(first.day), first.day, self.random.randint(12, 45))
        if partner.code and self.random.random() < 0.8:
            self.story.codes[first.order] = partner.code
        else:
            self._touch(partner, first.day, 1 + min(int(self.random.expovariate(1 / 6)), 40))
        return partner.email if fate == "self" else ""

    def _later(self, order: Purchase, *, referred: bool) -> None:
        chance = self.random.random()
        if chance < (0.05 if referred else 0.12):
            self._touch(self._partner(order.day), order.day, self.random.randint(1, 20))
        elif chance > 0.985:
            coded = [partner for partner in self.partners if partner.code and partner.joined < order.day]
            self.story.codes[order.order] = self.random.choice(coded).code

    def _partner(self, day: date) -> DemoPartner:
        there = [partner for partner in self.partners if partner.joined < day and partner.reach]
        return self.random.choices(there, weights=[partner.reach for partner in there])[0]

    def _touch(self, partner: DemoPartner, bought: date, days: int) -> None:
        day = max(bought - timedelta(days=days), partner.joined + timedelta(days=1))
        if day >= bought:
            day = bought - timedelta(days=1)
        # From seven to eleven in the evening no clock changes, so a local time is enough.
        moment = datetime.combine(day, time(7)) + timedelta(seconds=self.random.randrange(16 * 3600))
        channel = self.random.choices(list(_CHANNELS), weights=list(_CHANNELS.values()))[0]
        until = day + timedelta(days=90) if channel == "registration" else None
        self.count += 1
        key = f"t-{self.key.removeprefix('cdnow-')}-{self.count}"
        self.story.touches.append(Touch(key, moment, partner.number, self.key, channel, until))

    def _maybe_refund(self, order: Purchase) -> None:
        amount = Decimal(order.amount)
        day = order.day + timedelta(days=self.random.randint(3, 25))
        if self.random.random() >= REFUND_SHARE or not amount or day >= self.today:
            return
        if self.random.random() < PARTIAL_SHARE:
            part = amount * Decimal(self.random.randint(20, 60)) / 100
            amount = max(part.quantize(Decimal("0.01"), ROUND_HALF_UP), Decimal("0.01"))
        key = f"r-{order.order.removeprefix('cdnow-')}"
        reason = self.random.choice(_REASONS)
        self.story.refunds.append(Refund(key, day, order.order, f"{amount:.2f}", reason))
