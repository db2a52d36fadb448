"""Exact arithmetic of the rules: ratios, rounding and largest remainders on integers. No float.

The plain functions are what is meant. Compiled, `fits`, `mul_div`, `products_order` and `decay_weight` are replaced by
twins on 64 bits that say when 64 bits are not enough (`fits` false, a quotient of -1): the caller then gives up, and
the same rules do that conversion uncompiled.
"""

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

import numpy as np
from numba.extending import overload, register_jitable

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.compiling import entry, rule
from goodword.domain.settlement.rules.layout import DOWN, HALF_UP, WHOLE_PPM
from goodword.domain.settlement.rules.tables import World

_PRECISE: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_Word = int | np.int64
"""A figure that compiled rules hold in 64 bits."""
_BOUND: Final = 2**62
_LOW: Final = np.uint64(0xFFFFFFFF)
_32: Final = np.uint64(32)


def fits(a: int, b: int) -> bool:
    """Whether the product of two figures of 0 or more can be written down: without bounds it always can."""
    return True


def fits_sum(a: int, b: int) -> bool:
    """Whether the sum of two figures of 0 or more can be written down."""
    return True


def mul_div(a: int, b: int, c: int) -> tuple[int, int]:
    """`a * b / c` as quotient and rest; a, b of 0 or more, c above 0. Compiled, a quotient beyond 62 bits is -1.

    >>> mul_div(7, 5, 2)
    (17, 1)
    """
    return divmod(a * b, c)


def products_order(a: int, b: int, c: int, d: int) -> int:
    """-1, 0 or 1 as `a * b` is below, at or above `c * d`; all of 0 or more.

    >>> products_order(2, 3, 1, 7)
    -1
    """
    one, other = a * b, c * d
    return (one > other) - (one < other)


def decay_weight(age: int, half_life: int) -> int:
    """2 to the power of -age/half_life in millionths, ties up; age and half-life in one unit, age 0 or more.

    >>> [decay_weight(days, 7) for days in (0, 7, 14, 49)]
    [1000000, 500000, 250000, 7813]
    """
    halvings, rest = divmod(age, half_life)
    if halvings > 40:
        return 0
    power = _PRECISE.power(Decimal(2), -_PRECISE.divide(Decimal(rest), Decimal(half_life)))
    return int((_PRECISE.divide(power * WHOLE_PPM, Decimal(2**halvings))).to_integral_value(ROUND_HALF_UP))


@overload(fits)
def _fits(a: int, b: int) -> Any:
    def compiled(a: int, b: int) -> bool:
        return b == 0 or a <= _BOUND // b

    return compiled


@overload(fits_sum)
def _fits_sum(a: int, b: int) -> Any:
    def compiled(a: int, b: int) -> bool:
        return a <= _BOUND - b

    return compiled


@register_jitable
def _wide_product(a: _Word, b: _Word) -> tuple[np.uint64, np.uint64]:
    """The upper and the lower 64 bits of a product."""
    x, y = np.uint64(a), np.uint64(b)
    x0, x1, y0, y1 = x & _LOW, x >> _32, y & _LOW, y >> _32
    low, cross, other, high = x0 * y0, x1 * y0, x0 * y1, x1 * y1
    middle = (low >> _32) + (cross & _LOW) + (other & _LOW)
    return high + (cross >> _32) + (other >> _32) + (middle >> _32), (middle << _32) | (low & _LOW)


@overload(mul_div)
def _mul_div(a: int, b: int, c: int) -> Any:
    def compiled(a: int, b: int, c: int) -> tuple[_Word, _Word]:
        if b == 0 or a <= _BOUND // b:
            product = a * b
            return product // c, product % c
        high, low = _wide_product(a, b)
        divisor = np.uint64(c)
        if high >= divisor:
            return -1, 0
        # Long division, a bit at a time: the rest stays below the divisor, which is below 2^63.
        quotient = np.uint64(0)
        rest = high
        one = np.uint64(1)
        for _ in range(64):
            rest = (rest << one) | (low >> np.uint64(63))
            low = low << one
            quotient = quotient << one
            if rest >= divisor:
                rest -= divisor
                quotient |= one
        if quotient > np.uint64(_BOUND):
            return -1, 0
        return np.int64(quotient), np.int64(rest)

    return compiled


@overload(products_order)
def _products_order(a: int, b: int, c: int, d: int) -> Any:
    def compiled(a: int, b: int, c: int, d: int) -> int:
        high, low = _wide_product(a, b)
        other_high, other_low = _wide_product(c, d)
        if high != other_high:
            return 1 if high > other_high else -1
        if low != other_low:
            return 1 if low > other_low else -1
        return 0

    return compiled


_ROOTS: Final = np.array(
    [int(Context(prec=60).power(Decimal(2), -(Decimal(1) / Decimal(2**k))) * 2**62) for k in range(1, 61)], np.int64
)
"""2 to the power of -1/2, -1/4, -1/8 ..., in units of 2^-62."""


@overload(decay_weight)
def _decay_weight(age: int, half_life: int) -> Any:
    def compiled(age: int, half_life: int) -> _Word:
        halvings, rest = age // half_life, age % half_life
        if halvings > 20:
            return 0  # below half a millionth
        power = np.int64(_BOUND)
        for k in range(60):
            if rest == 0:
                break
            rest *= 2
            if rest >= half_life:
                rest -= half_life
                high, low = _wide_product(power, _ROOTS[k])
                power = np.int64((high << np.uint64(2)) | (low >> np.uint64(62)))
        # 42 bits of the power are certain, and so is the weight unless it lies next to a tie.
        figure = (power >> 20) * WHOLE_PPM
        unit = np.int64(1) << (42 + halvings)
        weight, left = figure // unit, figure % unit
        if age % half_life == 0:
            return weight + (2 * left >= unit)
        if abs(2 * left - unit) < (np.int64(1) << 24):
            return -1
        return weight + (2 * left > unit)

    return compiled


@entry
def gcd(a: int, b: int) -> int:
    """The greatest common divisor of two figures of 0 or more, not both 0."""
    while b:
        a, b = b, a % b
    return a


@entry
def rounded(quotient: int, rest: int, divisor: int, mode: int) -> int:
    """A quotient and its rest to a whole unit: `half_up` (ties up), `half_even` or `down`."""
    if rest == 0 or mode == DOWN:
        return quotient
    left = divisor - rest
    if rest > left or (rest == left and (mode == HALF_UP or quotient % 2 == 1)):
        return quotient + 1
    return quotient


@entry
def rounded_ratio(numerator: int, denominator: int, mode: int) -> int:
    """A ratio of 0 or more to a whole unit."""
    return rounded(numerator // denominator, numerator % denominator, denominator, mode)


@rule
def share_out(w: World, total: int, count: int) -> None:
    """Split a total of 0 or more over `weights` by the largest remainder into `parts`; ties go to the earlier part.

    The weights' sum must fit. All weights 0: all parts 0.
    """
    whole = 0
    for i in range(count):
        whole += t.weights(w, i).value
    short = total if whole else 0
    for i in range(count):
        part, rest = 0, 0
        if whole:
            part, rest = mul_div(total, t.weights(w, i).value, whole)
        t.parts(w, i).value = part
        t.rests(w, i).value = rest
        short -= part
    while short > 0:
        best = 0
        for i in range(1, count):
            if t.rests(w, i).value > t.rests(w, best).value:
                best = i
        t.parts(w, best).value += 1
        t.rests(w, best).value = -1
        short -= 1
