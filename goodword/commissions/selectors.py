"""What pages show of commissions: figures, lines by page, one line with its whole story, and sums over time.

Reads only. Every amount is in minor units of the currency named beside it; the state of a line is what the books say.
"""

# ruff: noqa: S608 - the statements are put together from constants of this file; every value is a parameter

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from goodword.accounts.models import Program
from goodword.commissions.models import Line
from goodword.domain.chart import NOTHING_BOOKED, Booked
from goodword.ledger.models import Account
from goodword.ledger.selectors import JournalTransaction, balances, booked_by_line, history_of_line

State = Literal["pending", "held", "payable", "in_payout", "paid", "taken_back", "nothing"]
STATES: tuple[State, ...] = ("pending", "held", "payable", "in_payout", "paid", "taken_back", "nothing")
"""Where a line stands. `taken_back`: nothing is left, or less than was paid; `nothing`: it never was worth any."""


@dataclass(frozen=True, slots=True)
class Maturity:
    """What becomes payable on a day."""

    on: date
    amount_minor: int
    lines: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Where the commissions of a program, or of one partner, stand in one currency.

    `payable` is what the next payout may pay and never below zero; `debt` is what was taken back after it had been
    paid (above zero when there is any): the next payouts net it. For a program both are sums over its partners.
    """

    currency: str
    pending: int
    held: int
    payable: int
    in_payout: int
    paid: int
    withheld: int
    clawed_back: int
    debt: int
    lines: int
    next_maturities: tuple[Maturity, ...]

    @property
    def owed(self) -> int:
        """All that is earned and not paid yet, debts taken off."""
        return self.pending + self.held + self.payable + self.in_payout + self.withheld - self.debt


@dataclass(frozen=True, slots=True)
class LineRow:
    """One commission line in a table."""

    line: str
    partner_id: UUID
    partner_name: str
    conversion: str
    conversion_at: datetime
    customer: str
    kind: str
    rule: str
    terms: str
    currency: str
    share_ppm: int
    basis_minor: int
    rate: str
    amount_minor: int
    matures_on: date
    matures_at: datetime
    reasons: tuple[str, ...]
    state: State


@dataclass(frozen=True, slots=True)
class LinesPage:
    """A page of lines, newest conversion first; `next` is the cursor of the following page, or none."""

    rows: tuple[LineRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class LineDetail:
    """One line with everything behind it: its arithmetic, its books, what was posted and when."""

    row: LineRow
    steps: list[dict[str, str]]
    booked: Booked
    history: tuple[JournalTransaction, ...]


@dataclass(frozen=True, slots=True)
class Earned:
    """What the conversions of one period earned, as it stands now."""

    starts_on: date
    amount_minor: int
    lines: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A commission, or a part of it, that was taken back: when, how much, and of which line."""

    sequence: int
    at: datetime
    line: str
    conversion: str
    currency: str
    amount_minor: int
    memo: str


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Which lines to show. Empty fields do not narrow; `text` looks into conversion, customer and partner name."""

    partner: UUID | None = None
    state: str = ""
    customer: str = ""
    conversion: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


def figures(program: Program, partner: UUID | None = None, *, now: datetime, currency: str | None = None) -> Figures:
    """The figures of a program, or of one partner (by key), in one currency (the program's when none is given)."""
    currency = currency or program.currency
    sums = balances(program, partner, currency)
    payable = _payable_balances(program, partner, currency)
    maturities = _next_maturities(program, partner, currency, now)
    return Figures(
        currency=currency,
        pending=sums["pending"],
        held=sums["held"],
        payable=sum(minor for minor in payable if minor > 0),
        in_payout=sums["in_payout"],
        paid=sums["paid"],
        withheld=sums["withheld"],
        clawed_back=_clawed_back(program, partner, currency),
        debt=-sum(minor for minor in payable if minor < 0),
        lines=_lines(program, partner).filter(currency=currency).count(),
        next_maturities=maturities,
    )


def lines_page(
    program: Program, which: LineFilter = LineFilter(), *, now: datetime, after: str | None = None, size: int = 50
) -> LinesPage:
    """One page of lines, newest conversion first. `after` is the `next` of the page before."""
    condition, values = _condition(program, which, now)
    if after is not None:
        at, _, line = after.partition("~")
        condition += " AND (line.conversion_at, line.line) < (%s, %s)"
        values += [datetime.fromisoformat(at), line]
    rows = _rows(condition, values, which.state, size + 1)
    page = tuple(rows[:size])
    last = f"{page[-1].conversion_at.isoformat()}~{page[-1].line}" if len(rows) > size else None
    return LinesPage(page, last)


def lines_of_conversion(program: Program, conversion: str) -> tuple[LineRow, ...]:
    """All lines of one conversion (by external id), in the engine's order."""
    rows = _rows(" AND line.conversion = %s", [program.pk, conversion], "", 1000)
    return tuple(reversed(rows))


def line_detail(program: Program, line: str) -> LineDetail | None:
    """One line by its id, with its steps, what is booked of it and its history; none when there is no such line."""
    rows = _rows(" AND line.line = %s", [program.pk, line], "", 1)
    if not rows:
        return None
    steps = Line.unscoped.filter(program=program, line=line).values_list("steps", flat=True).get()
    booked = booked_by_line(program, lines=[line]).get(line, NOTHING_BOOKED)
    return LineDetail(rows[0], steps, booked, tuple(history_of_line(program, line)))


def earned_over_time(
    program: Program,
    partner: UUID | None = None,
    *,
    by: Literal["day", "week", "month"] = "month",
    since: datetime | None = None,
    until: datetime | None = None,
    currency: str | None = None,
) -> list[Earned]:
    """What conversions of each day, week or month (in the program's zone) earn now, oldest first; for charts."""
    condition, values = _period(partner, since, until)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc(%s, line.conversion_at AT TIME ZONE %s)::date, sum(amount_minor), count(*)"
            f" FROM commissions_line line WHERE line.program_id = %s AND currency = %s{condition}"
            " GROUP BY 1 ORDER BY 1",
            [by, program.timezone, program.pk, currency or program.currency, *values],
        )
        return [Earned(starts_on, int(amount), lines) for starts_on, amount, lines in cursor.fetchall()]


def earned_by_partner(
    program: Program, *, since: datetime | None = None, until: datetime | None = None, currency: str | None = None
) -> dict[UUID, Earned]:
    """What each partner's conversions of [since, until) earn now; `starts_on` is the day of the first of them."""
    condition, values = _period(None, since, until)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT partner_id, min(line.conversion_at AT TIME ZONE %s)::date, sum(amount_minor), count(*)"
            f" FROM commissions_line line WHERE line.program_id = %s AND currency = %s{condition}"
            " GROUP BY 1 ORDER BY 3 DESC, 1",
            [program.timezone, program.pk, currency or program.currency, *values],
        )
        return {key: Earned(first, int(amount), lines) for key, first, amount, lines in cursor.fetchall()}


def taken_back(
    program: Program, partner: UUID | None = None, *, before: int | None = None, size: int = 50
) -> tuple[list[TakenBack], int | None]:
    """What was taken back, newest first: one page, and the `before` of the next one (none: this was the last)."""
    condition: str = ""
    values: list[Any] = [program.pk]
    if partner is not None:
        condition, values = " AND account.owner = %s", [program.pk, partner]
    if before is not None:
        condition, values = f"{condition} AND transaction.sequence < %s", [*values, before]
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN_BACK.format(condition=condition), [*values, size + 1])
        rows = [TakenBack(*(*row[:5], int(row[5]), row[6])) for row in cursor.fetchall()]
    return rows[:size], rows[size - 1].sequence if len(rows) > size else None


_TAKEN_BACK = """
    SELECT transaction.sequence, transaction.recorded_at, min(entry.subject),
           coalesce(transaction.evidence -> 'line' ->> 'conversion', ''), entry.currency,
           sum(debit_minor - credit_minor), transaction.memo
      FROM ledger_transaction transaction
      JOIN ledger_entry entry ON entry.transaction_id = transaction.id
      JOIN ledger_account account ON account.id = entry.account_id AND account.owner IS NOT NULL
     WHERE transaction.program_id = %s AND transaction.kind = 'clawback'{condition}
     GROUP BY transaction.id, entry.currency ORDER BY transaction.sequence DESC LIMIT %s
"""


def _payable_balances(program: Program, partner: UUID | None, currency: str) -> list[int]:
    """Credit balances of the payable accounts, one per partner."""
    accounts = Account.unscoped.filter(program=program, kind="payable", currency=currency)
    if partner is not None:
        accounts = accounts.filter(owner=partner)
    return [-balance for balance in accounts.values_list("balance_minor", flat=True)]


def _lines(program: Program, partner: UUID | None) -> Any:
    lines = Line.unscoped.filter(program=program)
    return lines if partner is None else lines.filter(partner=partner)


def _clawed_back(program: Program, partner: UUID | None, currency: str) -> int:
    condition, values = ("", []) if partner is None else (" AND account.owner = %s", [partner])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_transaction transaction"
            " JOIN ledger_entry entry ON entry.transaction_id = transaction.id"
            " JOIN ledger_account account ON account.id = entry.account_id AND account.owner IS NOT NULL"
            " WHERE transaction.program_id = %s AND transaction.kind = 'clawback' AND entry.currency = %s" + condition,
            [program.pk, currency, *values],
        )
        return int(cursor.fetchone()[0])


def _next_maturities(program: Program, partner: UUID | None, currency: str, now: datetime) -> tuple[Maturity, ...]:
    """The next twelve days on which something pending becomes payable."""
    condition, values = ("", []) if partner is None else (" AND line.partner_id = %s", [partner])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT matures_on, sum(amount_minor), count(*) FROM commissions_line line"
            " WHERE line.program_id = %s AND currency = %s AND matures_at > %s AND amount_minor <> 0"
            f" AND NOT {_IS_HELD}{condition} GROUP BY 1 ORDER BY 1 LIMIT 12",
            [program.pk, currency, now, *values],
        )
        return tuple(Maturity(on, int(amount), lines) for on, amount, lines in cursor.fetchall())


_IS_HELD = """EXISTS (SELECT 1 FROM commissions_hold hold WHERE hold.program_id = line.program_id
    AND hold.partner_id = line.partner_id AND hold.released_at IS NULL AND hold.line IN ('', line.line))"""
_HAS_ENTRY = """line.line IN (SELECT entry.subject FROM ledger_account account
    JOIN ledger_entry entry ON entry.account_id = account.id
    WHERE account.program_id = line.program_id AND account.kind = '{kind}')"""
_NARROWED = {
    "pending": "line.matures_at > %(now)s",
    "held": _IS_HELD,
    "payable": "line.amount_minor <> 0",
    "in_payout": _HAS_ENTRY.format(kind="in_payout"),
    "paid": _HAS_ENTRY.format(kind="paid"),
}
"""What a state implies and an index answers: spares looking at the books of every line."""

_ROWS = """
    SELECT * FROM (
        SELECT line.line, line.partner_id, partner.name, line.conversion, line.conversion_at, line.customer, line.kind,
               line.rule, line.terms, line.currency, line.share_ppm, line.basis_minor, line.rate, line.amount_minor,
               line.matures_on, line.matures_at, line.reasons,
               CASE WHEN booked.in_payout <> 0 THEN 'in_payout'
                    WHEN booked.payable < 0 THEN 'taken_back'
                    WHEN booked.held > 0 THEN 'held'
                    WHEN booked.pending > 0 THEN 'pending'
                    WHEN booked.payable > 0 THEN 'payable'
                    WHEN booked.paid > 0 THEN 'paid'
                    WHEN booked.legs > 0 THEN 'taken_back'
                    WHEN line.amount_minor = 0 THEN 'nothing'
                    ELSE 'pending' END AS state
          FROM commissions_line line
          JOIN partners_partner partner ON partner.id = line.partner_id
          LEFT JOIN LATERAL (
              SELECT count(*) AS legs,
                     sum(credit_minor - debit_minor) FILTER (WHERE account.kind = 'pending') AS pending,
                     sum(credit_minor - debit_minor) FILTER (WHERE account.kind = 'held') AS held,
                     sum(credit_minor - debit_minor) FILTER (WHERE account.kind = 'payable') AS payable,
                     sum(credit_minor - debit_minor) FILTER (WHERE account.kind = 'in_payout') AS in_payout,
                     sum(credit_minor - debit_minor) FILTER (WHERE account.kind = 'paid') AS paid
                FROM ledger_entry entry JOIN ledger_account account ON account.id = entry.account_id
               WHERE entry.program_id = line.program_id AND entry.subject = line.line
          ) booked ON true
         WHERE line.program_id = %s{condition}
         ORDER BY line.conversion_at DESC, line.line DESC
    ) found {state} LIMIT %s
"""


def _rows(condition: str, values: Sequence[Any], state: str, limit: int) -> list[LineRow]:
    chosen, extra = ("WHERE state = %s", [state]) if state else ("", [])
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(condition=condition, state=chosen), [*values, *extra, limit])
        return [LineRow(*(*row[:16], tuple(row[16]), row[17])) for row in cursor.fetchall()]


def _condition(program: Program, which: LineFilter, now: datetime) -> tuple[str, list[Any]]:
    condition, values = _period(which.partner, which.since, which.until)
    for column in ("customer", "conversion", "kind"):
        if given := getattr(which, column):
            condition += f" AND line.{column} = %s"
            values.append(given)
    if which.text:
        like = "%" + which.text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        condition += " AND (line.conversion ILIKE %s OR line.customer ILIKE %s OR partner.name ILIKE %s)"
        values += [like, like, like]
    if narrowed := _NARROWED.get(which.state, ""):
        condition += f" AND {narrowed.replace('%(now)s', '%s')}"
        values += [now] if "%(now)s" in narrowed else []
    return condition, [program.pk, *values]


def _period(partner: UUID | None, since: datetime | None, until: datetime | None) -> tuple[str, list[Any]]:
    condition, values = "", []
    for text, given in (
        ("line.partner_id = %s", partner),
        ("line.conversion_at >= %s", since),
        ("line.conversion_at < %s", until),
    ):
        if given is not None:
            condition += f" AND {text}"
            values.append(given)
    return condition, values
