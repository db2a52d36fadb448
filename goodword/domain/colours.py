"""A program's own colour, checked for contrast and adjusted so that text on it and in it can be read (WCAG 2.2)."""

import re

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
DEFAULT = "#0f766e"
LIGHT_PAPER, DARK_PAPER = "#eef4f3", "#191d21"
"""The least favourable grounds that coloured text stands on, in light and in dark."""


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        part = channel / 255
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 (the same) to 21 (black on white)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def is_colour(text: str) -> bool:
    """Whether the text is a colour such as `#0f766e`."""
    return bool(_HEX.fullmatch(text))


def readable(colour: str, *, on: str, ratio: float = 5.0) -> str:
    """The colour, moved towards black or white in small steps until it reaches the ratio on the given ground.

    >>> readable("#ffe600", on="#ffffff") != "#ffe600", readable("#0f766e", on="#ffffff")
    (True, '#0f766e')
    """
    target = 0 if _luminance(on) > 0.18 else 255
    now = colour if is_colour(colour) else DEFAULT
    for step in range(1, 51):
        if contrast(now, on) >= ratio:
            return now.lower()
        mixed = (round(c + (target - c) * step / 50) for c in _channels(colour if is_colour(colour) else DEFAULT))
        now = "#" + "".join(f"{c:02x}" for c in mixed)
    return now


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on the colour."""
    return "#ffffff" if contrast("#ffffff", colour) >= contrast("#0b1211", colour) else "#0b1211"


def accents(colour: str) -> tuple[str, str]:
    """The program's colour for light pages and for dark pages."""
    return readable(colour, on=LIGHT_PAPER), readable(colour, on=DARK_PAPER)
