"""Makes a world on which engine and oracle differ small enough to read: takes things away while they still differ."""

import copy
import json
from decimal import Decimal

from tests.oracle.comparing import compare


def shrunk(program, facts, as_of):
    """The smallest world found by taking away one fact, one field or one list entry at a time."""
    kind = _kind(program, facts, as_of)
    current = [copy.deepcopy(program), copy.deepcopy(facts), as_of]
    smaller = True
    while smaller:
        smaller = False
        for cut in _cuts(*current):
            if _kind(*cut) == kind:
                current, smaller = cut, True
                break
    return tuple(current)


def _kind(program, facts, as_of):
    try:
        _, found = compare(program, facts, as_of)
    except Exception:  # noqa: BLE001  (the oracle reads only good worlds)
        return None
    return kind_of(found)


def kind_of(found):
    """What sort of difference it is, None for none: a smaller world must show the same sort."""
    if not found:
        return None
    head, _, values = found[0].partition(": ")
    words = head.split(" in ")[0].split(" of ")[0]
    if words == "the engine refuses":
        return f"{words}: {values[:40]}"
    if words == "steps":
        return f"steps: {values.partition(':')[0]}"
    if words.startswith("line only"):
        return f"{words} {values.split()[0]}"
    return f"{words}: {values}" if words == "outcome" else words


def _cuts(program, facts, as_of):
    """Every world that is one thing smaller; big cuts first."""
    size = len(facts) // 2
    while size:
        for start in range(0, len(facts), size):
            yield [program, facts[:start] + facts[start + size :], as_of]
        size //= 2
    if as_of:
        yield [program, facts, None]
    for path in _paths(program):
        yield [_without(program, path), facts, as_of]
    for path in _paths(facts):
        if len(path) > 1:
            yield [program, _without(facts, path), as_of]


def _paths(value, here=()):
    """The places of all entries, outer ones first."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [(*here, key) for key, _ in items]
    yield from inner
    for path in inner:
        yield from _paths(value[path[-1]], path)


def _without(value, path):
    found = copy.deepcopy(value)
    inside = found
    for key in path[:-1]:
        inside = inside[key]
    del inside[path[-1]]
    return found


def written(program, facts, as_of):
    """A world as text: the program, the facts a line each, and `as_of`."""
    rows = [program, *sorted(facts, key=lambda fact: (fact["fact"], fact.get("at", ""), fact["id"]))]
    lines = [json.dumps(row, ensure_ascii=False, default=_number) for row in rows]
    return "\n".join([*lines, f"as_of {as_of}"])


def _number(value):
    assert isinstance(value, Decimal)
    return float(value)
