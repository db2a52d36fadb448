"""How long a rule or an override goes on paying, and at which step of its schedule: dates and counts in."""

from collections.abc import Sequence

from goodword.domain.settlement.calendar import add_months, whole_months
from goodword.domain.settlement.index import History
from goodword.domain.settlement.program import FOR_EVER, Lasts, Rule, ScheduleStep


def lasts_still(lasts: Lasts, started: Sequence[int] | None, day: int) -> bool:
    """Whether something that started on a day and has paid so many times (`started`) still pays on another day."""
    first, payments = started or (day, 0)
    if lasts.payments is not None and payments >= lasts.payments:
        return False
    return lasts.months is None or day < add_months(first, lasts.months)


def schedule_step(schedule: Sequence[ScheduleStep], months: int) -> int | None:
    """The rate, in millionths, that many whole months after the first component; None past the last bounded step."""
    for step in schedule:
        if step.months is None or months < step.months:
            return step.ppm
        months -= step.months
    return None


def still_runs(rule: Rule, history: History, partner: str, day: int) -> tuple[int, int] | None:
    """The rate of a percent or schedule and the months since the start; None when the rule is over."""
    pay = rule.pay
    if rule.lasts == FOR_EVER and pay.kind != "schedule":
        return pay.ppm, 0
    started = history.started.get((partner, rule.key))
    if not lasts_still(rule.lasts, started, day):
        return None
    if pay.kind != "schedule":
        return pay.ppm, 0
    months = whole_months(started[0], day) if started else 0
    ppm = schedule_step(pay.schedule, months)
    return None if ppm is None else (ppm, months)
