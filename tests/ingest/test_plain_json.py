"""The quick reader of bodies returns what the strict one returns, or leaves the body to it."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from goodword.api.json_body import parse_object
from goodword.domain.errors import DomainError
from goodword.ingest.plain_json import read_plain

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
SNIPPETS = st.sampled_from(
    ['"id"', '"a"', ":", ",", "{", "}", "[", "]", "1", "-0", "1.0", "1e5", "9007199254740993", "true", "null", '""',
     '"\\u0041"', '"\\ud800"', "NaN", " ", "\n", '"\x7f"', '"é"', "\ufeff", "01", "'a'"]
)  # fmt: skip


def strict(body):
    try:
        return parse_object(body)
    except DomainError:
        return None


def same(body):
    quick = read_plain(body)
    assert quick is None or _exactly(quick) == _exactly(strict(body))


def _exactly(value):
    """With the type of each value: True is not 1."""
    if isinstance(value, dict):
        return [(name, _exactly(one)) for name, one in value.items()]
    return [_exactly(one) for one in value] if isinstance(value, list) else (type(value), value)


@given(st.dictionaries(TEXTS, VALUES, max_size=5), st.booleans())
def test_generated_objects_are_read_alike(value, ascii_only):
    same(json.dumps(value, ensure_ascii=ascii_only).encode())


@settings(max_examples=400)
@given(st.lists(SNIPPETS, max_size=14))
@example(['{"a":1,"a":2}'])
@example(['{"a":"x","a":"x"}'])
@example(['{"a":{"b":1,"b":1}}'])
def test_odd_texts_are_read_alike(parts):
    same("".join(parts).encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_alike(body):
    same(b'{"a":"' + body + b'"}')


@pytest.mark.parametrize("body", [b'{"a":"1","a":"1"}', b'{"a":1.5}', b'{"a":"\\u0041"}', b"[1]", b'{"a":"\xff"}', b""])
def test_b05_what_readers_could_read_differently_is_left_to_the_strict_one(body):
    assert read_plain(body) is None


def test_an_ordinary_sale_is_plain():
    body = b'{"id":"s-1","customer":{"id":"c-1"},"amount":"120.00","lines":[{"product":"x","quantity":2}]}'
    assert read_plain(body) == json.loads(body)
