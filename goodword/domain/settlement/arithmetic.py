"""The integer arithmetic of the settlement: rounding a ratio, sharing a total, cutting slices, writing exact figures.

Plain functions on integers, without state; a ratio is a numerator and a positive denominator. No float.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm
from typing import NamedTuple

from goodword.domain.money import AMOUNT_LIMIT, OutOfRange, Rounding
from goodword.domain.settlement.program import WHOLE_PPM, TierStep

VOLUME_LIMIT = 10**18
_PRECISE = Context(prec=60, rounding=ROUND_HALF_UP)


class Ratio(NamedTuple):
    """An exact figure: `numerator / denominator`, the denominator above 0; not necessarily in lowest terms."""

    numerator: int
    denominator: int


NOTHING = Ratio(0, 1)
ALL = Ratio(1, 1)


def rounded_ratio(numerator: int, denominator: int, mode: Rounding) -> int:
    """A ratio of 0 or more to a whole unit: `half_up` (ties up), `half_even` or `down`.

    >>> [rounded_ratio(5, 2, mode) for mode in ("half_up", "half_even", "down")]
    [3, 2, 2]
    """
    whole, rest = divmod(numerator, denominator)
    if rest == 0 or mode == "down":
        return whole
    twice = 2 * rest
    if twice > denominator or (twice == denominator and (mode == "half_up" or whole % 2 == 1)):
        return whole + 1
    return whole


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


def share_out_ratios(total: int, weights: Sequence[Ratio]) -> list[int]:
    """`share_out` with exact fractions as weights."""
    common = lcm(*(weight.denominator for weight in weights))
    return share_out(total, [weight.numerator * (common // weight.denominator) for weight in weights])


def add_ratios(ratios: Sequence[Ratio]) -> Ratio:
    """The exact sum."""
    if len(ratios) == 1:
        return ratios[0]
    common = lcm(*(ratio.denominator for ratio in ratios))
    return Ratio(sum(ratio.numerator * (common // ratio.denominator) for ratio in ratios), common)


def step_at(steps: Sequence[TierStep], total: int | Fraction) -> TierStep:
    """The last step whose `from` is at or below a total."""
    found = steps[0]
    for step in steps:
        if step.start > total:
            break
        found = step
    return found


class Slice(NamedTuple):
    """A stretch of volume at one rate."""

    size: int | Fraction
    ppm: int


def slices(steps: Sequence[TierStep], low: int, high: int | Fraction) -> list[Slice]:
    """The stretch of volume from `low` to `high`, cut at the steps.

    >>> slices((TierStep(0, 40_000), TierStep(20_000, 60_000)), 15_000, 30_000)
    [Slice(size=5000, ppm=40000), Slice(size=10000, ppm=60000)]
    """
    cut = []
    for i, step in enumerate(steps):
        upper = steps[i + 1].start if i + 1 < len(steps) else None
        start = max(low, step.start)
        end = high if upper is None or high < upper else upper
        if end > start:
            cut.append(Slice(end - start, step.ppm))
    return cut


@lru_cache(maxsize=65536)
def decay_weight(age: int, half_life: int) -> int:
    """2 to the power of -age/half_life in millionths, ties up; age and half-life in one unit, age 0 or more.

    >>> [decay_weight(days, 7) for days in (0, 7, 14, 49)]
    [1000000, 500000, 250000, 7813]
    """
    halvings, rest = divmod(age, half_life)
    if halvings > 40:
        return 0
    if rest == 0:
        return rounded_ratio(WHOLE_PPM, 2**halvings, "half_up")
    power = _PRECISE.power(Decimal(2), -_PRECISE.divide(Decimal(rest), Decimal(half_life)))
    return int((_PRECISE.divide(power * WHOLE_PPM, Decimal(2**halvings))).to_integral_value(ROUND_HALF_UP))


def checked_amount(amount: int, conversion: str) -> int:
    """The amount, if it is below 10^15 minor units; an overflow is an error, never a wrap."""
    if amount >= AMOUNT_LIMIT:
        raise OutOfRange(
            f"conversion {conversion!r} comes to an amount of 10^15 minor units or more",
            field="amount",
            value=str(amount)[:40],
            remedy="look for a wrong amount, exchange rate, quantity or flat",
        )
    return amount


def checked_volume(volume: int, conversion: str) -> int:
    """The volume of a period, if it is below 10^18 minor units."""
    if volume >= VOLUME_LIMIT:
        raise OutOfRange(
            f"with conversion {conversion!r} the volume of a period reaches 10^18 minor units",
            field="amount",
            value=str(volume)[:40],
            remedy="look for wrong amounts",
        )
    return volume


def exact_text(numerator: int, denominator: int, places: int) -> str:
    """An exact figure in minor units, written in major units: a decimal where it ends, else a fraction.

    >>> exact_text(10001, 3, 2), exact_text(4635, 10, 2), exact_text(300, 1, 2)
    ('10001/300', '4.635', '3.00')
    """
    denominator *= 10**places
    divisor = gcd(numerator, denominator)
    numerator, denominator = numerator // divisor, denominator // divisor
    rest, twos, fives = denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{numerator}/{denominator}"
    digits = max(twos, fives, places)
    if digits == 0:
        return str(numerator)
    text = str(numerator * 10**digits // denominator).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}"


@lru_cache(maxsize=4096)
def percent_text(ppm: int) -> str:
    """A rate as a percent, without needless decimals.

    >>> percent_text(125_000), percent_text(200_000), percent_text(333_334)
    ('12.5%', '20%', '33.3334%')
    """
    whole, part = divmod(ppm, 10_000)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".") + "%"
