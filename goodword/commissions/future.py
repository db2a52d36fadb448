"""Facts that speak of a time that has not come: whose settlement has to be looked at again later. Pure."""

from collections import defaultdict
from collections.abc import Iterator

from goodword.domain.settlement import FactSet, Instant

WHOLE_PROGRAM = ""


def not_yet(facts: FactSet, as_of: Instant) -> set[str]:
    """Customers with facts after `as_of`; the empty name stands for the whole program (a rate concerns everybody)."""
    sold = {sale.id: sale.customer for group in (facts.sales, facts.events) for sale in group}
    return set(_customers(facts, sold, as_of))


def _customers(facts: FactSet, sold: dict[str, str], as_of: Instant) -> Iterator[str]:
    for group in (facts.sales, facts.events):
        yield from (conversion.customer for conversion in group if conversion.at > as_of)
    for kind in (facts.refunds, facts.cancels):
        yield from (sold[undone.sale] for undone in kind if undone.at > as_of and undone.sale in sold)
    for credit in facts.credits:
        if credit.at > as_of and (customer := credit.customer or sold.get(credit.conversion or "", "")):
            yield customer
    if any(rate.at > as_of for rate in facts.rates):
        yield WHOLE_PROGRAM
    late = [touch for touch in facts.touches if touch.at > as_of]
    yield from (touch.customer for touch in late if touch.customer)
    yield from _behind({touch.visitor for touch in late if touch.visitor}, facts)


def _behind(visitors: set[str], facts: FactSet) -> Iterator[str]:
    """The customers that these visitors turned out to be."""
    known: dict[str, list[str]] = defaultdict(list)
    if visitors:
        for customer in facts.customers:
            for visitor in customer.visitors:
                known[visitor].append(customer.id)
    for visitor in visitors:
        yield from known[visitor]
