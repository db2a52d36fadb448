"""What is wrong with terms typed into a form: the engine's problems, beside the form's fields and in its words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from goodword.domain.errors import Problem
from goodword.domain.settlement import Terms
from goodword.domain.settlement.arithmetic import percent_text
from goodword.domain.settlement.program import WHOLE_PPM, Rule
from goodword.domain.terms_sheet import Written

_NOTATION: Final = {"not_a_number", "wrong_type", "required", "invalid_date", "unknown_operator"}
_VERBS: Final = frozenset({"is", "must", "has", "names", "contains", "stands", "goes", "lies", "ended", "come"})
_SHOWN: Final = re.compile(r"^(?:'[^']*'|\"[^\"]*\"|[\d.-]+) (?=is )")
"""What was given, where the reader names it already."""
_PERCENTS: Final = {"percent"}
_AMOUNTS: Final = {"flat", "floor", "cap_sale", "cap_customer", "cap_period"}
_WHOLES: Final = {
    "months", "payments", "level", "hold_days", "lapsed_days", "clawback_days", "graded_months", "half_life_days",
    "lock_months", "window_days",
}  # fmt: skip
_OTHERS: Final = {
    "value": "write what it is compared with, as the example shows",
    "from": "write where the step begins, such as 10000 or 10",
    "reaches": "write what has to be reached, such as 10000 or 10",
    "key": "write a short name",
    "event": "write the event's name as your system sends it, such as lead",
}


def problems_beside(written: Written, found: Iterable[Problem]) -> list[Problem]:
    """Problems of the document as problems of the form: `field` names the form's field, empty for the whole form."""
    told = [_told(problem, written.field_of(problem.field)) for problem in found]
    return [*written.problems, *(one for one in told if one.field not in {p.field for p in written.problems})]


def with_subject(problem: Problem) -> str:
    """What is wrong as a whole clause: the reader of documents says "is not a percent", a person asks what is not.

    >>> with_subject(Problem("not_a_number", "pay.percent: is not a percent", "pay.percent", "a lot"))
    '“a lot” is not a percent'
    """
    message = _SHOWN.sub("", problem.message.removeprefix(f"{problem.field}: "))
    if message.partition(" ")[0] not in _VERBS:
        return message
    told = problem.value.strip("'")
    subject = f"“{told}”" if told and told.isprintable() and told[:1] not in "[{" else "this"
    return f"{subject} {message.replace('must be', 'is not', 1)}"


def _told(problem: Problem, field: str) -> Problem:
    message = with_subject(problem)
    name = field.rpartition("-")[2]
    remedy = problem.remedy
    if problem.code == "out_of_order":
        message, remedy = "another step begins at the same total", "let each step begin at a total of its own"
    elif problem.code == "conflicting_fields" and name == "mode":
        message, remedy = "earlier months are over before the sale", "choose “The total before a sale decides”"
    elif problem.code == "duplicate_key":
        remedy = "give each one a short name of its own"
    elif problem.code == "amount_must_be_positive":
        remedy = "write an amount of 0 or more"
    elif message.endswith("is too large"):
        remedy = "write a smaller amount"
    elif problem.code in _NOTATION:
        remedy = _remedy(field) or remedy
        message = "nothing is written here" if problem.value in {"", "''"} else message
    return replace(problem, field=field, message=message, remedy=remedy)


def _remedy(field: str) -> str:
    name = field.rpartition("-")[2]
    if name == "value" and "-steps-" in field:
        return "write what this step pays, such as 8 or 50.00"
    if name in _PERCENTS:
        return "write a percent such as 20 or 12.5"
    if name in _AMOUNTS:
        return "write an amount such as 50.00"
    return "write a whole number such as 12" if name in _WHOLES or name.startswith("window_") else _OTHERS.get(name, "")


def rates_over_whole(terms: Terms) -> list[str]:
    """The rules that pay more than the sale itself: these need a second person. Each as words, `“launch” pays 150%`."""
    return [
        f"the rule “{rule.key}” pays {percent_text(most)}"
        for rule in terms.rules
        if (most := max(_rates(rule), default=0)) > WHOLE_PPM
    ]


def _rates(rule: Rule) -> Sequence[int]:
    tiers = rule.pay.tiers
    return [
        rule.pay.ppm,
        *(step.ppm for step in rule.pay.schedule),
        *(step.ppm for step in (tiers.steps if tiers else ())),
    ]
