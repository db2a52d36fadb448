"""What the books say: balances, what is booked of each line, and the journal. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Sum

from goodword.accounts.models import Program
from goodword.domain.chart import CHART, OPEN_BUCKETS, Booked
from goodword.ledger.models import Account, Entry, Transaction


def balances(program: Program, owner: UUID | None = None, currency: str | None = None) -> dict[str, int]:
    """Balance of every account kind in minor units, on its normal side (what is owed or paid is above zero).

    `owner` is a partner's key: that partner's accounts only; without it, the sums over the whole program. Without a
    currency it is the program's.
    """
    accounts = Account.unscoped.filter(program=program, currency=currency or program.currency)
    if owner is not None:
        accounts = accounts.filter(owner=owner)
    sums = dict(accounts.values_list("kind").annotate(Sum("balance_minor")))
    return {
        kind.name: sums.get(kind.name, 0) * (1 if kind.normal_side == "debit" else -1)
        for kind in CHART.values()
        if owner is None or kind.owned_by == "partner"
    }


def currencies_in_use(program: Program) -> list[str]:
    """The currencies that the program's books are kept in, its own first."""
    found = set(Account.unscoped.filter(program=program).values_list("currency", flat=True))
    return sorted(found, key=lambda currency: (currency != program.currency, currency))


def booked_by_line(
    program: Program, partners: Iterable[UUID] | None = None, lines: Iterable[str] | None = None
) -> dict[str, Booked]:
    """What is booked of each line: earned, and what lies in each open bucket.

    All lines of the program, or those that the given partners have entries of, or the given lines.
    """
    return {line: booked for line, (_, booked) in owned_by_line(program, partners, lines).items()}


def owned_by_line(
    program: Program, partners: Iterable[UUID] | None = None, lines: Iterable[str] | None = None
) -> dict[str, tuple[UUID | None, Booked]]:
    """As `booked_by_line`, with the partner whose accounts the line stands in; None: only in damaged books."""
    own, values = ("", []) if partners is None and lines is None else _subjects(program, partners, lines)
    accounts = list(Account.unscoped.filter(program=program).values_list("id", "kind", "owner"))
    owners: dict[UUID | None, UUID] = {key: owner for key, _, owner in accounts if owner}
    keys = {kind: [key for key, of, _ in accounts if of == kind] for kind in ("commission_expense", *OPEN_BUCKETS)}
    with connection.cursor() as cursor:
        cursor.execute(
            _BOOKED_BY_LINE.format(own=own, entries=_ENTRIES_OF_OWN if own else "ledger_entry entry"),
            [*values, list(owners), *keys.values(), program.pk],
        )
        return {line: (owners.get(account), Booked(*sums)) for line, account, *sums in cursor.fetchall()}


# Accounts are few and are named, not joined: nothing here depends on what the planner believes of new tables.
_BOOKED_BY_LINE = """
    {own}
    SELECT entry.subject, (array_agg(entry.account_id) FILTER (WHERE entry.account_id = ANY (%s::uuid[])))[1],
           coalesce(sum(debit_minor - credit_minor) FILTER (WHERE entry.account_id = ANY (%s::uuid[])), 0)::bigint,
           coalesce(sum(credit_minor - debit_minor) FILTER (WHERE entry.account_id = ANY (%s::uuid[])), 0)::bigint,
           coalesce(sum(credit_minor - debit_minor) FILTER (WHERE entry.account_id = ANY (%s::uuid[])), 0)::bigint,
           coalesce(sum(credit_minor - debit_minor) FILTER (WHERE entry.account_id = ANY (%s::uuid[])), 0)::bigint,
           count(*)
      FROM {entries} WHERE entry.program_id = %s AND entry.subject <> ''
     GROUP BY entry.subject
"""


# The subjects are found first, once, and then the entries of each one by its index, which OFFSET 0 makes sure of: on
# new tables, whose content the planner does not know yet, a plain join was planned as a loop in a loop for minutes.
_ENTRIES_OF_OWN = """own CROSS JOIN LATERAL
           (SELECT * FROM ledger_entry found WHERE found.subject = own.subject OFFSET 0) entry"""
_OWN = "WITH own AS MATERIALIZED (SELECT DISTINCT subject FROM ledger_entry WHERE {condition})"


def _subjects(program: Program, partners: Iterable[UUID] | None, lines: Iterable[str] | None) -> tuple[str, list[Any]]:
    """The statement that finds whose lines are asked for, with its parameters."""
    condition = "program_id = %s AND subject <> ''"
    values: list[Any] = [program.pk]
    if partners is not None:
        condition += " AND account_id IN (SELECT id FROM ledger_account WHERE program_id = %s AND owner = ANY(%s))"
        values += [program.pk, list(partners)]
    if lines is not None:
        condition += " AND subject = ANY(%s)"
        values.append(list(lines))
    return _OWN.format(condition=condition), values


def payable_by_line(program: Program, currency: str, partner: UUID | None = None) -> dict[UUID, dict[str, int]]:
    """What is payable of each line that has something payable, below zero for a debt; by partner, then by line."""
    own = "" if partner is None else " AND account.owner = %s"
    with connection.cursor() as cursor:
        cursor.execute(
            _PAYABLE_BY_LINE.format(own=own), [program.pk, currency, *([] if partner is None else [partner])]
        )
        found: dict[UUID, dict[str, int]] = {}
        for owner, line, minor in cursor.fetchall():
            found.setdefault(owner, {})[line] = int(minor)
    return found


_PAYABLE_BY_LINE = """
    SELECT account.owner, entry.subject, sum(credit_minor - debit_minor)
      FROM ledger_entry entry JOIN ledger_account account ON account.id = entry.account_id
     WHERE account.program_id = %s AND account.kind = 'payable' AND account.currency = %s{own}
     GROUP BY account.owner, entry.subject HAVING sum(credit_minor - debit_minor) <> 0
     ORDER BY account.owner, entry.subject
"""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One leg as people read it."""

    account: str
    owner: UUID | None
    subject: str
    currency: str
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class JournalTransaction:
    """A transaction with its legs, debits first."""

    transaction: Transaction
    entries: tuple[JournalEntry, ...]


def transactions_page(
    program: Program,
    *,
    partner: UUID | None = None,
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    size: int = 50,
) -> tuple[list[JournalTransaction], int | None]:
    """The journal, newest first: one page, and the `before` of the next page (none: this was the last).

    Filters: a partner's transactions, one recipe, recorded in [since, until).
    """
    found = Transaction.unscoped.filter(program=program).order_by("-sequence")
    if partner is not None:
        found = found.filter(
            Exists(Entry.unscoped.filter(transaction=OuterRef("pk"), account__owner=partner, account__program=program))
        )
    if kind:
        found = found.filter(kind=kind)
    if since is not None:
        found = found.filter(recorded_at__gte=since)
    if until is not None:
        found = found.filter(recorded_at__lt=until)
    if before is not None:
        found = found.filter(sequence__lt=before)
    rows = list(found[: size + 1])
    page = rows[:size]
    return with_entries(page), page[-1].sequence if len(rows) > size else None


def history_of_line(program: Program, line: str) -> list[JournalTransaction]:
    """Everything that was ever posted about one line, in order: accruals, moves, payouts, what was taken back."""
    keys = Entry.unscoped.filter(program=program, subject=line).values("transaction_id")
    rows = Transaction.unscoped.filter(program=program, id__in=keys).order_by("sequence")
    return [
        JournalTransaction(each.transaction, tuple(e for e in each.entries if e.subject == line))
        for each in with_entries(list(rows))
    ]


def with_entries(transactions: list[Transaction]) -> list[JournalTransaction]:
    """The transactions with their legs, read in one query."""
    legs: dict[UUID, list[JournalEntry]] = {one.id: [] for one in transactions}
    entries = Entry.unscoped.filter(transaction__in=transactions).select_related("account")
    for entry in entries.order_by("-debit_minor", "id"):
        legs[entry.transaction_id].append(
            JournalEntry(
                account=entry.account.kind,
                owner=entry.account.owner,
                subject=entry.subject,
                currency=entry.currency,
                debit_minor=entry.debit_minor,
                credit_minor=entry.credit_minor,
            )
        )
    return [JournalTransaction(one, tuple(legs[one.id])) for one in transactions]
