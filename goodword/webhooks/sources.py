"""What happened, read from where it is kept: the audit trail, the ledger, and the facts that have noted themselves.

Reads only, but for the marks that it moves on `Reading` (saved by the caller) and the notes that it takes away.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db.models import Count, Max, Min, Sum

from goodword.accounts.models import AuditEntry, Keyed, Program
from goodword.commissions.models import Line
from goodword.domain.ids import MalformedId, parse_public_id, public_id
from goodword.domain.money import to_decimal
from goodword.ledger.models import Entry, Transaction
from goodword.objects.shown import (
    agreement_shown,
    application_shown,
    as_json,
    code_shown,
    fact_shown,
    line_shown,
    link_shown,
    partner_shown,
    payout_shown,
)
from goodword.partners.models import Agreement, Application, Partner
from goodword.payouts.models import Payout, PayoutRun
from goodword.referrals.models import Code, Fact, Import, Link
from goodword.referrals.services import MODELS
from goodword.webhooks.catalog import BULK, EACH_MAX, KINDS, UNASKED
from goodword.webhooks.models import Reading, RecordedFacts

AT_ONCE: Final = 2_000
TRAIL_AT_ONCE: Final = 20_000
M = TypeVar("M", bound=Keyed)


@dataclass(frozen=True, slots=True)
class Told:
    """One event to be: its kind, what it is about, the change that it tells of, when that was, and its data."""

    kind: str
    object: str
    source: str
    at: datetime
    data: dict[str, Any]


def told(kind: str, obj: str, source: str, at: datetime, found: Any) -> Told:
    """An event with the data of its kind."""
    described = KINDS.get(kind) or UNASKED[kind]
    return Told(kind, obj[:240], source, at, as_json(described.data, found))


def _in_sum(kind: str, count: int, source: str, at: datetime) -> Told:
    return told(BULK, f"bulk {kind}", source, at, {"type": kind, "count": count, "at": at})


# The audit trail


def from_trail(reading: Reading) -> Iterator[Told]:
    """What people and systems did, since the last reading."""
    rows = AuditEntry.objects.filter(program=reading.program_id, sequence__gt=reading.audit_sequence)
    entries = list(rows.select_related("program").order_by("sequence")[:TRAIL_AT_ONCE])
    sums = dict(_sums(entries))
    for entry in entries:
        in_sum = sums.get(entry.sequence)
        if in_sum is None:
            yield from _of_entry(entry)
        elif in_sum:
            yield _in_sum(entry.action, in_sum, f"audit:{entry.sequence}", entry.at)
    if entries:
        reading.audit_sequence = entries[-1].sequence


def _sums(entries: Sequence[AuditEntry]) -> Iterator[tuple[int, int]]:
    """Entries that are told of in sum, by number: the last of a kind with how many there were, the others with 0.

    An import writes its entries in one transaction, under the lock of the chain: they stand together, its own last.
    """
    together: list[AuditEntry] = []
    for entry in entries:
        if together and (entry.actor_kind, entry.actor_id) != (together[0].actor_kind, together[0].actor_id):
            together = []
        together.append(entry)
        if entry.action == "import.finished":
            counts = Counter(one.action for one in together)
            last = {one.action: one.sequence for one in together}
            for one in together:
                if counts[one.action] > EACH_MAX:
                    yield one.sequence, counts[one.action] if last[one.action] == one.sequence else 0
            together = []


def _of_entry(entry: AuditEntry) -> Iterator[Told]:
    assert entry.program is not None
    source = f"audit:{entry.sequence}"
    if of_run := _OF_RUN.get(entry.action):
        yield from _of_payout_run(entry, of_run, source)
    elif entry.action in _OF_RECORD and entry.action in KINDS:
        found = _OF_RECORD[entry.action](entry)
        if found is not None:
            yield told(entry.action, entry.object_id, source, entry.at, found)


def _row(model: type[M], entry: AuditEntry, *related: str) -> M | None:
    try:
        key = parse_public_id(model.id_kind, entry.object_id)
    except MalformedId:
        return None
    rows: Any = getattr(model, "unscoped", None)
    found: M | None = rows.filter(program=entry.program, pk=key).select_related(*related).first()
    return found


def _application(entry: AuditEntry) -> dict[str, Any] | None:
    row = _row(Application, entry)
    return application_shown(row) if row else None


def _partner(entry: AuditEntry) -> dict[str, Any] | None:
    row = _row(Partner, entry, "group")
    return partner_shown(row) if row else None


def _agreement(entry: AuditEntry) -> dict[str, Any] | None:
    row = _row(Agreement, entry, "terms_version__terms")
    return agreement_shown(row) if row else None


def _link(entry: AuditEntry) -> dict[str, Any] | None:
    row = _row(Link, entry)
    assert entry.program is not None
    return link_shown(entry.program, row) if row else None


def _code(entry: AuditEntry) -> dict[str, Any] | None:
    row = _row(Code, entry)
    return code_shown(row) if row else None


def _payout(entry: AuditEntry) -> dict[str, Any] | None:
    row = _row(Payout, entry)
    return payout_shown(row) if row else None


def _import(entry: AuditEntry) -> dict[str, Any] | None:
    row = _row(Import, entry)
    if row is None:
        return None
    after = entry.after or {}
    rows = after.get("retracted") if entry.action == "import.undone" else after.get("new")
    same = {name: getattr(row, name) for name in ("kind", "file_name", "imported_at")}
    undone = row.undone_at if entry.action == "import.undone" else None
    return {**same, "id": row.public_id, "rows": rows or 0, "undone_at": undone}


_OF_RECORD: Mapping[str, Callable[[AuditEntry], dict[str, Any] | None]] = {
    **dict.fromkeys(("application.submitted", "application.approved", "application.rejected"), _application),
    **dict.fromkeys(
        ("partner.created", "partner.changed", "partner.paused", "partner.resumed", "partner.ended"), _partner
    ),
    **dict.fromkeys(("agreement.started", "agreement.ended"), _agreement),
    **dict.fromkeys(("link.created", "link.revoked"), _link),
    **dict.fromkeys(("code.created", "code.revoked"), _code),
    **dict.fromkeys(("payout.paid", "payout.returned"), _payout),
    **dict.fromkeys(("import.finished", "import.undone"), _import),
}
ONE_BY_ONE: Final = frozenset(_OF_RECORD)
"""What is told of one by one, or, of an import that made many, in a sum."""
_OF_RUN: Mapping[str, str] = {
    "payout_run.approved": "payout.approved",
    "payout_run.exported": "payout.sent",
    "payout_run.cancelled": "payout.cancelled",
}


def _of_payout_run(entry: AuditEntry, kind: str, source: str) -> Iterator[Told]:
    """A step of a run is a step of each of its payouts."""
    run = _row(PayoutRun, entry)
    payouts = list(Payout.unscoped.filter(program=entry.program, run=run).order_by("reference")) if run else []
    if len(payouts) > EACH_MAX:
        yield _in_sum(kind, len(payouts), source, entry.at)
        return
    for place, payout in enumerate(payouts, start=1):
        yield told(kind, payout.public_id, f"{source}:{place}", entry.at, payout_shown(payout))


# The ledger

_OF_RECIPE: Mapping[str, str] = {
    "accrual": "commission.earned",
    "correction": "commission.changed",
    "clawback": "commission.reduced",
    "maturity": "commission.matured",
    "hold": "commission.held",
    "release": "commission.released",
}


LEDGER_RECIPES: Final = frozenset(_OF_RECIPE)


def from_ledger(reading: Reading) -> Iterator[Told]:
    """What became of commissions, since the last reading: what a settlement books at once is looked at together."""
    seen = 0
    while seen < AT_ONCE:
        after = Transaction.unscoped.filter(program=reading.program_id, sequence__gt=reading.ledger_sequence)
        first = after.order_by("sequence").values("recorded_at").first()
        if first is None:
            return
        other = after.exclude(recorded_at=first["recorded_at"]).aggregate(at=Min("sequence"))["at"]
        rows = after if other is None else after.filter(sequence__lt=other)
        end = rows.aggregate(last=Max("sequence"))["last"]
        rows = rows.filter(sequence__lte=end)
        for one in _booked_together(rows.filter(cause_kind="line", kind__in=_OF_RECIPE), end):
            seen += 1
            yield one
        reading.ledger_sequence = end


def _booked_together(rows: Any, end: int) -> Iterator[Told]:
    counts = dict(rows.order_by().values_list("kind").annotate(Count("pk")))
    for recipe in sorted(kind for kind, count in counts.items() if count > EACH_MAX):
        at = rows.filter(kind=recipe).aggregate(at=Max("recorded_at"))["at"]
        yield _in_sum(_OF_RECIPE[recipe], counts[recipe], f"ledger:{end}:{recipe}", at)
    each = list(
        rows.filter(kind__in=[kind for kind, count in counts.items() if count <= EACH_MAX]).order_by("sequence")
    )
    names = {_line_of(one) for one in each}
    lines = {line.line: line for line in Line.objects.filter(line__in=names).defer("steps")}
    for one in each:
        yield _of_transaction(one, lines.get(_line_of(one)))


def _line_of(booked: Transaction) -> str:
    return booked.cause_id.rpartition("@")[0]


def _of_transaction(booked: Transaction, line: Line | None) -> Told:
    name, source = _line_of(booked), f"ledger:{booked.sequence}"
    if line is not None:
        return told(_OF_RECIPE[booked.kind], f"line:{name}", source, booked.recorded_at, line_shown(line))
    entry = Entry.unscoped.filter(transaction=booked).exclude(account__owner=None).select_related("account").first()
    assert entry is not None, f"{name} is booked for a partner"
    assert entry.account.owner is not None
    gone = {
        "line": name,
        "partner": public_id("partner", entry.account.owner),
        "currency": entry.currency,
        "amount": to_decimal(0, entry.currency),
    }
    return told("commission.withdrawn", f"line:{name}", source, booked.recorded_at, gone)


# Facts


def from_facts(program: Program) -> Iterator[Told]:
    """Facts that were recorded since the last reading; their notes are taken away."""
    notes = RecordedFacts.objects.filter(program=program)
    batches = list(notes.order_by().values("batch", "kind").annotate(total=Sum("count"), first=Min("id"), at=Max("at")))
    done = 0
    for batch in sorted(batches, key=lambda batch: batch["first"]):
        if done >= AT_ONCE:
            return
        rows = notes.filter(batch=batch["batch"], kind=batch["kind"]).order_by("id")
        yield from _of_batch(batch, rows)
        done += min(batch["total"], EACH_MAX)
        rows.delete()


def _of_batch(batch: Mapping[str, Any], rows: Any) -> Iterator[Told]:
    name = f"{batch['kind']}.recorded"
    if batch["total"] > EACH_MAX:
        yield _in_sum(name, batch["total"], f"{batch['kind']}:batch {batch['first']}", batch["at"])
        return
    keys = [key for keys in rows.values_list("keys", flat=True) for key in keys]
    found: dict[Any, Fact] = MODELS[batch["kind"]].unscoped.in_bulk(keys)
    for fact in (found[key] for key in keys if key in found):
        about = f"{batch['kind']}:{fact.external_id}"
        data = fact_shown(batch["kind"], fact)
        yield told(name, about, f"{batch['kind']}:{fact.pk}", fact.recorded_at, data)
