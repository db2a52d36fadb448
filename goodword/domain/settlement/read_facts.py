"""Facts read from parsed JSON objects into records, with every problem of all of them listed at once: of each object
alone, and of the set (conflicting ids, overlapping agreements, parent cycles, unknown terms).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields as group_fields
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

from goodword.domain.currency import decimals
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.money import to_decimal
from goodword.domain.settlement.calendar import Zone
from goodword.domain.settlement.fields import Fields, Problems
from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import (
    CHANNELS,
    FACTS,
    GROUP_OF,
    KIND_OF,
    NO_PROPERTIES,
    Agreement,
    Cancel,
    Code,
    Credit,
    Customer,
    Event,
    Fact,
    FactSet,
    Partner,
    PropertyValue,
    Rate,
    Refund,
    Sale,
    SaleLine,
    Share,
    Touch,
    conflict,
    same_content,
)
from goodword.domain.settlement.strict_json import text_problem

FINEST = "CLF"
"""A currency with the most decimals there are (4): a refund is read in its unit until its sale is known."""
_RATE = re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?", re.ASCII)
_KEYS = {
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


def read_facts(program: Program, objects: Iterable[object]) -> FactSet:
    """The set of these parsed JSON objects. Raises InvalidInput with every problem (at most 100).

    `line` of a problem is the object's number, from 1. Files, and several of them, are read with `FactReader`.
    """
    reader = FactReader(program.currency, program.timezone, program.terms)
    for line, given in enumerate(objects, start=1):
        reader.add(given, line=line)
    return reader.finish()


class FactReader:
    """Takes facts object by object, remembers where each stood, and gives the set, or all that is wrong with it."""

    def __init__(self, currency: str, timezone: str, terms: Iterable[str], problems: Problems | None = None) -> None:
        self.problems = problems or Problems()
        self._currency = currency
        self._timezone = timezone
        self._terms = frozenset(terms)
        self._known: dict[tuple[str, str], tuple[Fact, str, int]] = {}
        self._conversions: dict[str, str] = {}

    @cached_property
    def _zone(self) -> Zone:
        return Zone(self._timezone)

    def add(self, given: object, *, line: int = 0, file: str = "", kind: str | None = None) -> None:
        """Take one fact; `kind` names it where the object need not (a Parquet file is named by its fact)."""
        problems = self.problems
        problems.file, problems.line, problems.line_of = file, line, None
        if problems.full:
            return
        if not isinstance(given, Mapping):
            problems.add("expected_object", "a fact is one object", value=given, remedy="write it in braces")
            return
        fields = Fields(given, problems)
        named = fields.choice("fact", FACTS, "") if kind is None or "fact" in given else kind
        if kind is None and "fact" not in given:
            fields.required("fact")
        if kind is not None and named not in {"", kind}:
            fields.refuse("conflicting_fields", "fact", f"stands in a file of {kind} facts", "move it to its own file")
        if not named:
            return
        before = len(problems.found)
        fields.only(("fact", *_KEYS[named]))
        record = _READERS[named](fields, self)
        if len(problems.found) == before:
            self._keep(named, record, file, line)

    def finish(self) -> FactSet:
        """The set. Raises InvalidInput when anything was wrong."""
        facts = self.check()
        if self.problems.found:
            raise InvalidInput(self.problems.found)
        return facts

    def check(self) -> FactSet:
        """Check the facts against each other, note what is wrong, and give the set of those that could be read."""
        groups: dict[str, list[Fact]] = {field.name: [] for field in group_fields(FactSet)}
        for record, _, _ in self._known.values():
            groups[GROUP_OF[type(record)]].append(record)
        groups["refunds"] = [fixed for one in groups["refunds"] if (fixed := self._in_currency(cast("Refund", one)))]
        self._check_agreements(cast("list[Agreement]", groups["agreements"]))
        self._check_parents(cast("list[Partner]", groups["partners"]))
        return FactSet(**groups)  # type: ignore[arg-type]

    def _keep(self, kind: str, record: Fact, file: str, line: int) -> None:
        known = self._known.setdefault((kind, record.id), (record, file, line))
        if known[0] is not record and not same_content(known[0], record):
            self.problems.take(conflict(kind, record.id, file=file, line=line, first=_place(known[1], known[2])))
        if kind in {"sale", "event"} and self._conversions.setdefault(record.id, kind) != kind:
            _, first_file, first_line = self._known[self._conversions[record.id], record.id]
            self.problems.take(conflict(kind, record.id, file=file, line=line, first=_place(first_file, first_line)))

    def _in_currency(self, refund: Refund) -> Refund | None:
        """The refund in minor units of its sale's currency; one of an unknown sale is worth nothing yet."""
        sale = self._known.get(("sale", refund.sale))
        if sale is None:
            return refund._replace(amount=0)
        currency = cast("Sale", sale[0]).currency
        minor, rest = divmod(refund.amount, 10 ** (decimals(FINEST) - decimals(currency)))
        if rest:
            message = f"has too many decimals for {currency}, the currency of its sale"
            remedy = f"give at most {decimals(currency)} decimals"
            amount = to_decimal(refund.amount, FINEST)
            self._note(refund, "too_many_decimals", "amount", message, value=amount, remedy=remedy)
            return None
        return refund._replace(amount=minor)

    def _check_agreements(self, agreements: list[Agreement]) -> None:
        last: dict[str, Agreement] = {}
        for one in sorted(agreements, key=lambda agreement: (agreement.partner, agreement.starts, agreement.id)):
            if one.terms not in self._terms:
                known = ", ".join(sorted(self._terms)[:10])
                remedy = f"it has: {known}"
                self._note(
                    one, "unknown_terms", "terms", "the program has no such terms", value=one.terms, remedy=remedy
                )
            if one.ends is not None and one.ends <= one.starts:
                continue
            before = last.get(one.partner)
            if before is not None and (before.ends is None or before.ends > one.starts):
                message = f"partner {one.partner!r} has agreement {before.id!r} in force at the same time"
                self._note(
                    one,
                    "overlapping_agreements",
                    "starts",
                    message,
                    value=one.id,
                    remedy="end one before the next starts",
                )
            if before is None or (before.ends is not None and (one.ends is None or one.ends > before.ends)):
                last[one.partner] = one

    def _check_parents(self, partners: list[Partner]) -> None:
        parents = {partner.id: partner.parent for partner in partners}
        cleared: set[str] = set()
        for partner in sorted(partners):
            path: list[str] = []
            at: str | None = partner.id
            while at is not None and at not in cleared and at not in path:
                path.append(at)
                at = parents.get(at)
            if at in path:
                cycle = " → ".join([*path[path.index(at) :], at])
                remedy = "let one of them have no parent"
                self._note(partner, "parent_cycle", "parent", f"recruits itself: {cycle}", value=at, remedy=remedy)
            cleared.update(path)

    def _note(self, record: Fact, code: str, field: str, message: str, *, value: str, remedy: str) -> None:
        _, file, line = self._known[KIND_OF[type(record)], record.id]
        self.problems.take(Problem(code, f"{field}: {message}", field, value[:80], remedy, file, line))


def _place(file: str, line: int) -> str:
    return f"{file} line {line}".strip() if line else file


def _partner(given: Fields, _reader: FactReader) -> Partner:
    return Partner(
        given.needed("id"),
        given.text("parent"),
        given.text("group"),
        given.texts("emails"),
        given.texts("domains"),
        given.text("country"),
    )


def _agreement(given: Fields, reader: FactReader) -> Agreement:
    starts = given.boundary("starts", reader._zone.first_instant, required=True)  # noqa: SLF001 - one module
    ends = given.boundary("ends", reader._zone.first_instant)  # noqa: SLF001
    if starts is not None and ends is not None and ends < starts:
        given.refuse("out_of_order", "ends", "lies before starts", "give an end after the start")
    return Agreement(
        given.needed("id"), given.needed("partner"), given.needed("terms"), starts or 0, ends, given.flag("cause")
    )


def _code(given: Fields, _reader: FactReader) -> Code:
    return Code(given.needed("id"), given.needed("partner"))


def _customer(given: Fields, _reader: FactReader) -> Customer:
    return Customer(
        given.needed("id"),
        given.text("email"),
        given.text("domain"),
        given.text("country"),
        given.flag("existing"),
        given.texts("visitors"),
    )


def _touch(given: Fields, _reader: FactReader) -> Touch:
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


def _sale(given: Fields, _reader: FactReader) -> Sale:
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


def _event(given: Fields, reader: FactReader) -> Event:
    name = given.needed("name")
    if name in {"sale", "assist"}:
        given.refuse("reserved_name", "name", "is the engine's own word", "give the event another name")
    at = given.instant("at", required=True)
    currency = given.currency("currency", on=at, required=False)
    unit = currency or (FINEST if given.has("currency") else reader._currency)  # noqa: SLF001 - one module
    return Event(
        given.needed("id"),
        at or 0,
        name,
        given.needed("customer"),
        given.money("value", unit),
        currency,
        _properties(given),
    )


def _refund(given: Fields, _reader: FactReader) -> Refund:
    return Refund(
        given.needed("id"),
        given.instant("at", required=True) or 0,
        given.needed("sale"),
        given.money("amount", FINEST, required=True) or 0,
        given.text("reason"),
    )


def _cancel(given: Fields, _reader: FactReader) -> Cancel:
    return Cancel(given.needed("id"), given.instant("at", required=True) or 0, given.needed("sale"))


def _credit(given: Fields, _reader: FactReader) -> Credit:
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


def _rate(given: Fields, _reader: FactReader) -> Rate:
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


_READERS: Mapping[str, Callable[[Fields, FactReader], Fact]] = {
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
