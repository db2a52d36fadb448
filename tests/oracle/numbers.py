"""Rounding, largest remainder and money texts of the second reading: exact fractions, nothing from the engine."""

from fractions import Fraction

PLACES = {"JPY": 0, "KWD": 3}
MILLION = 1_000_000
AMOUNT_LIMIT = 10**15
HALF = Fraction(1, 2)


class TooLarge(Exception):
    """An amount reaches 10^15 minor units: an error, never a wrap."""


def checked(amount):
    """The amount, when it is one."""
    if amount >= AMOUNT_LIMIT:
        raise TooLarge
    return amount


def places_of(currency):
    return PLACES.get(currency, 2)


def round_to(exact, mode):
    """A whole number: `half_up` (ties away from zero), `half_even` or `down`."""
    exact = Fraction(exact)
    sign = -1 if exact < 0 else 1
    floor, rest = divmod(abs(exact), 1)
    if mode == "half_up":
        floor += rest >= HALF
    elif mode == "half_even":
        floor += rest > HALF or (rest == HALF and floor % 2 == 1)
    return sign * int(floor)


def share_out(total, weights):
    """Largest remainder: floors first, the rest one by one to the largest fraction, ties by order."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [int(total * weight // whole) for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (parts[i] * whole - total * weights[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def percent(text):
    return Fraction(text.rstrip("%")) / 100


def money_text(minor, places):
    digits = str(minor).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def percent_text(text):
    """A percent as lines write it: no zeros at the end."""
    exact = percent(text) * 100
    digits = f"{int(exact * 10_000):05d}"
    return f"{digits[:-4]}.{digits[-4:]}".rstrip("0").rstrip(".") + "%"
