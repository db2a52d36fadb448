"""What pages say of clicks: by day, by link, by where they came from. Reads what is counted of them, never the clicks.

The counts follow the clicks by a second or so (`referrals/counting.py`). Days are those of the program's zone; a zone
half an hour away from full hours begins its days at the full hour before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Sum
from django.utils.safestring import SafeString

from goodword.accounts.models import Program
from goodword.insights.charts import Week, weekly_chart
from goodword.partners.models import Partner
from goodword.referrals.models import ClicksByDay, ClicksByHour, Link

DAYS = 30
_MOST = 8
WHY_NOT = {
    "head": "Programs that only look whether the page is there",
    "prefetch": "Pages that a browser loads ahead",
    "embedded": "Pictures, frames and scripts: nobody clicked",
    "bot": "Search engines, previews, link checkers",
    "inactive": "While the link, the partner or the program was out of use",
}


@dataclass(frozen=True, slots=True)
class Sums:
    """So many people, some of them by QR code; repetitions within seconds and machines are not counted as people."""

    people: int = 0
    by_qr: int = 0
    repeated: int = 0
    machines: int = 0

    @property
    def uncounted(self) -> int:
        return self.repeated + self.machines


@dataclass(frozen=True, slots=True)
class Clicks:
    """The clicks of the last 30 days, today included: by day, and by what they had."""

    today: Sums
    month: Sums
    days: Sequence[tuple[date, Sums]]
    aspects: dict[str, Sequence[tuple[str, Sums]]]

    @property
    def newest_first(self) -> Sequence[tuple[date, Sums]]:
        return self.days[::-1]

    @property
    def why_not(self) -> Sequence[tuple[str, int]]:
        """Why visits are not counted, in words."""
        kinds = [(WHY_NOT.get(key, key), sums.machines) for key, sums in self.aspects.get("why", ())]
        again = [("The same person again within seconds", self.month.repeated)] if self.month.repeated else []
        return [*again, *kinds]

    @property
    def weeks(self) -> list[Week]:
        """The rows of the chart."""
        return [Week(day, sums.people, sums.uncounted) for day, sums in self.days]


def clicks_of(program: Program, *, partner: Partner | None = None, link: Link | None = None, now: datetime) -> Clicks:
    """The last 30 days of a link, of all links of a partner, or of the program: two queries however many clicks."""
    zone = ZoneInfo(program.timezone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=DAYS - 1)
    found = _by_day(program, _narrowed(partner, link), datetime.combine(first, time(), zone))
    days = [(day, found.get(day, Sums())) for day in (first + timedelta(days=n) for n in range(DAYS))]
    month = Sums(*(sum(getattr(sums, name) for _, sums in days) for name in _FIELDS))
    return Clicks(days[-1][1], month, days, _by_aspect(program, _narrowed(partner, link), first))


def clicks_drawing(found: Clicks) -> dict[str, SafeString]:
    """The drawing of 30 days, for a wide screen and for a phone."""
    drawn = partial(weekly_chart, found.weeks, first="People", second="Not counted", per="day")
    return {"chart": drawn(), "small_chart": drawn(narrow=True)}


def people_by_link(partner: Partner) -> dict[UUID, Sums]:
    """All clicks of each link of a partner, ever."""
    rows = ClicksByDay.objects.filter(partner=partner, aspect="").values_list("link_id").order_by()
    return {key: Sums(*sums) for key, *sums in rows.annotate(*(Sum(name) for name in _FIELDS))}


def all_clicks(link: Link) -> Sums:
    """All clicks of a link, ever."""
    rows = ClicksByDay.objects.filter(link=link, aspect="").aggregate(**{name: Sum(name) for name in _FIELDS})
    return Sums(*(rows[name] or 0 for name in _FIELDS))


_FIELDS = ("people", "by_qr", "repeated", "machines")
_SUMS = ", ".join(f"sum({name})::bigint" for name in _FIELDS)


def _narrowed(partner: Partner | None, link: Link | None) -> dict[str, Any]:
    return {"partner": partner.pk if partner else None, "link": link.pk if link else None}


def _by_day(program: Program, narrowed: dict[str, Any], since: datetime) -> dict[date, Sums]:
    rows = _rows(ClicksByHour, f"(hour AT TIME ZONE %(zone)s)::date, {_SUMS}", "hour >= %(since)s", "1",
                 {"zone": program.timezone, "since": since, "program": program.pk, **narrowed})  # fmt: skip
    return {day: Sums(*sums) for day, *sums in rows}


def _by_aspect(program: Program, narrowed: dict[str, Any], since: date) -> dict[str, Sequence[tuple[str, Sums]]]:
    wanted = (
        f"aspect, value, {_SUMS}, row_number() OVER (PARTITION BY aspect ORDER BY sum(people + machines) DESC, value)"
    )
    rows = _rows(ClicksByDay, wanted, "day >= %(since)s AND aspect <> ''", "1, 2",
                 {"since": since, "program": program.pk, **narrowed})  # fmt: skip
    found: dict[str, list[tuple[str, Sums]]] = {}
    for aspect, value, *sums, place in sorted(rows, key=lambda row: row[-1]):
        if place <= _MOST:
            found.setdefault(aspect, []).append((value, Sums(*sums)))
    return {aspect: tuple(each) for aspect, each in found.items()}


def _rows(model: Any, wanted: str, narrow: str, group: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    of = [f"{name}_id = %({name})s" for name in ("program", "partner", "link") if values[name] is not None]
    table = model._meta.db_table  # noqa: SLF001
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wanted} FROM {table} WHERE {' AND '.join([*of, narrow])} GROUP BY {group}", values)  # noqa: S608
        return list(cursor.fetchall())
