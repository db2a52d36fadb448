"""Puts into words what a commission is a part of: the figure of the sale or of its picked lines, what was kept of it,
the exchange rate, and a partner's part of the basis.
"""

from typing import Final

from goodword.domain.settlement.rules import sheet, tables
from goodword.domain.settlement.rules.basis import extras
from goodword.domain.settlement.rules.bytes_in_place import put
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.exact import fits, gcd, mul_div
from goodword.domain.settlement.rules.layout import (
    COST,
    FEES,
    HALF_EVEN,
    HALF_UP,
    NONE,
    SHIPPING,
    TAX,
    WHOLE_PPM,
    Row,
    Table,
)
from goodword.domain.settlement.rules.sheet import AT_FROM, BASIS, SPLIT, Sheet, comes_to_money, said
from goodword.domain.settlement.rules.tables import World
from goodword.domain.settlement.rules.writing import NO_FIT, put_bracketed, put_money, put_name, put_number, put_percent

_SPACE: Final = 32
_PLUS: Final = 43
_MINUS: Final = 45


@rule
def put_rounding(buffer: Table, at: int, mode: int) -> int:
    """How a figure was rounded."""
    if mode == HALF_UP:
        return put(buffer, at, ", rounded half up")
    if mode == HALF_EVEN:
        return put(buffer, at, ", rounded half even")
    return put(buffer, at, ", rounded down")


@rule
def put_remainder(buffer: Table, at: int, up: int, rest: int) -> int:
    """How a part of a largest-remainder split came out."""
    if rest == 0:
        return at
    return put(buffer, at, ", largest remainder up") if up else put(buffer, at, ", largest remainder down")


@rule
def write_basis(w: World, p: Sheet, line: Row, one: Row, conversion: Row, graded: int) -> bool:
    """The sum of the whole basis, and its result; false when 64 bits are not enough."""
    rate = tables.rates(w, conversion.rate)
    if rate.numerator == NONE:
        return False
    program, froms, start = tables.program(w, 0), sheet.froms(p), sheet.pen(p)[AT_FROM]
    theirs, at_par = tables.places(w, conversion.currency).value, rate.numerator == 1 and rate.denominator == 1
    has_factors = line.returned != 0 or line.kept_months != NONE or not at_par
    sign = _sign(line)
    at = put(froms, start, "max(") if sign < 0 else start
    at = _put_figure(w, froms, at, line, one, conversion, theirs)
    if sign < 0:
        at = put(froms, at, ", 0)")
    elif has_factors and _is_sum(froms, start, at):
        at = _bracket(froms, start, at)
    if has_factors:
        at = _put_kept(froms, at, line, conversion, graded, theirs)
    if not at_par:
        at = _put_exchange(p, froms, at, rate, conversion.currency, theirs - program.places)
        if at == NO_FIT:
            return False
    if sign > 0 and (has_factors or line.figure_per != 1) and _is_inexact(line, conversion, graded, rate):
        at = put_rounding(froms, at, program.rounding)
    said(p, BASIS, at)
    comes_to_money(p, line.whole, program.places)
    return True


@rule
def _sign(line: Row) -> int:
    """Whether a figure is above 0 (1), below (-1) or 0."""
    if line.figure == 0 or line.figure_times == 0:
        return 0
    return 1 if (line.figure > 0) == (line.figure_times > 0) else -1


@rule
def write_split(p: Sheet, line: Row, places: int) -> None:
    """A partner's part of the basis."""
    froms = sheet.froms(p)
    whole, rest = mul_div(line.whole, line.share_ppm, WHOLE_PPM)
    at = put_money(froms, sheet.pen(p)[AT_FROM], line.whole, places)
    at = put(froms, at, " * ")
    at = put_percent(froms, at, line.share_ppm)
    at = put_remainder(froms, at, line.basis - whole, rest)
    said(p, SPLIT, at)
    comes_to_money(p, line.basis, places)


@rule
def _put_figure(w: World, froms: Table, at: int, line: Row, one: Row, conversion: Row, places: int) -> int:
    at_first = put_money(froms, at, conversion.amount, places)
    if not conversion.is_sale:
        return at_first
    if 0 < line.pick_n < conversion.line_n:
        return _put_lines(w, froms, at, line, extras(conversion, one), conversion, places)
    at = at_first
    less = TAX | SHIPPING if one.net else one.less
    if less & TAX and conversion.tax:
        at = put(froms, at, " - ")
        at = put_money(froms, at, conversion.tax, places)
        at = put(froms, at, " tax")
    if less & SHIPPING and conversion.shipping:
        at = put(froms, at, " - ")
        at = put_money(froms, at, conversion.shipping, places)
        at = put(froms, at, " shipping")
    if less & FEES and conversion.fees:
        at = put(froms, at, " - ")
        at = put_money(froms, at, conversion.fees, places)
        at = put(froms, at, " fees")
    if less & COST and conversion.cost:
        at = put(froms, at, " - ")
        at = put_money(froms, at, conversion.cost, places)
        at = put(froms, at, " cost")
    if one.discount and conversion.discount:
        at = put(froms, at, " + ")
        at = put_money(froms, at, conversion.discount, places)
        at = put(froms, at, " discount")
    return at


@rule
def _put_lines(w: World, froms: Table, at: int, line: Row, extra: int, conversion: Row, places: int) -> int:
    """The picked lines, with their part of what belongs to the whole sale."""
    net = conversion.amount - conversion.tax - conversion.shipping
    if extra and net:
        at = put(froms, at, "(")
    for row in range(line.pick_lo, line.pick_lo + line.pick_n):
        if row > line.pick_lo:
            at = put(froms, at, " + ")
        at = put_money(froms, at, tables.sale_lines(w, tables.picks(w, row).value).amount, places)
    if extra == 0:
        return at
    if net == 0:
        at = put(froms, at, " + ") if extra > 0 else put(froms, at, " - ")
        at = put_money(froms, at, abs(extra), places)
        at = put(froms, at, " * ")
        at = put_number(froms, at, line.pick_n)
        at = put(froms, at, " / ")
        return put_number(froms, at, conversion.line_n)
    at = put(froms, at, ") * ")
    if net + extra >= 0:
        at = put_money(froms, at, net + extra, places)
    else:
        at = put(froms, at, "(0 - ")
        at = put_money(froms, at, -net - extra, places)
        at = put(froms, at, ")")
    at = put(froms, at, " / ")
    return put_money(froms, at, net, places)


@rule
def _put_kept(froms: Table, at: int, line: Row, conversion: Row, graded: int, places: int) -> int:
    if line.returned:
        at = put(froms, at, " * ")
        at = put_money(froms, at, conversion.amount - line.returned, places)
        at = put(froms, at, " / ")
        at = put_money(froms, at, conversion.amount, places)
        at = put(froms, at, " kept")
    if line.kept_months != NONE:
        at = put(froms, at, " * ")
        at = put_number(froms, at, line.kept_months)
        at = put(froms, at, " / ")
        at = put_number(froms, at, graded)
        at = put(froms, at, " months")
    return at


@rule
def _put_exchange(p: Sheet, froms: Table, at: int, rate: Row, currency: int, shift: int) -> int:
    """The rate between whole units of the two currencies: that of minor units, shifted by their decimals."""
    numerator, denominator = rate.numerator, rate.denominator
    for _ in range(abs(shift)):
        if not fits(numerator, 10) or not fits(denominator, 10):
            return NO_FIT
        if shift > 0:
            numerator *= 10
        else:
            denominator *= 10
    at = put_bracketed(froms, put(froms, at, " * "), numerator, denominator, 0)
    if at == NO_FIT:
        return NO_FIT
    first = sheet.bases(p, 0).currencies
    at = put(froms, at, " ")
    at = put_name(froms, at, sheet.names(p), sheet.starts(p), first)
    at = put(froms, at, " per ")
    return put_name(froms, at, sheet.names(p), sheet.starts(p), first + currency)


@rule
def _is_sum(froms: Table, start: int, end: int) -> bool:
    """Whether a text holds a plus or minus between spaces."""
    for i in range(start + 1, end - 1):
        if froms[i] in (_PLUS, _MINUS) and froms[i - 1] == _SPACE and froms[i + 1] == _SPACE:
            return True
    return False


@rule
def _bracket(froms: Table, start: int, end: int) -> int:
    """Put brackets around a text that was written."""
    for i in range(end, start, -1):
        froms[i] = froms[i - 1]
    froms[start] = 40
    froms[end + 1] = 41
    return end + 2


@rule
def _is_inexact(line: Row, conversion: Row, graded: int, rate: Row) -> bool:
    """Whether figure × kept × rate is no whole minor unit: its factors cancel all divisors or not."""
    kept, kept_of, months, graded_of = 1, 1, 1, 1
    if line.returned:
        kept, kept_of = conversion.amount - line.returned, conversion.amount
    if line.kept_months != NONE:
        months, graded_of = line.kept_months, graded
    if kept == 0 or months == 0:
        return False
    figure, times, over = abs(line.figure), abs(line.figure_times), rate.numerator
    for divisor in (line.figure_per, kept_of, graded_of, rate.denominator):
        figure, left = _cancel(figure, divisor)
        times, left = _cancel(times, left)
        kept, left = _cancel(kept, left)
        months, left = _cancel(months, left)
        over, left = _cancel(over, left)
        if left != 1:
            return True
    return False


@rule
def _cancel(factor: int, divisor: int) -> tuple[int, int]:
    common = gcd(factor, divisor)
    return factor // common, divisor // common
