"""The only writers of the ledger: `post` (and `book`, the same without giving the rows back) and `reverse`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction

from goodword.accounts.models import Program
from goodword.domain.chart import CHART, Posting, balanced, mirrored
from goodword.domain.errors import DomainError
from goodword.domain.ids import uuid7
from goodword.ledger.chain import Content, Leg, canonical_instant, canonical_json, chained_hash
from goodword.ledger.copying import NULL, copy_rows, escaped
from goodword.ledger.models import Account, Chain, Entry, Transaction

_TRANSACTION_COLUMNS = (
    "id", "program_id", "sequence", "kind", "cause_kind", "cause_id", "effective_at", "recorded_at", "memo", "actor",
    "evidence", "legs", "reverses_id", "previous_hash", "hash",
)  # fmt: skip
_ENTRY_COLUMNS = (
    "program_id", "transaction_id", "account_id", "subject", "currency", "debit_minor", "credit_minor"
)  # fmt: skip
_ONCE = ("transaction_cause_once", "ledger_transaction_reverses_id_key")
_Key = tuple[str, UUID | None, str]


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


def book(program: Program, transactions: Sequence[NewTransaction], *, now: datetime) -> Span:
    """Post transactions in their order, in bulk: two COPY statements, however many there are."""
    for new in transactions:
        assert len(new.postings) >= 2, f"{new.kind} {new.cause_id} has fewer than two legs"
        assert balanced(new.postings), f"{new.kind} {new.cause_id} does not balance"
    with transaction.atomic():
        end = _locked_end(program)
        if transactions:
            accounts = _accounts(program, transactions)
            _write(program, _chained(program, transactions, accounts, end, now))
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
    return found


def _known_accounts(program: Program) -> dict[_Key, str]:
    rows = Account.unscoped.filter(program=program).values_list("kind", "owner", "currency", "id")
    return {(kind, owner, currency): str(key) for kind, owner, currency, key in rows}


class _Header(NamedTuple):
    """A transaction on its way to the database: its row, its legs and its key."""

    key: str
    row: list[str]
    legs: list[Leg]


def _chained(
    program: Program, transactions: Iterable[NewTransaction], accounts: Mapping[_Key, str], end: Chain, now: datetime
) -> Iterator[_Header]:
    """Number and hash each transaction; `end` moves along."""
    owner, recorded = str(program.pk), canonical_instant(now)
    for new in transactions:
        end.sequence += 1
        evidence = new.evidence if isinstance(new.evidence, str) else canonical_json(new.evidence)
        effective, reverses = canonical_instant(new.effective_at), str(new.reverses) if new.reverses else ""
        content = Content(
            owner, str(end.sequence), new.kind, new.cause_kind, new.cause_id, effective, recorded, new.memo, new.actor,
            reverses, evidence,
        )  # fmt: skip
        legs = [
            Leg(accounts[account, partner, new.currency], subject, new.currency, str(debit), str(credit))
            for account, partner, debit, credit, subject in new.postings
        ]
        previous, end.hash = end.hash, chained_hash(end.hash, content, legs)
        key = str(uuid7())
        yield _Header(key, [
            key, owner, content.sequence, new.kind, new.cause_kind, escaped(new.cause_id), effective, recorded,
            escaped(new.memo), escaped(new.actor), escaped(evidence), str(len(legs)), reverses or NULL, previous,
            end.hash,
        ], legs)  # fmt: skip


def _write(program: Program, headers: Iterable[_Header]) -> None:
    """Two COPY statements; the legs wait in memory until their headers are written."""
    owner = str(program.pk)
    entries: list[list[str]] = []

    def rows() -> Iterator[list[str]]:
        for header in headers:
            for account, subject, currency, debit, credit in header.legs:
                entries.append([owner, header.key, account, escaped(subject), currency, debit, credit])
            yield header.row

    try:
        copy_rows("ledger_transaction", _TRANSACTION_COLUMNS, rows())
    except IntegrityError as refused:
        if not any(name in str(refused) for name in _ONCE):
            raise
        raise AlreadyPosted(
            "this cause has posted before", remedy="read what is booked again, then book the difference"
        ) from refused
    copy_rows("ledger_entry", _ENTRY_COLUMNS, entries)
