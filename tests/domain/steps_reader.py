"""A little reader of `steps`, written against the contract alone: it redoes every sum with fractions and knows nothing
of the engine.
"""

import re
from fractions import Fraction

from goodword.domain.settlement import Line

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)(%)?|(min|max)\(|([-+*/(),])|([A-Za-z_][\w]*))")


def redo(line: Line, decimals: int) -> Fraction:
    """The amount that the steps lead to; asserts that each step's sum gives what it says, from known figures."""
    unit = Fraction(1, 10**decimals)
    last = {}
    for step in line.steps:
        source, result = step["from"], step["is"]
        if re.match(r"\d|\(|min\(|max\(", source):
            check(source, result, unit)
        last[step["do"]] = result
    assert len(line.steps) > 2
    assert line.steps[-2]["is"] == line.steps[-1]["is"], "the amount is what the last sum gave"
    return Fraction(last["amount"])


def check(source: str, result: str, unit: Fraction) -> None:
    sum_, how = _split(source)
    exact = evaluate(sum_)
    if result.endswith("%"):
        unit, stated = Fraction(1, 1_000_000), Fraction(result[:-1]) / 100
    else:
        stated = Fraction(result)
    expected = {
        "": lambda: exact,
        "rounded half up": lambda: _half_up(exact / unit) * unit,
        "rounded half even": lambda: round(exact / unit) * unit,
        "rounded down": lambda: (exact // unit) * unit,
        "largest remainder up": lambda: (exact // unit + 1) * unit,
        "largest remainder down": lambda: (exact // unit) * unit,
    }[how]()
    assert stated == expected, f"{source} is {expected}, not {result}"


def _half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def _split(source: str) -> tuple[str, str]:
    """The sum and, after a comma outside brackets, how it is rounded."""
    depth = 0
    for i, char in enumerate(source):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            return source[:i], source[i + 1 :].strip()
    return source, ""


def evaluate(text: str) -> Fraction:
    tokens = []
    end = 0
    while end < len(text.rstrip()):
        match = _TOKEN.match(text, end)
        assert match, f"cannot read {text[end:]!r} in {text!r}"
        end = match.end()
        number, percent, function, sign, _word = match.groups()
        if number:
            tokens.append(Fraction(number) / (100 if percent else 1))
        elif function or sign:
            tokens.append(function or sign)
    value = _sum(tokens)
    assert not tokens, f"{tokens} left over in {text!r}"
    return value


def _sum(tokens: list) -> Fraction:
    value = _product(tokens)
    while tokens and tokens[0] in {"+", "-"}:
        value = value + _product(tokens) if tokens.pop(0) == "+" else value - _product(tokens)
    return value


def _product(tokens: list) -> Fraction:
    value = _factor(tokens)
    while tokens and tokens[0] in {"*", "/"}:
        value = value * _factor(tokens) if tokens.pop(0) == "*" else value / _factor(tokens)
    return value


def _factor(tokens: list) -> Fraction:
    token = tokens.pop(0)
    if token == "(":
        value = _sum(tokens)
        assert tokens.pop(0) == ")"
        return value
    if token in {"min", "max"}:
        values = [_sum(tokens)]
        while tokens.pop(0) == ",":
            values.append(_sum(tokens))
        return min(values) if token == "min" else max(values)
    return token
