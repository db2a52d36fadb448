"""Amounts, percents, numbers and words as people type them, turned into the notation of documents.

What cannot be understood for sure comes back as it was typed: the reader of the document then refuses it by name.
"""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from goodword.domain.errors import DomainError
from goodword.domain.money import to_decimal, to_minor

_SIGNS = "€$£¥"
_AMOUNT = re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]+))?", re.ASCII)
_EUROPEAN = re.compile(r"(-?)([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+),([0-9]{1,2}|[0-9]{4,})", re.ASCII)
_EUROPEAN_GROUPED = re.compile(r"(-?)([0-9]{1,3}(?:\.[0-9]{3})+),([0-9]+)", re.ASCII)
_PERCENT = re.compile(r"(-?)([0-9]{1,20})(?:([.,])([0-9]+))?\s*%?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|-?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?", re.ASCII)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PARTS = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,;]*)\s*(?:[,;]|$)')
TRUTHS = {"yes": True, "true": True, "no": False, "false": False}


def amount_typed(text: str, currency: str) -> str:
    """An amount with or without the currency, with commas or points between thousands.

    >>> [amount_typed(t, "EUR") for t in ("50", "1,500.5", "1.500,50 €", "EUR 12,5", "1.500", "much")]
    ['50.00', '1500.50', '1500.50', '12.50', '1.500', 'much']
    """
    plain = re.sub(rf"^{currency}|{currency}$|[{_SIGNS}\s\u00a0\u202f'’]", "", text.strip(), flags=re.IGNORECASE)
    if found := _AMOUNT.fullmatch(plain):
        plain = f"{found[1]}{_whole(found[2])}" + (f".{found[3]}" if found[3] else "")
    elif found := _EUROPEAN_GROUPED.fullmatch(plain) or _EUROPEAN.fullmatch(plain):
        plain = f"{found[1]}{_whole(found[2])}.{found[3]}"
    try:
        return to_decimal(to_minor(plain, currency), currency)
    except DomainError:
        return plain or text


def _whole(digits: str) -> str:
    return digits.replace(",", "").replace(".", "").lstrip("0") or "0"


def percent_typed(text: str) -> str:
    """A percent with or without its sign. A comma before three digits could mean thousands, so it stays refused.

    >>> [percent_typed(t) for t in ("20", "12,5 %", "07.50%", "1,000", "a lot")]
    ['20%', '12.5%', '7.5%', '1,000', 'a lot']
    """
    found = _PERCENT.fullmatch(text.strip())
    if not found or (found[3] == "," and len(found[4]) == 3):
        return text.strip()
    fraction = (found[4] or "").rstrip("0")
    return f"{found[1]}{int(found[2])}{'.' if fraction else ''}{fraction}%"


def percent_shown(notation: str) -> str:
    """A percent of a document as a field shows it: the sign stands beside the field.

    >>> percent_shown("12.50%")
    '12.5'
    """
    return percent_typed(notation).removesuffix("%")


def whole_typed(text: str) -> Any:
    """A whole number, or the text where it is none.

    >>> whole_typed("12"), whole_typed("1,000"), whole_typed("soon")
    (12, 1000, 'soon')
    """
    plain = text.strip()
    return int(plain.replace(",", "")) if _WHOLE.fullmatch(plain) else plain


def text_typed(text: str) -> str:
    """A text; in double quotes it may hold anything, as JSON writes it."""
    plain = text.strip()
    if not _QUOTED.fullmatch(plain):
        return plain
    try:
        return str(json.loads(plain, strict=False))
    except ValueError:
        return plain


def text_shown(text: str) -> str:
    r"""A text as a field can hold it without loss: in quotes where a field would change it.

    >>> text_shown("Box"), text_shown(" a\nb"), text_shown('"x"')
    ('Box', '" a\\nb"', '"\\"x\\""')
    """
    plain = text == text.strip() and text.isprintable() and not _QUOTED.fullmatch(text) and text
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())


def value_typed(text: str) -> Any:
    """The value of a property: a number, yes or no, else a text."""
    plain = text.strip()
    if _NUMBER.fullmatch(plain):
        return Decimal(plain) if "." in plain else int(plain)
    return TRUTHS[plain.lower()] if plain.lower() in TRUTHS else text_typed(text)


def value_shown(value: Any) -> str:
    """The value of a property as `value_typed` reads it back.

    >>> [value_shown(v) for v in (5, Decimal("1.5"), True, "5", "yes", "red")]
    ['5', '1.5', 'yes', '"5"', '"yes"', 'red']
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return str(value) if isinstance(value, int) else f"{value:f}"
    text = str(value)
    looks_otherwise = _NUMBER.fullmatch(text) or text.lower() in TRUTHS
    return json.dumps(text) if looks_otherwise else text_shown(text)


def parts_typed(text: str, *, grouped: bool = False) -> list[str]:
    """Several values with commas (or semicolons) between them. `grouped`: numbers may hold commas themselves.

    >>> parts_typed('Vinyl, "Box, large"'), parts_typed("1,500, 2,000", grouped=True)
    (['Vinyl', '"Box, large"'], ['1,500', '2,000'])
    """
    parts = re.split(r";|,\s+", text) if grouped else [found[1] for found in _PARTS.finditer(text)]
    return [part.strip() for part in parts if part.strip()]


def parts_shown(parts: Sequence[str]) -> str:
    """Values that `parts_typed` takes apart again."""
    return ", ".join(
        part if _QUOTED.fullmatch(part) or not set(part) & set(',;"') else json.dumps(part, ensure_ascii=False)
        for part in parts
    )
