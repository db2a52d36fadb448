"""Local dates as ordinals (1 is 1 January of year 1), months and periods, in integers alone. The clock is never
read.
"""

from goodword.domain.settlement.rules.compiling import entry
from goodword.domain.settlement.rules.layout import LIFETIME, MONTH, QUARTER

LAST_DAY = 3_652_059
"""31 December 9999."""


@entry
def civil(day: int) -> tuple[int, int, int]:
    """Year, month (0 to 11) and day of the month of an ordinal.

    Eras of 400 years from 1 March, so that the leap day comes last (after Howard Hinnant, "chrono-Compatible Low-Level
    Date Algorithms").
    """
    shifted = day + 305
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    from_march = (5 * of_year + 2) // 153
    of_month = of_year - (153 * from_march + 2) // 5 + 1
    if from_march < 10:
        return era * 400 + year, from_march + 2, of_month
    return era * 400 + year + 1, from_march - 10, of_month


@entry
def days_in(year: int, month: int) -> int:
    """How many days a month (0 to 11) has."""
    if month == 1:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (3, 5, 8, 10) else 31


@entry
def ordinal(year: int, month: int, of_month: int) -> int:
    """The ordinal of a date; months from 0 to 11."""
    from_march = month - 2 if month >= 2 else month + 10
    if month < 2:
        year -= 1
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * from_march + 2) // 5 + of_month - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 305


@entry
def month_of(day: int) -> int:
    """The number of a date's month, counting from year 0."""
    year, month, _ = civil(day)
    return year * 12 + month


@entry
def add_months(day: int, months: int) -> int:
    """A date some months later, clamped to the month's last day and to the calendar's last date."""
    year, month, of_month = civil(day)
    number = year * 12 + month + months
    year, month = number // 12, number % 12
    if year > 9999:
        return LAST_DAY
    return ordinal(year, month, min(of_month, days_in(year, month)))


@entry
def whole_months(first: int, then: int) -> int:
    """The largest n with first + n months at or before the date."""
    year, month, of_month = civil(first)
    later_year, later_month, later_of_month = civil(then)
    months = (later_year - year) * 12 + later_month - month
    if min(of_month, days_in(later_year, later_month)) > later_of_month:
        return months - 1
    return months


@entry
def period_of(day: int, per: int) -> int:
    """The number of the month, quarter or year a date falls in; 0 for a lifetime."""
    if per == LIFETIME:
        return 0
    month = month_of(day)
    if per == MONTH:
        return month
    return month // 3 if per == QUARTER else month // 12
