"""Runs engine and oracle on the same world and says where they differ."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from goodword.domain.money import OutOfRange
from goodword.domain.settlement import (
    instant,
    line_to_json,
    outcome_to_json,
    read_facts,
    read_program,
    settle,
    summary,
)
from tests.oracle.evaluator import evaluate
from tests.oracle.steps import problems_of

# Ids are made from conversion, partner, rule, kind and level alone: over all worlds each of these has one id.
_id_of, _named_by = {}, {}


@dataclass
class Said:
    """What the engine says, as the output file and `--summary` have it."""

    lines: list
    outcomes: list
    notices: dict
    totals: list


def engine(program, facts, as_of, *, compiled=True):
    read = read_program(program)
    moment = instant(datetime.fromisoformat(as_of)) if as_of else None
    settled = settle(read, read_facts(read, facts), moment, compiled=compiled)
    notices = {notice.refund: notice.notice for notice in settled.notices}
    totals = [(one.partner, one.currency, one.state, one.lines, one.amount) for one in summary(settled.lines)]
    outcomes = [(row["conversion"], row["outcome"]) for row in map(outcome_to_json, settled.outcomes)]
    return Said([line_to_json(line) for line in settled.lines], outcomes, notices, totals)


def compare(program, facts, as_of, *, compiled=True):
    """(the oracle's result, what differs)."""
    expected = evaluate(program, facts, as_of)
    try:
        said = engine(program, facts, as_of, compiled=compiled)
    except OutOfRange as refused:
        return expected, [] if expected.too_large else [f"the engine refuses: {refused}"]
    except Exception as failure:  # noqa: BLE001  whatever it raises on a good world is a difference
        why = getattr(failure, "problems", None) or repr(failure)
        return expected, [f"the engine refuses: {why}"]
    if expected.too_large:
        return expected, ["only the oracle refuses an amount of 10^15"]
    found = _missing(said.lines, expected.texts)
    if not found:
        for line, text in zip(said.lines, expected.texts, strict=True):
            found += _line_differences(line, text)
        for line, known in zip(said.lines, expected.lines, strict=True):
            found += _id_problems(line, known) + _step_problems(line, known, expected.book)
        if sorted(said.totals) != _totals(expected):
            found.append(f"summary: engine {said.totals}, oracle {_totals(expected)}")
    if len(said.outcomes) != len(dict(said.outcomes)):
        found.append(f"outcomes: one conversion has several in {said.outcomes}")
    for what, ours, theirs in (
        ("outcome", dict(said.outcomes), expected.outcomes),
        ("notice", said.notices, expected.notices),
    ):
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key) != theirs.get(key):
                found.append(f"{what} of {key}: engine {ours.get(key)}, oracle {theirs.get(key)}")
    return expected, found


def _totals(expected):
    """(partner, currency, state, lines, amount) as `--summary` prints them."""
    counts, amounts = Counter(), Counter()
    for text, line in zip(expected.texts, expected.lines, strict=True):
        key = text["partner"], text["currency"], text["state"]
        counts[key] += 1
        amounts[key] += line.amount
    return sorted((*key, count, amounts[key]) for key, count in counts.items())


def _id_problems(line, known):
    made_of = line["conversion"], line["partner"], line["rule"], line["kind"], known.level
    key = line["line"]
    if _id_of.setdefault(made_of, key) != key or _named_by.setdefault(key, made_of) != made_of:
        return [f"id: {key} stands for {_named_by[key]} and {made_of}, that was {_id_of[made_of]}"]
    return []


def _step_problems(line, known, book):
    return [f"{problem} in {_name(line)}" for problem in problems_of(line, book.places, book.mode, known.known)]


def _name(line):
    return f"{line['kind']} of {line['conversion']} {line['partner']} {line['rule']}"


def _missing(lines, texts):
    """Lines that only one of the two has; or the same lines in another order."""
    ours, theirs = [_name(line) for line in lines], [_name(text) for text in texts]
    only = [f"line only of the engine: {name}" for name in (Counter(ours) - Counter(theirs)).elements()]
    only += [f"line only of the oracle: {name}" for name in (Counter(theirs) - Counter(ours)).elements()]
    return only or ([f"order of lines: engine {ours}, oracle {theirs}"] if ours != theirs else [])


def _line_differences(line, text):
    return [
        f"{name} in {_name(text)}: engine {line.get(name)}, oracle {value}"
        for name, value in text.items()
        if line.get(name) != value
    ]
