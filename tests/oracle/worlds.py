"""One small world from one seed: a program, its facts in any order with some twice, and sometimes an `as_of`."""

import random

from tests.oracle.draws import Draw
from tests.oracle.happenings import facts
from tests.oracle.programs import program


def world(seed):
    """(program, facts, as_of) of one seed."""
    return world_of(random.Random(seed))


def world_of(chance):
    """The same from any source of chance, so that a test that shrinks can steer it."""
    draw = Draw(chance)
    chosen = program(draw)
    made = facts(draw, chosen)
    made += [draw.one(made) for _ in range(draw.below(3))]
    shuffled = [made.pop(draw.below(len(made))) for _ in range(len(made))]
    as_of = draw.text(max(draw.moment(), draw.moment())) if draw.maybe(0.25) else None
    return chosen, shuffled, as_of
