"""Writes figures and texts as bytes: numbers, money, percents and exact figures. Each takes where to begin in a buffer
and gives where it ended. Nothing here knows what a line is.

As in `exact.py`, the plain functions are what is meant, and serve the uncompiled rules; `put_number` and `put_money`
have compiled twins. The caller sees to it that there is room. `put` and `copy` write texts.
"""

from typing import Any, Final

import numpy as np
from numba.extending import overload, register_jitable

from goodword.domain.settlement.rules.bytes_in_place import copy
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.exact import fits, gcd
from goodword.domain.settlement.rules.layout import WHOLE_PPM, Table

NO_FIT: Final = -1
"""Where a text ends that 64 bits are not enough for."""
_TEN: Final = np.uint64(10)
_HUNDRED: Final = np.uint64(100)
_TWO: Final = np.uint64(2)
_PAIRS: Final = np.frombuffer("".join(f"{pair:02}" for pair in range(100)).encode(), np.uint8)


def put_number(buffer: Table, at: int, number: int) -> int:
    """A whole number of 0 or more."""
    return _put_ascii(buffer, at, str(number))


def put_money(buffer: Table, at: int, minor: int, places: int) -> int:
    """An amount of minor units with all the decimals its currency has."""
    digits = str(abs(minor)).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return _put_ascii(buffer, at, f"-{text}" if minor < 0 else text)


def _put_ascii(buffer: Table, at: int, text: str) -> int:
    for i, byte in enumerate(text.encode()):
        buffer[at + i] = byte
    return at + len(text)


@register_jitable
def _digits_of(number: Any) -> int:
    size = 1
    while number >= _HUNDRED:
        number //= _HUNDRED
        size += 2
    return size + (number >= _TEN)


@register_jitable
def _put_digits(buffer: Table, end: int, size: int, number: Any) -> Any:
    """The last `size` digits of a number before `end`; what is left of the number."""
    while size >= 2:
        rest = number // _HUNDRED
        pair = (number - rest * _HUNDRED) * _TWO
        buffer[end - 2] = _PAIRS[pair]
        buffer[end - 1] = _PAIRS[pair + np.uint64(1)]
        number = rest
        end -= 2
        size -= 2
    if size:
        rest = number // _TEN
        buffer[end - 1] = np.uint64(48) + number - rest * _TEN
        number = rest
    return number


@overload(put_number)
def _put_number(buffer: Any, at: int, number: int) -> Any:
    def compiled(buffer: Any, at: int, number: int) -> int:
        size = _digits_of(np.uint64(number))
        _put_digits(buffer, at + size, size, np.uint64(number))
        return at + size

    return compiled


@overload(put_money)
def _put_money(buffer: Any, at: int, minor: int, places: int) -> Any:
    def compiled(buffer: Any, at: int, minor: int, places: int) -> int:
        if minor < 0:
            buffer[at] = 45
            at += 1
            minor = -minor
        whole = max(_digits_of(np.uint64(minor)) - places, 1)
        if places == 0:
            _put_digits(buffer, at + whole, whole, np.uint64(minor))
            return at + whole
        buffer[at + whole] = 46
        left = _put_digits(buffer, at + whole + 1 + places, places, np.uint64(minor))
        _put_digits(buffer, at + whole, whole, left)
        return at + whole + 1 + places

    return compiled


@rule
def put_name(buffer: Table, at: int, names: Table, starts: Table, code: int) -> int:
    """A text of a table of texts."""
    return copy(buffer, at, names, starts[code], starts[code + 1])


@rule
def put_percent(buffer: Table, at: int, ppm: int) -> int:
    """A rate in millionths as a percent, without needless decimals."""
    at = put_number(buffer, at, ppm // 10_000)
    part = ppm % 10_000
    if part:
        buffer[at] = 46
        at += 1
        unit = 1_000
        while part:
            buffer[at] = 48 + part // unit
            at += 1
            part %= unit
            unit //= 10
    buffer[at] = 37
    return at + 1


@rule
def ends(numerator: int, denominator: int) -> bool:
    """Whether a figure, written as a decimal, comes to an end."""
    rest = numerator % denominator
    if rest == 0 or denominator == WHOLE_PPM:
        return True
    while denominator % 10 == 0:
        denominator //= 10
    while denominator % 2 == 0:
        denominator //= 2
    while denominator % 5 == 0:
        denominator //= 5
    return rest % denominator == 0


@rule
def put_exact(buffer: Table, at: int, numerator: int, denominator: int, places: int) -> int:
    """An exact figure in minor units, written in major units: a decimal where it ends, else a fraction."""
    if not ends(numerator, denominator):
        return _put_fraction(buffer, at, numerator, denominator, places)
    if not fits(denominator, 10):
        return NO_FIT
    at = put_money(buffer, at, numerator // denominator, places)
    rest = numerator % denominator
    if rest and places == 0:
        buffer[at] = 46
        at += 1
    if denominator == WHOLE_PPM:
        return _put_millionths(buffer, at, rest)
    while rest:
        rest *= 10
        buffer[at] = 48 + rest // denominator
        at += 1
        rest %= denominator
    return at


@rule
def _put_millionths(buffer: Table, at: int, rest: int) -> int:
    """The digits of a rest of so many millionths, as far as they go."""
    unit = WHOLE_PPM // 10
    while rest:
        digit = rest // unit
        buffer[at] = 48 + digit
        at += 1
        rest = (rest - digit * unit) * 10
    return at


@rule
def _put_fraction(buffer: Table, at: int, numerator: int, denominator: int, places: int) -> int:
    for _ in range(places):
        if not fits(denominator, 10):
            return NO_FIT
        denominator *= 10
    divisor = gcd(numerator, denominator)
    at = put_number(buffer, at, numerator // divisor)
    buffer[at] = 47
    return put_number(buffer, at + 1, denominator // divisor)


@rule
def put_bracketed(buffer: Table, at: int, numerator: int, denominator: int, places: int) -> int:
    """An exact figure as a factor: a fraction in brackets."""
    if ends(numerator, denominator):
        return put_exact(buffer, at, numerator, denominator, places)
    buffer[at] = 40
    at = put_exact(buffer, at + 1, numerator, denominator, places)
    if at == NO_FIT:
        return NO_FIT
    buffer[at] = 41
    return at + 1
