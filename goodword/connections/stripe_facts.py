"""What a payment's events at Stripe are worth as facts: sales, refunds, and what was taken back by a dispute.

Pure, and free of order: the same events give the same facts in whatever order, and however often, they came. See
docs/connections.md for the table.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from goodword.connections import stripe_refunds, stripe_sales
from goodword.connections.stripe_events import (
    CODES,
    DISPUTES,
    LINKS,
    REFUNDS,
    SALES,
    before,
    object_of,
    payments_of,
    pointer,
)
from goodword.connections.stripe_people import in_order
from goodword.connections.stripe_refunds import Dispute, Known, Step
from goodword.connections.wanted import Seen, Wanted

CODE_MISSING: Final = "promotion_code"
INVOICE_MISSING: Final = "invoice"
PAYMENT_MISSING: Final = "payment"


def payment_facts(events: Iterable[Seen]) -> Wanted:
    """The facts of all payments that these events are about."""
    book = _Book()
    for seen in in_order(events):
        book.take(seen)
    wanted = Wanted()
    _sales(book, wanted)
    _money_back(book, wanted)
    return wanted


@dataclass(slots=True)
class _Given:
    """What is known of the money of one payment that went back, and which events say so."""

    steps: list[Step] = field(default_factory=list)
    refunds: dict[str, Known] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)

    def learn(self, refund: Known) -> None:
        """A refund that has failed stays failed, whatever a list of that time still says."""
        held = self.refunds.get(refund.name)
        if held is None or not held.gone:
            self.refunds[refund.name] = refund

    def add(self, other: "_Given") -> None:
        self.steps += other.steps
        for refund in other.refunds.values():
            self.learn(refund)
        self.disputes |= other.disputes
        self.events += other.events


@dataclass(slots=True)
class _Book:
    """The events by what they are about, the earliest first."""

    sessions: dict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    invoices: dict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    given: dict[str, _Given] = field(default_factory=lambda: defaultdict(_Given))
    """By charge, or by payment where no charge is told."""
    invoice_of: dict[str, str] = field(default_factory=dict)
    """Payment or charge -> invoice."""
    payment_of: dict[str, str] = field(default_factory=dict)
    """Charge -> payment."""
    code_of: dict[str, str] = field(default_factory=dict)
    """Promotion code (promo_...) -> what people type."""
    promotion_of: dict[str, str] = field(default_factory=dict)
    """Discount (di_...) -> promotion code."""

    def take(self, seen: Seen) -> None:
        found = object_of(seen.content)
        self._tie(found)
        if seen.type in SALES:
            of_kind = self.sessions if found.get("object") == "checkout.session" else self.invoices
            of_kind[pointer(found)].append(seen)
        elif seen.type == "charge.refunded":
            self._charge(seen, found)
        elif seen.type in REFUNDS:
            given = self.given[pointer(found.get("charge")) or pointer(found.get("payment_intent"))]
            given.learn(Known.read(found))
            given.events.append(seen.event_id)
        elif seen.type in DISPUTES:
            self._dispute(seen, found)
        elif seen.type in CODES:
            self.code_of[pointer(found)] = str(found["code"])
        elif seen.type in LINKS and found.get("object") == "discount":
            self.promotion_of[pointer(found)] = pointer(found.get("promotion_code"))

    def _tie(self, found: Mapping[str, Any]) -> None:
        kind, name = found.get("object"), pointer(found)
        charge = name if kind == "charge" else pointer(found.get("charge")) or pointer(found.get("latest_charge"))
        payment = name if kind == "payment_intent" else pointer(found.get("payment_intent"))
        if charge and payment:
            self.payment_of[charge] = payment
        invoice = name if kind == "invoice" else "" if kind == "checkout.session" else pointer(found.get("invoice"))
        if invoice:
            self.invoice_of |= {paid: invoice for paid in (payment, charge, *payments_of(found)) if paid}

    def _charge(self, seen: Seen, found: Mapping[str, Any]) -> None:
        given, was, currency = (
            self.given[pointer(found)],
            before(seen.content).get("amount_refunded"),
            found["currency"],
        )
        given.events.append(seen.event_id)
        if type(was) is int and was > 0:
            given.steps.append(Step(was, seen.happened_at, currency, seen=False))
        given.steps.append(Step(found["amount_refunded"], seen.happened_at, currency))
        listed = found.get("refunds")
        for one in (listed.get("data") if isinstance(listed, Mapping) else None) or ():
            if isinstance(one, Mapping) and type(one.get("amount")) is int and type(one.get("created")) is int:
                given.learn(Known.read({"currency": currency, **one}))

    def _dispute(self, seen: Seen, found: Mapping[str, Any]) -> None:
        given, dispute = self.given[pointer(found["charge"])], Dispute.read(found)
        given.events.append(seen.event_id)
        held = given.disputes.get(pointer(found))
        if held is None or dispute.is_final or not held.is_final:
            given.disputes[pointer(found)] = dispute

    def given_by_payment(self) -> dict[str, _Given]:
        """What went back, by payment where a charge's payment is known."""
        merged: dict[str, _Given] = defaultdict(_Given)
        for charge, given in self.given.items():
            merged[self.payment_of.get(charge, charge)].add(given)
        return merged


def _sales(book: _Book, wanted: Wanted) -> None:
    sold_by = {pointer(object_of(one.content).get("invoice")): key for key, (one, *_) in book.sessions.items()}
    for name, events in book.invoices.items():
        session = book.sessions.get(sold_by.get(name, ""), [])
        _sell(book, wanted, name, events, [*session, *events])
    for name, events in book.sessions.items():
        _session(book, wanted, name, events)


def _session(book: _Book, wanted: Wanted, name: str, events: Sequence[Seen]) -> None:
    """A session that has an invoice is that invoice's sale; what the invoice says counts."""
    paid = [one for one in events if object_of(one.content)["payment_status"] == "paid"]
    if not paid:
        reason = "no_payment" if object_of(events[-1].content)["payment_status"] != "unpaid" else "not_paid_yet"
        wanted.empty |= {one.event_id: reason for one in events}
        return
    found = object_of(paid[0].content)
    payment = pointer(found.get("payment_intent"))
    invoice = pointer(found.get("invoice")) or book.invoice_of.get(payment, "")
    if invoice in book.invoices:
        return
    made = found.get("invoice_creation")
    expects = found["mode"] == "subscription" or (isinstance(made, Mapping) and made.get("enabled") is True)
    if (invoice and all(one.patient for one in paid)) or (expects and not invoice):
        wanted.waiting |= {one.event_id: INVOICE_MISSING for one in events}
    else:
        _sell(book, wanted, invoice or payment or name, paid, paid)


def _sell(book: _Book, wanted: Wanted, name: str, events: Sequence[Seen], about: Sequence[Seen]) -> None:
    objects = [object_of(one.content) for one in about]
    patient = all(one.patient for one in events)
    code, missing = stripe_sales.code_in(objects, book.code_of, book.promotion_of)
    if missing and patient:
        wanted.waiting |= {one.event_id: CODE_MISSING for one in about}
        return
    fact = stripe_sales.sale_fact(name, object_of(events[0].content), events[0].happened_at, code)
    if fact is None:
        wanted.empty |= {one.event_id: "nothing_paid" for one in events}
        return
    wanted.sales.append(fact)
    wanted.refunded.add(name)


def _money_back(book: _Book, wanted: Wanted) -> None:
    sold = {str(fact["id"]) for fact in wanted.sales}
    session_of = {
        pointer(object_of(events[0].content).get("payment_intent")): name for name, events in book.sessions.items()
    }
    charges: dict[str, list[str]] = defaultdict(list)
    for charge, payment in book.payment_of.items():
        charges[payment].append(charge)
    for payment, given in book.given_by_payment().items():
        invoices = [book.invoice_of.get(one, "") for one in (payment, *charges[payment])]
        sale = next((name for name in (*invoices, payment, session_of.get(payment, "")) if name in sold), "")
        if not sale:
            wanted.waiting |= dict.fromkeys(given.events, PAYMENT_MISSING)
            continue
        wanted.refunds += stripe_refunds.refund_facts(sale, payment, given.steps, list(given.refunds.values()))
        taken = ((name, one) for name, one in given.disputes.items() if one.takes)
        wanted.refunds += [stripe_refunds.dispute_fact(sale, name, one) for name, one in taken]
