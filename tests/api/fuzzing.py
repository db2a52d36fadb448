"""Calls of the API made up from its own description: mostly well-formed, some parts bent, some replaced by rubbish."""

import json
import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from goodword.api.v1 import description

NASTY = [
    None, True, 0, -1, 2**53 + 1, 2**63, 1.5, math.nan, math.inf, "", " ", "\0", "\ud800", "x" * 3000, "2026-02-29",
    "9999999999999999.99", "-0", "1e400", "𝟙𝟚", "\u202e", "'; drop table x", "%00", "../..", [], {}, [[]], {"a": {}},
    "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-12:00", "prt_", "standard@1",
    "standard@99999999999999999999", "@", "https://shop.example@evil", "https://[", "http://testserver/r/a/b",
]  # fmt: skip
TEXT = st.text(max_size=12)
MOMENTS = st.sampled_from(
    ["2026-05-01T09:30:00Z", "2026-05-01T09:30:00+02:00", "2026-05-03T00:00:00Z", "2026-10-25T02:30:00", "2026-05-01"]
)
AMOUNTS = st.sampled_from(["1.00", "2.00", "120.00", "0.00", "99999999999.99", "1.001", "-5.00"])


@dataclass(frozen=True)
class Made:
    """One call."""

    method: str
    path: str
    body: bytes
    content_type: str
    headers: dict[str, str]
    answers: frozenset[str]


def calls(known: dict[str, list[str]]) -> st.SearchStrategy[Made]:
    """Calls of every operation; `known` names existing objects by the part of the address that they fill."""
    document = description()
    return st.one_of(
        [
            _call(path, method.upper(), operation, known)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]
    )


@st.composite
def _call(draw: Any, path: str, method: str, operation: dict[str, Any], known: dict[str, list[str]]) -> Made:
    query = []
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if parameter["in"] == "path":
            given = draw(st.one_of(st.sampled_from(known.get(name) or ["x"]), TEXT))
            path = path.replace(f"{{{name}}}", quote(given or "x", safe=""))
        elif parameter["in"] == "query" and draw(st.integers(0, 3)) == 0:
            query.append((name, draw(st.one_of(_valid(parameter["schema"], known, name), TEXT, st.just("x" * 300)))))
    if draw(st.integers(0, 9)) == 0:
        query.append((draw(TEXT), draw(TEXT)))
    if query:
        path += "?" + urlencode([(name, str(value)) for name, value in query], errors="replace")
    headers = {"Idempotency-Key": draw(st.text("abc \x7f", max_size=3))} if draw(st.integers(0, 9)) == 0 else {}
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    body = draw(_body(schema, known)) if schema else b""
    kind = draw(st.sampled_from(["application/json"] * 9 + ["text/plain"]))
    return Made(method, path, body, kind, headers, frozenset(operation["responses"]))


@st.composite
def _body(draw: Any, schema: dict[str, Any], known: dict[str, list[str]]) -> bytes:
    value = draw(_valid(schema, known))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        value = _bent(draw, value)
    text = json.dumps(value)
    if draw(st.integers(0, 19)) == 0:
        text = text[: draw(st.integers(0, len(text)))]
    return text.encode()


def _bent(draw: Any, value: Any) -> Any:
    """The same value with one part of it replaced."""
    if draw(st.integers(0, 2)) and isinstance(value, dict) and value:
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: _bent(draw, value[name])}
    if draw(st.integers(0, 2)) and isinstance(value, list) and value:
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], _bent(draw, value[place]), *value[place + 1 :]]
    return draw(st.sampled_from(NASTY))


def _valid(schema: dict[str, Any], known: dict[str, list[str]], name: str = "") -> st.SearchStrategy[Any]:
    if "anyOf" in schema:
        return st.one_of([_valid(one, known, name) for one in schema["anyOf"]])
    kind = schema["type"]
    if isinstance(kind, list):
        return st.sampled_from(["a", 1, 1.5, True])
    if kind == "object":
        return _object(schema, known)
    if kind == "array":
        return st.lists(_valid(schema["items"], known), max_size=3, min_size=schema.get("minItems", 0))
    if kind == "integer":
        return st.integers(schema.get("minimum", 0), schema.get("maximum", 1000))
    return st.booleans() if kind == "boolean" else _text(schema, known, name)


FITTING = {
    "terms": ["standard@1"], "sale": ["s-1", "s-2"], "customer": ["c-1"], "visitor": ["v-1"], "key": ["go-4", "a1b2"],
    "currency": ["EUR", "USD", "JPY"], "from": ["USD"], "to": ["EUR"], "country": ["DE"], "group": ["gold"],
    "id": ["s-1", "n-1", "n-2", "n-3"], "code": ["save10"],
}  # fmt: skip


def _text(schema: dict[str, Any], known: dict[str, list[str]], name: str) -> st.SearchStrategy[str]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return MOMENTS
    if "120.00" in schema.get("examples", []):
        return AMOUNTS
    fitting = FITTING.get(name) or known.get(name) or [*schema.get("examples", []), "https://shop.example/x", "word"]
    return st.integers(0, 9).flatmap(lambda chance: st.sampled_from(fitting) if chance else TEXT)


@st.composite
def _object(draw: Any, schema: dict[str, Any], known: dict[str, list[str]]) -> dict[str, Any]:
    fields = schema.get("properties", {})
    required = set(schema.get("required", []))
    if not fields:
        return draw(st.dictionaries(TEXT, st.sampled_from(["a", 1, 2.5, False, None]), max_size=3))
    return {
        name: draw(_valid(one, known))
        for name, one in fields.items()
        if name in required or draw(st.integers(0, 2)) == 0
    }
