"""Small integer arithmetic around the settlement: ratios, sharing a total, writing percents.

Plain functions on integers, without state; a ratio is a numerator and a positive denominator. No float.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple


class Ratio(NamedTuple):
    """An exact figure: `numerator / denominator`, the denominator above 0; not necessarily in lowest terms."""

    numerator: int
    denominator: int


ALL = Ratio(1, 1)


def share_out(total: int, weights: Sequence[int]) -> list[int]:
    """Split a total of 0 or more over weights by the largest remainder; ties go to the earlier part.

    >>> share_out(100, [1, 1, 1]), share_out(5, [0, 0])
    ([34, 33, 33], [0, 0])
    """
    if len(weights) == 1:
        return [total if weights[0] else 0]
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    quotas = [divmod(total * weight, whole) for weight in weights]
    parts = [quota for quota, _ in quotas]
    short = total - sum(parts)
    if short:
        for i in sorted(range(len(weights)), key=lambda i: -quotas[i][1])[:short]:
            parts[i] += 1
    return parts


@lru_cache(maxsize=4096)
def percent_text(ppm: int) -> str:
    """A rate as a percent, without needless decimals.

    >>> percent_text(125_000), percent_text(200_000), percent_text(333_334)
    ('12.5%', '20%', '33.3334%')
    """
    whole, part = divmod(ppm, 10_000)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".") + "%"
