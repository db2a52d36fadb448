"""`goodword verify`: runs every invariant of every package, reports, and stops payouts of a program that breaks one.

Reports only: nothing here repairs. A clean program's payouts are let go again.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.utils.module_loading import autodiscover_modules

from goodword.accounts.actors import SYSTEM, Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.commissions import invariants
from goodword.commissions.settle_key import lock_settlement
from goodword.ledger.invariants import REGISTRY, Examined, Invariant

__all__ = ["InvariantResult", "invariants", "report", "verify", "verify_all", "verify_and_block"]

OFFENDERS_MAX = 20


@dataclass(frozen=True, slots=True)
class InvariantResult:
    """How one invariant stands: the first offenders, in sentences; none: it holds."""

    id: str
    sentence: str
    offenders: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.offenders


def verify(program: Program, *, now: datetime, only: Collection[str] = ()) -> list[InvariantResult]:
    """Examine one program, in the order of the invariants' numbers (all, or `only` these). Writes nothing."""
    autodiscover_modules("verify")
    # Under the settle key nobody settles or pays while we look: all checks see the same books.
    with active_program(program), transaction.atomic():
        lock_settlement(program)
        examined = Examined(program, now, {})
        return [_result(REGISTRY[number], examined) for number in sorted(only or REGISTRY)]


def verify_and_block(program: Program, *, now: datetime, actor: Actor = SYSTEM) -> list[InvariantResult]:
    """Examine a program and stop its payouts when an invariant is violated; let them go when all hold."""
    results = verify(program, now=now)
    broken = [result for result in results if not result.holds]
    reason = "; ".join(f"{result.id} {result.sentence}: {result.offenders[0]}" for result in broken)
    with active_program(program), transaction.atomic():
        locked = Program.objects.select_for_update().get(pk=program.pk)
        before, locked.payouts_blocked = locked.payouts_blocked, reason
        if before != reason:
            locked.save(update_fields=["payouts_blocked"])
        record_audit(
            action="program.verified",
            obj=locked,
            before={"payouts_blocked": before},
            after={"payouts_blocked": reason, "checked": len(results), "violated": [each.id for each in broken]},
            actor=actor,
        )
    return results


def verify_all(program: Program | None = None, *, now: datetime) -> list[tuple[Program, list[InvariantResult]]]:
    """Examine one program or every program; payouts of those that break an invariant are stopped."""
    programs = [program] if program else list(Program.objects.order_by("slug"))
    return [(each, verify_and_block(each, now=now)) for each in programs]


def report(program: Program | None, *, now: datetime, say: Callable[[str], None]) -> int:
    """The command's work: one line for each invariant, the offenders below it; 1 when any is violated, else 0."""
    violated = 0
    for each, results in verify_all(program, now=now):
        say(f"{each.name} ({each.slug})")
        for result in results:
            say(f"  {'ok  ' if result.holds else 'FAIL'}  {result.id}  {result.sentence}")
            for offender in result.offenders:
                say(f"              {offender}")
        broken = sum(not result.holds for result in results)
        say(f"  {len(results)} invariants, {broken} violated{'; payouts are stopped' if broken else ''}")
        violated += broken
    return 1 if violated else 0


def _result(checked: Invariant, examined: Examined) -> InvariantResult:
    offenders: Iterable[str] = checked.offenders(examined)
    return InvariantResult(checked.id, checked.sentence, tuple(islice(offenders, OFFENDERS_MAX)))
