"""One small world from one seed: a program, its facts in any order with some twice, and sometimes an `as_of`."""

import random

from tests.oracle.dates import instant
from tests.oracle.draws import Draw
from tests.oracle.evaluator import evaluate
from tests.oracle.happenings import facts
from tests.oracle.programs import program

APART = 10**9


def any_world(seed):
    """(program, facts, as_of) of one seed; some have an amount of 10^15 minor units, which is refused."""
    return world_of(random.Random(seed))


def world(seed):
    """The same, but always one that can be settled."""
    drawn = any_world(seed)
    while evaluate(*drawn).too_large:
        seed += APART
        drawn = any_world(seed)
    return drawn


def world_of(chance):
    """The same from any source of chance, so that a test that shrinks can steer it."""
    draw = Draw(chance)
    chosen = program(draw)
    made = facts(draw, chosen)
    made += [_again(draw, draw.one(made)) for _ in range(draw.below(3))]
    return chosen, draw.shuffled(made), _as_of(draw)


def _again(draw, fact):
    """The same content in other words: another offset, another zero."""
    found = dict(fact)
    if "at" in found:
        found["at"] = draw.text(instant(found["at"]))
    if "tax" in found and "." in found["tax"]:
        found["tax"] = found["tax"].removesuffix("0")
    return found


def _as_of(draw):
    kind = draw.below(20)
    if kind < 5:
        return draw.text(max(draw.moment(), draw.moment()))
    return draw.text(draw.early()) if kind == 5 else None
