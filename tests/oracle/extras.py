"""Step 11: overrides of recruiters and bonuses, made from the components of one conversion."""

from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.book import Conversion
from tests.oracle.dates import add_months, period
from tests.oracle.numbers import checked, percent, round_to
from tests.oracle.workings import Workings


@dataclass(eq=False)
class Extra:
    """An override or a bonus line."""

    kind: str
    conversion: Conversion
    partner: str
    key: str
    terms: str
    place: int
    hold_days: int
    level: int = 0
    basis: int = 0
    steps_paid: list = field(default_factory=list)
    amount: int = 0
    reasons: list = field(default_factory=list)
    children: list = field(default_factory=list)
    known: Workings | None = None


class Overrides:
    """Goes through all conversions in order and remembers which components carried an override of whom."""

    def __init__(self, book):
        self.book, self.carried = book, {}

    def of_conversion(self, components):
        found = {}
        for one in components:
            for level, recruiter in enumerate(self._ancestors(one.partner), start=1):
                self._add(found, one, level, recruiter)
        for line, override in found.values():
            self._fill(line, override)
        return [line for line, _ in found.values()]

    def _ancestors(self, partner):
        found = []
        while parent := self.book.partners.get(partner, {}).get("parent"):
            found.append(parent)
            partner = parent
        return found

    def _add(self, found, one, level, recruiter):
        agreement = self.book.in_force(recruiter, one.conversion.at)
        if agreement is None:
            self.book.saw("override without an agreement")
            return
        fit = [row for row in self.book.terms[agreement.terms].get("overrides", []) if row["level"] == level]
        if not fit or (fit[0].get("of") == "sale" and one.rule.get("adds")):
            return
        override, pair = fit[0], (recruiter, one.partner)
        if self._over(override, pair, one):
            self.book.saw("override lasts over", *override["lasts"])
            return
        key = recruiter, one.rule["key"], level
        if key not in found:
            hold = one.rule.get("hold_days", self.book.hold_days)
            line = Extra("override", one.conversion, recruiter, one.rule["key"], agreement.terms, one.payee.place, hold)
            line.level, line.known = level, Workings(self.book.scale)
            line.known.plain("override", gives=agreement.terms, words=(f"level {level} ",))
            found[key] = line, override
        found[key][0].children.append(one)
        if "percent" in override or one.amount > 0:
            self.carried.setdefault(pair, []).append(one)

    def _over(self, override, pair, one):
        lasts, carried = override.get("lasts", {}), self.carried.get(pair, [])
        if "payments" in lasts and len(carried) >= lasts["payments"]:
            return True
        if "months" not in lasts or not carried:
            return False
        end = add_months(carried[0].conversion.day, lasts["months"])
        self.book.border("override lasts end", one.conversion.day, end)
        return one.conversion.day >= end

    def _fill(self, line, override):
        book, children = self.book, line.children
        if "flat" in override:
            paid = sum(child.amount > 0 for child in children)
            line.amount = checked(int(book.minor(override["flat"])) * paid)
            line.known.money("rate", book.minor(override["flat"]), also=[paid], gives=line.amount)
            kind = "flat"
        else:
            kind = override.get("of", "commission")
            line.basis = checked(sum(child.basis if kind == "sale" else child.amount for child in children))
            exact = line.basis * percent(override["percent"])
            line.amount = checked(round_to(exact, book.mode))
            line.known.money(
                "basis", *(child.basis if kind == "sale" else child.amount for child in children), value=line.basis
            )
            line.known.money("rate", line.basis, also=[percent(override["percent"])], value=exact)
            line.known.money("round", exact, gives=line.amount)
        line.steps_paid = [override]
        book.saw("override level", line.level, kind)
        book.saw("override children", min(len(children), 2))


@dataclass(frozen=True)
class Counted:
    """What one conversion adds to a bonus counter."""

    customer: str
    measure: str
    amount: int


class Bonuses:
    """Goes through all conversions in order and counts what each bonus key of a partner has reached in its period.

    A conversion counts by the bonus of the terms then in use, and only while they have one; in a tail nothing counts.
    """

    def __init__(self, book):
        self.book, self.counted, self.paid = book, {}, set()

    def of_conversion(self, components):
        found = []
        for payee in {id(one.payee): one.payee for one in components}.values():
            mine = [one for one in components if one.payee is payee]
            for bonus in self.book.terms[payee.agreement.terms].get("bonuses", []):
                if payee.standing.in_force:
                    found += self._reached(bonus, payee, mine)
        return found

    def _reached(self, bonus, payee, components):
        book, conversion = self.book, components[0].conversion
        keep = bonus.get("if_undone", "reverse") == "keep"
        counts = [one for one in components if one.rule["on"] == bonus["on"] and (keep or one.kept > 0)]
        if not counts:
            return []
        if keep and counts[0].kept < 1:
            book.saw("bonus kept over a refund")
        period_now = payee.partner, bonus["key"], bonus["per"], period(bonus["per"], conversion.day)
        earlier = self.counted.setdefault(period_now, [])
        before = sum(one.amount for one in earlier)
        earlier.append(self._count(bonus, counts, earlier))
        after = before + earlier[-1].amount
        if any(one.measure != bonus["measure"] for one in earlier):
            book.saw("bonus counter of two measures")
        reaches = int(book.minor(bonus["reaches"]) if bonus["measure"] == "volume" else bonus["reaches"])
        book.border("bonus reaches", after, reaches)
        if after < reaches or period_now in self.paid:
            return []
        self.paid.add(period_now)
        book.saw("bonus", bonus["measure"], bonus["per"], bonus.get("if_undone", "reverse"))
        return [self._line(bonus, payee, conversion, before, after, reaches)]

    def _count(self, bonus, components, earlier):
        customer, keep = components[0].conversion.customer, bonus.get("if_undone", "reverse") == "keep"
        if bonus["measure"] == "volume":
            whole = [one for one in components if not one.rule.get("adds")]
            return Counted(customer, "volume", sum(one.made if keep else one.basis for one in whole))
        known = {one.customer for one in earlier if one.measure == "customers"}
        again = bonus["measure"] == "customers" and customer in known
        return Counted(customer, bonus["measure"], 0 if again else 1)

    def _line(self, bonus, payee, conversion, before, after, reaches):
        book, unit = self.book, self.book.scale if bonus["measure"] == "volume" else 1
        terms, known = payee.agreement.terms, Workings(book.scale)
        line = Extra("bonus", conversion, payee.partner, bonus["key"], terms, payee.place, book.hold_days)
        line.amount, line.steps_paid, line.known = int(book.minor(bonus["flat"])), [bonus], known
        known.plain("total", Fraction(before, unit), gives=Fraction(after, unit))
        known.plain("bonus", Fraction(reaches, unit), gives=Fraction(bonus["flat"]), words=(bonus["per"],))
        return line
