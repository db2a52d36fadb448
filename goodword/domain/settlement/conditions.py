"""The `when` of a rule: which fields and operators there are, and how one value is compared.

A missing value makes every operator but `exists` false.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from goodword.domain.settlement.fields import Fields, Problems, exact_number, parse_date
from goodword.domain.settlement.program import Condition
from goodword.domain.settlement.strict_json import text_problem

OPERATORS: Final = ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "exists")
FIELDS: Final[Mapping[str, str]] = {
    "product": "text",
    "category": "text",
    "kind": "text",
    "country": "text",
    "amount": "money",
    "code": "flag",
    "customer": "age",
    "nth": "number",
    "customer_nth": "number",
    "customer_months": "number",
    "partner_days": "number",
    "partner_country": "text",
    "group": "text",
    "at": "date",
}
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def read_conditions(when: Fields | None, currency: str) -> tuple[Condition, ...]:
    """The conditions of a `when` object."""
    found: list[Condition] = []
    for name in when.values if when else ():
        assert when is not None
        value = when.values[name]
        if name not in FIELDS and not (name.startswith("properties.") and len(name) > len("properties.")):
            Fields({name: value}, when.problems, when.path).only([*FIELDS, "properties.NAME"])
            continue
        tests = value if isinstance(value, Mapping) else {"eq": value}
        given = Fields(tests, when.problems, when.at(name) if isinstance(value, Mapping) else when.path)
        bare = None if isinstance(value, Mapping) else name
        if not tests:
            when.refuse("required", name, "names no operator", f"use one of: {', '.join(OPERATORS)}")
        found += [c for o in tests if (c := _condition(name, o, given, bare=bare, currency=currency))]
    return tuple(found)


def _condition(name: str, op: str, given: Fields, *, bare: str | None, currency: str) -> Condition | None:
    if bare is None and op not in OPERATORS:
        given.refuse("unknown_operator", op, "is no operator", f"use one of: {', '.join(OPERATORS)}")
        return None
    kind = FIELDS.get(name, "property")
    value, path = given.values[op], given.at(bare or op)
    operand = _operand(kind, op, value, path=path, problems=given.problems, currency=currency)
    if operand is None:
        return None
    return Condition(name, op, operand, _test(kind, op))


def _operand(kind: str, op: str, value: Any, *, path: str, problems: Problems, currency: str) -> Any:
    if op == "exists":
        if isinstance(value, bool):
            return value
        problems.add("wrong_type", "must be true or false", field=path, value=value, remedy="write true or false")
        return None
    if op in {"in", "not_in"}:
        if not isinstance(value, list | tuple):
            problems.add("wrong_type", "must be a list", field=path, value=value, remedy="write it in square brackets")
            return None
        parts = [
            _single(kind, op, part, path=f"{path}[{i}]", problems=problems, currency=currency)
            for i, part in enumerate(value)
        ]
        return None if any(part is None for part in parts) else tuple(parts)
    return _single(kind, op, value, path=path, problems=problems, currency=currency)


def _single(kind: str, op: str, value: Any, *, path: str, problems: Problems, currency: str) -> Any:
    """One operand in the type of its field, or None after noting what is wrong."""
    field = Fields({path: value}, problems)
    if kind == "money":
        return field.money(path, currency, required=True)
    if kind == "number" and field.required(path):
        return field.integer(path, high=10**9)
    if kind == "text":
        return field.text(path, required=True)
    if kind == "age" and field.required(path):
        return field.choice(path, ("new", "existing"), "") or None
    if kind == "date":
        day = parse_date(value) if isinstance(value, str) else None
        if day is None:
            field.refuse(
                "invalid_date", path, "is not a date", 'write a date such as "2026-03-01" (in the program\'s zone)'
            )
        return day.toordinal() if day else None
    fits = isinstance(value, bool) if kind == "flag" else isinstance(value, str | bool) or exact_number(value)
    if not fits or (kind == "flag" and op not in {"eq", "ne", "in", "not_in"}):
        wanted = "true or false, with eq or ne" if kind == "flag" else "a text, a number, true or false"
        problems.add("wrong_type", f"must be {wanted}", field=path, value=value, remedy="give another value")
        return None
    if isinstance(value, str) and (broken := text_problem(value)):
        problems.add("invalid_text", f"contains {broken}", field=path, value=value, remedy="remove it")
        return None
    return value


def _test(kind: str, op: str) -> Callable[[Any, Any], bool]:
    if op == "exists":
        return _given
    if op in {"in", "not_in"}:
        one = partial(_compare_properties, op="eq" if op == "in" else "ne") if kind == "property" else None
        if one is None:
            return _among if op == "in" else _not_among
        return partial(_some, one=one) if op == "in" else partial(_every, one=one)
    return partial(_compare_properties, op=op) if kind == "property" else _COMPARE[op]


def _given(_value: Any, operand: bool) -> bool:
    return operand


def _among(value: Any, operands: Sequence[Any]) -> bool:
    return value in operands


def _not_among(value: Any, operands: Sequence[Any]) -> bool:
    return value not in operands


def _some(value: Any, operands: Sequence[Any], *, one: Callable[[Any, Any], bool]) -> bool:
    return any(one(value, operand) for operand in operands)


def _every(value: Any, operands: Sequence[Any], *, one: Callable[[Any, Any], bool]) -> bool:
    return all(one(value, operand) for operand in operands)


def _compare_properties(value: Any, operand: Any, *, op: str) -> bool:
    """Numbers with numbers, texts with texts by code point, truth by eq and ne; anything else is false, `ne` too."""
    if isinstance(value, bool) or isinstance(operand, bool):
        return (
            isinstance(value, bool)
            and isinstance(operand, bool)
            and op in {"eq", "ne"}
            and _COMPARE[op](value, operand)
        )
    if isinstance(value, str) and isinstance(operand, str):
        return _COMPARE[op](value, operand)
    return exact_number(value) and exact_number(operand) and _COMPARE[op](value, operand)
