"""What a program decides for all its terms, as a form and back."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from goodword.domain.program_sheet import SETTINGS, program_sheet, settings_of
from goodword.domain.settlement import read_program
from tests.oracle.worlds import world_of


def read(given, currency):
    known = {name: given[name] for name in SETTINGS if given.get(name) is not None}
    found = read_program({"program": "p", "currency": currency, "timezone": "UTC", "terms": {}, **known})
    groups = tuple(tuple(sorted(group)) for group in found.attribution.priority if group)
    return replace(found, attribution=replace(found.attribution, priority=groups))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_the_settings_of_every_world_survive_the_form(seed):
    program, _, _ = world_of(random.Random(seed))
    currency = program["currency"]
    again, problems = settings_of(program_sheet(program, currency), currency)
    assert not problems
    assert read(again, currency) == read(program, currency)
    assert settings_of(program_sheet(again, currency), currency) == (again, [])


def test_each_mistake_is_told_beside_its_field():
    typed = {"window_days": "soon", "hold_days": "", "guardrail": "200", "budget_amount": "x", "window_code": "-1",
             "lock": "months", "lock_months": "?", "model": "best", "half_life_days": "0"}  # fmt: skip
    _, problems = settings_of(typed, "USD")
    assert {problem.field for problem in problems} == set(typed) - {"lock"}


@given(st.dictionaries(st.sampled_from(sorted(program_sheet({}, "USD"))), st.sampled_from(["", "5", "x", "-1", "1e9"])))
@settings(max_examples=150, deadline=None)
def test_anything_typed_is_settings_that_can_be_read_or_problems(typed):
    settings_made, problems = settings_of(typed, "USD")
    assert {problem.field for problem in problems} <= {*program_sheet({}, "USD")}
    if not problems:
        read(settings_made, "USD")
