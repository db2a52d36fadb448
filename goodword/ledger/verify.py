"""Invariants of the ledger itself, I01 to I08 (reliability.md section 1): each finds rows that break it."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from django.db import connection

from goodword.ledger.chain import START, Content, Leg, canonical_json, chained_hash
from goodword.ledger.invariants import Examined, invariant

RULES_IN_FORCE = {
    ("ledger_transaction", "ledger_append_only"),
    ("ledger_transaction", "ledger_transactions_noted"),
    ("ledger_entry", "ledger_append_only"),
    ("ledger_entry", "ledger_entries_noted"),
    ("ledger_account", "ledger_append_only"),
    ("ledger_account", "ledger_account_guard"),
    ("ledger_chain", "ledger_append_only"),
    ("ledger_unproved", "ledger_balanced"),
}
"""The triggers that keep the books: table and name."""


@invariant("I01", "Every transaction balances: debits equal credits in each currency")
def unbalanced(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT t.sequence, e.currency, sum(e.debit_minor) - sum(e.credit_minor)
          FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
         WHERE t.program_id = %(program)s
         GROUP BY t.id, e.currency HAVING sum(e.debit_minor) <> sum(e.credit_minor) ORDER BY t.sequence""")
    return (f"transaction {number} is off by {net} {currency}" for number, currency, net in rows)


@invariant("I02", "All account balances of a currency add up to nought")
def balances_off(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT currency, sum(balance_minor) FROM ledger_account WHERE program_id = %(program)s
         GROUP BY currency HAVING sum(balance_minor) <> 0""")
    return (f"balances in {currency} add up to {net}" for currency, net in rows)


@invariant("I03", "Every entry is a whole amount above nought, on one side")
def odd_amounts(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT id, debit_minor, credit_minor FROM ledger_entry WHERE program_id = %(program)s
           AND NOT ((debit_minor > 0 AND credit_minor = 0) OR (credit_minor > 0 AND debit_minor = 0)) ORDER BY id""")
    return (f"entry {key} has {debit} on the debit and {credit} on the credit side" for key, debit, credit in rows)


@invariant("I04", "Every transaction has the two or more entries it was posted with, in the currency of their accounts")
def odd_legs(at: Examined) -> Iterable[str]:
    counts = at.rows("""
        SELECT t.sequence, t.legs, count(e.id) FROM ledger_transaction t
          LEFT JOIN ledger_entry e ON e.transaction_id = t.id WHERE t.program_id = %(program)s
         GROUP BY t.id HAVING count(e.id) < 2 OR count(e.id) <> t.legs ORDER BY t.sequence""")
    yield from (f"transaction {number} has {found} entries, not {legs}" for number, legs, found in counts)
    currencies = at.rows("""
        SELECT e.id, e.currency, a.currency FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
         WHERE e.program_id = %(program)s AND e.currency <> a.currency ORDER BY e.id""")
    yield from (f"entry {key} is in {mine}, its account in {other}" for key, mine, other in currencies)


@invariant("I05", "The books are append-only: the rules that refuse changes are in force")
def rules_out_of_force(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT tgrelid::regclass::text, tgname FROM pg_trigger
         WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgrelid IN (SELECT oid FROM pg_class
           WHERE relname LIKE 'ledger\\_%%' AND relnamespace = current_schema()::regnamespace)""")
    return (f"the rule {name} on {table} is missing or off" for table, name in sorted(RULES_IN_FORCE - set(rows)))


@invariant("I06", "Every transaction has one cause, and no cause posts the same kind twice")
def odd_causes(at: Examined) -> Iterable[str]:
    nameless = at.rows("""
        SELECT sequence FROM ledger_transaction WHERE program_id = %(program)s
           AND (cause_kind = '' OR cause_id = '' OR actor = '') ORDER BY sequence""")
    yield from (f"transaction {number} does not say what caused it" for (number,) in nameless)
    twice = at.rows("""
        SELECT cause_kind, cause_id, kind, count(*) FROM ledger_transaction WHERE program_id = %(program)s
         GROUP BY 1, 2, 3 HAVING count(*) > 1 ORDER BY 1, 2, 3""")
    yield from (f"{kind} {key} posted {what} {times} times" for kind, key, what, times in twice)


@invariant("I07", "Transactions are numbered without a gap and chained: every hash is that of its content")
def broken_chain(at: Examined) -> Iterator[str]:
    sequence, previous = 0, START
    for header, legs in _with_legs(at):
        number, stored_previous, stored, content = header
        if number != sequence + 1:
            yield f"transaction {sequence + 1} is missing: the next one has number {number}"
        if stored_previous != previous:
            yield f"transaction {number} does not follow the one before it"
        if not _is_as_posted(stored, stored_previous, content, legs):
            yield f"transaction {number} is not what was posted"
        sequence, previous = number, stored
    ends = at.rows("SELECT sequence, hash FROM ledger_chain WHERE program_id = %(program)s")
    if (sequence, previous) != (ends[0] if ends else (0, START)):
        yield f"the chain ends at transaction {sequence}, but {ends[0][0] if ends else 0} were posted"


@invariant("I08", "Every account balance is the sum of its entries")
def drifted_balances(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT a.kind, a.owner, a.currency, a.balance_minor, coalesce(s.net, 0)
          FROM ledger_account a LEFT JOIN (
               SELECT account_id, sum(debit_minor) - sum(credit_minor) AS net FROM ledger_entry
                WHERE program_id = %(program)s GROUP BY account_id) s ON s.account_id = a.id
         WHERE a.program_id = %(program)s AND a.balance_minor <> coalesce(s.net, 0) ORDER BY 1, 2, 3""")
    return (
        f"account {kind}{f' of {owner}' if owner else ''} says {kept} {currency}, its entries {net}"
        for kind, owner, currency, kept, net in rows
    )


def _is_as_posted(stored: str, previous: str, content: Content, legs: list[Leg]) -> bool:
    """The evidence is kept as the very text that was hashed; if it was laid out anew since, its canonical text is."""
    if chained_hash(previous, content, legs) == stored:
        return True
    canonical = canonical_json(json.loads(content.evidence))
    return chained_hash(previous, content._replace(evidence=canonical), legs) == stored


def _with_legs(at: Examined) -> Iterator[tuple[tuple[int, str, str, Content], list[Leg]]]:
    """Every transaction in sequence with its legs, as they were hashed; read in one pass."""
    program = str(at.program.pk)
    with connection.chunked_cursor() as cursor:
        cursor.execute(_CHAIN, [at.program.pk])
        for sequence, group in groupby(cursor, key=itemgetter(0)):
            rows = list(group)
            *texts, previous, stored = rows[0][1:12]
            legs = [Leg(*row[12:]) for row in rows if row[12] is not None]
            yield (sequence, previous, stored, Content(program, str(sequence), *texts)), legs


# Every field as the text that is hashed; the instants as `canonical_instant` writes them.
_INSTANT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
_CHAIN = f"""
    SELECT t.sequence, t.kind, t.cause_kind, t.cause_id, {_INSTANT.format("t.effective_at")},
           {_INSTANT.format("t.recorded_at")}, t.memo, t.actor, coalesce(t.reverses_id::text, ''), t.evidence::text,
           t.previous_hash, t.hash,
           e.account_id::text, e.subject, e.currency, e.debit_minor::text, e.credit_minor::text
      FROM ledger_transaction t LEFT JOIN ledger_entry e ON e.transaction_id = t.id
     WHERE t.program_id = %s ORDER BY t.sequence
"""  # noqa: S608 - no value from outside is written into it
