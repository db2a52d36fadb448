"""The examples in `docs/commission-rules.md` and in docstrings are true."""

import doctest
import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

import goodword.domain
from goodword.domain.money import to_decimal
from goodword.domain.settlement import read_facts, read_program, settle
from tests.domain.sums import comes_to, read_sum

DOC = (Path(__file__).parents[2] / "docs" / "commission-rules.md").read_text()
SUMS = re.findall(r"```sums\n(.*?)```", DOC, re.DOTALL)
MODULES = [found.name for found in pkgutil.walk_packages(goodword.domain.__path__, "goodword.domain.")]


def block(kind):
    return re.search(rf"```{kind}\n(.*?)```", DOC, re.DOTALL)[1]


def rows(header):
    """The cells of the table with this header."""
    table = DOC[DOC.index(header) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


@pytest.fixture
def settlement():
    program = read_program(json.loads(block("json")))
    return settle(program, read_facts(program, [json.loads(line) for line in block("jsonl").splitlines()]))


def test_the_rules_example_is_what_the_engine_says(settlement):
    lines = [
        [x.conversion, x.partner, x.rule, to_decimal(x.basis, "USD"), to_decimal(x.amount, "USD"), " ".join(x.reasons)]
        for x in settlement.lines
    ]
    outcomes = [[x.conversion, "", "", "", "", x.outcome] for x in settlement.outcomes]
    assert rows("| conversion | partner |") == lines + outcomes


def test_the_steps_example_is_what_the_engine_says(settlement):
    assert rows("| do | from | is |") == [[s["do"], s["from"], s["is"]] for s in settlement.lines[0].steps]


@pytest.mark.parametrize("text", SUMS)
def test_the_worked_sums_are_what_the_engine_says(text):
    case = read_sum(text)
    assert case.pays + case.none, "a sum says what comes of it"
    assert comes_to(case) == (case.pays, case.none)


def test_every_kind_of_pay_and_limit_has_a_worked_sum():
    written = " ".join(SUMS)
    words = (
        "percent flat schedule tiers lasts floor cap guardrail budget overrides bonuses clawback tail when adds choose"
    )
    assert [word for word in words.split() if f'"{word}"' not in written] == []


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
