"""What a commission is a part of (section 4): the figure of the picked lines, what of it was kept, and the basis."""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.dates import whole_months
from goodword.domain.settlement.rules.exact import fits, gcd, mul_div, rounded
from goodword.domain.settlement.rules.layout import COST, FEES, NONE, SHIPPING, TAX, Row
from goodword.domain.settlement.rules.tables import World


@rule
def returned_of(w: World, conversion: Row, terms: Row) -> int:
    """What came back of a sale, as these terms count refunds."""
    total = 0
    for row in range(conversion.refund_lo, conversion.refund_lo + conversion.refund_n):
        if terms.clawback == NONE or t.refunds(w, row).at <= conversion.at + terms.clawback:
            total += t.refunds(w, row).amount
    return total


@rule
def kept_months_of(conversion: Row, terms: Row) -> int:
    """The whole months a graded sale ran, up to the graded months; NONE when nothing was graded."""
    if terms.graded == 0 or not conversion.is_sale or conversion.cancel_day == NONE:
        return NONE
    if conversion.cancel_day < conversion.day:
        return 0
    return min(whole_months(conversion.day, conversion.cancel_day), terms.graded)


@rule
def kept_ratio(amount: int, returned: int, kept_months: int, graded: int) -> tuple[int, int]:
    """What was kept, as a ratio in lowest terms of its two parts; of an amount of 0 all."""
    over, under = (1, 1)
    if returned:
        common = gcd(amount - returned, amount)
        over, under = ((amount - returned) // common, amount // common)
    if kept_months != NONE:
        over, under = (over * kept_months, under * graded)
    return (over, under)


@rule
def extras(conversion: Row, one: Row) -> int:
    """What a rule's base adds to (or, below 0, takes off) a sale's net amount: figures of the whole sale."""
    if one.net:
        return 0
    extra = conversion.discount if one.discount else 0
    if not one.less & TAX:
        extra += conversion.tax
    if not one.less & SHIPPING:
        extra += conversion.shipping
    if one.less & FEES:
        extra -= conversion.fees
    if one.less & COST:
        extra -= conversion.cost
    return extra


@rule
def figure(w: World, conversion: Row, one: Row, pick_lo: int, pick_n: int) -> tuple[int, int, int]:
    """The exact figure of the picked lines (`pick_n` 0: all), as made: two factors and a divisor above 0, apart because
    their product may need more than 64 bits. It may be below 0.
    """
    if not conversion.is_sale:
        return (conversion.amount, 1, 1)
    extra = extras(conversion, one)
    net = conversion.amount - conversion.tax - conversion.shipping
    if pick_n == 0:
        return (net + extra, 1, 1)
    part = 0
    for at in range(pick_lo, pick_lo + pick_n):
        part += t.sale_lines(w, t.picks(w, at).value).amount
    if extra == 0:
        return (part, 1, 1)
    if net == 0:
        return (part * conversion.line_n + extra * pick_n, 1, conversion.line_n)
    if net < 0:
        return (-part, net + extra, -net)
    return (part, net + extra, net)


@rule
def basis_of(numerator: int, denominator: int, kept: int, kept_of: int, rate: Row, mode: int) -> int:
    """A basis: figure × kept × rate, rounded, never below 0. NONE when that takes more room than there is."""
    if numerator <= 0:
        return 0
    over, under = (rate.numerator, rate.denominator)
    if kept != kept_of:
        common = gcd(over, kept_of)
        over, kept_of = (over // common, kept_of // common)
        common = gcd(kept, under)
        kept, under = (kept // common, under // common)
        if not fits(over, kept) or not fits(under, kept_of):
            return NONE
        over, under = (over * kept, under * kept_of)
    if not fits(under, denominator):
        return NONE
    under *= denominator
    quotient, rest = mul_div(numerator, over, under)
    if quotient == NONE:
        return NONE
    return rounded(quotient, rest, under, mode)
