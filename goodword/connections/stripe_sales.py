"""A paid invoice or checkout session of Stripe as a sale: its amounts, its code, what was bought. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from goodword.connections.stripe_events import customer_key, discounts_of, pointer, promotions_of, subscription_of
from goodword.connections.stripe_money import currency_of, decimal_text
from goodword.connections.wanted import Fact, Unreadable, moment, text_of, written
from goodword.domain.money import rounded

CODE_KEY: Final = "gw_code"
_KINDS: Final = {
    "subscription_create": "new",
    "subscription_cycle": "renewal",
    "subscription_update": "change",
    "subscription_threshold": "renewal",
}
_Object = Mapping[str, Any]


def code_in(objects: Sequence[_Object], codes: Mapping[str, str], promotions: Mapping[str, str]) -> tuple[str, bool]:
    """The code a sale carried, and whether one is named whose text we do not know yet.

    What the company wrote itself (`gw_code`) goes first, then promotion codes, then the coupon's own id.
    """
    for found in objects:
        if code := text_of(metadata_of(found).get(CODE_KEY), 40):
            return code.lower(), False
    names = [name for found in objects for name in (*promotions_of(found), *_by_discount(found, promotions))]
    known = [text for name in names if (text := text_of(codes.get(name, ""), 40))]
    if names and not known:
        return _coupon(objects), True
    return (known[0].lower(), False) if known else (_coupon(objects), False)


def _by_discount(found: _Object, promotions: Mapping[str, str]) -> list[str]:
    listed = found.get("discounts")
    named = [pointer(one) for one in (listed if isinstance(listed, list) else [])]
    return [promotion for name in named if (promotion := promotions.get(name, ""))]


def _coupon(objects: Sequence[_Object]) -> str:
    discounts = [one for found in objects for one in discounts_of(found)]
    named = [pointer(one.get("coupon")) or pointer(_of(one.get("source")).get("coupon")) for one in discounts]
    return next((text_of(name, 40).lower() for name in named if name), "")


def metadata_of(found: _Object) -> Mapping[str, Any]:
    """What the company wrote on the object, or on the subscription that an invoice is of."""
    details = _of(_of(found.get("parent")).get("subscription_details")) or _of(found.get("subscription_details"))
    return {**_of(details.get("metadata")), **_of(found.get("metadata"))}


def sale_fact(name: str, found: _Object, happened_at: datetime, code: str) -> Fact | None:
    """The sale of a paid invoice or session, or None where nothing was paid."""
    is_invoice = found.get("object") == "invoice"
    currency = currency_of(found.get("currency"))
    amount, parts = _invoice_money(found) if is_invoice else _session_money(found)
    if amount <= 0:
        return None
    at = _paid_at(found, happened_at) if is_invoice else happened_at
    fact = {
        "id": name,
        "customer": customer_key(found) or name,
        "at": written(at),
        "currency": currency,
        "amount": decimal_text(amount, currency),
        **{part: decimal_text(minor, currency) for part, minor in parts.items() if minor > 0},
        "code": code,
        "subscription": subscription_of(found),
        "kind": _KINDS.get(str(found.get("billing_reason")), ""),
        **_bought(found, amount - parts["tax"] - parts["shipping"], currency),
    }
    return {name: value for name, value in fact.items() if value}


def _session_money(found: _Object) -> tuple[int, dict[str, int]]:
    details = _of(found.get("total_details"))
    parts = {part: _minor(details.get(f"amount_{part}")) for part in ("tax", "shipping", "discount")}
    return _minor(found.get("amount_total")), parts


def _invoice_money(found: _Object) -> tuple[int, dict[str, int]]:
    """What was paid, and the parts inside it. A customer's credit that pays a part makes every part smaller."""
    total = found["total"]
    paid = found.get("amount_paid")
    amount = min(total, paid) if type(paid) is int else total
    taxes = _sum(found, "total_taxes") or _sum(found, "total_tax_amounts") or _minor(found.get("tax"))
    shipping = _of(found.get("shipping_cost"))
    parts = {
        "tax": taxes,
        "shipping": _minor(shipping.get("amount_subtotal", shipping.get("amount_total"))),
        "discount": _sum(found, "total_discount_amounts"),
    }
    if 0 < amount < total:
        parts = {part: rounded(Fraction(minor * amount, total), "half_up") for part, minor in parts.items()}
    return amount, parts


def _paid_at(found: _Object, happened_at: datetime) -> datetime:
    paid_at = _of(found.get("status_transitions")).get("paid_at")
    return moment(paid_at) if type(paid_at) is int else happened_at


def _bought(found: _Object, net: int, currency: str) -> dict[str, Any]:
    """Lines where they can be told to the cent; the product where there is only one."""
    listed = _of(found.get("lines")).get("data")
    lines = [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, Mapping)]
    read = [(product_of(line), _net(line), line.get("quantity")) for line in lines]
    products = {product for product, _, _ in read}
    if not products or "" in products:
        return {}
    if len(products) == 1 and len(lines) == len(read):
        return {"product": products.pop()}
    good = all(amount >= 0 for _, amount, _ in read) and sum(amount for _, amount, _ in read) == net
    return {"lines": [_line(one, currency) for one in read]} if good else {}


def _line(read: tuple[str, int, Any], currency: str) -> dict[str, Any]:
    product, amount, quantity = read
    line: dict[str, Any] = {"product": product, "amount": decimal_text(amount, currency)}
    return line | ({"quantity": quantity} if type(quantity) is int and 0 < quantity < 10**9 else {})


def _net(line: _Object) -> int:
    """A line without its discounts and without tax that is inside its price."""
    taxes = line.get("taxes") if isinstance(line.get("taxes"), list) else line.get("tax_amounts")
    inside = [
        _minor(tax.get("amount"))
        for tax in (taxes if isinstance(taxes, list) else [])
        if isinstance(tax, Mapping) and (tax.get("inclusive") is True or tax.get("tax_behavior") == "inclusive")
    ]
    amount = line.get("amount")
    return (amount if type(amount) is int else -1) - _sum(line, "discount_amounts") - sum(inside)


def product_of(line: _Object) -> str:
    """The product that a line names, wherever this version of the API says it."""
    priced = _of(_of(line.get("pricing")).get("price_details"))
    price, plan = _of(line.get("price")), _of(line.get("plan"))
    named = (pointer(one.get("product")) for one in (priced, price, plan))
    return next((text_of(name, 200) for name in named if name), "")


def _sum(found: _Object, name: str) -> int:
    listed = found.get(name)
    return sum(
        _minor(one.get("amount")) for one in (listed if isinstance(listed, list) else []) if isinstance(one, Mapping)
    )


def _minor(value: Any) -> int:
    if value is None:
        return 0
    if type(value) is not int:
        raise Unreadable("wrong_type", f"{str(value)[:40]!r} is no whole amount")
    return max(value, 0)


def _of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
