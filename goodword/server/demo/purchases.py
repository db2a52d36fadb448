"""The demo's real part: the purchases of `data/cdnow.txt`, with their dates moved by a whole number of weeks. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

SOURCE: Final = Path(__file__).resolve().parent.parent / "data" / "cdnow.txt"
LAST_PURCHASE: Final = date(1998, 6, 30)


class Purchase(NamedTuple):
    """One order of one customer. The amount is the decimal text of the source; some orders are 0.00."""

    order: str
    customer: str
    day: date
    discs: int
    amount: str


@dataclass(frozen=True, slots=True)
class Purchases:
    """All purchases (or those of some customers), and by how many weeks their dates were moved."""

    rows: Sequence[Purchase]
    weeks: int

    @property
    def first_day(self) -> date:
        return min(row.day for row in self.rows)

    @property
    def customers(self) -> int:
        return len({row.customer for row in self.rows})


def read_purchases(today: date, *, customers: int | None = None, path: Path = SOURCE) -> Purchases:
    """The purchases, moved so that the last of them was last week: weekdays stay, and so does every interval.

    `customers` keeps an even slice of that many customers, for tests.
    """
    weeks = weeks_moved(today)
    rows = [_parts(line) for line in path.read_text(encoding="ascii").splitlines() if line.strip()[:1].isdigit()]
    kept = _slice(sorted({row[0] for row in rows}), customers)
    nth: Counter[str] = Counter()
    purchases = []
    for key, day, discs, amount in rows:
        nth[key] += 1
        if key in kept:
            moved = date(int(day[:4]), int(day[4:6]), int(day[6:])) + timedelta(weeks=weeks)
            purchases.append(Purchase(f"cdnow-{key}-{nth[key]}", f"cdnow-{key}", moved, int(discs), amount))
    return Purchases(purchases, weeks)


def weeks_moved(today: date) -> int:
    """How many whole weeks lie between the last purchase and the week before today.

    >>> LAST_PURCHASE + timedelta(weeks=weeks_moved(date(2026, 11, 22)))
    datetime.date(2026, 11, 17)
    """
    return (today - timedelta(days=1) - LAST_PURCHASE).days // 7


def _parts(line: str) -> tuple[str, str, str, str]:
    key, day, discs, amount = line.split()
    return key, day, discs, amount


def _slice(keys: list[str], wanted: int | None) -> set[str]:
    if wanted is None or wanted >= len(keys):
        return set(keys)
    step = len(keys) / wanted
    return {keys[int(place * step)] for place in range(wanted)}
