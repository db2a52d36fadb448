"""Runs engine and oracle on the same world and says where they differ."""

from datetime import datetime

from goodword.domain.settlement import (
    instant,
    line_to_json,
    outcome_to_json,
    read_facts,
    read_program,
    settle,
)
from tests.oracle.evaluator import evaluate
from tests.oracle.worlds import world

FIELDS = "conversion partner rule terms kind currency share_ppm basis amount matures_on state reasons".split()


def engine(program, facts, as_of):
    """What the engine says, cut down to what the oracle says too."""
    read = read_program(program)
    moment = instant(datetime.fromisoformat(as_of)) if as_of else None
    settled = settle(read, read_facts(read, facts), moment)
    lines = [{name: line_to_json(line)[name] for name in FIELDS} for line in settled.lines]
    return lines, {o["conversion"]: o["outcome"] for o in map(outcome_to_json, settled.outcomes)}


def differences(seed):
    """(number of lines, what differs) of one seeded world; an empty list is agreement."""
    program, facts, as_of = world(seed)
    lines, outcomes = engine(program, facts, as_of)
    expected, reasons = evaluate(program, facts, as_of)
    found = [
        f"seed {seed}: engine {line} oracle {other}"
        for line, other in zip(lines, expected, strict=False)
        if line != other
    ]
    if len(lines) != len(expected):
        found.append(f"seed {seed}: engine has {len(lines)} lines, oracle {len(expected)}")
    if outcomes != reasons:
        both = outcomes.keys() | reasons.keys()
        differ = {c: (outcomes.get(c), reasons.get(c)) for c in both if outcomes.get(c) != reasons.get(c)}
        found.append(f"seed {seed}: outcomes (engine, oracle) {differ}")
    return len(lines), found
