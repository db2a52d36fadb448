"""Program and facts as the second reading sees them: defaults filled in, duplicates and what is after `as_of` gone."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.oracle.dates import first_instant, instant
from tests.oracle.numbers import places_of

PRIORITY = [["registration"], ["code"], ["link", "form"]]


@dataclass(frozen=True)
class Conversion:
    """A sale or an event; `on` is what rules call it."""

    id: str
    at: datetime
    day: date
    on: str
    customer: str
    fact: dict

    @property
    def place(self):
        return self.at, self.id

    @property
    def is_sale(self):
        return self.on == "sale"


@dataclass(frozen=True)
class Agreement:
    id: str
    terms: str
    starts: datetime
    ends: datetime | None
    cause: bool


class Book:
    """Everything that can be looked up. It also counts which features a world has touched (`saw`)."""

    def __init__(self, program, facts, as_of=None):
        self.seen = Counter()
        self._read_program(program)
        once = {(fact["fact"], fact["id"]): fact for fact in facts}.values()
        dated = [instant(fact["at"]) for fact in once if "at" in fact]
        self.as_of = instant(as_of) if as_of else max(dated, default=None)
        rows = defaultdict(list)
        for fact in sorted(once, key=lambda fact: fact["id"]):
            if "at" in fact and as_of:
                self.border("as_of", instant(fact["at"]), self.as_of)
            if "at" not in fact or instant(fact["at"]) <= self.as_of:
                rows[fact["fact"]].append(fact)
            else:
                self.saw("after as_of", fact["fact"])
        self._index(rows)

    def saw(self, *words):
        self.seen[" ".join(str(word) for word in words)] += 1

    def border(self, what, value, edge):
        """Count on which side of a border a value lies: it is exactly there that readings part."""
        self.saw(what, "exactly" if value == edge else "below" if value < edge else "above")

    def _read_program(self, program):
        self.program = program
        self.currency = program["currency"]
        self.places = places_of(self.currency)
        self.scale = 10**self.places
        self.mode = program.get("rounding", "half_up")
        self.zone = ZoneInfo(program["timezone"])
        self.hold_days = program.get("hold_days", 30)
        self.terms_at = program.get("terms_at", "conversion")
        self.self_referral = program.get("self_referral", "block")
        given = program.get("attribution", {})
        self.model = given.get("model", "last")
        self.window_days = given.get("window_days", 90)
        self.windows = {"code": 0} | given.get("windows", {})
        self.priority = given.get("priority", PRIORITY)
        lock = given.get("lock", {})
        self.locks, self.lock_months = lock is not None, (lock or {}).get("months")
        self.half_life_days = given.get("half_life_days", 7)
        self.existing_customers = given.get("existing_customers", "exclude")
        self.assist = given.get("assist", False)
        self.terms = program["terms"]
        self.budget, self.guardrail = program.get("budget"), program.get("guardrail")

    def _index(self, rows):
        self.partners = {row["id"]: row for row in rows["partner"]}
        self.customers = {row["id"]: row for row in rows["customer"]}
        self.codes = {row["id"]: row["partner"] for row in rows["code"]}
        self.agreements = defaultdict(list)
        for row in rows["agreement"]:
            ends = self.edge(row["ends"]) if "ends" in row else None
            read = Agreement(row["id"], row["terms"], self.edge(row["starts"]), ends, row.get("cause", False))
            self.agreements[row["partner"]].append(read)
        found = [self._conversion(row) for row in rows["sale"] + rows["event"]]
        self.conversions = sorted(found, key=lambda conversion: conversion.place)
        self.sales = {row["id"]: row for row in rows["sale"]}
        self.touches, self.credits, self.rates = rows["touch"], rows["credit"], rows["rate"]
        self.refunds = sorted(rows["refund"], key=lambda row: (instant(row["at"]), row["id"]))
        self.cancels = rows["cancel"]

    def _conversion(self, row):
        at = instant(row["at"])
        return Conversion(row["id"], at, self.day(at), row.get("name", "sale"), row["customer"], row)

    def day(self, at):
        return at.astimezone(self.zone).date()

    def edge(self, text):
        """A start or end: an instant, or a local date's first instant."""
        return instant(text) if "T" in text else first_instant(date.fromisoformat(text), self.zone)

    def minor(self, text):
        """A money text in the program's currency in minor units."""
        return Fraction(text) * self.scale

    def customer(self, conversion):
        return self.customers.get(conversion.customer, {})

    def in_force(self, partner, at):
        for agreement in self.agreements[partner]:
            self.border("agreement start", at, agreement.starts)
            if agreement.ends is not None:
                self.border("agreement end", at, agreement.ends)
            if agreement.starts <= at and (agreement.ends is None or at < agreement.ends):
                return agreement
        return None

    def rate_for(self, conversion):
        """Program units for one of the conversion's; None where it has to wait."""
        fact = conversion.fact
        currency = fact.get("currency", self.currency)
        if currency == self.currency or (not conversion.is_sale and "value" not in fact):
            return Fraction(1)
        fit = [
            rate
            for rate in self.rates
            if (rate["from"], rate["to"]) == (currency, self.currency) and instant(rate["at"]) <= conversion.at
        ]
        if not fit:
            return None
        latest = max(fit, key=lambda rate: (instant(rate["at"]), rate["id"]))
        if sum(instant(rate["at"]) == instant(latest["at"]) for rate in fit) > 1:
            self.saw("fx tie of two rates")
        self.saw("fx", currency, self.currency)
        if Fraction(fact.get("amount", fact.get("value", 0))) >= 10**9:
            self.saw("a large sum from abroad")
        return Fraction(latest["rate"])

    def notices(self):
        """Refunds of unknown sales, and those that go over what was charged."""
        found, back = {}, Counter()
        for refund in self.refunds:
            sale = self.sales.get(refund["sale"])
            if sale is None:
                found[refund["id"]] = "unmatched"
                continue
            back[sale["id"]] += Fraction(refund["amount"])
            if back[sale["id"]] > Fraction(sale["amount"]) and Fraction(refund["amount"]) > 0:
                found[refund["id"]] = "quarantined"
        for notice in found.values():
            self.saw("notice", notice)
        return found
