"""What a fact must hold: from the object as given to the row we keep, with the hash of its content.

Pure: what the decision needs to know of other facts comes in as `Known`. The fields stand in `fact_shapes.py`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from goodword.domain.errors import DomainError, Problem
from goodword.domain.fact_shapes import fact_shape
from goodword.domain.fields import PERCENT_WHOLE_PPM, percent_text, problems_of, read_object, refuse_retired, under
from goodword.domain.ids import public_id
from goodword.domain.moments import Clock
from goodword.domain.money import AMOUNT_LIMIT, to_decimal, to_minor

CONFLICTS = frozenset(("currency_mismatch", "idempotency_mismatch", "code_too_similar"))
"""Codes of problems that contradict what is already stored (409), rather than being wrong in themselves (422)."""
PROBLEMS_MAX = 100
_PARTS = ("tax", "shipping", "discount", "fees", "cost")
_AMOUNTS = ("amount", *_PARTS)
_MINOR = {part: f"{part}_minor" for part in _AMOUNTS}
_WORDS = ("product", "code", "subscription", "kind")


@dataclass(frozen=True, slots=True)
class Known:
    """What is already stored and bears on the facts being read, by what the facts say: the partner they name, the
    sale they refund, the code they carry, the click they follow.
    """

    partners: Mapping[str, UUID] = field(default_factory=dict)
    sale_currency: Mapping[str, str] = field(default_factory=dict)
    refund_currency: Mapping[str, str] = field(default_factory=dict)
    revoked_codes: Mapping[str, datetime] = field(default_factory=dict)
    click_visitor: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """How facts are read: the clock, the program's currency, what is known, and whether free sales may come in.

    A sale of 0.00 is refused where somebody sends one sale, because it is a slip there; a file of past sales may
    hold free orders, and they are kept.
    """

    clock: Clock
    currency: str
    known: Known = field(default_factory=Known)
    free_sales: bool = False


class FactRow(NamedTuple):
    """A fact ready to store: its id outside, its place in the batch, its columns by name, the hash of its content."""

    external_id: str
    position: int
    columns: dict[str, Any]
    payload_hash: str


def read_facts(kind: str, items: Sequence[Any], reading: Reading) -> tuple[list[FactRow], list[Problem]]:
    """All good facts of one kind as rows, and everything wrong with the others, each problem by `items[3].amount`."""
    shape, finish = fact_shape(kind, reading.clock), _FINISH[kind]
    rows: list[FactRow] = []
    problems: list[Problem] = []
    for position, given in enumerate(items):
        wrong: list[Problem] = []
        values = read_object(shape, given, wrong)
        columns = finish(values, reading, wrong) if values else {}
        if not wrong:
            rows.append(FactRow(values["id"], position, columns, _hash(kind, columns)))
        elif len(problems) < PROBLEMS_MAX:
            problems += [at_position(position, problem) for problem in wrong]
    return rows, problems


def at_position(position: int, problem: Problem) -> Problem:
    """The same problem, of the fact at this place of a batch: `items[3].amount`."""
    return under(f"items[{position}]", problem)


def position_of(problem: Problem) -> int:
    """The place in its batch, from 0, of the fact that a problem is about."""
    return int(problem.field[len("items[") : problem.field.index("]")])


def without_position(problem: Problem) -> Problem:
    """The same problem where one fact was sent alone."""
    path = problem.field.partition("]")[2].removeprefix(".")
    return Problem(problem.code, problem.message, path, problem.value, problem.remedy)


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode


def _hash(kind: str, columns: Mapping[str, Any]) -> str:
    """Over what is said, not over what is left out: a column that is added later changes no hash of today.

    Text holds no control characters, so the separator cannot be forged.
    """
    said = [kind]
    for name in _in_order(tuple(columns)):
        value = columns[name]
        if value:
            kept = type(value)
            said.append(f"{name}={_encode(value) if kept is list or kept is dict else value}")
        elif name == "amount_minor":
            said.append(f"amount_minor={value}")
    return hashlib.sha256("\x1f".join(said).encode()).hexdigest()


@lru_cache
def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _wrong(problems: list[Problem], code: str, path: str, message: str, remedy: str, value: str = "") -> None:  # noqa: PLR0917
    problems.append(Problem(code, message, path, value, remedy))


def _partner(given: str, path: str, reading: Reading, problems: list[Problem]) -> UUID | None:
    found = reading.known.partners.get(given)
    if found is None:
        _wrong(problems, "unknown_partner", path, f"no partner {given[:60]!r}", "give a partner of this program", given)
    return found


def _minor(text: str, code: str, path: str, problems: list[Problem]) -> int:
    """Minor units of an amount that must not be negative; 0 when it is wrong."""
    try:
        minor = to_minor(text, code)
    except DomainError as error:
        problems += problems_of(error, path=path, value=text)
        return 0
    if minor < 0:
        _not_positive(path, text, problems)
    return minor


def _not_positive(path: str, text: str, problems: list[Problem]) -> None:
    message = f"{text} is not a positive amount"
    _wrong(problems, "amount_must_be_positive", path, message, "money given back is sent as a refund", text)


def _refuse_retired(code: str, at: datetime | None, path: str, problems: list[Problem]) -> None:
    try:
        if at is not None:
            refuse_retired(code, at)
    except DomainError as error:
        problems += problems_of(error, path=path, value=code)


def _customer(values: dict[str, Any], reading: Reading, _problems: list[Problem]) -> dict[str, Any]:
    browsers = {reading.known.click_visitor.get(visitor, visitor) for visitor in values.get("visitors", ())}
    return {
        "name": values.get("name", ""),
        "email": values.get("email", ""),
        "domain": values.get("domain", ""),
        "country": values.get("country", ""),
        "existing": values.get("existing", False),
        "visitors": sorted(browsers),
    }


def _touch(values: dict[str, Any], reading: Reading, problems: list[Problem]) -> dict[str, Any]:
    if not values.get("customer") and not values.get("visitor"):
        _wrong(problems, "required", "customer", "neither customer nor visitor is given", "give one of them, or both")
    partner = _partner(values["partner"], "partner", reading, problems) if "partner" in values else None
    until, at = values.get("until"), values.get("at")
    if until and at and until <= at:
        _wrong(problems, "out_of_range", "until", "until is not after at", "give a later moment", until.isoformat())
    return {
        "partner_id": partner,
        "customer": values.get("customer", ""),
        "visitor": reading.known.click_visitor.get(values.get("visitor", ""), values.get("visitor", "")),
        "channel": values.get("channel"),
        "at": at,
        "until": until,
    }


def _conversion(values: dict[str, Any], name: str, currency: str, amount: int | None) -> dict[str, Any]:
    """The columns that every conversion has; what a fact leaves out is empty."""
    columns = dict(_CONVERSION)
    columns.update(name=name, customer=values.get("customer"), at=values.get("at"), currency=currency)
    columns["amount_minor"], columns["properties"] = amount, values.get("properties") or None
    return columns


_CONVERSION: Mapping[str, Any] = {
    **dict.fromkeys(("name", "customer", "at", "currency", "amount_minor", "lines", "properties")),
    **{f"{part}_minor": 0 for part in _PARTS},
    **dict.fromkeys(_WORDS, ""),
}


def _sale(values: dict[str, Any], reading: Reading, problems: list[Problem]) -> dict[str, Any]:
    code, at = values.get("currency"), values.get("at")
    money: dict[str, int] = {}
    if code is not None:
        _refuse_retired(code, at, "currency", problems)
        money = {part: _minor(values[part], code, part, problems) for part in _AMOUNTS if part in values}
        if money.get("amount") == 0 and not reading.free_sales and not problems:
            _not_positive("amount", values["amount"], problems)
    columns = _conversion(values, "sale", code or "", money.get("amount"))
    if code is not None and "amount" in money:
        columns["lines"] = _lines(values, money, problems)
    _refuse_other_refunds(values, reading, problems)
    _refuse_revoked_code(values, reading, problems)
    columns.update((_MINOR[part], minor) for part, minor in money.items())
    columns.update((word, values[word]) for word in _WORDS if word in values)
    return columns


def _lines(values: dict[str, Any], money: dict[str, int], problems: list[Problem]) -> list[dict[str, Any]] | None:
    code, net = values["currency"], money["amount"] - money.get("tax", 0) - money.get("shipping", 0)
    if net < 0 <= money["amount"]:
        more = "tax and shipping are more than the amount they are part of"
        _wrong(problems, "parts_exceed_amount", "amount", more, "give the amount charged, tax included")
    lines = values.get("lines")
    if not lines:
        return None
    before = len(problems)
    parts = [_minor(line["amount"], code, f"lines[{i}].amount", problems) for i, line in enumerate(lines)]
    if sum(parts) >= AMOUNT_LIMIT:
        _wrong(problems, "out_of_range", "lines", "the lines add up to too much", "below 10^15 minor units")
    elif sum(parts) != net and len(problems) == before:
        message = f"the lines add up to {to_decimal(sum(parts), code)}, not to {to_decimal(net, code)}"
        _wrong(problems, "lines_do_not_add_up", "lines", message, "lines add up to amount - tax - shipping")
    return [{**line, "amount": to_decimal(part, code)} for line, part in zip(lines, parts, strict=True)]


def _refuse_other_refunds(values: dict[str, Any], reading: Reading, problems: list[Problem]) -> None:
    refunded = reading.known.refund_currency.get(values.get("id", ""))
    code = values.get("currency")
    if refunded and code and refunded != code:
        message = f"a refund of this sale was recorded in {refunded}"
        _wrong(problems, "currency_mismatch", "currency", message, "sale and refund have one currency", code)


def _refuse_revoked_code(values: dict[str, Any], reading: Reading, problems: list[Problem]) -> None:
    code, at = values.get("code", ""), values.get("at")
    revoked = reading.known.revoked_codes.get(code)
    if revoked and at and at >= revoked:
        message = f"the code {code} was revoked on {revoked:%Y-%m-%d}"
        _wrong(problems, "revoked_code", "code", message, "leave it out, or credit the partner by hand", code)


def _event(values: dict[str, Any], reading: Reading, problems: list[Problem]) -> dict[str, Any]:
    value = values.get("value")
    code: str = values.get("currency") or (reading.currency if value is not None else "")
    _refuse_retired(code, values.get("at"), "currency", problems)
    amount = None if value is None else _minor(value, code, "value", problems)
    return _conversion(values, values.get("name", ""), code, amount)


def _refund(values: dict[str, Any], reading: Reading, problems: list[Problem]) -> dict[str, Any]:
    code = _refund_currency(values, reading, problems)
    minor = _minor(values["amount"], code, "amount", problems) if code and "amount" in values else None
    if minor == 0 and not problems:
        _not_positive("amount", values["amount"], problems)
    return {
        "sale": values.get("sale"),
        "currency": code,
        "amount_minor": minor,
        "at": values.get("at"),
        "reason": values.get("reason", ""),
    }


def _refund_currency(values: dict[str, Any], reading: Reading, problems: list[Problem]) -> str:
    given: str = values.get("currency", "")
    sold = reading.known.sale_currency.get(values.get("sale", ""), "")
    if given and sold and given != sold:
        message = f"the sale was in {sold}, the refund is in {given}"
        _wrong(problems, "currency_mismatch", "currency", message, f"give the amount in {sold}", given)
    if not given and not sold and "sale" in values:
        _wrong(problems, "required", "currency", "the sale is not known yet", "give the refund's currency")
    return given or sold


def _cancel(values: dict[str, Any], _reading: Reading, _problems: list[Problem]) -> dict[str, Any]:
    return {"sale": values.get("sale"), "at": values.get("at")}


def _credit(values: dict[str, Any], reading: Reading, problems: list[Problem]) -> dict[str, Any]:
    if bool(values.get("conversion")) == bool(values.get("customer")):
        _wrong(problems, "one_of", "conversion", "give conversion or customer", "a credit is for exactly one of them")
    shares: dict[str, int] = {}
    for i, share in enumerate(values.get("shares", ())):
        found = _partner(share["partner"], f"shares[{i}].partner", reading, problems)
        partner = public_id("partner", found) if found else share["partner"]
        if partner in shares:
            _wrong(problems, "duplicate_partner", f"shares[{i}].partner", "this partner stands there twice", "add up")
        shares[partner] = share["percent"]
    if sum(shares.values()) > PERCENT_WHOLE_PPM:
        whole = percent_text(sum(shares.values()))
        _wrong(problems, "out_of_range", "shares", f"the shares are {whole} in all", "at most 100% in all", whole)
    return {
        "conversion": values.get("conversion", ""),
        "customer": values.get("customer", ""),
        "shares": [{"partner": partner, "percent": percent_text(ppm)} for partner, ppm in shares.items()],
        "reason": values.get("reason"),
        "at": values.get("at"),
    }


def _rate(values: dict[str, Any], _reading: Reading, problems: list[Problem]) -> dict[str, Any]:
    if values.get("from") and values.get("from") == values.get("to"):
        _wrong(problems, "same_currency", "to", "from and to are the same currency", "name two currencies")
    for name in ("from", "to"):
        _refuse_retired(values.get(name, ""), values.get("at"), name, problems)
    return {
        "from_currency": values.get("from"),
        "to_currency": values.get("to"),
        "rate": values.get("rate"),
        "at": values.get("at"),
        "origin": values.get("origin", ""),
    }


_Finish = Callable[[dict[str, Any], Reading, list[Problem]], dict[str, Any]]
_FINISH: Mapping[str, _Finish] = {
    "customer": _customer,
    "touch": _touch,
    "sale": _sale,
    "event": _event,
    "refund": _refund,
    "cancel": _cancel,
    "credit": _credit,
    "rate": _rate,
}
