"""Tries to make the API fail: calls made up from its own description, valid, bent and broken.

`./run.sh campaign api_fuzz [--seed N] [--minutes N]` prints what was tried; exit code 1 with the call that broke it.
"""

import argparse
import random
import sys
import time
from collections import Counter
from typing import Any


def main() -> int:
    """Run rounds of made-up calls, each from its own seed, until the time is over."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--seed", type=int, default=random.randrange(10**6))
    given.add_argument("--minutes", type=float, default=2)
    options = given.parse_args()
    from bench._ground import product

    with product():
        return _run(options.seed, options.minutes)


def _run(first: int, minutes: float) -> int:
    import logging

    from django.conf import settings as django_settings
    from django.test.utils import setup_test_environment

    from goodword.api import limits
    from tests.api.test_fuzz import stage

    setup_test_environment()
    logging.disable(logging.WARNING)
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    limits.take = lambda *_: 0
    scene, answers, until, number = stage(), Counter[int](), time.monotonic() + minutes * 60, first
    print(f"seed {first}")
    while time.monotonic() < until:
        try:
            _round(scene, number, answers)
        except AssertionError as found:
            print(f"FAULT with --seed {number}: {found}")
            return 1
        number += 1
        told = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))
        print(f"{sum(answers.values())} calls, answers {told}", flush=True)
    return 0


def _round(scene: Any, number: int, answers: Counter[int]) -> None:
    from hypothesis import HealthCheck, given, seed, settings

    from tests.api.fuzzing import Made, calls
    from tests.api.test_fuzz import check

    @seed(number)
    @settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(call=calls(scene.known))
    def every(call: Made) -> None:
        answers[check(scene.api, call)] += 1

    every()


if __name__ == "__main__":
    sys.exit(main())
