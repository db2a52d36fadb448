"""How a program is settled: what to look at, what came of it, and what has to be posted. Called by `services.py` alone.

Everything runs under the settle key, in one database transaction; what a line is worth is `domain/settlement`'s say.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Max, QuerySet

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import Program
from goodword.accounts.services import record_audit
from goodword.commissions import checkpoints
from goodword.commissions.booking import Due, Holds, booked_to, differences, withdrawn
from goodword.commissions.future import not_yet
from goodword.commissions.going_on import GoneOn, Stale, Taken, go_on
from goodword.commissions.models import Hold, Line, SettlementRun
from goodword.commissions.projection import (
    Projected,
    Projector,
    Sold,
    add_lines,
    due_of_row,
    outcomes_of,
    replace_lines,
    stored_outcomes,
    write_outcomes,
)
from goodword.commissions.scope import Scope, scope_of
from goodword.domain.chart import NOTHING_BOOKED, Booked
from goodword.domain.ids import public_id
from goodword.domain.money import to_decimal
from goodword.domain.settlement import Settlement, instant, read_program, settle_saving
from goodword.ledger.selectors import balances, owned_by_line
from goodword.ledger.services import NewTransaction, book
from goodword.partners.models import Partner
from goodword.referrals.export import program_document, settlement_facts
from goodword.referrals.models import Conversion, Customer, UnsettledFact

NOTICES_MAX = 1_000
TELL_EVERY = 1_000
Watch = Callable[[str, int, int], None]
"""Told what a settlement does now, how much of that is done, and how much there is (0: nobody knows)."""


def unwatched(_doing: str, _done: int, _total: int) -> None:
    """Nobody looks."""


FEW_CUSTOMERS = 1_000
_NOT_OWNED = (None, NOTHING_BOOKED)
T = TypeVar("T")


class ScopeTooNarrow(Exception):
    """The settlement of some partners cannot tell what changed: the whole program has to be settled."""


@dataclass(slots=True)
class Work:
    """What one run has found out so far."""

    program: Program
    as_of: datetime
    previous: datetime | None
    taken: list[Taken]
    everything: bool
    scope: Scope | None = None
    fresh: list[str] | None = None
    """The conversions that were settled on from the checkpoint, where that was enough."""
    conversions: int = 0
    lines: int = 0
    notices: list[dict[str, str]] = field(default_factory=list)
    posted: list[NewTransaction] = field(default_factory=list)
    gone: dict[str, tuple[str, str]] = field(default_factory=dict)
    later: set[str] = field(default_factory=set)
    watch: Watch = unwatched

    @property
    def reach(self) -> str:
        """How much was settled anew: new conversions, the partners in scope, or the program."""
        if self.fresh is not None:
            return "conversions"
        return "partners" if self.scope else "program"


class Books(NamedTuple):
    """What is booked of each line, with its owner, and what is held: as it was before this run."""

    owned: dict[str, tuple[UUID | None, Booked]]
    holds: Holds


def take(program: Program, now: datetime, *, everything: bool) -> Work:
    """The unsettled facts as they are under the lock. Time never runs backwards: a clock that does is not followed."""
    previous = _last_as_of(program)
    rows = UnsettledFact.objects.filter(program=program).order_by("id").values_list("id", "customer", "since")
    current = Program.objects.get(pk=program.pk)
    return Work(current, settled_until(program, now), previous, list(map(Taken._make, rows)), everything)


def settled_until(program: Program, now: datetime) -> datetime:
    """The moment that books and lines are to agree with: now, but never before the last settlement."""
    return max(now, _last_as_of(program) or now)


def _last_as_of(program: Program) -> datetime | None:
    found: datetime | None = SettlementRun.unscoped.filter(program=program).aggregate(last=Max("as_of"))["last"]
    return found


def told_of(rows: Sequence[T], doing: str, watch: Watch) -> Iterator[T]:
    """The rows, with word of how many have gone by."""
    for at, row in enumerate(rows):
        if at % TELL_EVERY == 0:
            watch(doing, at, len(rows))
        yield row
    watch(doing, len(rows), len(rows))


def settle_facts(work: Work) -> None:
    """Settle what was taken: on from the checkpoint where that will do, else some partners or the program anew."""
    stale = False
    if not work.everything:
        try:
            found = go_on(work.program, work.taken, work.as_of)
        except Stale:
            found, stale = None, True
        if found:
            _settle_fresh(work, found)
            return
    if not (work.everything or stale or any(not each.customer for each in work.taken)):
        scope = scope_of(work.program, {each.customer for each in work.taken})
        if scope is not None and not _is_wide(work.program, len(scope.customers)):
            work.scope = scope
    try:
        _settle_scope(work)
    except ScopeTooNarrow:
        work.scope = None
        _settle_scope(work)


def _is_wide(program: Program, customers: int) -> bool:
    """Whether so many customers are to be looked at that the whole program is read sooner than they are picked out."""
    return customers > FEW_CUSTOMERS and customers * 4 > Customer.unscoped.filter(program=program).count()


def _settle_fresh(work: Work, found: GoneOn) -> None:
    """Write the lines and outcomes of new conversions, and collect what is to be posted on them."""
    settlement = found.settlement
    work.fresh = list(found.fresh)
    sold = {
        each.id: Sold(each.customer, each.at) for group in (found.facts.sales, found.facts.events) for each in group
    }
    projected = list(Projector(work.program, sold).project(settlement.lines))
    owned = owned_by_line(work.program, lines=[each.due.line for each in projected])
    booked = {line: sums for line, (_, sums) in owned.items()}
    work.posted += differences([each.due for each in projected], booked, holds_of(work.program), work.as_of)
    add_lines(each.row for each in projected)
    write_outcomes(work.program, outcomes_of(settlement), ())
    checkpoints.keep_more(work.program, found.row, found.state)
    work.later = not_yet(found.facts, instant(work.as_of))
    work.conversions, work.lines = len(found.fresh), len(projected)
    work.notices = [each._asdict() for each in settlement.notices[:NOTICES_MAX]]


def _settle_scope(work: Work) -> None:
    """Settle the partners in scope, write their lines and outcomes, and collect what is to be posted."""
    scope, document = work.scope, program_document(work.program)
    work.watch("reading the facts", 0, 0)
    facts = settlement_facts(work.program, sorted(scope.customers) if scope else None)
    work.watch("working out commissions", 0, 0)
    settlement, state = settle_saving(read_program(document), facts, instant(work.as_of))
    sold = {each.id: Sold(each.customer, each.at) for group in (facts.sales, facts.events) for each in group}
    outcomes, gone = _changed_outcomes(work, settlement, sold)
    books = Books(owned_by_line(work.program, scope.partners if scope else None), holds_of(work.program))
    known = _write_lines(work, settlement, sold, books)
    write_outcomes(work.program, outcomes, gone)
    _withdraw(work, books, known)
    if scope is None:
        checkpoints.keep_whole(work.program, document, state)
    else:
        partners = {public_id("partner", key) for key in scope.partners}
        checkpoints.keep_scope(work.program, document, state, customers=scope.customers, partners=partners)
    work.later = not_yet(facts, instant(work.as_of))
    work.conversions = len(sold)
    work.lines = len(known)
    work.notices = [each._asdict() for each in settlement.notices[:NOTICES_MAX]]


def _write_lines(work: Work, settlement: Settlement, sold: dict[str, Sold], books: Books) -> set[str]:
    """Write the lines that are new or different and remove those that are gone; gives the ids of all in scope.

    What has to be posted on a line is found on the way: the database takes in the lines while that is done.
    """
    stored = Line.unscoped.filter(program=work.program)
    if work.scope:
        stored = stored.filter(partner__in=work.scope.partners)
    before = dict(stored.values_list("line", "digest"))
    known: set[str] = set()
    lines = told_of(settlement.lines, "writing lines", work.watch)
    projected = _compared(work, Projector(work.program, sold).project(lines), books, known)
    if before:
        changed = dict(_changed(projected, before))
        work.gone = _gone(work.program, before)
        replace_lines(work.program, changed, before)
    else:
        add_lines(each.row for each in projected)
    return known


def _compared(work: Work, projected: Iterator[Projected], books: Books, known: set[str]) -> Iterator[Projected]:
    """The lines in scope, each compared with the books on its way through. Fills `known` and what is to be posted."""
    owned, holds = books
    partners = work.scope.partners if work.scope else None
    for each in projected:
        due = each.due
        if partners is not None and due.partner not in partners:
            continue
        known.add(due.line)
        _, booked = owned.get(due.line, _NOT_OWNED)
        new = booked_to(due, booked, holds, work.as_of)
        if new is not None:
            work.posted.append(new)
        yield each


def _changed(projected: Iterator[Projected], before: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Line and row of what is new or different; leaves in `before` what is gone."""
    for row, digest, due in projected:
        if before.pop(due.line, None) != digest:
            yield due.line, row


def _gone(program: Program, lines: Collection[str]) -> dict[str, tuple[str, str]]:
    """Conversion and terms of stored lines that are to go."""
    rows = Line.unscoped.filter(program=program, line__in=list(lines)) if lines else Line.unscoped.none()
    return {line: (conversion, terms) for line, conversion, terms in rows.values_list("line", "conversion", "terms")}


def _changed_outcomes(work: Work, settlement: Settlement, sold: dict[str, Sold]) -> tuple[dict[str, str], set[str]]:
    """The outcomes to write and the conversions whose outcome is gone."""
    new = outcomes_of(settlement)
    if work.scope is None:
        old = stored_outcomes(work.program)
        return {key: value for key, value in new.items() if old.get(key) != value}, old.keys() - new.keys()
    return _outcomes_in_scope(work.program, work.scope, settlement, new, sold)


def _outcomes_in_scope(
    program: Program, scope: Scope, settlement: Settlement, new: dict[str, str], sold: dict[str, Sold]
) -> tuple[dict[str, str], set[str]]:
    """In a narrow scope an outcome is sure for the changed customers, and where a line of these partners comes or goes.

    Where only the reason would change, the narrow view cannot tell whose conversion it is: ScopeTooNarrow.
    """
    bought = Conversion.unscoped.filter(program=program, customer__in=scope.changed)  # retracted ones too
    sure = set(bought.values_list("external_id", flat=True))
    sure |= set(Line.unscoped.filter(partner__in=scope.partners).values_list("conversion", flat=True))
    keys = {partner.public_id for partner in Partner.unscoped.filter(pk__in=scope.partners)}
    earning = {line.conversion for line in settlement.lines if line.partner in keys}
    old = stored_outcomes(program, sure | sold.keys())
    if any(key not in sure and old.get(key, value) != value for key, value in new.items()):
        raise ScopeTooNarrow
    gone = {key for key in old if key not in new and (key in sure or key in earning)}
    return {key: value for key, value in new.items() if key in sure and old.get(key) != value}, gone


def _withdraw(work: Work, books: Books, known: set[str]) -> None:
    """Take back what is booked of lines that settlement no longer knows."""
    owners = {line: owner for line, (owner, _) in books.owned.items() if owner and line not in known}
    booked = {line: books.owned[line][1] for line in owners}
    work.posted += differences(_withdrawn(work, owners), booked, books.holds, work.as_of)


def _withdrawn(work: Work, owners: dict[str, UUID]) -> list[Due]:
    return [
        withdrawn(line, owner, work.program.currency, work.as_of, conversion=conversion, terms=terms)
        for line, owner in sorted(owners.items())
        for conversion, terms in [work.gone.get(line, ("", ""))]
    ]


def settle_maturities(work: Work) -> None:
    """Lines whose day has come since the last run move on, whether or not any fact asked for it."""
    settled = work.taken or work.everything
    if settled and work.scope is None and work.fresh is None:
        return  # the whole program was just settled
    rows = Line.unscoped.filter(program=work.program, matures_at__lte=work.as_of)
    if work.previous is not None:
        rows = rows.filter(matures_at__gt=work.previous)
    if work.scope:
        rows = rows.exclude(partner__in=work.scope.partners)
    if work.fresh:
        rows = rows.exclude(conversion__in=work.fresh)
    work.posted += stored_differences(work.program, rows, work.as_of)


def stored_differences(program: Program, rows: QuerySet[Line], as_of: datetime) -> list[NewTransaction]:
    """What must be posted so that the books of stored lines agree with time and holds."""
    dues = [due_of_row(row) for row in rows.select_related("partner").order_by("conversion_at", "line")]
    if not dues:
        return []
    owned = owned_by_line(program, lines=[due.line for due in dues])
    booked = {line: sums for line, (_, sums) in owned.items()}
    return list(differences(dues, booked, holds_of(program), as_of))


def holds_of(program: Program) -> Holds:
    """The holds that are in place."""
    rows = Hold.unscoped.filter(program=program, released_at=None).values_list("partner_id", "line")
    return Holds(frozenset(key for key, line in rows if not line), frozenset(line for _, line in rows if line))


def finish(run: SettlementRun, work: Work, now: datetime) -> None:
    """Post, clear what was taken, and keep the run when it did anything."""
    book(work.program, work.posted, now=now, told=partial(work.watch, "posting"))
    UnsettledFact.objects.filter(id__in=[each.id for each in work.taken]).delete()
    UnsettledFact.objects.bulk_create(
        [UnsettledFact(program=work.program, customer=customer, cause="not yet") for customer in sorted(work.later)]
    )
    _tell_clawbacks(work)
    run.as_of, run.finished_at, run.scope = work.as_of, now, work.reach
    run.conversions, run.lines, run.transactions = work.conversions, work.lines, len(work.posted)
    run.notices = work.notices
    if work.taken or work.everything or work.posted:
        run.save(force_insert=True)


def _tell_clawbacks(work: Work) -> None:
    """One audit entry for each partner who lost something: it becomes one letter, however many lines it was."""
    lost: dict[UUID, list[int]] = defaultdict(list)
    for new in work.posted:
        if new.kind == "clawback":
            owner = next(leg.owner for leg in new.postings if leg.owner)
            lost[owner].append(sum(leg.credit_minor for leg in new.postings if leg.account == "commission_expense"))
    for partner in Partner.unscoped.filter(pk__in=lost).order_by("pk"):
        currency, amounts = work.program.currency, lost[partner.pk]
        payable = balances(work.program, partner.pk)["payable"]
        after = {
            "currency": currency,
            "amount_minor": sum(amounts),
            "amount": to_decimal(sum(amounts), currency),
            "lines": len(amounts),
            "payable_minor": payable,
            "payable": to_decimal(payable, currency),
        }
        record_audit(action="commission.clawed_back", obj=partner, after=after, actor=SYSTEM, program=work.program)
