"""The engine says what the naive evaluator says. `./run.sh campaign oracle` does the same for many more worlds."""

import pytest

from tests.oracle.comparing import differences
from tests.oracle.worlds import world


@pytest.mark.parametrize("block", range(6))
def test_the_engine_agrees_with_the_naive_evaluator(block):
    results = [differences(seed) for seed in range(block * 50, block * 50 + 50)]
    assert sum(lines for lines, _ in results) > 20, "worlds without lines compare nothing"
    assert [text for _, found in results for text in found] == []


def test_a_seed_is_one_world():
    assert world(7) == world(7)
    assert world(7) != world(8)
