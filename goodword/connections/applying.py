"""From facts that should stand to facts that do: through the same door as every other fact, and never twice.

Sales and refunds follow what is known of the payment: what turned out otherwise is withdrawn, and recorded as it is.
Events and cancels are recorded once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.connections.models import Connection
from goodword.connections.wanted import TOLERANCE, Fact, Unreadable, Wanted
from goodword.domain.errors import DomainError, InvalidInput
from goodword.domain.moments import instant
from goodword.domain.money import to_decimal
from goodword.referrals.errors import IdempotencyMismatch
from goodword.referrals.models import Conversion, Customer, Refund
from goodword.referrals.services import record_facts
from goodword.referrals.withdrawing import withdraw

SOURCES: Final = {"standard": "webhook"}
_STAY: Final = frozenset({"sale", "event", "cancel"})


@dataclass(frozen=True, slots=True)
class Refused:
    """A fact that could not be recorded, and why."""

    kind: str
    id: str
    code: str
    message: str


@dataclass(slots=True)
class Applied:
    """What became of the facts: new ones, those known before, those that cannot be recorded."""

    new: list[tuple[str, str]] = field(default_factory=list)
    known: list[tuple[str, str]] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Door:
    """Through which connection facts come in, and when. `merges`: what is known of a customer stays."""

    connection: Connection
    now: datetime
    merges: bool

    @property
    def source(self) -> str:
        return SOURCES.get(self.connection.kind, self.connection.kind)

    @property
    def actor(self) -> Actor:
        return Actor("system", self.connection.public_id, self.connection.name)


def apply(door: Door, wanted: Wanted) -> Applied:
    """Make these facts stand. Each is recorded on its own: one that is refused keeps no other from its place."""
    done = Applied()
    customers = _merged(wanted.customers) if door.merges else wanted.customers
    for kind, facts in (("customer", customers), ("sale", wanted.sales), ("event", wanted.events)):
        _record(door, kind, facts, done)
    _refunds(door, wanted, done)
    _record(door, "cancel", wanted.cancels, done)
    return done


def _merged(facts: Iterable[Fact]) -> list[Fact]:
    """Customers with what is known of them already: a system that tells of a browser says nothing of the others."""
    given = list(facts)
    rows = Customer.objects.filter(external_id__in=[fact["id"] for fact in given], retracted_at=None)
    held = {row.external_id: row for row in rows}
    return [_merge(fact, held.get(fact["id"])) for fact in given]


def _merge(fact: Fact, held: Customer | None) -> Fact:
    if held is None:
        return fact
    kept = {name: getattr(held, name) for name in ("name", "email", "domain", "country") if getattr(held, name)}
    visitors = sorted({*held.visitors, *fact.get("visitors", ())})[:100]
    return {**kept, **({"existing": True} if held.existing else {}), **fact, "visitors": visitors}


def _record(door: Door, kind: str, facts: Iterable[Fact], done: Applied) -> None:
    for fact in facts:
        try:
            is_new = _record_one(door, kind, fact)
        except IdempotencyMismatch as refused:
            if door.merges and kind == "sale" and _is_ours(door, fact):
                _tell_anew(door, fact, done)
            elif door.merges and kind in _STAY:
                done.known.append((kind, fact["id"]))  # another door told it first: that stands
            else:
                done.refused.append(Refused(kind, fact["id"], refused.code, refused.message))
        except DomainError as refused:
            problem = refused.problems[0]
            done.refused.append(Refused(kind, str(fact.get("id", "")), problem.code, refused.message))
        else:
            (done.new if is_new else done.known).append((kind, fact["id"]))


def _is_ours(door: Door, fact: Fact) -> bool:
    return Conversion.objects.filter(external_id=fact["id"], source=door.source, retracted_at=None).exists()


def _tell_anew(door: Door, fact: Fact, done: Applied) -> None:
    """The same payment told more fully: a session that names the code came after the invoice."""
    reason = f"{door.connection.get_kind_display()} tells more of this sale now"
    try:
        with transaction.atomic():
            withdraw(door.connection.program, "sale", [fact["id"]], reason=reason, actor=door.actor, now=door.now)
            _record_one(door, "sale", fact)
    except DomainError as refused:
        done.refused.append(Refused("sale", fact["id"], refused.problems[0].code, refused.message))
    else:
        done.withdrawn.append(fact["id"])
        done.new.append(("sale", fact["id"]))


def _record_one(door: Door, kind: str, fact: Fact) -> bool:
    _refuse_future(fact, door.now)
    try:
        return _store(door, kind, fact)
    except InvalidInput as refused:
        if not (kind == "sale" and "code" in fact and {one.code for one in refused.problems} == {"revoked_code"}):
            raise
        # The money was paid all the same: the sale stands, the code that was taken back earns nobody anything.
        return _store(door, kind, {name: value for name, value in fact.items() if name != "code"})


def _store(door: Door, kind: str, fact: Fact) -> bool:
    with transaction.atomic():
        found = record_facts(
            door.connection.program, kind, [dict(fact)], source=door.source, actor=door.actor, now=door.now
        )
    return bool(found.new or found.replaced)


def _refuse_future(fact: Fact, now: datetime) -> None:
    given = fact.get("at")
    if isinstance(given, str) and instant(given) > now + TOLERANCE:
        raise Unreadable("future_dated", f"{given} is more than 5 minutes ahead of us")


def _refunds(door: Door, wanted: Wanted, done: Applied) -> None:
    live = Refund.objects.filter(sale__in=wanted.refunded, source=door.source, retracted_at=None)
    should = {fact["id"]: _told(fact) for fact in wanted.refunds}
    gone = [row.external_id for row in live if should.get(row.external_id) != _held(row)]
    if gone:
        reason = f"{door.connection.get_kind_display()} says now that this was not given back, or differently"
        withdraw(door.connection.program, "refund", gone, reason=reason, actor=door.actor, now=door.now)
        done.withdrawn += gone
    _record(door, "refund", wanted.refunds, done)


def _told(fact: Fact) -> Sequence[Any]:
    return fact["sale"], fact.get("currency"), str(fact["amount"]), instant(fact["at"])


def _held(row: Refund) -> Sequence[Any]:
    return row.sale, row.currency, to_decimal(row.amount_minor, row.currency), row.at
