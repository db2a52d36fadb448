"""A second reading of `settlement`: naive, in exact fractions, written from the contract alone. Slow on purpose.

It shares nothing with the engine: plain dictionaries in, lines, outcomes and notices out, compared field by field. This
module walks the conversions and writes the output; what it calls stands beside it, one module for each part.
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from tests.oracle.attribution import Memory
from tests.oracle.book import Book
from tests.oracle.components import components_of
from tests.oracle.dates import first_instant
from tests.oracle.extras import Bonuses, Overrides
from tests.oracle.limits import apply_budget, pay_conversion
from tests.oracle.numbers import MILLION, TooLarge, money_text, percent_text
from tests.oracle.workings import Workings

KINDS = ["commission", "override", "bonus"]


@dataclass(eq=False)
class Line:
    """A line before it is text."""

    kind: str
    conversion: object
    place: int
    partner: str
    key: str
    level: int
    terms: str
    ppm: int
    basis: int
    amount: int
    hold_days: int
    steps_paid: list
    reasons: list
    known: Workings

    @property
    def order(self):
        return (*self.conversion.place, self.place, KINDS.index(self.kind), self.key, self.level)


@dataclass
class Result:
    lines: list  # of Line, in output order
    texts: list  # the same as the output has them, without line and steps
    outcomes: dict
    notices: dict
    book: Book
    too_large: bool = False


def evaluate(program, facts, as_of=None):
    """Everything `settle` says about a program and a set of facts."""
    book = Book(program, facts, as_of)
    try:
        return _evaluated(book)
    except TooLarge:
        book.saw("an amount too large")
        return Result([], [], {}, {}, book, too_large=True)


def _evaluated(book):
    memory, outcomes = Memory(), {}
    for conversion in book.conversions:
        made, reason = components_of(book, memory, conversion)
        memory.components += made
        if not made:
            outcomes[conversion.id] = reason
            book.saw("outcome", reason)
    lines = sorted(_lines(book, memory), key=lambda line: line.order)
    apply_budget(book, lines)
    for line in lines:
        line.known.money("amount", line.amount, gives=line.amount)
    return Result(lines, [_text(book, line) for line in lines], outcomes, book.notices(), book)


def _lines(book, memory):
    overrides, bonuses = Overrides(book), Bonuses(book)
    for _, group in groupby(memory.components, key=lambda one: one.conversion.place):
        components = list(group)
        pay_conversion(book, memory, components)
        yield from (_commission(book, one) for one in components)
        for extra in overrides.of_conversion(components) + bonuses.of_conversion(components):
            yield _extra(extra)


def _commission(book, one):
    hold = one.rule.get("hold_days", book.hold_days)
    payee, reasons = one.payee, list(one.reasons)  # a copy: the budget's cut gives no room back
    where = ("commission", one.conversion, payee.place, payee.partner, one.rule["key"], 0, payee.agreement.terms)
    return Line(*where, payee.ppm, one.basis, one.amount, hold, one.steps_paid, reasons, one.known)


def _extra(extra):
    where = (extra.kind, extra.conversion, extra.place, extra.partner, extra.key, extra.level, extra.terms)
    return Line(
        *where, MILLION, extra.basis, extra.amount, extra.hold_days, extra.steps_paid, extra.reasons, extra.known
    )


def _text(book, line):
    matures_on = line.conversion.day + timedelta(days=line.hold_days)
    first = first_instant(matures_on, book.zone)
    state = "payable" if first <= book.as_of else "pending"
    book.saw("state", state)
    book.saw("line", line.kind, book.currency)
    book.saw("zone", book.zone.key)
    for size in ("12", "13", "14"):
        if line.basis >= 10 ** int(size):
            book.saw("a basis of 10 to the power of", size)
    _saw_day(book, line.conversion.day)
    if first == book.as_of:
        book.saw("payable in its first instant")
    return {
        "conversion": line.conversion.id,
        "partner": line.partner,
        "rule": line.key,
        "terms": line.terms,
        "kind": line.kind,
        "currency": book.currency,
        "share_ppm": line.ppm,
        "basis": money_text(line.basis, book.places),
        "amount": money_text(line.amount, book.places),
        "matures_on": matures_on.isoformat(),
        "state": state,
        "reasons": line.reasons,
        "rate": ", ".join(rate_text(book, step) for step in line.steps_paid),
    }


def _saw_day(book, day):
    hours = (first_instant(day + timedelta(days=1), book.zone) - first_instant(day, book.zone)) / timedelta(hours=1)
    if hours != 24:
        book.saw("a day of", "more" if hours > 24 else "less", "than 24 hours")
    if (day.month, day.day) == (2, 29):
        book.saw("a leap day")


def rate_text(book, step):
    """A rate as it was paid: a percent, or a flat sum."""
    if "percent" in step:
        return percent_text(step["percent"])
    return money_text(int(book.minor(step["flat"])), book.places)
