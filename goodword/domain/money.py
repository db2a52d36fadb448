"""Money as integer minor units with its currency: parsing, showing, rounding and splitting without loss.

There is no float on any path here. The one place where an exact figure becomes money is `rounded`.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from goodword.domain.currency import decimals
from goodword.domain.errors import DomainError

Rounding = Literal["half_up", "half_even", "down"]
AMOUNT_LIMIT = 10**15
"""One amount is below this many minor units (`settlement.md` section 1)."""

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)


class NotMoney(DomainError):
    """The text is no decimal number such as "120.00"."""

    code = "not_a_number"


class TooManyDecimals(DomainError):
    """More decimals than the currency has."""

    code = "too_many_decimals"


class OutOfRange(DomainError):
    """An amount of 10^15 minor units or more."""

    code = "out_of_range"


class CurrencyMismatch(DomainError):
    """Arithmetic across two currencies."""

    code = "currency_mismatch"


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents, yen, fils) of a currency."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.currency} {to_decimal(self.minor, self.currency)}"

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be added; convert one first")
        return other.minor


def money(text: str) -> Money:
    """Read `"EUR 120.00"`, the notation of our tests and messages."""
    currency, _, amount = text.partition(" ")
    return Money(to_minor(amount, currency), currency)


def to_minor(text: str, currency: str, *, limit: int = AMOUNT_LIMIT) -> int:
    """Minor units of a decimal string, exactly; below `limit`.

    Raises NotMoney, TooManyDecimals or OutOfRange; never rounds.

    >>> to_minor("120.50", "USD"), to_minor("-0.005", "KWD"), to_minor("12", "JPY")
    (12050, -5, 12)
    """
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise NotMoney(
            f"{text!r} is not an amount",
            value=str(text)[:40],
            remedy='write a decimal such as "120.00": digits, a point',
        )
    whole, _, fraction = text.lstrip("-").partition(".")
    places = decimals(currency)
    if len(fraction) > places:
        raise TooManyDecimals(
            f"{text} has {len(fraction)} decimals; {currency} has {places}",
            value=text[:40],
            remedy=f"give at most {places} decimals",
        )
    if len(whole) > 20 or (minor := int(whole + fraction.ljust(places, "0"))) >= limit:
        raise OutOfRange(f"{text[:24]} is too large", value=text[:40], remedy="amounts stay below 10^15 minor units")
    return -minor if text.startswith("-") else minor


def to_decimal(minor: int, currency: str) -> str:
    """The decimal string of an amount, with all the decimals its currency has.

    >>> to_decimal(-12050, "USD"), to_decimal(7, "KWD"), to_decimal(12, "JPY")
    ('-120.50', '0.007', '12')
    """
    places = decimals(currency)
    if places == 2 and minor >= 0:  # nearly every amount
        return f"{minor // 100}.{minor % 100:02d}"
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def rounded(exact: Fraction, mode: Rounding) -> int:
    """An exact figure to the nearest whole unit: `half_up` takes ties away from zero, `half_even` to the even
    neighbour, `down` cuts towards zero.

    >>> [rounded(Fraction(5, 2), m) for m in ("half_up", "half_even", "down")]
    [3, 2, 2]
    """
    whole, rest = divmod(abs(exact.numerator), exact.denominator)
    up = 2 * rest > exact.denominator or (
        2 * rest == exact.denominator and (mode == "half_up" or (mode == "half_even" and whole % 2 == 1))
    )
    whole += mode != "down" and up
    return -whole if exact < 0 else whole
