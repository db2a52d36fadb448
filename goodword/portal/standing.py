"""Where a partner stands: what was earned, what of it can still be taken back, what comes when, what is owed back.

Every figure is read from the ledger and the lines; nothing is computed that they do not say.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Max, Q, Sum

from goodword.accounts.models import Program
from goodword.commissions.models import Hold, Line
from goodword.commissions.selectors import Figures, figures, taken_back
from goodword.domain.chart import NOTHING_BOOKED, OPEN_BUCKETS
from goodword.ledger.models import Entry
from goodword.ledger.selectors import booked_by_line
from goodword.partners.models import Partner, TermsVersion
from goodword.portal.words import taken_back_sentence
from goodword.referrals.models import Refund


@dataclass(frozen=True, slots=True)
class Standing:
    """A partner's money in the program's currency, in minor units, with what of it can still be taken back."""

    figures: Figures
    at_risk: int
    at_risk_until: date | None

    @property
    def currency(self) -> str:
        return self.figures.currency

    @property
    def earned(self) -> int:
        """All that was ever earned and kept: what is owed and what has been paid."""
        return self.figures.owed + self.figures.paid


@dataclass(frozen=True, slots=True)
class Coming:
    """Amounts that become payable in [first, last]."""

    first: date
    last: date
    amount: int
    lines: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken from one line. `owed`: it had been paid, and the next payout takes it off."""

    line: str
    at: datetime
    amount: int
    order_at: datetime | None
    refunded: bool
    refund_reason: str
    owed: int


def standing_of(partner: Partner, now: datetime) -> Standing:
    """The partner's figures as the books say them now."""
    at_risk, until = _at_risk(partner, now)
    return Standing(figures(partner.program, partner.pk, now=now), at_risk, until)


def _at_risk(partner: Partner, now: datetime) -> tuple[int, date | None]:
    """What a refund can still take back, and the last day on which it can.

    By the agreement a refund counts for so many days after the sale; where it counts for ever, the hold is what is
    meant, because what has been paid out after it is not waiting any more.
    """
    amount, until = 0, None
    for terms, days in _clawback_days(partner).items():
        lines = Line.objects.filter(partner=partner, terms=terms, amount_minor__gt=0)
        risky = Q(matures_at__gt=now)
        if days is not None:
            risky |= Q(conversion_at__gte=now - timedelta(days=days))
        found = lines.filter(risky).aggregate(amount=Sum("amount_minor"))["amount"] or 0
        if not found:
            continue
        amount += found
        last = lines.filter(risky).order_by("-matures_on").values_list("matures_on", flat=True)[0]
        if days is not None:
            newest = lines.filter(risky).order_by("-conversion_at").values_list("conversion_at", flat=True)[0]
            last = max(last, (newest + timedelta(days=days)).date())
        until = max(until, last) if until else last
    return amount, until


def _clawback_days(partner: Partner) -> dict[str, int | None]:
    keys = set(Line.objects.filter(partner=partner).values_list("terms", flat=True).distinct())
    versions = TermsVersion.objects.filter(terms__key__in=[key.rpartition("@")[0] for key in keys])
    documents = {version.settlement_key: version.document for version in versions.select_related("terms")}
    return {key: (documents.get(key, {}).get("clawback") or {}).get("days") for key in sorted(keys)}


def coming_of(partner: Partner, now: datetime, *, groups_max: int = 6) -> list[Coming]:
    """What becomes payable when, by day; by week where there are many days. What is held has no day."""
    held = set(Hold.objects.filter(partner=partner, released_at=None).values_list("line", flat=True))
    if "" in held:
        return []
    rows = (
        Line.objects.filter(partner=partner, matures_at__gt=now, currency=partner.program.currency)
        .exclude(amount_minor=0)
        .exclude(line__in=held)
        .values("matures_on")
        .annotate(amount=Sum("amount_minor"), lines=Count("line"))
        .order_by("matures_on")
    )
    days = [Coming(row["matures_on"], row["matures_on"], row["amount"], row["lines"]) for row in rows]
    return days if len(days) <= groups_max else _by_week(days)


def _by_week(days: Sequence[Coming]) -> list[Coming]:
    weeks: dict[tuple[int, int], list[Coming]] = defaultdict(list)
    for day in days:
        weeks[day.first.isocalendar()[:2]].append(day)
    return [
        Coming(week[0].first, week[-1].last, sum(day.amount for day in week), sum(day.lines for day in week))
        for week in weeks.values()
    ]


def taken_back_from(partner: Partner, *, limit: int = 5) -> list[Taken]:
    """The latest corrections that took something back, newest first, each with its cause as far as it is known."""
    rows, _ = taken_back(partner.program, partner.pk, size=limit)
    return _explained(partner, [(row.line, row.at, row.amount_minor) for row in rows])


def owed_back_by(partner: Partner) -> list[Taken]:
    """The lines that were taken back after they had been paid, and that no payout has netted yet."""
    legs = (
        Entry.objects.filter(account__owner=partner.pk, account__kind="payable")
        .values("subject")
        .annotate(amount=Sum(F("debit_minor") - F("credit_minor")), at=Max("transaction__recorded_at"))
        .filter(amount__gt=0)
        .order_by("-at")
    )
    return _explained(partner, [(row["subject"], row["at"], row["amount"]) for row in legs])


def sentence_of(taken: Taken, program: Program, now: datetime) -> str:
    """What was taken back, in words."""
    zone = ZoneInfo(program.timezone)
    return taken_back_sentence(
        taken.amount,
        program.currency,
        order_at=taken.order_at,
        refunded=taken.refunded,
        owed=taken.owed,
        zone=zone,
        today=now.astimezone(zone).date(),
    )


def taken_sentence_of(partner: Partner, line: str, now: datetime) -> str:
    """What was taken back of one line in all, in words; empty when nothing was."""
    legs = Entry.objects.filter(
        transaction__kind="clawback", account__owner=partner.pk, account__kind__in=OPEN_BUCKETS, subject=line
    )
    found = legs.aggregate(amount=Sum(F("debit_minor") - F("credit_minor")), at=Max("transaction__recorded_at"))
    if not found["amount"]:
        return ""
    return sentence_of(_explained(partner, [(line, found["at"], found["amount"])])[0], partner.program, now)


def _explained(partner: Partner, rows: Sequence[tuple[str, datetime, int]]) -> list[Taken]:
    ids = [line for line, _, _ in rows]
    lines = {line.line: line for line in Line.objects.filter(line__in=ids, partner=partner)}
    books = booked_by_line(partner.program, lines=ids) if ids else {}
    sales = [line.conversion for line in lines.values()]
    refunds = dict(
        Refund.objects.filter(sale__in=sales, retracted_at=None).order_by("at").values_list("sale", "reason")
    )
    taken = []
    for name, at, amount in rows:
        line = lines.get(name)
        sale = line.conversion if line else ""
        owed = max(-books.get(name, NOTHING_BOOKED).payable, 0)
        order_at = line.conversion_at if line else None
        taken.append(Taken(name, at, amount, order_at, sale in refunds, refunds.get(sale, ""), owed))
    return taken
