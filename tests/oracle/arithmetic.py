"""A pocket calculator for the `from` of a step: numbers with labels, + - * / ( ), min and max, in exact fractions."""

import re
from dataclasses import dataclass
from fractions import Fraction

NUMBER = r"\d+(?:\.\d+)?(?:/\d+)?%?"
LABEL = r"(?:[A-Za-z]+(?: [A-Za-z]+)*)"
TOKEN = re.compile(rf"\s*(?:(?P<number>{NUMBER})(?: (?P<label>{LABEL}))?|(?P<call>min|max)\(|(?P<sign>[-+*/(),]))")
NOTE = re.compile(r", (rounded (?:half up|half even|down)|largest remainder (?:up|down))$")


@dataclass(frozen=True)
class Sum:
    """What a `from` comes to: its value, how it is brought to whole units, and the figures it names."""

    value: Fraction
    note: str | None
    figures: list  # of Fraction, in order
    labels: list  # of (label, figure)


def number(text):
    """`12.50`, `12.5%` or `1/3`."""
    exact = Fraction(text.rstrip("%"))
    return exact / 100 if text.endswith("%") else exact


def read_sum(text):
    """Read and work out one `from`; ValueError where a calculator could not."""
    note = NOTE.search(text)
    tokens = list(_tokens(text[: note.start()] if note else text))
    figures = [value for kind, value, _ in tokens if kind == "number"]
    labels = [(label, value) for kind, value, label in tokens if kind == "number" and label]
    rest = list(tokens)
    value = _sum(rest)
    if rest:
        raise ValueError(f"a calculator stops before {rest[0][1]!r} in {text!r}")
    return Sum(value, note[1] if note else None, figures, labels)


def _tokens(text):
    text, at = text.strip(), 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            raise ValueError(f"a calculator cannot read {text[at:]!r} in {text!r}")
        at = found.end()
        if found["number"]:
            yield "number", number(found["number"]), found["label"]
        else:
            yield "sign", (found["call"] or "") + "(" if found["call"] else found["sign"], None


def _next(rest, *signs):
    """Take the next sign off, if it is one of these."""
    if rest and rest[0][0] == "sign" and rest[0][1] in signs:
        return rest.pop(0)[1]
    return None


def _sum(rest):
    value = _product(rest)
    while sign := _next(rest, "+", "-"):
        value = value + _product(rest) if sign == "+" else value - _product(rest)
    return value


def _product(rest):
    value = _atom(rest)
    while sign := _next(rest, "*", "/"):
        value = value * _atom(rest) if sign == "*" else value / _atom(rest)
    return value


def _atom(rest):
    if opened := _next(rest, "(", "min(", "max("):
        values = [_sum(rest)]
        while _next(rest, ","):
            values.append(_sum(rest))
        if not _next(rest, ")"):
            raise ValueError("a bracket is not closed")
        return {"(": lambda one: one[0], "min(": min, "max(": max}[opened](values)
    if not rest or rest[0][0] != "number":
        raise ValueError("a number is missing")
    return rest.pop(0)[1]
