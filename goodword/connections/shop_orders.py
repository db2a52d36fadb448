"""What the two kinds of shop share: an order's amounts as texts, its code, its click, and its lines. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from goodword.connections.stripe_events import guest_key
from goodword.connections.wanted import Unreadable, text_of
from goodword.domain.currency import decimals, is_active
from goodword.domain.errors import DomainError
from goodword.domain.fields import country, email

CLICK: Final = "gw_click"
CODE: Final = "gw_code"
_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,8})?", re.ASCII)


def amount(value: Any, name: str) -> Decimal:
    """An amount of a shop: a decimal text. Nothing at all counts as nothing."""
    if value is None or value == "":
        return Decimal(0)
    text = str(value)
    if isinstance(value, bool) or not _AMOUNT.fullmatch(text):
        raise Unreadable("not_a_number", f"{name}: {text[:40]!r} is no amount")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Unreadable("not_a_number", f"{name}: {text[:40]!r} is no amount") from None


def currency(value: Any) -> str:
    """The order's currency."""
    if not isinstance(value, str) or not is_active(value):
        raise Unreadable("unknown_currency", f"{str(value)[:40]!r} is no currency we know")
    return value


def shown(value: Decimal, code: str) -> str:
    """An amount with the decimals that the currency has. Shops count finer inside: what is lost is said."""
    places = Decimal(1).scaleb(-decimals(code))
    if value != value.quantize(places):
        raise Unreadable("too_many_decimals", f"{value} has more decimals than {code}")
    return str(value.quantize(places))


def rounded(value: Decimal, code: str) -> Decimal:
    """A part that the shop worked out itself (a tax), to the unit of the currency."""
    return value.quantize(Decimal(1).scaleb(-decimals(code)))


def person(key: str, name: str, address: Any, land: Any, visitors: Iterable[str]) -> dict[str, Any]:
    """A customer fact."""
    found = {
        "id": key,
        "name": text_of(name, 200),
        "email": _read(email, address),
        "country": _read(country, land),
        "visitors": sorted(set(visitors)),
    }
    return {field: value for field, value in found.items() if value}


def buyer(prefix: str, number: Any, address: Any, order: str) -> str:
    """The customer's id: the shop's number, or the guest's address (hashed), or the order itself."""
    if isinstance(number, int | str) and str(number) not in {"", "0"}:
        return f"{prefix}-customer-{text_of(str(number), 40)}"
    return guest_key(address) if isinstance(address, str) and address.strip() else order


def _read(read: Any, value: Any) -> str:
    try:
        return str(read(value))
    except DomainError:
        return ""


def clicks_in(addresses: Iterable[Any], notes: Iterable[tuple[Any, Any]]) -> list[str]:
    """Click ids in landing addresses (`?gw_click=`) and in notes or fields of that name."""
    found = [value for name, value in notes if name in {CLICK, f"_{CLICK}"}]
    for address in addresses:
        if isinstance(address, str) and len(address) <= 4000:
            found += parse_qs(_query(address)).get(CLICK, [])[:1]
    return [value.strip() for value in found if isinstance(value, str) and 0 < len(value.strip()) <= 64]


def _query(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:
        return ""


def notes_in(listed: Any, name: str) -> list[tuple[Any, Any]]:
    """Pairs of name and value from a list of objects."""
    return [(one.get(name), one.get("value")) for one in objects_in(listed)]


def objects_in(listed: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, whatever else stands in it."""
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def code_in(listed: Any, notes: Sequence[tuple[Any, Any]]) -> str:
    """The code an order carried: what the company wrote itself, or the first coupon."""
    own = [value for name, value in notes if name in {CODE, f"_{CODE}"}]
    coupons = [one.get("code") for one in objects_in(listed)]
    return next((text_of(value, 40).lower() for value in (*own, *coupons) if text_of(value, 40)), "")


def lines_of(read: Sequence[tuple[str, Decimal, Any]], net: Decimal, code: str) -> dict[str, Any]:
    """Lines where they add up to the cent; the product where there is only one."""
    products = {product for product, _, _ in read}
    if not products or "" in products:
        return {}
    if len(products) == 1:
        return {"product": products.pop()}
    exact = all(part >= 0 and part == rounded(part, code) for _, part, _ in read)
    if not exact or sum(part for _, part, _ in read) != net:
        return {}
    return {"lines": [_line(*one, code=code) for one in read]}


def _line(product: str, part: Decimal, quantity: Any, *, code: str) -> dict[str, Any]:
    line: dict[str, Any] = {"product": product, "amount": shown(part, code)}
    return line | ({"quantity": quantity} if type(quantity) is int and 0 < quantity < 10**9 else {})
