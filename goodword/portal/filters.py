"""Filters of partner pages: chips that say what they do, kept in the address."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.db.models.functions import TruncMonth

from goodword.accounts.access import PartnerRequest
from goodword.insights.listing import Choice, Filter

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in the program's zone: [starts_at, ends_at)."""

    key: str
    first: date
    starts_at: datetime
    ends_at: datetime

    @property
    def label(self) -> str:
        return f"{self.first:%B %Y}"


def month_of(key: str, zone: ZoneInfo) -> Month | None:
    """The month that `2026-10` names; None when it names none."""
    found = _MONTH.fullmatch(key)
    if not found or int(found[1]) < 2000:
        return None
    first = date(int(found[1]), int(found[2]), 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return Month(key, first, _midnight(first, zone), _midnight(after, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def chosen_month(request: PartnerRequest) -> Month | None:
    """The month in the address, if there is one."""
    return month_of(request.GET.get("month", ""), ZoneInfo(request.program.timezone))


def months_filter(request: PartnerRequest, rows: QuerySet, field: str) -> Filter:
    """A filter over the months in which there is something, newest first."""
    zone = ZoneInfo(request.program.timezone)
    months = rows.annotate(month=TruncMonth(field, tzinfo=zone)).values_list("month", flat=True).distinct()
    keys = sorted({f"{month:%Y-%m}" for month in months}, reverse=True)
    choices = [Choice("", "All months")]
    choices += [Choice(month.key, month.label) for key in keys if (month := month_of(key, zone))]
    value = request.GET.get("month", "")
    return Filter("month", "Month", value if value in keys else "", choices)
