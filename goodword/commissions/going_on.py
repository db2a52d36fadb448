"""Settles new facts on from the checkpoint: in the time that they take, however many conversions came before.

It serves facts that come after what was settled of their customers and partners, as nearly all do. Where a fact reaches
behind that, the answer is None, and the caller settles anew.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from goodword.accounts.models import Program
from goodword.commissions.checkpoints import known, settings_of
from goodword.commissions.models import Checkpoint, Line, Outcome
from goodword.domain.settlement import Checkpoint as State
from goodword.domain.settlement import FactSet, ReachesBack, Record, Settlement, Unfit, instant, read_program, settle_on
from goodword.referrals.export import program_document
from goodword.referrals.later_facts import facts_after

CUSTOMERS_MAX = 1_000


class Taken(NamedTuple):
    """An unsettled fact: whose (empty: everybody's), and from when on it can change anything (None: from ever)."""

    id: int
    customer: str
    since: datetime | None


class GoneOn(NamedTuple):
    """What came of new facts, and what is known after them."""

    row: Checkpoint
    facts: FactSet
    settlement: Settlement
    state: State
    fresh: dict[str, int]
    """The conversions that were settled, with their instants."""


class Stale(Exception):
    """The checkpoint is of another program or other rules than today's: the whole program has to be settled."""


def go_on(program: Program, taken: Iterable[Taken], as_of: datetime) -> GoneOn | None:
    """Settle what these facts brought; None where that cannot be told without settling anew. Raises Stale."""
    row = Checkpoint.objects.filter(program=program).first()
    if row is None:
        raise Stale
    if not row.counting:
        return None
    taken = list(taken)
    customers = {each.customer for each in taken if each.customer}
    if len(customers) > CUSTOMERS_MAX:
        return None
    before = known(program, "customer", customers)
    if not all(_comes_after(each, row, before) for each in taken):
        return None
    return _settled_on(program, row, customers, before, as_of)


def _comes_after(each: Taken, row: Checkpoint, before: Mapping[str, Record]) -> bool:
    last = row.last
    if each.customer:
        if each.customer not in before:
            return True
        last = before[each.customer]["last"]
    return each.since is not None and instant(each.since) > last


def _settled_on(
    program: Program, row: Checkpoint, customers: Iterable[str], before: Mapping[str, Record], as_of: datetime
) -> GoneOn | None:
    document = program_document(program)
    if settings_of(document) != row.settings:
        raise Stale
    locks = [record["lock"] for record in before.values() if record["lock"]]
    facts = facts_after(
        program,
        {name: before[name]["last"] if name in before else None for name in customers},
        conversions=[conversion for conversion, _, _ in locks],
        partners=[share[0] for _, _, shares in locks for share in shares],
    )
    until = instant(as_of)
    fresh = {
        each.id: each.at
        for group in (facts.sales, facts.events)
        for each in group
        if each.at <= until and (each.customer not in before or each.at > before[each.customer]["last"])
    }
    if (program.budget and any(at <= row.last for at in fresh.values())) or _are_settled(program, fresh):
        return None
    partners = known(program, "partner", (partner.id for partner in facts.partners))
    state = State(row.counting, dict(before), partners, row.budget, row.last)
    try:
        settlement, after = settle_on(read_program(document), facts, until, state)
    except Unfit:
        raise Stale from None
    except ReachesBack:
        return None
    first = min(fresh.values(), default=until)
    if any(partners[name]["last"] >= first for name in after.partners if name in partners):
        return None
    return GoneOn(row, facts, settlement, after, fresh)


def _are_settled(program: Program, conversions: Iterable[str]) -> bool:
    """Whether lines or outcomes of these conversions are there already."""
    names = list(conversions)
    return bool(names) and (
        Line.unscoped.filter(program=program, conversion__in=names).exists()
        or Outcome.unscoped.filter(program=program, conversion__in=names).exists()
    )
