"""Programs and facts made from good ones by bending them: wrong types, huge and odd values, keys lost, doubled or
renamed; as objects and as the text of files. What must come of them: lines, or a list of problems.
"""

import copy
import json
from decimal import Decimal

from hypothesis import strategies as st

from goodword.domain.errors import DomainError, InvalidInput
from goodword.domain.settlement import line_to_json, read_facts, read_program, settle
from tests.domain.test_settlement_properties import PROGRAM, some_facts

NUMBERS = [
    0, -1, 1, 2, 31, 10**6, 10**15, 2**63, -(2**63), 10**40, Decimal("0.1"), Decimal("1E-60"), Decimal("9E+60"),
    float("nan"), float("inf"), -0.0, 1e308,
]  # fmt: skip
TEXTS = [
    "", " ", "0", "-0", "1", "-1.00", "0.001", "999999999999999.99", "9" * 30, "1e5", "NaN", "Infinity", "٣",
    "100%", "101%", "0.00001%", "-5%", "5", "%", "1/0", "10%\n", "USD", "XXX", "EUR", "usd", "UTC", "Mars/Base",
    "2026-02-30", "2026-01-01", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:00", "2026-06-30T23:59:60Z", "\x00", "\ud800", "é", "😀", "a" * 70_000, "s0", "p", "q", "c",
    "sale", "assist", "lead", "link", "month", "conversion", "trailing_12m", "properties.n", "__proto__", "%s{0}",
    "1,000.00", "../etc", "std",
]  # fmt: skip
DEEP = st.integers(1, 900).map(lambda depth: json.loads("[" * depth + "]" * depth))
VALUES = st.one_of(
    st.sampled_from([None, True, False, [], {}, [[]], [None], [{}], {"": {}}, {"a": 1}]),
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.sampled_from(TEXTS).map(lambda text: [text, text]),
    st.text(max_size=8),
    st.integers(),
    DEEP,
    st.just(list(range(2_000))),
)
TEXT_FAULTS = [
    "", "\ufeff", "{", "}", "]", '"', ",", ",,", "NaN", "-Infinity", "1e999999", "1e99999999999999999999", "0" * 5_000,
    "9" * 5_000, "\\ud800",
    "\\u0000", "[" * 3_000, '{"a":' * 3_000, '"fact":"sale","fact":"sale",', "\x00", "\r", "\u2028", "//", "'", "\n\n",
]  # fmt: skip


def places(value, here=()):
    """Where every value of an object is."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield (*here, key)
        yield from places(part, (*here, key))


def bend(draw, whole):
    """One value replaced, lost, doubled under another name, or put one deeper."""
    every = list(places(whole))
    if not every:
        return
    path = draw(st.sampled_from(every))
    inside = whole
    for key in path[:-1]:
        inside = inside[key]
    last, kind = path[-1], draw(st.integers(0, 9))
    if kind == 0:
        del inside[last]
    elif kind == 1 and isinstance(inside, dict):
        inside[draw(st.sampled_from([*TEXTS, "Amount", "id ", "from"]))] = copy.deepcopy(inside[last])
    elif kind == 2:
        inside[last] = {last if isinstance(last, str) else "x": inside[last]}
    elif kind == 3:
        inside[last] = [inside[last], copy.deepcopy(inside[last])]
    else:
        inside[last] = copy.deepcopy(draw(VALUES))  # or a later fault would bend the value that is drawn from


@st.composite
def bent(draw):
    """(document, facts) with some faults, sometimes with none."""
    whole = [copy.deepcopy(draw(PROGRAM)), copy.deepcopy(draw(some_facts()))]
    for _ in range(draw(st.integers(0, 4))):
        bend(draw, whole)
    document, facts = whole if len(whole) == 2 else (whole[:1], [])
    return document, facts if isinstance(facts, list) else [facts]


@st.composite
def broken_texts(draw):
    """(program, facts) as the bytes of files, with faults in the text itself."""
    document, facts = draw(bent())
    texts = [_text(document), "".join(_text(fact) + "\n" for fact in facts)]
    for _ in range(draw(st.integers(0, 3))):
        which = draw(st.integers(0, 1))
        at = draw(st.integers(0, max(len(texts[which]), 1)))
        until = min(at + draw(st.sampled_from([0, 0, 1, 5, 10**6])), len(texts[which]))
        texts[which] = texts[which][:at] + draw(st.sampled_from(TEXT_FAULTS)) + texts[which][until:]
    found = [text.encode("utf-8", "surrogatepass") for text in texts]
    if draw(st.integers(0, 9)) == 0:
        found[draw(st.integers(0, 1))] += b"\xff\xfe\xc0"
    return found


def _text(value):
    return json.dumps(value, default=str)


def what_comes_of(document, facts):
    """How many problems objects have (0: they can be settled). Anything but lines or a list of problems is a fault."""
    try:
        program = read_program(document)
        for line in settle(program, read_facts(program, facts)).lines[:20]:
            line_to_json(line)
    except InvalidInput as refused:
        problems = refused.problems
    except DomainError as refused:
        problems = (refused.problem,)
    else:
        return 0
    assert 1 <= len(problems) <= 100
    for problem in problems:
        assert problem.code
        assert problem.message
        assert len(problem.value) <= 80
        problem.message.encode(), problem.field.encode()
    return len(problems)
