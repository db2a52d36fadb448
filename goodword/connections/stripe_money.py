"""Stripe's amounts: whole numbers of the smallest unit, as Stripe counts it, which is not always as ISO 4217 does."""

from typing import Any, Final

from goodword.connections.wanted import Unreadable
from goodword.domain.currency import decimals, is_active

ZERO: Final = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
})  # fmt: skip
THREE: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
# ISK and UGX have no decimals in ISO 4217; Stripe still counts both in hundredths, and MGA in whole units.


def stripe_decimals(currency: str) -> int:
    """How many decimals Stripe's whole numbers have in a currency."""
    if currency in ZERO:
        return 0
    return 3 if currency in THREE else 2


def currency_of(value: Any) -> str:
    """A currency as Stripe writes it (small letters), as we write it."""
    code = value.upper() if isinstance(value, str) else ""
    if not is_active(code):
        raise Unreadable("unknown_currency", f"{str(value)[:40]!r} is no currency we know")
    return code


def decimal_text(amount: int, currency: str) -> str:
    """Stripe's whole number as a decimal text with the decimals that the currency has for us.

    >>> decimal_text(1999, "EUR"), decimal_text(500, "JPY"), decimal_text(5120, "KWD"), decimal_text(700, "ISK")
    ('19.99', '500', '5.120', '7')
    """
    assert amount >= 0, "an amount that is given back is a refund"
    theirs, ours = stripe_decimals(currency), decimals(currency)
    if theirs > ours:
        amount, rest = divmod(amount, 10 ** (theirs - ours))
        if rest:
            raise Unreadable("too_many_decimals", f"{currency} has {ours} decimals, but Stripe gave more")
    else:
        amount *= 10 ** (ours - theirs)
    whole = str(amount).rjust(ours + 1, "0")
    return f"{whole[:-ours]}.{whole[-ours:]}" if ours else whole
