"""JSON read strictly, and positions in it: duplicate keys, NaN, over-long numbers, deep nesting and broken text are
refused with a stable code. Works on text; files are opened elsewhere.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from goodword.domain.errors import DomainError

DEPTH_MAX = 32
_DIGITS_MAX = 40
_INTEGER_LIMIT = 2**63
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|\n|,|:', re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class BadJson(DomainError):
    """The text is not JSON as we take it; `code` says how, `line` and `column` where it can be told."""

    def __init__(self, code: str, message: str, *, value: str = "", remedy: str = "", line: int = 1) -> None:
        self.code = code
        self.line = line
        super().__init__(message, value=value, remedy=remedy)


def read_json(text: str) -> Any:
    """The value of a JSON text. Numbers are exact: int or Decimal. Raises BadJson."""
    _check_depth(text)
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_decimal, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise BadJson(
            "invalid_json",
            f"not JSON at column {error.colno}: {error.msg}",
            value=text[max(0, error.pos - 10) : error.pos + 10].strip(),
            remedy="write one JSON value in UTF-8",
            line=error.lineno,
        ) from None


def json_text(value: Any) -> str:
    """One line of JSON. Unlike `json.dumps` it writes a Decimal as the number it is.

    >>> json_text({"a": [Decimal("1.10"), "é", None]})
    '{"a": [1.10, "é", null]}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json_text(str(key))}: {json_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(json_text(part) for part in value) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def pretty_json(value: Any, indent: str = "") -> str:
    """JSON over several lines for people to read and change, numbers exact; short lists and objects stay on one line.

    >>> print(pretty_json({"rules": [{"key": "all"}], "hold": Decimal("1.50")}))
    {
      "rules": [{"key": "all"}],
      "hold": 1.50
    }
    """
    line = json_text(value)
    if not isinstance(value, Mapping | list | tuple) or not value or (indent and len(indent) + len(line) <= 72):
        return line
    inner = indent + "  "
    if isinstance(value, Mapping):
        parts = [f"{json_text(str(key))}: {pretty_json(part, inner)}" for key, part in value.items()]
        opening, closing = "{", "}"
    else:
        parts = [pretty_json(part, inner) for part in value]
        opening, closing = "[", "]"
    return opening + "\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}{closing}"


def text_problem(text: str) -> str:
    """What makes a text unfit to be stored ("a NUL character", "a lone surrogate"), or nothing."""
    if "\x00" in text:
        return "a NUL character"
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "a lone surrogate"
    return ""


def lines_of_paths(text: str) -> dict[str, int]:
    """The line (from 1) on which each key or item of a JSON text stands, by path: `terms.a.rules[0].key`.

    Only for messages: the text has been read, or could be read, before.
    """
    found: dict[str, int] = {"": 1}
    stack: list[list[Any]] = []
    line, key, expects_key = 1, "", False
    for match in _MARK.finditer(text):
        mark = match.group()
        if mark == "\n":
            line += 1
        elif mark[0] == '"':
            if expects_key and stack:
                key, expects_key = json.loads(mark, strict=False), False
                stack[-1][1] = key
                found[_path(stack)] = line
            elif stack and stack[-1][0] == "[":
                found.setdefault(_path(stack), line)
            line += mark.count("\n")
        elif mark in "{[":
            if stack and stack[-1][0] == "[":
                found.setdefault(_path(stack), line)
            stack.append([mark, 0 if mark == "[" else ""])
            expects_key = mark == "{"
        elif mark in "}]":
            if stack:
                stack.pop()
            expects_key = False
        elif mark == "," and stack:
            expects_key = stack[-1][0] == "{"
            if not expects_key:
                stack[-1][1] += 1
    return found


def _path(stack: list[list[Any]]) -> str:
    path = ""
    for kind, key in stack:
        path += f"[{key}]" if kind == "[" else (f".{key}" if path else str(key))
    return path


def _check_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= DEPTH_MAX:
        return
    depth = 0
    for char in re.sub(r"[^{}\[\]]", "", _STRING.sub("", text)):
        depth += 1 if char in "{[" else -1
        if depth > DEPTH_MAX:
            raise BadJson("too_deep", f"nested more than {DEPTH_MAX} deep", remedy=f"nest at most {DEPTH_MAX} deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadJson("duplicate_key", f"{twice!r} is given twice", value=twice[:80], remedy="give each key once")
    return found


def _constant(text: str) -> NoReturn:
    raise BadJson("not_a_number", f"{text} is no number", value=text, remedy="give a finite number, or leave it out")


def _decimal(text: str) -> Decimal:
    try:
        _, digits, exponent = (value := Decimal(text)).as_tuple()
    except InvalidOperation:  # an exponent that no Decimal can hold
        digits, exponent = (), "n"
    if not isinstance(exponent, int) or abs(exponent) > _DIGITS_MAX or len(digits) > _DIGITS_MAX:
        raise BadJson(
            "not_a_number", f"{text[:40]} is out of reach", value=text[:40], remedy=f"use at most {_DIGITS_MAX} digits"
        )
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or not -_INTEGER_LIMIT <= int(text) < _INTEGER_LIMIT:
        raise BadJson("out_of_range", f"{text[:40]} is too large", value=text[:40], remedy="integers stay below 2^63")
    return int(text)
