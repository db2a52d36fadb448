"""Payout runs: prepared by one person, approved by another, sent as a file, confirmed or returned one by one.

Every step reads again under lock and asks `domain/payout_states.py`; checks fail closed: what is unclear stops the run.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program, User
from goodword.accounts.services import record_audit
from goodword.commissions.models import Hold
from goodword.commissions.settle_key import lock_settlement
from goodword.commissions.verify import verify
from goodword.domain import chart
from goodword.domain.errors import DomainError
from goodword.domain.payout_rules import Candidate, Destination, RunPlan, plan_run
from goodword.domain.payout_states import (
    PayoutAction,
    check_second_person,
    next_payout_state,
    next_run_state,
)
from goodword.ledger.selectors import payable_by_line
from goodword.ledger.services import NewTransaction, post
from goodword.partners.models import Partner
from goodword.payouts.models import Payout, PayoutLine, PayoutMethod, PayoutRun
from goodword.payouts.selectors import payout_file

CHECKED_BEFORE_PAYING = ("I01", "I02", "I03", "I04", "I05", "I06", "I08", "I30", "I31", "I32", "I35", "I38")
"""The invariants that a run waits for. The dear ones, which settle or hash everything anew, run on the timer."""

Recipe = Callable[[chart.Subject, int], list[chart.Posting]]


class NothingToPay(DomainError):
    """No partner has enough to be paid."""

    code = "nothing_to_pay"


class PayoutsBlocked(DomainError):
    """The books of this program do not add up; nothing is paid until they do."""

    code = "payouts_blocked"


class RunNotSent(DomainError):
    """The payout file of a run that is not sent does not exist."""

    code = "run_not_sent"


class RunChanged(DomainError):
    """Since the run was prepared something happened that makes it wrong: a refund, a hold, new bank details."""

    code = "run_changed"


def plan_next_run(program: Program, currency: str, *, now: datetime) -> RunPlan:
    """Who would be paid if a run were prepared now, and who not and why. Changes nothing."""
    return plan_run(_candidates(program, currency), minimum_minor=program.minimum_payout_minor, now=now)


@transaction.atomic
def prepare_run(program: Program, currency: str, *, user: User, actor: Actor, now: datetime) -> PayoutRun:
    """Reserve what is payable in one currency for a run. Raises NothingToPay or PayoutsBlocked."""
    lock_settlement(program)
    _refuse_if_blocked(program, now)
    plan = plan_next_run(program, currency, now=now)
    if not plan.paid:
        raise NothingToPay(
            "No partner has enough to be paid now.",
            field="currency",
            value=currency,
            remedy="The list below says for each partner what it waits for.",
        )
    number = (PayoutRun.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    run = PayoutRun(
        program=program,
        number=number,
        currency=currency,
        minimum_minor=program.minimum_payout_minor,
        prepared_at=now,
        prepared_by=user,
    )
    payouts = _payouts_of(run, plan)
    run.content_hash = content_hash(payouts, {c.partner: c.destination for c in plan.paid})
    run.save(force_insert=True)
    Payout.objects.bulk_create(payouts)
    _reserve_lines(payouts, plan)
    _post(program, payouts, chart.payout, actor=actor, now=now)
    _tell(run, "payout_run.prepared", actor, _totals(run, len(payouts), plan.total_minor))
    return run


@transaction.atomic
def approve_run(run: PayoutRun, *, user: User, actor: Actor, now: datetime) -> PayoutRun:
    """A second person agrees to exactly this content. Raises SamePerson, StepNotAllowed, RunChanged, PayoutsBlocked."""
    run, payouts = _locked(run)
    following = next_run_state(run.state, "approve")
    check_second_person(run.prepared_by_id, user.pk)
    _refuse_if_changed(run, payouts, now)
    _move(payouts, "approve", now)
    run.state, run.approved_by, run.approved_at = following, user, now
    run.save(update_fields=["state", "approved_by", "approved_at"])
    _tell(run, "payout_run.approved", actor, {"content_hash": run.content_hash})
    return run


@transaction.atomic
def export_run(run: PayoutRun, *, user: User, actor: Actor, now: datetime) -> PayoutRun:
    """The file is about to leave the house: from here a payout is only ever confirmed or returned."""
    run, payouts = _locked(run)
    following = next_run_state(run.state, "export")
    _refuse_if_changed(run, payouts, now)
    _move(payouts, "export", now)
    run.state, run.exported_by, run.exported_at = following, user, now
    run.save(update_fields=["state", "exported_by", "exported_at"])
    _tell(run, "payout_run.exported", actor, {"content_hash": run.content_hash})
    return run


@transaction.atomic
def cancel_run(run: PayoutRun, *, reason: str, actor: Actor, now: datetime) -> PayoutRun:
    """Give everything back to payable; possible until the file is sent."""
    run, payouts = _locked(run)
    run.state = next_run_state(run.state, "cancel")
    run.closed_at = now
    _move(payouts, "cancel", now)
    _post(run.program, payouts, chart.payout_cancelled, actor=actor, now=now)
    run.save(update_fields=["state", "closed_at"])
    _tell(run, "payout_run.cancelled", actor, {}, reason=reason)
    return run


@transaction.atomic
def read_file(run: PayoutRun, *, actor: Actor) -> bytes:
    """The payout file of a sent run, with full account numbers; who read it stands in the audit trail."""
    run = PayoutRun.objects.select_for_update().get(pk=run.pk)
    if run.state not in ("exported", "closed"):
        raise RunNotSent("The file is there once the run is sent.", field="state", value=run.state)
    content = payout_file(run)
    _tell(run, "payout_run.file_read", actor, {"sha256": hashlib.sha256(content).hexdigest()})
    return content


@transaction.atomic
def confirm_payouts(run: PayoutRun, keys: Iterable[object], *, actor: Actor, now: datetime) -> list[Payout]:
    """The bank says these were paid. The run closes with its last open payout."""
    run, payouts = _locked(run, keys)
    _move(payouts, "confirm", now)
    _post(run.program, payouts, chart.payout_paid, actor=actor, now=now)
    for payout in payouts:
        _tell(payout, "payout.paid", actor, _figures(payout))
    _close_if_done(run, actor, now)
    return payouts


@transaction.atomic
def return_payout(payout: Payout, *, reason: str, actor: Actor, now: datetime) -> Payout:
    """The money came back: it is payable again, and the partner is told why."""
    run, (payout,) = _locked(payout.run, [payout.pk])
    recipe = chart.payout_returned if payout.state == "paid" else chart.payout_cancelled
    _move([payout], "return", now, note=reason)
    _post(run.program, [payout], recipe, actor=actor, now=now)
    _tell(payout, "payout.returned", actor, _figures(payout), reason=reason)
    _close_if_done(run, actor, now)
    return payout


def destinations_of(payouts: Sequence[Payout]) -> dict[Any, Destination | None]:
    """Where these payouts go, by partner, as their payout methods say now."""
    return {p.partner_id: Destination(p.method_id, p.method.fingerprint, p.method.usable_from) for p in payouts}


def content_hash(payouts: Sequence[Payout], destinations: dict[Any, Destination | None]) -> str:
    """What an approval binds: payees, amounts, currency and destinations."""
    rows = sorted(
        [
            str(payout.partner_id),
            payout.amount_minor,
            payout.currency,
            str(payout.method_id),
            destination.fingerprint if (destination := destinations.get(payout.partner_id)) else "",
        ]
        for payout in payouts
    )
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def _payouts_of(run: PayoutRun, plan: RunPlan) -> list[Payout]:
    return [
        Payout(
            program=run.program,
            run=run,
            partner_id=candidate.partner,
            method_id=candidate.payable_to.method,
            currency=run.currency,
            amount_minor=candidate.total_minor,
            reference=f"{run.program.slug[:16].upper()}-{run.number:04d}-{place:04d}",
        )
        for place, candidate in enumerate(plan.paid, start=1)
    ]


def _reserve_lines(payouts: Sequence[Payout], plan: RunPlan) -> None:
    """The lines belong to these payouts now; the database refuses one that belongs to another live payout."""
    PayoutLine.unscoped.bulk_create(
        [
            PayoutLine(program_id=payout.program_id, payout=payout, line=line, amount_minor=amount)
            for payout, candidate in zip(payouts, plan.paid, strict=True)
            for line, amount in candidate.lines.items()
        ],
        batch_size=5000,
    )


def _candidates(program: Program, currency: str) -> list[Candidate]:
    by_partner = payable_by_line(program, currency)
    names = dict(Partner.objects.filter(pk__in=by_partner).values_list("pk", "name"))
    methods = {
        method.partner_id: Destination(method.pk, method.fingerprint, method.usable_from)
        for method in PayoutMethod.objects.filter(partner__in=by_partner, replaced_at=None)
    }
    held = set(Hold.objects.filter(released_at=None, line="").values_list("partner_id", flat=True))
    return [
        Candidate(partner, names[partner], lines, methods.get(partner), partner in held)
        for partner, lines in by_partner.items()
    ]


def _refuse_if_blocked(program: Program, now: datetime) -> None:
    """What the timer's verification found, and the quick checks of the books once more: now, under lock."""
    blocked = Program.objects.select_for_update().values_list("payouts_blocked", flat=True).get(pk=program.pk)
    if not blocked:
        broken = [result for result in verify(program, now=now, only=CHECKED_BEFORE_PAYING) if not result.holds]
        blocked = "; ".join(f"{result.id} {result.sentence}: {result.offenders[0]}" for result in broken)
    if blocked:
        raise PayoutsBlocked(
            f"Payouts of this program are stopped: {blocked}",
            field="program",
            value=program.slug,
            remedy="Run `goodword verify` and mend what it names.",
        )


def _locked(run: PayoutRun, keys: Iterable[object] | None = None) -> tuple[PayoutRun, list[Payout]]:
    """The run and its payouts (or some of them) under lock; nobody settles or pays this program until we commit."""
    lock_settlement(run.program)
    run = PayoutRun.objects.select_for_update(of=("self",)).select_related("program", "prepared_by").get(pk=run.pk)
    payouts = Payout.objects.select_for_update(of=("self",)).select_related("partner", "method").filter(run=run)
    if keys is not None:
        payouts = payouts.filter(pk__in=list(keys))
    return run, list(payouts.order_by("pk"))


def _refuse_if_changed(run: PayoutRun, payouts: Sequence[Payout], now: datetime) -> None:
    _refuse_if_blocked(run.program, now)
    problems = [problem for payout in payouts if (problem := _change_of(payout, now))]
    if not problems and content_hash(payouts, destinations_of(payouts)) != run.content_hash:
        problems.append("its content is not what was prepared")
    if problems:
        raise RunChanged(
            f"Run {run.number} no longer fits the books: {'; '.join(problems[:5])}.",
            field="run",
            value=str(run.number),
            remedy="Cancel this run and prepare a new one.",
        )


def _change_of(payout: Payout, now: datetime) -> str:
    name = payout.partner.name
    lines = list(PayoutLine.unscoped.filter(payout=payout).values_list("line", flat=True))
    if payout.method.replaced_at is not None or payout.method.usable_from > now:
        return f"the payout details of {name} have changed"
    if Hold.objects.filter(partner=payout.partner, released_at=None, line__in=["", *lines]).exists():
        return f"there is a hold on {name}"
    rest = payable_by_line(payout.program, payout.currency, partner=payout.partner_id)
    if sum(rest.get(payout.partner_id, {}).values()) < 0:
        return f"something of {name}'s was taken back since"
    return ""


def _move(payouts: Sequence[Payout], action: PayoutAction, now: datetime, note: str = "") -> None:
    for payout in payouts:
        payout.state = next_payout_state(payout.state, action)
        if action in ("confirm", "return", "cancel"):
            payout.settled_at, payout.outcome_note = now, note
    Payout.objects.bulk_update(payouts, ["state", "settled_at", "outcome_note"])
    if action in ("confirm", "return", "cancel"):
        PayoutLine.unscoped.filter(payout__in=payouts, live=True).update(live=False)


def _close_if_done(run: PayoutRun, actor: Actor, now: datetime) -> None:
    if run.state == "exported" and not Payout.objects.filter(run=run, state="exported").exists():
        run.state = next_run_state(run.state, "close")
        run.closed_at = now
        run.save(update_fields=["state", "closed_at"])
        _tell(run, "payout_run.closed", actor, {})


def _totals(run: PayoutRun, payouts: int, total_minor: int) -> dict[str, object]:
    return {"payouts": payouts, "total_minor": total_minor, "currency": run.currency}


def _figures(payout: Payout) -> dict[str, object]:
    return {"amount_minor": payout.amount_minor, "currency": payout.currency, "reference": payout.reference}


def _post(program: Program, payouts: Sequence[Payout], recipe: Recipe, *, actor: Actor, now: datetime) -> None:
    """Move every line of these payouts by one recipe of `domain/chart.py`: one transaction a payout."""
    lines: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    rows = PayoutLine.unscoped.filter(program=program, payout__in=payouts).order_by("line")
    for payout, line, amount in rows.values_list("payout_id", "line", "amount_minor"):
        lines[payout].append((line, amount))
    transactions = [
        NewTransaction(
            kind=recipe.__name__,
            cause_kind="payout",
            cause_id=payout.public_id,
            currency=payout.currency,
            effective_at=now,
            memo=f"{payout.reference} to {payout.partner.name}",
            actor=actor.label,
            evidence={"payout": payout.public_id, "run": payout.run.public_id},
            postings=[
                posting
                for line, amount in lines[payout.pk]
                for posting in recipe(chart.Subject(line, payout.partner_id), amount)
            ],
        )
        for payout in payouts
    ]
    post(program, transactions, now=now)


def _tell(obj: PayoutRun | Payout, action: str, actor: Actor, after: dict[str, object], reason: str = "") -> None:
    label = f"Run {obj.number}" if isinstance(obj, PayoutRun) else f"{obj.partner.name}, {obj.reference}"
    record_audit(action=action, obj=obj, label=label, after=after, reason=reason, actor=actor)
