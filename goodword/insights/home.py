"""What the back office's first page shows: what needs somebody now, and what happened week by week. Reads only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from goodword.accounts.models import Program
from goodword.commissions.missed.reading import strong_ones
from goodword.insights.charts import Week
from goodword.insights.facts import refunds_found
from goodword.insights.partners import can_be_paid, in_debt, without_destination
from goodword.insights.wording import change_text, count_text, money_text
from goodword.partners.models import Application, Partner
from goodword.payouts.debts import waiting_proposals
from goodword.payouts.models import PayoutRun
from goodword.referrals.models import Conversion, UnsettledFact

WEEKS = 26
_EACH = 4
"""So many rows of one sort; the rest is one row that opens the list."""


@dataclass(frozen=True, slots=True)
class Need:
    """A decision that waits: what, since when or why, and the button that leads to it."""

    icon: str
    title: str
    detail: str
    button: str
    place: str
    key: str = ""
    query: str = ""
    tone: str = ""


def needs(program: Program, *, now: datetime) -> list[Need]:
    """What waits for a person, the most pressing first."""
    return [
        *_blocked(program),
        *_runs(program),
        *_proposals(),
        *_applications(),
        *_ready(program, now),
        *_debts(program),
        *_destinations(program),
        *_refunds(),
        *_missed(),
    ]


def _blocked(program: Program) -> list[Need]:
    if not program.payouts_blocked:
        return []
    return [
        Need(
            "warn",
            "Payouts are blocked: the books do not pass their checks",
            program.payouts_blocked,
            "See payouts",
            "payouts",
            tone="bad",
        )
    ]


def _runs(program: Program) -> list[Need]:
    waiting = PayoutRun.objects.filter(program=program, state__in=["prepared", "approved", "exported"])
    words = {
        "prepared": ("waits for a second person to approve it", "Review"),
        "approved": ("is approved and can be sent", "Send"),
        "exported": ("is sent: confirm what arrived", "Confirm"),
    }
    found = []
    for run in waiting.select_related("prepared_by").order_by("number")[:_EACH]:
        total = sum(run.payouts.values_list("amount_minor", flat=True))
        said, button = words[run.state]
        title = f"Payout run {run.number} over {money_text(total, run.currency)} {said}"
        found.append(Need("payouts", title, f"Prepared by {run.prepared_by}", button, "payout-run", run.public_id))
    return found


def _proposals() -> list[Need]:
    return [
        Need(
            "refund",
            f"{_PROPOSED[one.kind].format(money_text(one.amount_minor, one.currency), one.partner.name)}?",
            f"Proposed by {one.proposed_by}; somebody else has to confirm it",
            "Review",
            "partner",
            one.partner.public_id,
        )
        for one in waiting_proposals()[:_EACH]
    ]


_PROPOSED = {"claim": "Ask for {} back from {} in money", "write_off": "Give up {} that {} owes"}


def _applications() -> list[Need]:
    waiting = Application.objects.filter(status="submitted").order_by("submitted_at")
    rows = list(waiting[: _EACH + 1])
    found = [
        Need("person", f"{one.name} wants to become a partner", _short(one.promotion or one.audience), "Review",
             "application", one.public_id)
        for one in rows[:_EACH]
    ]  # fmt: skip
    if len(rows) > _EACH:
        more = waiting.count() - _EACH
        found.append(Need("partners", f"{count_text(more, 'more application')} waiting", "", "See all", "applications"))
    return found


def _ready(program: Program, now: datetime) -> list[Need]:
    if program.payouts_blocked or PayoutRun.objects.filter(program=program, state="prepared").exists():
        return []
    waiting = can_be_paid(program, now=now)
    if not waiting:
        return []
    title = f"{money_text(waiting, program.currency)} can be paid out"
    least = money_text(program.minimum_payout_minor, program.currency)
    return [Need("payouts", title, f"To every partner with at least {least}", "Prepare a run", "payout-prepare")]


def _debts(program: Program) -> list[Need]:
    found = in_debt(program)
    if not found:
        return []
    if len(found) == 1:
        partner, debt = found[0]
        title = f"{partner.name} owes {money_text(debt, program.currency)}"
        return [Need("refund", title, _DEBT, "Open", "partner", partner.public_id, tone="warn")]
    whole = money_text(sum(debt for _, debt in found), program.currency)
    title = f"{count_text(len(found), 'partner')} owe {whole} together"
    return [Need("refund", title, _DEBT, "See them", "partners", query="?sort=payable", tone="warn")]


_DEBT = "Sales were refunded after their commission was paid; the next payouts net it"


def _destinations(program: Program) -> list[Need]:
    found = without_destination(program)
    if not found:
        return []
    waiting = money_text(sum(minor for _, minor in found), program.currency)
    names = ", ".join(partner.name for partner, _ in found[:3]) + (" and others" if len(found) > 3 else "")
    title = f"{waiting} cannot be paid: {count_text(len(found), 'partner has', 'partners have')} no payout account"
    if len(found) == 1:
        return [Need("payouts", title, names, "Open", "partner", found[0][0].public_id, tone="warn")]
    return [Need("payouts", title, names, "See them", "partners", query="?sort=-payable", tone="warn")]


def _refunds() -> list[Need]:
    unmatched = refunds_found(state="unmatched").count()
    if not unmatched:
        return []
    title = f"{count_text(unmatched, 'refund names a sale', 'refunds name sales')} that nobody has recorded"
    detail = "They change nothing until the sale arrives"
    return [Need("refund", title, detail, "See them", "refunds", query="?state=unmatched", tone="warn")]


def _missed() -> list[Need]:
    found = strong_ones().count()
    if not found:
        return []
    title = f"{count_text(found, 'sale credits', 'sales credit')} nobody, and much speaks for a partner"
    detail = "Look at the evidence, then credit the partner or say that it is not theirs"
    return [Need("referrals", title, detail, "See them", "missed", query="?strength=3", tone="warn")]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 110 else text[:109].rstrip() + "…"


def settles_now(program: Program) -> bool:
    """Whether facts wait for the worker, so that the figures may still move."""
    return UnsettledFact.objects.filter(program=program).exists()


def weekly(program: Program, *, now: datetime, weeks: int = WEEKS) -> list[Week]:
    """Referrals (clicks of people, other touches) and credited conversions by whole week in the program's zone.

    The running week is left out: half a week always looks like a fall.
    """
    zone = ZoneInfo(program.timezone)
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(weeks, 0, -1)]
    since = datetime(starts[0].year, starts[0].month, starts[0].day, tzinfo=zone)
    touches = _by_week(_TOUCHES, program, since)
    sales = _by_week(_CONVERSIONS, program, since)
    return [Week(week, touches[week], sales[week]) for week in starts]


# Clicks by what is counted of them (by days of UTC), all other touches one by one.
_TOUCHES = """
    SELECT week, sum(n)::bigint FROM (
        SELECT date_trunc('week', at AT TIME ZONE %(zone)s)::date AS week, count(*) AS n FROM referrals_touch
         WHERE program_id = %(program)s AND at >= %(since)s AND retracted_at IS NULL AND click_id IS NULL GROUP BY 1
        UNION ALL SELECT date_trunc('week', day)::date, sum(people) FROM referrals_clicksbyday
         WHERE program_id = %(program)s AND day >= (%(since)s AT TIME ZONE %(zone)s)::date AND aspect = '' GROUP BY 1
    ) each GROUP BY 1
"""
_CONVERSIONS = """
    SELECT date_trunc('week', conversion_at AT TIME ZONE %(zone)s)::date, count(DISTINCT conversion)
      FROM commissions_line WHERE program_id = %(program)s AND conversion_at >= %(since)s GROUP BY 1
"""


def _by_week(statement: str, program: Program, since: datetime) -> Counter[date]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"zone": program.timezone, "program": program.pk, "since": since})
        return Counter(dict(cursor.fetchall()))


@dataclass(frozen=True, slots=True)
class Trend:
    """A count of the last half year, and how it has changed against the half year before, in words."""

    count: int
    change: str


def trends(year: Sequence[Week]) -> tuple[Trend, Trend]:
    """Referrals and conversions of the second half of these weeks, against the first."""
    before, now = year[: len(year) // 2], year[len(year) // 2 :]
    period = f"the {len(before)} weeks before"
    firsts = sum(week.first for week in now), sum(week.first for week in before)
    seconds = sum(week.second for week in now), sum(week.second for week in before)
    return Trend(firsts[0], change_text(*firsts, period)), Trend(seconds[0], change_text(*seconds, period))


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What a new program has done already."""

    partner: bool
    sale: bool


def first_steps(program: Program) -> FirstSteps:
    """Shown instead of an empty list until the first commission."""
    return FirstSteps(
        partner=Partner.objects.filter(program=program).exists(),
        sale=Conversion.objects.filter(program=program, retracted_at=None).exists(),
    )
