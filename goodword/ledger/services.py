"""The only writers of the ledger: `post` (and `book`, the same without giving the rows back) and `reverse`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction

from goodword.accounts.models import Program
from goodword.domain.chart import CHART, Posting, balanced, mirrored
from goodword.domain.errors import DomainError
from goodword.domain.ids import uuid7_texts
from goodword.ledger.chain import Content, Leg, canonical_instant, canonical_json, chained_hash
from goodword.ledger.copying import NULL, row_of, writing
from goodword.ledger.models import Account, Chain, Entry, Transaction

_TRANSACTION_COLUMNS = (
    "id", "program_id", "sequence", "kind", "cause_kind", "cause_id", "effective_at", "recorded_at", "memo", "actor",
    "evidence", "legs", "reverses_id", "previous_hash", "hash",
)  # fmt: skip
_ENTRY_COLUMNS = (
    "program_id", "transaction_id", "account_id", "subject", "currency", "debit_minor", "credit_minor"
)  # fmt: skip
_ONCE = ("transaction_cause_once", "transaction_reversed_once")
_Key = tuple[str, UUID | None, str]
Told = Callable[[int, int], None]
"""Told now and then how many of how many transactions are on their way."""
AT_ONCE = 2_048


class AlreadyPosted(DomainError):
    """The cause has posted this kind of transaction before."""

    code = "already_posted"


class AlreadyReversed(DomainError):
    """A transaction is reversed once; reverse the reversal to bring it back."""

    code = "already_reversed"


class NewTransaction(NamedTuple):
    """A transaction to post: one currency, legs from a recipe of `domain/chart.py`, a cause that comes once.

    `evidence` is what explains it: a mapping, or its canonical JSON where the caller has that already.
    """

    kind: str
    cause_kind: str
    cause_id: str
    currency: str
    postings: Sequence[Posting]
    effective_at: datetime
    memo: str
    actor: str = "system"
    evidence: Mapping[str, Any] | str = "{}"
    reverses: UUID | None = None


class Span(NamedTuple):
    """The sequence numbers that were given out: from `first` on, `size` of them."""

    first: int
    size: int


def post(program: Program, transactions: Sequence[NewTransaction], *, now: datetime) -> list[Transaction]:
    """Post transactions in their order; gives back the rows. Raises AlreadyPosted when a cause has posted before."""
    span = book(program, transactions, now=now)
    return list(
        Transaction.unscoped.filter(
            program=program, sequence__gte=span.first, sequence__lt=span.first + span.size
        ).order_by("sequence")
    )


def book(
    program: Program, transactions: Sequence[NewTransaction], *, now: datetime, told: Told = lambda _done, _total: None
) -> Span:
    """Post transactions in their order, in bulk: two COPY statements, however many there are. `told` hears how far."""
    for new in transactions:
        assert len(new.postings) >= 2, f"{new.kind} {new.cause_id} has fewer than two legs"
        assert balanced(new.postings), f"{new.kind} {new.cause_id} does not balance"
    with transaction.atomic():
        end = _locked_end(program)
        if transactions:
            accounts = _accounts(program, transactions)
            _write(_Journal(end, accounts, canonical_instant(now), told), transactions)
            Chain.unscoped.filter(program=program).update(sequence=end.sequence, hash=end.hash)
        return Span(end.sequence - len(transactions) + 1, len(transactions))


def reverse(original: Transaction, *, reason: str, actor: str, now: datetime) -> Transaction:
    """Post the same legs with the sides exchanged. What was wrong stays readable, with its correction beside it."""
    entries = list(Entry.unscoped.filter(transaction=original).select_related("account").order_by("id"))
    legs = [Posting(e.account.kind, e.account.owner, e.debit_minor, e.credit_minor, e.subject) for e in entries]
    new = NewTransaction(
        kind="reversal",
        cause_kind="reversal",
        cause_id=str(original.id),
        currency=entries[0].currency,
        postings=mirrored(legs),
        effective_at=now,
        memo=f"Reverses no. {original.sequence}: {reason}"[:300],
        actor=actor,
        evidence={"reverses": original.sequence, "reason": reason},
        reverses=original.id,
    )
    try:
        return post(original.program, [new], now=now)[0]
    except AlreadyPosted as twice:
        raise AlreadyReversed(
            f"transaction no. {original.sequence} is reversed already", remedy="reverse the reversal to bring it back"
        ) from twice


def _locked_end(program: Program) -> Chain:
    """The end of the chain, locked until this transaction is over: whoever comes next waits here."""
    Chain.unscoped.bulk_create([Chain(program=program)], ignore_conflicts=True)
    return Chain.unscoped.select_for_update().get(program=program)


def _accounts(program: Program, transactions: Iterable[NewTransaction]) -> dict[_Key, str]:
    """The key of every account that the transactions name; missing ones are opened."""
    wanted = {(leg.account, leg.owner, new.currency) for new in transactions for leg in new.postings}
    for kind, owner, _ in wanted:
        assert (owner is not None) == (CHART[kind].owned_by == "partner"), f"{kind} belongs to a {CHART[kind].owned_by}"
    found = _known_accounts(program)
    if missing := wanted - found.keys():
        ordered = sorted(missing, key=str)
        Account.unscoped.bulk_create(
            [Account(program=program, kind=kind, owner=owner, currency=currency) for kind, owner, currency in ordered],
            ignore_conflicts=True,
        )
        found = _known_accounts(program)
    return {key: found[key] for key in wanted}  # by the very keys of the legs: Python then need not compare them


def _known_accounts(program: Program) -> dict[_Key, str]:
    rows = Account.unscoped.filter(program=program).values_list("kind", "owner", "currency", "id")
    return {(kind, owner, currency): str(key) for kind, owner, currency, key in rows}


class _Journal:
    """Numbers and hashes transactions on their way to the database; the chain's end moves along."""

    def __init__(self, end: Chain, accounts: Mapping[_Key, str], recorded: str, told: Told) -> None:
        self._end = end
        self._accounts = accounts
        self._recorded = recorded
        self._told = told
        self._program = str(end.program_id)

    def rows(self, transactions: Sequence[NewTransaction]) -> Iterator[tuple[list[str], list[str]]]:
        """The lines for COPY of some transactions at a time, and those of their entries."""
        for at in range(0, len(transactions), AT_ONCE):
            self._told(at, len(transactions))
            part = transactions[at : at + AT_ONCE]
            entries: list[str] = []
            keys = uuid7_texts(len(part))
            yield [self._row(key, new, entries) for key, new in zip(keys, part, strict=True)], entries
        self._told(len(transactions), len(transactions))

    def _row(self, key: str, new: NewTransaction, entries: list[str]) -> str:
        kind, cause_kind, cause_id, currency, postings, at, memo, actor, explained, original = new
        evidence = explained if isinstance(explained, str) else canonical_json(explained)
        effective, reverses = canonical_instant(at), str(original or "")
        legs = [
            Leg(self._accounts[account, owner, currency], subject, currency, str(debit), str(credit))
            for account, owner, debit, credit, subject in postings
        ]
        end, program, recorded = self._end, self._program, self._recorded
        end.sequence += 1
        content = Content(
            program, str(end.sequence), kind, cause_kind, cause_id, effective, recorded, memo, actor, reverses, evidence
        )
        previous, end.hash = end.hash, chained_hash(end.hash, content, legs)
        entries += [f"{program}\t{key}\t{row_of(leg)}\n" for leg in legs]
        row = row_of((
            key, program, content.sequence, kind, cause_kind, cause_id, effective, recorded, memo, actor, evidence
        ))  # fmt: skip
        return f"{row}\t{len(legs)}\t{reverses or NULL}\t{previous}\t{end.hash}\n"


def _write(journal: _Journal, transactions: Sequence[NewTransaction]) -> None:
    """Some transactions and then their entries, again and again: the next are made while the database writes."""
    try:
        with writing() as writer:
            for rows, entries in journal.rows(transactions):
                writer.copy("ledger_transaction", _TRANSACTION_COLUMNS, rows)
                writer.copy("ledger_entry", _ENTRY_COLUMNS, entries)
    except IntegrityError as refused:
        if not any(name in str(refused) for name in _ONCE):
            raise
        raise AlreadyPosted(
            "this cause has posted before", remedy="read what is booked again, then book the difference"
        ) from refused
