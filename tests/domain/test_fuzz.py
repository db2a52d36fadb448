"""Whatever a program or facts say, there are lines or a list of problems, never a traceback. `./run.sh campaign
engine_fuzz` tries many more.
"""

from hypothesis import HealthCheck, given, settings

from tests.domain.fuzzing import bent, what_comes_of

some = settings(max_examples=120, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@some
@given(bent())
def test_bent_objects_are_settled_or_their_problems_listed(given_):
    what_comes_of(*given_)


def test_bent_objects_are_of_both_kinds():
    """A guard for the test above: some are settled, and many have problems."""
    counts = []

    @settings(some, max_examples=60, database=None)
    @given(bent())
    def look(given_):
        counts.append(what_comes_of(*given_))

    look()
    assert 0 in counts
    assert sum(count > 0 for count in counts) > len(counts) // 4
