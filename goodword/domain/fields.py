"""Readers of the single values of an input object: each returns the value parsed, or refuses it with a stable code.

They serve every door alike (API, import, pages). What a whole fact must hold stands in `fact_rules.py`.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from goodword.domain.countries import COUNTRIES
from goodword.domain.currency import RETIRED, is_active
from goodword.domain.errors import DomainError, Problem

SAFE_INTEGER = 2**53
"""Whole numbers stay below this size, so that no JSON reader on the way can round them."""
PERCENT_WHOLE_PPM = 1_000_000
Read = Callable[[Any], Any]

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BIDI = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_PERCENT = re.compile(r"(0|[1-9][0-9]{0,6})(?:\.([0-9]+))?%", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[^\W\d_](?:[\w-]{{0,61}}[^\W_])")
_EMAIL_LOCAL = re.compile(r"[^\s@.\"(),:;<>\[\]\\]+(?:\.[^\s@.\"(),:;<>\[\]\\]+)*")


class Refused(DomainError):
    """One value is refused; the code says how."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.remedy = remedy


class RefusedParts(DomainError):
    """Several parts of one value are refused; their problems name the part: `[2].amount`."""

    code = "invalid_input"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems[:3]))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an input object: how it is read, whether it must be there, and what the API description says."""

    read: Read
    schema: Mapping[str, Any]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one kind of input object, and the names that only we write."""

    name: str
    fields: Mapping[str, Field]
    read_only: Collection[str] = field(default_factory=frozenset)


def shown(value: Any) -> str:
    """What was given, short enough for an error message and safe to write out."""
    text = value if isinstance(value, str) else repr(value)
    return text[:40].encode("utf-8", "backslashreplace").decode("utf-8")


def problems_of(error: DomainError, *, path: str, value: Any) -> list[Problem]:
    """A refusal as problems of the field at `path`, or of its parts."""
    if isinstance(error, RefusedParts):
        return [under(path, problem) for problem in error.problems]
    return [Problem(error.code, error.message, path, shown(value), error.problem.remedy)]


def under(path: str, problem: Problem) -> Problem:
    """The same problem, of a part of the value at `path`."""
    dot = "." if problem.field and not problem.field.startswith("[") else ""
    return Problem(problem.code, problem.message, f"{path}{dot}{problem.field}", problem.value, problem.remedy)


def read_object(shape: Shape, given: Any, problems: list[Problem], path: str = "") -> dict[str, Any]:
    """The parsed values of an object, by field name; what is wrong is added to `problems`.

    A field that is absent or null is left out; unknown names, names that only we write and missing ones are problems.
    """
    prefix = f"{path}." if path else ""
    if type(given) is not dict:
        problems.append(_not_an_object(given, path))
        return {}
    values: dict[str, Any] = {}
    fields = shape.fields
    for name, value in given.items():
        known = fields.get(name)
        if known is None:
            problems.append(_unknown(shape, name, value, prefix))
        elif value is not None:
            try:
                values[name] = known.read(value)
            except DomainError as error:
                problems += problems_of(error, path=prefix + name, value=value)
    for name, known in fields.items():
        if known.required and given.get(name) is None:
            problems.append(Problem("required", f"{prefix}{name} is missing", prefix + name, remedy=f"give {name}"))
    return values


def _not_an_object(given: Any, path: str) -> Problem:
    return Problem(
        "expected_object", "an object was expected", path, shown(given), 'give a JSON object: {"name": "value"}'
    )


def _unknown(shape: Shape, name: Any, value: Any, prefix: str) -> Problem:
    name = str(name)
    if name in shape.read_only:
        return Problem(
            "read_only_field", f"{name} is ours to write", prefix + shown(name), shown(value), "leave it out"
        )
    near = get_close_matches(name[:100], shape.fields, n=1)
    remedy = f"did you mean {near[0]}?" if near else "known fields: " + ", ".join(shape.fields)
    return Problem(
        "unknown_field", f"{shape.name} has no field {shown(name)}", prefix + shown(name), shown(value), remedy
    )


def text(limit: int, *, several_lines: bool = False) -> Read:
    """A reader of non-empty text of at most `limit` characters, without control or direction-changing characters."""

    def read(value: Any) -> str:
        if type(value) is not str:
            raise wrong_type("text", value)
        if len(value) > limit:
            raise Refused("too_long", f"{len(value)} characters are too many", f"at most {limit} characters")
        if not value.strip():
            raise Refused("required", "the text is empty", "write something, or leave the field out")
        if not value.isprintable():  # so are all ordinary characters, and none of those refused
            _refuse_controls(value, several_lines)
        return value

    return read


def _refuse_controls(value: str, several_lines: bool) -> None:
    bare = value.replace("\n", "").replace("\r", "").replace("\t", "") if several_lines else value
    if _CONTROL.search(bare):
        raise Refused("invalid_text", "the text holds a control character or half a character", "remove it")
    if _BIDI.search(bare):
        raise Refused("control_characters", "the text holds invisible or direction-changing characters", "remove them")


def identifier(limit: int = 200) -> Read:
    """A reader of an id from outside: text without spaces around it."""
    plain = text(limit)

    def read(value: Any) -> str:
        given: str = plain(value)
        if given != given.strip():
            raise Refused("invalid_text", f"{shown(given)!r} has spaces around it", "remove the spaces")
        return given

    return read


def choice(*allowed: str) -> Read:
    """A reader of one of some words."""

    def read(value: Any) -> str:
        if type(value) is not str:
            raise wrong_type("text", value)
        if value not in allowed:
            near = get_close_matches(value[:100], allowed, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise Refused("unknown_choice", f"{shown(value)!r} is not known here", f"{hint}one of {', '.join(allowed)}")
        return value

    return read


def boolean(value: Any) -> bool:
    """Only true or false, nothing that merely looks like it."""
    if type(value) is not bool:
        raise wrong_type("true or false", value)
    return value


def integer(low: int, high: int = SAFE_INTEGER) -> Read:
    """A reader of a whole number from `low` to `high`."""

    def read(value: Any) -> int:
        if type(value) is not int:
            raise wrong_type("a whole number", value)
        if not low <= value <= high:
            raise Refused("out_of_range", f"{shown(value)} is out of range", f"from {low} to {high}")
        return value

    return read


def decimal_text(value: Any) -> str:
    """A decimal string such as "120.00", still without its currency."""
    if type(value) is not str:
        raise wrong_type('an amount as text, such as "120.00"', value)
    if not _DECIMAL.fullmatch(value):
        raise Refused(
            "not_a_number", f"{shown(value)!r} is not an amount", 'write digits and a point, such as "120.00"'
        )
    return value


def currency(value: Any) -> str:
    """An ISO 4217 code; a retired one is still read, and judged against the date by `refuse_retired`."""
    if type(value) is not str:
        raise wrong_type("a currency code", value)
    if is_active(value) or value in RETIRED:
        return value
    raise Refused("unknown_currency", f"{shown(value)!r} is not a currency", 'a code of ISO 4217, such as "EUR"')


def refuse_retired(code: str, at: datetime) -> None:
    """Refuse a currency that had gone by that day."""
    last = RETIRED.get(code)
    if last is not None and at.date() > last:
        raise Refused(
            "retired_currency", f"{code} was replaced; its last day was {last}", "give the amount in the new currency"
        )


def country(value: Any) -> str:
    """An ISO 3166 country code of two letters."""
    if type(value) is not str:
        raise wrong_type("a country code", value)
    if value not in COUNTRIES:
        raise Refused("unknown_country", f"{shown(value)!r} is not a country code", 'two letters, such as "DE"')
    return value


def email(value: Any) -> str:
    """An e-mail address, kept as typed."""
    if type(value) is not str:
        raise wrong_type("an e-mail address", value)
    local, at, host = value.rpartition("@")
    good = at and len(value) <= 254 and len(local) <= 64 and _EMAIL_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(host)
    if not good or not value.isprintable():
        raise Refused("invalid_email", f"{shown(value)!r} is not an e-mail address", "write it like ann@example.com")
    return value


def host_name(value: Any) -> str:
    """A domain name such as example.com, without scheme or path."""
    if type(value) is not str:
        raise wrong_type("a domain name", value)
    if len(value) > 253 or not _DOMAIN.fullmatch(value):
        raise Refused("invalid_domain", f"{shown(value)!r} is not a domain name", 'write it like "example.com"')
    return value


def list_of(read_one: Read, limit: int) -> Read:
    """A reader of a list of at most `limit` values."""

    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise wrong_type("a list", value)
        if len(value) > limit:
            raise Refused("too_many_items", f"{len(value)} are too many", f"at most {limit}")
        problems: list[Problem] = []
        parsed = []
        for position, one in enumerate(value):
            try:
                parsed.append(read_one(one))
            except DomainError as error:
                problems += problems_of(error, path=f"[{position}]", value=one)
        if problems:
            raise RefusedParts(problems)
        return parsed

    return read


def object_of(shape: Shape) -> Read:
    """A reader of an object inside an object."""

    def read(value: Any) -> dict[str, Any]:
        problems: list[Problem] = []
        values = read_object(shape, value, problems)
        if problems:
            raise RefusedParts(problems)
        return values

    return read


def percent_ppm(value: Any, *, above_whole: bool = False) -> int:
    """A percent string with at most 4 decimals, in millionths: "12.5%" is 125000; never above 100% unless allowed."""
    if type(value) is not str:
        raise wrong_type('a percent as text, such as "12.5%"', value)
    found = _PERCENT.fullmatch(value)
    if found is None:
        raise Refused("not_a_number", f"{shown(value)!r} is not a percent", 'write it like "12.5%"')
    decimals = found[2] or ""
    if len(decimals) > 4:
        raise Refused("too_many_decimals", f"{shown(value)} has {len(decimals)} decimals", "at most 4 decimals")
    ppm = int(found[1] + decimals.ljust(4, "0"))
    if ppm > PERCENT_WHOLE_PPM and not above_whole:
        raise Refused("out_of_range", f"{value} is above 100%", "from 0% to 100%")
    return ppm


def percent_text(ppm: int) -> str:
    """The percent string of millionths, without needless zeros.

    >>> percent_text(125000), percent_text(1_000_000), percent_text(33_3333)
    ('12.5%', '100%', '33.3333%')
    """
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") + "%"


def properties(value: Any) -> dict[str, Any]:
    """Free facts beside a conversion: names with text, numbers, true or false; null is the same as absent."""
    if type(value) is not dict:
        raise Refused("expected_object", "an object was expected", '{"name": "value"}')
    if len(value) > 50:
        raise Refused("too_many_items", f"{len(value)} properties are too many", "at most 50")
    problems: list[Problem] = []
    read: dict[str, Any] = {}
    for name, one in value.items():
        try:
            if one is not None:
                read[_property_name(name)] = _property(one)
        except DomainError as error:
            problems += problems_of(error, path=shown(name), value=one)
    if problems:
        raise RefusedParts(problems)
    return read


def _property_name(name: Any) -> str:
    if type(name) is not str or not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name):
        raise Refused(
            "invalid_text", f"{shown(name)!r} is no property name", "letters, digits, _ and -, at most 60 characters"
        )
    return name


_property_text = text(500)


def _property(value: Any) -> Any:
    if type(value) is bool:
        return value
    if type(value) is int:
        if abs(value) > SAFE_INTEGER:
            raise Refused("out_of_range", f"{shown(value)} is out of range", "whole numbers stay below 2^53")
        return value
    if type(value) is Decimal:
        return _short_decimal(value)
    if type(value) is str:
        return _property_text(value)
    raise wrong_type("text, a number, true or false", value)


def _short_decimal(value: Decimal) -> int | float:
    """Up to fifteen digits a float says the very same decimal again, so no reader on the way rounds the number."""
    if not value.is_finite():
        raise Refused("not_a_number", f"{value} is not a number", "give a finite number")
    number = value.normalize()
    digits, exponent = len(number.as_tuple().digits), number.adjusted()
    if digits > 15 or not -15 <= exponent <= 15:
        raise Refused("out_of_range", f"{shown(value)} has too many digits", "at most 15 digits")
    return int(number) if number == number.to_integral_value() else float(number)


def wrong_type(wanted: str, value: Any) -> Refused:
    """The refusal of a value that is of another type than `wanted`."""
    return Refused("wrong_type", f"{wanted} was expected, {_type_name(value)} was given", f"give {wanted}")


@lru_cache
def _names() -> dict[type, str]:
    return {str: "text", bool: "true or false", int: "a number", Decimal: "a number", float: "a number",
            list: "a list", dict: "an object"}  # fmt: skip


def _type_name(value: Any) -> str:
    return _names().get(type(value), type(value).__name__)
