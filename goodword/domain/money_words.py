"""How an amount is written where people read it, on pages, in letters and in terms alike. Files keep plain decimals."""

from typing import Final

from goodword.domain.money import to_decimal

# Currencies with a sign that nobody mistakes for another's; all others are shown by their code.
SIGNS: Final = {
    "EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "UAH": "₴", "VND": "₫",
}  # fmt: skip
"""The sign of a currency."""


def money_text(minor: int, currency: str) -> str:
    """`€1,284.20`, `−$3.00`, `CHF 12.00`: the currency always, a real minus in front, thousands apart."""
    whole, _, fraction = to_decimal(abs(minor), currency).partition(".")
    digits = f"{int(whole):,}" + (f".{fraction}" if fraction else "")
    sign = SIGNS.get(currency)
    return ("−" if minor < 0 else "") + (f"{sign}{digits}" if sign else f"{currency}\u00a0{digits}")
