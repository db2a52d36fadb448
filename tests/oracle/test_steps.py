"""The reader of steps notices a figure that was changed: what it says about the engine would mean nothing otherwise."""

import copy
import re

import pytest

from tests.oracle.arithmetic import read_sum
from tests.oracle.comparing import compare, engine
from tests.oracle.steps import WORDS, problems_of
from tests.oracle.worlds import world

SUMS = {"basis", "split", "rate", "tail", "round", "part", "guardrail", "limit on all", "floor", "cap per sale"}


def lines_of(seeds):
    """Lines of worlds on which engine and oracle agree, each with what the oracle knows about it."""
    for seed in seeds:
        expected, found = compare(*world(seed))
        if not found:
            for line, known in zip(engine(*world(seed)).lines, expected.lines, strict=True):
                yield line, expected.book, known.known


def raised(text):
    """The last figure of a text, one higher in its last digit."""
    head, digits, tail = re.fullmatch(r"(.*?)(\d+)(\D*)", text, re.DOTALL).groups()
    return f"{head}{str(int(digits) + 1).rjust(len(digits), '0')}{tail}"


def changed(line, place, name):
    found = copy.deepcopy(line)
    found["steps"][place][name] = raised(found["steps"][place][name])
    return found


def test_a_result_that_is_one_higher_is_noticed_without_the_oracle():
    tried = 0
    for line, book, _ in lines_of(range(90)):
        for place, step in enumerate(line["steps"]):
            if step["do"] not in WORDS | {"total"}:  # what a partner has reached stands on other lines
                assert problems_of(changed(line, place, "is"), book.places, book.mode, None), step
                tried += 1
    assert tried > 300


def test_a_figure_that_is_one_higher_is_noticed_with_the_oracle():
    tried = 0
    for line, book, known in lines_of(range(90)):
        for place, step in enumerate(line["steps"]):
            if step["do"] in SUMS and read_sum(step["from"]).value:
                assert problems_of(changed(line, place, "from"), book.places, book.mode, known), step
                tried += 1
    assert tried > 300


def test_a_step_that_is_left_out_is_noticed():
    for line, book, known in lines_of(range(20)):
        for place, step in enumerate(line["steps"]):
            if step["do"] in ("basis", "rate", "amount", "floor", "guardrail", "cap per sale"):
                found = copy.deepcopy(line)
                del found["steps"][place]
                assert problems_of(found, book.places, book.mode, known), step


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(238.00 - 38.00 tax - 20.00 shipping) * 1/2 kept", 90),
        ("min(5.00, max(3.00 - 4.00, 0.00))", 0),
        ("12.5% * 80.00 + 5% * 20.00", 11),
    ],
)
def test_the_calculator_works_in_fractions(text, value):
    assert read_sum(text).value == value


@pytest.mark.parametrize("text", ["1.00 +", "(1.00", "1.00 and 2.00 ) 3", "five"])
def test_the_calculator_refuses_what_it_cannot_read(text):
    with pytest.raises(ValueError, match=r"number|bracket|calculator"):
        read_sum(text)
