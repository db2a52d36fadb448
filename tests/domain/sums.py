"""Reads the worked sums of `docs/commission-rules.md`: a case in words, one fact or one result a line."""

import json
from typing import NamedTuple

from tests.domain.worlds import agreement, event, partner, program, rate, referred, refund, sale, settled, told, touch

SALE_DAY = "2026-01-10"


class Sum(NamedTuple):
    """What is settled, and what the document says comes of it."""

    program: dict
    facts: list
    pays: list
    none: list


def read_sum(text):
    std, more, facts, pays, none = {}, {}, [], [], []
    for line in text.strip().splitlines():
        word, _, rest = line.partition(" ")
        if word == "terms":
            std = json.loads(rest)
        elif word == "more":
            more = json.loads(rest)
        elif word in ("pays", "none"):
            (pays if word == "pays" else none).append(rest)
        else:
            facts += _FACTS[word](*_split(rest))
    named = {fact["id"] for fact in facts if fact["fact"] == "partner"}
    return Sum(program(std, **more), facts if named else [*referred(), *facts], pays, none)


def _split(rest):
    """The words of a line, and the JSON object that may end it."""
    words, brace, extra = rest.partition("{")
    return words.split(), json.loads(brace + extra) if brace else {}


def _referred(names, _):
    return [fact for name in names for fact in referred(name)]


def _ended(words, _):
    name, ends = words
    return [partner(name), agreement(name, ends=ends), touch(name)]


def _recruited(words, _):
    name, recruiter = words
    return [partner(name, parent=recruiter), agreement(name), touch(name), partner(recruiter), agreement(recruiter)]


def _sale(words, more):
    name, amount, *when = words
    return [sale(name, amount, *(when or [SALE_DAY]), **more)]


def _cancel(words, _):
    of, when = words
    return [{"fact": "cancel", "id": f"end-{of}", "sale": of, "at": f"{when}T12:00:00Z"}]


_FACTS = {
    "referred": _referred,
    "ended": _ended,
    "recruited": _recruited,
    "touch": lambda words, more: [touch(*words, **more)],
    "sale": _sale,
    "refund": lambda words, more: [refund(*words, **more)],
    "cancel": _cancel,
    "event": lambda words, more: [event(*words, **more)],
    "rate": lambda words, _: [rate(*words)],
    "customer": lambda _, more: [{"fact": "customer", "id": "c", **more}],
}


def comes_to(case):
    """What the engine says, in the words of the document."""
    settlement = settled(case.program, case.facts)
    return told(settlement), [f"{conversion} {outcome}" for conversion, outcome in settlement.outcomes]
