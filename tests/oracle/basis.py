"""The lines of a conversion, what a rule is paid on, and how much of a sale was kept."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from tests.oracle.dates import instant, whole_months

FIGURES = ("tax", "shipping", "discount", "fees", "cost")


@dataclass(frozen=True)
class SaleLine:
    """Exact money in the conversion's currency; `figures` is this line's part of the sale-level ones."""

    product: str | None
    category: str | None
    quantity: int
    net: Fraction
    figures: dict


def lines_of(conversion):
    fact = conversion.fact
    if not conversion.is_sale:
        return [SaleLine(None, None, 1, Fraction(fact.get("value", 0)), dict.fromkeys(FIGURES, Fraction(0)))]
    figures = {name: Fraction(fact.get(name, 0)) for name in FIGURES}
    if not fact.get("lines"):
        return [SaleLine(fact.get("product"), None, 1, net_of(conversion), figures)]
    total = sum(Fraction(line["amount"]) for line in fact["lines"])
    found = []
    for line in fact["lines"]:
        net = Fraction(line["amount"])
        part = net / total if total else Fraction(1, len(fact["lines"]))
        spread = {name: figure * part for name, figure in figures.items()}
        found.append(SaleLine(line["product"], line.get("category"), line.get("quantity", 1), net, spread))
    return found


def net_of(conversion):
    """What the whole conversion is worth without tax and shipping."""
    fact = conversion.fact
    if not conversion.is_sale:
        return Fraction(fact.get("value", 0))
    return Fraction(fact["amount"]) - Fraction(fact.get("tax", 0)) - Fraction(fact.get("shipping", 0))


def base_of(rule, line):
    """One line's exact basis as made; may be below 0."""
    base = rule.get("base", {})
    less = base.get("less", ["tax", "shipping"])
    exact = line.net + line.figures["tax"] + line.figures["shipping"]
    exact -= sum(line.figures[name] for name in less)
    return exact + (line.figures["discount"] if "discount" in base.get("plus", []) else 0)


def kept_of(book, conversion, terms):
    """The part of a sale that stands after the refunds and the cancel that count under these terms."""
    if not conversion.is_sale:
        return Fraction(1)
    clawback = terms.get("clawback", {})
    amount, days = Fraction(conversion.fact["amount"]), clawback.get("days")
    back = Fraction(0)
    for refund in book.refunds:
        if refund["sale"] == conversion.id:
            at = instant(refund["at"])
            counts = days is None or at <= conversion.at + timedelta(days=days)
            book.saw("refund", "counts" if counts else "too late to count")
            if days is not None:
                book.border("clawback end", at, conversion.at + timedelta(days=days))
            back += Fraction(refund["amount"]) if counts else 0
    kept = (amount - min(back, amount)) / amount if amount else Fraction(1)
    book.saw("kept", "all" if kept == 1 else "nothing" if kept == 0 else "some")
    return kept * _graded(book, conversion, clawback.get("graded_months"))


def _graded(book, conversion, graded_months):
    cancels = [instant(one["at"]) for one in book.cancels if one["sale"] == conversion.id]
    if not graded_months or not cancels:
        return 1
    earliest = min(cancels)
    months = whole_months(conversion.day, book.day(earliest)) if earliest >= conversion.at else 0
    book.saw("graded clawback", "before the sale" if earliest < conversion.at else min(months, 2))
    return min(Fraction(1), Fraction(months, graded_months))
