"""One fact read from its JSON object into its record: which fields it has and what each may be. What facts say of each
other is checked in `read_facts`.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple, cast

from goodword.domain.money import AMOUNT_LIMIT, to_decimal
from goodword.domain.settlement.fields import Fields
from goodword.domain.settlement.records import (
    CHANNELS,
    NO_PROPERTIES,
    Agreement,
    Cancel,
    Code,
    Credit,
    Customer,
    Event,
    Fact,
    Instant,
    Partner,
    PropertyValue,
    Rate,
    Refund,
    Sale,
    SaleLine,
    Share,
    Touch,
)
from goodword.domain.settlement.strict_json import text_problem

FINEST = "CLF"
"""A currency with the most decimals there are (4): a refund is read in its unit until its sale is known."""
FINEST_LIMIT = AMOUNT_LIMIT * 10**4
"""No amount of any currency comes to more in that unit."""
_RATE = re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?", re.ASCII)
KEYS: Final = {
    "partner": ("id", "parent", "group", "emails", "domains", "country"),
    "agreement": ("id", "partner", "terms", "starts", "ends", "cause"),
    "code": ("id", "partner"),
    "customer": ("id", "email", "domain", "country", "existing", "visitors"),
    "touch": ("id", "at", "partner", "customer", "visitor", "channel", "until"),
    "sale": (
        *("id", "at", "customer", "currency", "amount", "tax", "shipping", "discount", "fees", "cost", "lines"),
        *("product", "code", "subscription", "kind", "properties"),
    ),
    "event": ("id", "at", "name", "customer", "value", "currency", "properties"),
    "refund": ("id", "at", "sale", "amount", "reason"),
    "cancel": ("id", "at", "sale"),
    "credit": ("id", "at", "conversion", "customer", "shares", "reason"),
    "rate": ("id", "at", "from", "to", "rate"),
}


class Home(NamedTuple):
    """What reading a fact needs to know of its program: the currency, and where a local date begins."""

    currency: str
    first_instant: Callable[[int], Instant]


def _partner(given: Fields, _home: Home) -> Partner:
    return Partner(
        given.needed("id"),
        given.text("parent"),
        given.text("group"),
        given.texts("emails"),
        given.texts("domains"),
        given.text("country"),
    )


def _agreement(given: Fields, home: Home) -> Agreement:
    starts = given.boundary("starts", home.first_instant, required=True)
    ends = given.boundary("ends", home.first_instant)
    if starts is not None and ends is not None and ends < starts:
        given.refuse("out_of_order", "ends", "lies before starts", "give an end after the start")
    return Agreement(
        given.needed("id"), given.needed("partner"), given.needed("terms"), starts or 0, ends, given.flag("cause")
    )


def _code(given: Fields, _home: Home) -> Code:
    return Code(given.needed("id"), given.needed("partner"))


def _customer(given: Fields, _home: Home) -> Customer:
    return Customer(
        given.needed("id"),
        given.text("email"),
        given.text("domain"),
        given.text("country"),
        given.flag("existing"),
        given.texts("visitors"),
    )


def _touch(given: Fields, _home: Home) -> Touch:
    given.required("channel")
    if not given.has("customer") and not given.has("visitor"):
        given.problems.add(
            "required", "names neither customer nor visitor", field=given.at("customer"), remedy="give one of the two"
        )
    return Touch(
        given.needed("id"),
        given.instant("at", required=True) or 0,
        given.needed("partner"),
        given.choice("channel", CHANNELS, "") if given.has("channel") else "",
        given.text("customer"),
        given.text("visitor"),
        given.instant("until", latest=9999),
    )


def _sale(given: Fields, _home: Home) -> Sale:
    at = given.instant("at", required=True)
    currency = given.currency("currency", on=at)
    unit = currency or FINEST
    amount = given.money("amount", unit, required=True)
    tax, shipping, discount, fees, cost = (
        given.money(name, unit) or 0 for name in ("tax", "shipping", "discount", "fees", "cost")
    )
    before = len(given.problems.found)
    lines = _sale_lines(given, unit)
    if amount is not None and currency and given.has("lines") and len(given.problems.found) == before:
        _check_sum(given, lines, amount - tax - shipping, currency)
    return Sale(
        given.needed("id"),
        at or 0,
        given.needed("customer"),
        unit,
        amount or 0,
        tax,
        shipping,
        discount,
        fees,
        cost,
        lines,
        given.text("product"),
        given.text("code"),
        given.text("subscription"),
        given.text("kind"),
        _properties(given),
    )


def _sale_lines(given: Fields, currency: str) -> tuple[SaleLine, ...]:
    lines = []
    for line in given.children("lines"):
        line.only(("product", "category", "amount", "quantity"))
        quantity = line.integer("quantity", high=10**9)
        amount = line.money("amount", currency, required=True) or 0
        lines.append(
            SaleLine(line.needed("product"), amount, line.text("category"), 1 if quantity is None else quantity)
        )
    return tuple(lines)


def _check_sum(given: Fields, lines: tuple[SaleLine, ...], net: int, currency: str) -> None:
    total = sum(line.amount for line in lines)
    if total != net:
        given.problems.add(
            "lines_do_not_add_up",
            f"come to {to_decimal(total, currency)}, but amount - tax - shipping is {to_decimal(net, currency)}",
            field=given.at("lines"),
            value=to_decimal(total, currency),
            remedy="lines are net of tax and shipping and add up to amount - tax - shipping",
        )


def _event(given: Fields, home: Home) -> Event:
    name = given.needed("name")
    if name in {"sale", "assist"}:
        given.refuse("reserved_name", "name", "is the engine's own word", "give the event another name")
    at = given.instant("at", required=True)
    currency = given.currency("currency", on=at, required=False)
    unit = currency or (FINEST if given.has("currency") else home.currency)
    return Event(
        given.needed("id"),
        at or 0,
        name,
        given.needed("customer"),
        given.money("value", unit),
        currency,
        _properties(given),
    )


def _refund(given: Fields, _home: Home) -> Refund:
    return Refund(
        given.needed("id"),
        given.instant("at", required=True) or 0,
        given.needed("sale"),
        given.money("amount", FINEST, required=True, limit=FINEST_LIMIT) or 0,
        given.text("reason"),
    )


def _cancel(given: Fields, _home: Home) -> Cancel:
    return Cancel(given.needed("id"), given.instant("at", required=True) or 0, given.needed("sale"))


def _credit(given: Fields, _home: Home) -> Credit:
    conversion, customer = given.text("conversion"), given.text("customer")
    if given.has("conversion") == given.has("customer"):
        code = "conflicting_fields" if given.has("customer") else "required"
        given.problems.add(
            code,
            "is for a conversion or a customer, one of the two",
            field=given.at("conversion"),
            remedy="give one of the two",
        )
    given.required("shares")
    shares = []
    for share in given.children("shares"):
        share.only(("partner", "percent"))
        shares.append(Share(share.needed("partner"), share.percent("percent")))
        if any(one.partner == shares[-1].partner for one in shares[:-1]):
            share.refuse("duplicate_partner", "partner", "has two shares", "give each partner one share")
    if sum(share.ppm for share in shares) > 1_000_000:
        given.refuse("out_of_range", "shares", "come to more than 100%", "give at most 100% in all")
    at = given.instant("at", required=True) or 0
    return Credit(given.needed("id"), at, tuple(shares), given.needed("reason"), conversion, customer)


def _rate(given: Fields, _home: Home) -> Rate:
    at = given.instant("at", required=True)
    source, target = given.currency("from", on=at), given.currency("to", on=at)
    if source is not None and source == target:
        given.refuse("conflicting_fields", "to", "is the currency it converts from", "name two currencies")
    value = (
        given.needed("rate")
        if given.has("rate") and not isinstance(given.values["rate"], str)
        else given.text("rate", required=True)
    )
    exact = Fraction(1)
    if value:
        exact = Fraction(value) if _RATE.fullmatch(value) else Fraction(0)
        if exact <= 0:
            given.refuse("not_a_number", "rate", "is no rate", 'write a decimal above 0 such as "1.0834"')
    return Rate(given.needed("id"), at or 0, source or "", target or "", exact.numerator, exact.denominator)


def _properties(given: Fields) -> Mapping[str, PropertyValue]:
    inside = given.child("properties")
    if inside is None or not inside.values:
        return NO_PROPERTIES
    for name in inside.values:
        if text_problem(str(name)):
            inside.problems.add(
                "invalid_text", "has a broken name", field=inside.at(name), value=name, remedy="rename it"
            )
    return {name: _property(inside, name, value) for name, value in inside.values.items() if value is not None}


def _property(given: Fields, path: str, value: Any) -> PropertyValue:
    """The value in its frozen form; lists and objects are kept as tuples, for comparing content only."""
    if isinstance(value, str) and (broken := text_problem(value)):
        given.problems.add("invalid_text", f"contains {broken}", field=given.at(path), value=value, remedy="remove it")
    if isinstance(value, list | tuple):
        return ("list", *(_property(given, f"{path}[{i}]", part) for i, part in enumerate(value)))
    if isinstance(value, Mapping):
        return ("object", *((key, _property(given, f"{path}.{key}", value[key])) for key in sorted(value)))
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and not value.is_finite():
        given.problems.add(
            "not_a_number", "is no number", field=given.at(path), value=str(value), remedy="leave it out"
        )
    return cast("PropertyValue", value)


READERS: Final[Mapping[str, Callable[[Fields, Home], Fact]]] = {
    "partner": _partner,
    "agreement": _agreement,
    "code": _code,
    "customer": _customer,
    "touch": _touch,
    "sale": _sale,
    "event": _event,
    "refund": _refund,
    "cancel": _cancel,
    "credit": _credit,
    "rate": _rate,
}
