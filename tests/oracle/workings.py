"""What the oracle knows about each step of a line, for the reader of steps to hold against what is written there."""

from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True)
class Known:
    """Figures and words that `from` must name, what it comes to, and what `is` says. None: not known."""

    figures: tuple = ()
    value: Fraction | None = None
    gives: object = None
    words: tuple = ()
    labels: dict = field(default_factory=dict)


class Workings(dict):
    """Known figures by the name of their step; money goes in as minor units and stays as money."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def money(self, do, *minor, value=None, gives=None, also=(), words=(), labels=None):
        """A step of money: `minor` are the figures it goes on from."""
        figures = tuple(Fraction(one) / self.scale for one in minor) + tuple(Fraction(one) for one in also)
        value, gives = (None if one is None else Fraction(one) / self.scale for one in (value, gives))
        self[do] = Known(figures, value, gives, words, labels or {})

    def plain(self, do, *figures, gives=None, words=()):
        """A step of words, counts or percents."""
        self[do] = Known(tuple(Fraction(one) for one in figures), None, gives, words)
