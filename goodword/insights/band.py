"""Earned money as one band: paid, on its way, payable, and what can still be taken back until when. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Max

from goodword.accounts.models import Program
from goodword.commissions.models import Line
from goodword.commissions.selectors import Figures
from goodword.insights.wording import money_text

WIDTH = 1000
_LEAST = 12
"""The narrowest part that can still be seen."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the band."""

    label: str
    minor: int
    fill: str
    x: int
    width: int
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """The parts from left to right, and the same in words for those who cannot see it."""

    parts: tuple[Part, ...]
    words: str


def last_maturity(program: Program, partner: UUID | None = None, *, now: datetime) -> date | None:
    """The day on which all that waits today is safe."""
    lines = Line.objects.filter(program=program, matures_at__gt=now).exclude(amount_minor=0)
    if partner is not None:
        lines = lines.filter(partner=partner)
    found: date | None = lines.aggregate(last=Max("matures_on"))["last"]
    return found


def band_of(figures: Figures, last: date | None) -> Band | None:
    """The band of these figures; none when there is nothing to show."""
    soon = figures.next_maturities[:1]
    first = soon[0].amount_minor if soon and 0 < soon[0].amount_minor < figures.pending else 0
    parts = [
        ("Paid", figures.paid, "var(--good)", None),
        ("In a payout", figures.in_payout, "var(--series-2)", None),
        ("Payable", figures.payable, "var(--accent)", None),
        ("Held", figures.held, "var(--ink-faint)", None),
        ("Not yet safe, next", first, "url(#hatch)", soon[0].on if soon else None),
        ("Not yet safe" + (", later" if first else ""), figures.pending - first, "url(#hatch)", last),
    ]
    shown = [part for part in parts if part[1] > 0]
    whole = sum(minor for _, minor, _, _ in shown)
    if not whole:
        return None
    spare = WIDTH - _LEAST * len(shown)
    placed, x = [], 0
    for label, minor, fill, until in shown:
        width = _LEAST + spare * minor // whole
        placed.append(Part(label, minor, fill, x, width - 3, until))
        x += width
    words = ", ".join(f"{part.label.lower()} {money_text(part.minor, figures.currency)}" for part in placed)
    return Band(tuple(placed), words)
