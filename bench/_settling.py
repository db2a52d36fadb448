"""A program with many facts, its settlement, and the same rows inserted one by one. Django must be set up before."""

import json
import random
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from goodword.accounts.models import Organization, Program
from goodword.commissions import services
from goodword.commissions.models import Outcome
from goodword.domain.ids import uuid7
from goodword.ledger.copying import copy_rows
from goodword.ledger.models import Account, Chain
from goodword.partners.models import Agreement, Partner, Terms, TermsVersion
from goodword.referrals.models import UnsettledFact

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PARTNERS, SALES_PER_CUSTOMER, REFERRED_OF_TEN = 60, 3, 6  # about as in the demo
DOCUMENT = {
    "rules": [
        {
            "key": "year",
            "on": "sale",
            "pay": {"percent": "15%"},
            "lasts": {"months": 12},
            "when": {"amount": {"gte": "20.00"}},
        },
        {"key": "small", "on": "sale", "pay": {"percent": "7.5%"}},
    ],
    "choose": "first",
    "clawback": {"days": 60},
}  # fmt: skip


def rates(conversions: int, alone: int) -> dict[str, float]:
    """Conversions and rows (lines, reasons, transactions, entries) a second, in bulk, and rows inserted one by one."""
    with transaction.atomic():
        settled(make_program(10))  # a worker is warm: what is loaded once is no part of the rate
        program = make_program(conversions)
        rows, seconds = settled(program)
        _, again = settled(program)
        found = {
            "conversions/s, settle and post": conversions / seconds,
            "conversions/s, settle again with nothing to post": conversions / again,
            "rows/s, settle and post": rows / seconds,
            "rows/s, the same rows one by one": one_by_one(program, alone),
        }
        transaction.set_rollback(True)
    return found


def make_program(conversions: int) -> Program:
    """A program with partners, customers, touches, sales and some refunds; all earlier than NOW."""
    organization = Organization.objects.create(name="Bench")
    program = Program.objects.create(
        organization=organization, slug=f"bench-{uuid7().hex[-12:]}", name="Bench", currency="USD", timezone="UTC"
    )
    terms = Terms.unscoped.create(program=program, key="standard", name="Standard")
    version = TermsVersion.unscoped.create(
        program=program, terms=terms, number=1, document=DOCUMENT, content_hash="", published_at=NOW
    )
    start = NOW - timedelta(days=700)
    partners = [Partner(program=program, name=f"Partner {n}", joined_at=start) for n in range(PARTNERS)]
    Partner.unscoped.bulk_create(partners)
    Agreement.unscoped.bulk_create(
        [Agreement(program=program, partner=one, terms_version=version, starts_at=start) for one in partners]
    )
    _facts(program, partners, conversions, random.Random(7))
    return program


def _facts(program: Program, partners: list[Partner], conversions: int, chance: random.Random) -> None:
    key, at = str(program.pk), NOW.isoformat()
    common = ("id", "program_id", "external_id", "payload_hash", "recorded_at", "source")

    def fact(name: str) -> list[str]:
        return [str(uuid7()), key, name, "", at, "demo"]

    customers = max(1, conversions // SALES_PER_CUSTOMER)
    began = [NOW - timedelta(days=chance.uniform(60, 600)) for _ in range(customers)]
    touches = (
        [*fact(f"t{n}"), str(chance.choice(partners).pk), f"c{n}", "", "link", began[n].isoformat()]
        for n in range(customers)
        if n % 10 < REFERRED_OF_TEN
    )
    copy_rows("referrals_touch", (*common, "partner_id", "customer", "visitor", "channel", "at"), touches)
    zero = ("tax_minor", "shipping_minor", "discount_minor", "fees_minor", "cost_minor")
    text = ("product", "code", "subscription", "kind")
    sales = (
        [*fact(f"s{n}"), "sale", f"c{n % customers}", _later(began[n % customers], chance), "USD",
         str(chance.randint(500, 20_000)), *["0"] * 5, *[""] * 4]
        for n in range(conversions)
    )  # fmt: skip
    columns = (*common, "name", "customer", "at", "currency", "amount_minor", *zero, *text)
    copy_rows("referrals_conversion", columns, sales)
    refunds = (
        [*fact(f"r{n}"), f"s{n}", "USD", "500", (began[n % customers] + timedelta(days=59)).isoformat(), ""]
        for n in range(0, conversions, 20)
    )
    copy_rows("referrals_refund", (*common, "sale", "currency", "amount_minor", "at", "reason"), refunds)
    with connection.cursor() as cursor:
        _prove(cursor)  # the keys of the facts are no part of what is measured
        cursor.execute("ANALYZE referrals_conversion, referrals_touch, referrals_refund, partners_partner")


def _later(began: datetime, chance: random.Random) -> str:
    return (began + timedelta(hours=chance.uniform(1, 1400))).isoformat()


def settled(program: Program) -> tuple[int, float]:
    """One whole settlement, the proof of the ledger's deferred checks included: rows that stand then, and seconds."""
    UnsettledFact.objects.create(program=program, cause="bench")
    began = time.perf_counter()
    run = services.settle_program(program, now=NOW)
    with connection.cursor() as cursor:
        _prove(cursor)
    seconds = time.perf_counter() - began
    said = f"{run.conversions:,} conversions, {run.lines:,} lines, {run.transactions:,} transactions"
    print(f"  {said} in {seconds:.2f} s")
    reasons = Outcome.unscoped.filter(program=program).count()
    return run.lines + reasons + 3 * run.transactions, seconds  # a transaction here has two entries


def _prove(cursor: Any) -> None:
    """Have everything checked that a commit checks."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def one_by_one(program: Program, count: int) -> float:
    """Rows a second when each line, transaction and entry that was written is inserted by its own statement.

    The rows are copies under new keys in a program of their own, so the same constraints and triggers see them.
    """
    other = make_program(0)
    Chain.unscoped.create(program=other)
    partners = dict(zip(_partners(program), _partners(other), strict=True))
    with connection.cursor() as cursor:
        rows = _copies(cursor, program, other, count, partners)
        began = time.perf_counter()
        for table, row in rows:
            _insert(cursor, table, row)
        _prove(cursor)
        return len(rows) / (time.perf_counter() - began)


_TABLES = {
    "ledger_transaction": "SELECT * FROM ledger_transaction WHERE program_id = %s AND sequence <= %s ORDER BY sequence",
    "commissions_line": "SELECT * FROM commissions_line WHERE program_id = %s ORDER BY line LIMIT %s",
    "ledger_entry": "SELECT entry.* FROM ledger_entry entry JOIN ledger_transaction t ON t.id = entry.transaction_id"
    " WHERE entry.program_id = %s AND t.sequence <= %s ORDER BY entry.id",
}


def _partners(program: Program) -> list[Any]:
    return list(Partner.unscoped.filter(program=program).order_by("id").values_list("id", flat=True))


def _copies(
    cursor: Any, program: Program, other: Program, count: int, partners: dict[Any, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """The rows to insert, in the order in which a plain loop over conversions would."""
    found = {table: _rows(cursor, query, [program.pk, count]) for table, query in _TABLES.items()}
    accounts = _accounts(program, other)
    keys = {row["id"]: uuid7() for row in found["ledger_transaction"]}
    legs = defaultdict(list)
    for leg in found["ledger_entry"]:
        del leg["id"]
        header = leg["transaction_id"]
        changed = {"program_id": other.pk, "transaction_id": keys[header], "account_id": accounts[leg["account_id"]]}
        legs[header].append(("ledger_entry", leg | changed))
    copies = []
    for line, header in zip(found["commissions_line"], found["ledger_transaction"], strict=True):
        copies.append(("commissions_line", line | {"program_id": other.pk, "partner_id": partners[line["partner_id"]]}))
        copies.append(("ledger_transaction", header | {"program_id": other.pk, "id": keys[header["id"]]}))
        copies += legs[header["id"]]
    return copies


def _accounts(program: Program, other: Program) -> dict[Any, Any]:
    """An account of the other program for each account of this one."""
    copies = {}
    for account in Account.unscoped.filter(program=program):
        owner, kind, currency = account.owner, account.kind, account.currency
        copies[account.pk] = Account.unscoped.create(program=other, owner=owner, kind=kind, currency=currency).pk
    return copies


def _rows(cursor: Any, query: str, values: list[Any]) -> list[dict[str, Any]]:
    cursor.execute(query, values)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, map(_written, row), strict=True)) for row in cursor.fetchall()]


def _written(value: Any) -> Any:
    is_json = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value))
    return json.dumps(value) if is_json else value


def _insert(cursor: Any, table: str, row: dict[str, Any]) -> None:
    places = ", ".join(["%s"] * len(row))
    cursor.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))
