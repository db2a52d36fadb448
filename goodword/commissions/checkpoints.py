"""Checkpoints as rows: what settling went by is kept, so that later facts can be settled on from there.

Only keeping and finding lives here; `going_on.py` decides when a checkpoint serves.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

from django.db import connection

from goodword.accounts.models import Program
from goodword.commissions.models import Checkpoint, Known
from goodword.domain.settlement import Checkpoint as State
from goodword.domain.settlement import Record, merged
from goodword.ledger.chain import canonical_json
from goodword.ledger.copying import copy_rows

Kind = Literal["customer", "partner"]
NOTHING = -1
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def settings_of(document: Mapping[str, Any]) -> str:
    """A name for everything in a program document but its terms."""
    return hashlib.sha256(canonical_json({k: v for k, v in document.items() if k != "terms"}).encode()).hexdigest()


def known(program: Program, kind: Kind, names: Iterable[str]) -> dict[str, Record]:
    """What is known of these customers or partners, by name."""
    rows = Known.unscoped.filter(program=program, kind=kind, name__in=list(names))
    return {name: json.loads(record) for name, record in rows.values_list("name", "record")}


def unlike(program: Program, state: State | None) -> Iterator[str]:
    """What is kept and is not what a settlement of all facts leaves, in words; of older rules nothing."""
    row = Checkpoint.objects.filter(program=program).first()
    if row is None or state is None or row.counting != state.counting:
        return
    if row.budget != state.budget:
        yield f"the checkpoint says {row.budget} is spent of the budget, should be {state.budget}"
    stored = {
        (kind, name): json.loads(record)
        for kind, name, record in Known.unscoped.filter(program=program).values_list("kind", "name", "record")
    }
    fresh = {("customer", name): record for name, record in state.customers.items()}
    fresh |= {("partner", name): record for name, record in state.partners.items()}
    for kind, name in sorted(stored.keys() | fresh.keys()):
        if stored.get((kind, name)) != fresh.get((kind, name)):
            yield f"the checkpoint of {kind} {name} is not what all facts leave"


def keep_whole(program: Program, document: Mapping[str, Any], state: State | None) -> None:
    """A settlement of the whole program ends here: only what it knows is known. None: there is no going on."""
    Known.unscoped.filter(program=program).delete()
    _keep(program, document, state)
    if state is not None:
        _copy(program, "customer", state.customers)
        _copy(program, "partner", state.partners)


def keep_more(program: Program, row: Checkpoint, state: State) -> None:
    """Later conversions were settled on from this checkpoint."""
    _replace(program, "customer", state.customers, ())
    _replace(program, "partner", state.partners, ())
    budget = {int(period): int(spent) for period, spent in [*row.budget, *state.budget]}
    row.last, row.budget = max(row.last, state.last), sorted(map(list, budget.items()))
    row.save(update_fields=["last", "budget"])


def keep_scope(
    program: Program,
    document: Mapping[str, Any],
    state: State | None,
    *,
    customers: Collection[str],
    partners: Collection[str],
) -> None:
    """Some partners and their customers were settled anew, whole: what was known of them is replaced.

    What a customer has with other partners stays as it was.
    """
    row = Checkpoint.objects.filter(program=program).first()
    if row is None or not row.counting:
        return
    if state is None or state.counting != row.counting:
        row.delete()
        return
    old = known(program, "customer", customers)
    merged_customers = {
        name: merged(record, old[name], partners) if name in old else record for name, record in state.customers.items()
    }
    seen = {name: record for name, record in state.partners.items() if name in partners}
    _replace(program, "customer", merged_customers, customers)
    _replace(program, "partner", seen, partners)
    if state.last > row.last:
        _keep(program, document, state._replace(budget=row.budget))


def _keep(program: Program, document: Mapping[str, Any], state: State | None) -> None:
    fields = {
        "counting": state.counting if state else "",
        "settings": settings_of(document),
        "last": state.last if state else NOTHING,
        "budget": state.budget if state else [],
    }
    Checkpoint.objects.update_or_create(program=program, defaults=fields)


def _replace(program: Program, kind: Kind, records: Mapping[str, Record], others: Iterable[str]) -> None:
    """Write these records, and forget the others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM commissions_known WHERE program_id = %s AND kind = %s AND name = ANY (%s)",
            [program.pk, kind, [*records, *others]],
        )
    _copy(program, kind, records)


def _copy(program: Program, kind: Kind, records: Mapping[str, Record]) -> None:
    key = str(program.pk)
    rows = ((key, kind, name, _encode(record)) for name, record in records.items())
    if records:
        copy_rows("commissions_known", ("program_id", "kind", "name", "record"), rows)
