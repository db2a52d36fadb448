"""How long clicks are kept, tables for months to come, and the erasure of one visitor. Months go as a whole.

What was counted by day stays: it names nobody.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.domain.links import link_window_days
from goodword.referrals.click_salts import month_of
from goodword.referrals.counting import hold_counting
from goodword.referrals.models import ClickSalt, ClicksByDay, ClicksByHour

MONTHS_AHEAD: Final = 3
KEPT: Final = timedelta(days=396)
"""Thirteen months. The database itself refuses to drop a younger one."""
SALT_KEPT: Final = timedelta(days=3)
"""After its month: for clicks that waited in a file."""


def keep_months(now: datetime) -> int:
    """Make the tables of this month and of the three after it; how many were missing."""
    return _number("SELECT referrals_click_months(%s, %s::timestamptz + make_interval(months => %s))",
                   now, now, MONTHS_AHEAD)  # fmt: skip


def forget_clicks(now: datetime) -> int:
    """Drop the months that are over for 13 months, and for every program's window; how many.

    With them goes what was counted of their hours and origins. Salts go soon after their month.
    """
    last = month_of(now - SALT_KEPT)
    ClickSalt.objects.filter(month__lt=last).delete()
    before = now - max(KEPT, _longest_window())
    with transaction.atomic():
        hold_counting()
        ClicksByHour.unscoped.filter(hour__lt=before).delete()
        ClicksByDay.unscoped.filter(day__lt=before.astimezone(UTC).date()).exclude(aspect="").delete()
        return _number("SELECT referrals_click_drop(%s)", before)


def erase_visitor(program: Program, visitor: str, *, reason: str, actor: Actor) -> int:
    """Make a visitor nobody: clicks, touches and customers carry a new random name, without address and browser.

    What was earned stays as it was, since all of them change alike. Returns how many clicks there were.
    """
    with active_program(program), transaction.atomic():
        hold_counting()
        clicks = _number("SELECT referrals_click_erase(%s, %s)", program.pk, visitor)
        record_audit(
            action="customer.visitor_erased", obj=program, reason=reason, after={"clicks": clicks}, actor=actor
        )
    return clicks


def _longest_window() -> timedelta:
    documents = Program.objects.values_list("attribution", flat=True)
    return timedelta(days=max(map(link_window_days, documents), default=0))


def _number(statement: str, *values: Any) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '5s', true)")
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])
