"""What a commission is a part of (section 4): the figure of the picked lines, what of it was kept, and the basis."""

from collections.abc import Sequence
from typing import NamedTuple

from goodword.domain.money import Rounding
from goodword.domain.settlement.arithmetic import ALL, Ratio, rounded_ratio
from goodword.domain.settlement.calendar import DAY, whole_months
from goodword.domain.settlement.index import Index
from goodword.domain.settlement.program import NET, Base, Terms
from goodword.domain.settlement.records import Conversion, Sale


class Kept(NamedTuple):
    """The part of a sale that was kept: `returned` of its amount came back, and it ran `months` of `of`."""

    ratio: Ratio
    returned: int = 0
    months: int = 0
    of: int = 0


EVERYTHING = Kept(ALL)


def kept_of(index: Index, conversion: Conversion, terms: Terms, day: int) -> Kept:
    """What was kept of a conversion, as these terms count refunds and an early end."""
    if conversion.id not in index.refunds and (not terms.graded_months or conversion.id not in index.cancels):
        return EVERYTHING
    if not isinstance(conversion, Sale):
        return EVERYTHING
    until = None if terms.clawback_days is None else conversion.at + terms.clawback_days * DAY
    returned = sum(back for at, back in index.refunds.get(conversion.id, ()) if until is None or at <= until)
    ratio = Ratio(conversion.amount - returned, conversion.amount) if conversion.amount else ALL
    ended = index.cancels.get(conversion.id)
    if not terms.graded_months or ended is None:
        return Kept(ratio, returned)
    months = min(max(whole_months(day, index.zone.day(ended)), 0), terms.graded_months)
    graded = Ratio(ratio.numerator * months, ratio.denominator * terms.graded_months)
    return Kept(graded, returned, months, terms.graded_months)


def extras(sale: Sale, base: Base) -> int:
    """What the base adds to (or, below 0, takes off) a sale's net amount: figures of the whole sale."""
    if base is NET:
        return 0
    less = base.less
    extra = sale.discount if "discount" in base.plus else 0
    if "tax" not in less:
        extra += sale.tax
    if "shipping" not in less:
        extra += sale.shipping
    if "fees" in less:
        extra -= sale.fees
    if "cost" in less:
        extra -= sale.cost
    return extra


def figure(conversion: Conversion, base: Base, picked: Sequence[int]) -> Ratio:
    """The exact figure of the picked lines, as made, in the conversion's currency; it may be below 0."""
    if not isinstance(conversion, Sale):
        return Ratio(conversion.value or 0, 1)
    extra = extras(conversion, base)
    lines = conversion.lines
    net = conversion.amount - conversion.tax - conversion.shipping
    if not lines or len(picked) == len(lines):
        return Ratio(net + extra, 1)
    part = sum(lines[i].amount for i in picked)
    if extra == 0:
        return Ratio(part, 1)
    if net == 0:
        return Ratio(part * len(lines) + extra * len(picked), len(lines))
    return Ratio(part * (net + extra), net)


def basis_of(exact: Ratio, kept: Ratio, rate: Ratio, mode: Rounding) -> int:
    """A basis: figure × kept × rate, rounded, never below 0."""
    if exact.numerator <= 0:
        return 0
    return rounded_ratio(
        exact.numerator * kept.numerator * rate.numerator, exact.denominator * kept.denominator * rate.denominator, mode
    )
