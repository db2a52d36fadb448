"""When a webhook that was not taken is tried again, and when its receiver is left in peace. Pure: time comes in."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""The pauses between the tries, from the second try on: together 75 hours 35 minutes (Standard Webhooks)."""
TRIES_MAX: Final = len(WAITS) + 1
JITTER: Final = 0.1
"""Each pause is longer or shorter by up to this share, so that not everybody comes back at once."""

FAILURES_TO_REST: Final = 5
REST_FIRST: Final = timedelta(minutes=1)
REST_MAX: Final = timedelta(minutes=30)
GIVE_UP_AFTER: Final = timedelta(days=3)
"""An endpoint that took nothing for so long is switched off when a message has used up its tries."""

Chance = Callable[[], float]
"""A number from 0 up to 1, another one each time."""


def next_try(tries: int, now: datetime, chance: Chance) -> datetime | None:
    """When to try again after so many tries; None: never."""
    if tries >= TRIES_MAX:
        return None
    return now + _varied(WAITS[tries - 1], chance)


def rest_until(failures_in_row: int, now: datetime, chance: Chance) -> datetime | None:
    """Until when a receiver is left in peace after so many failures in a row; None: not at all."""
    over = failures_in_row - FAILURES_TO_REST
    if over < 0:
        return None
    return now + _varied(min(REST_FIRST * 2 ** min(over, 10), REST_MAX), chance)


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Whether a receiver has taken nothing for so long that it is switched off."""
    return failing_since is not None and now - failing_since >= GIVE_UP_AFTER


def _varied(pause: timedelta, chance: Chance) -> timedelta:
    return pause * (1 - JITTER + 2 * JITTER * chance())
