"""By which agreement a partner is paid at a conversion: one in force, or the tail of one that has ended."""

from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.book import Agreement
from tests.oracle.dates import add_months
from tests.oracle.numbers import percent

CAUSE = "cause"


@dataclass(frozen=True)
class Standing:
    agreement: Agreement
    tail: Fraction | None = None

    @property
    def in_force(self):
        return self.tail is None


def standing_of(book, memory, partner, conversion):
    """A `Standing`, or CAUSE (the last agreement ended for cause), or None."""
    agreement = book.in_force(partner, conversion.at)
    return Standing(agreement) if agreement else _tail(book, memory, partner, conversion)


def _tail(book, memory, partner, conversion):
    over = [one for one in book.agreements[partner] if one.ends is not None and one.ends <= conversion.at]
    if not over:
        return None
    last = max(over, key=lambda one: one.ends)
    if last.cause:
        return CAUSE
    first = memory.first_credited.get((conversion.customer, partner))
    if first is not None:
        book.border("first credit and the end", first, last.ends)
    if first is None or first >= last.ends:
        return None
    months = 0
    for step in book.terms[last.terms].get("tail", []):
        months += step["months"]
        end = add_months(book.day(last.ends), months)
        book.border("tail end", conversion.day, end)
        if conversion.day < end:
            return Standing(last, percent(step["percent"]))
    book.saw("tail over")
    return None
