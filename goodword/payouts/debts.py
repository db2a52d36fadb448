"""The verbs for a partner's debt: one person proposes to ask it back or give it up, a second one decides."""

from datetime import datetime

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program, User
from goodword.accounts.services import record_audit
from goodword.commissions.settle_key import lock_settlement
from goodword.domain import chart
from goodword.domain.debts import DebtDecided, DebtKind, DebtProposed, check_owed, debt_in, taken_from
from goodword.domain.money import to_decimal
from goodword.domain.payout_states import check_second_person
from goodword.ledger.selectors import payable_by_line
from goodword.ledger.services import NewTransaction, post
from goodword.partners.models import Partner
from goodword.payouts.models import DebtProposal

_RECIPES = {"claim": chart.claim, "write_off": chart.write_off}
_MEMOS = {"claim": "Debt of {} asked back in money", "write_off": "Debt of {} given up"}


def debt_of(partner: Partner, currency: str) -> int:
    """What the partner owes now, in minor units: what the next payouts would net."""
    return debt_in(_payable(partner, currency))


def waiting_proposals(partner: Partner | None = None) -> list[DebtProposal]:
    """What waits for a second person in the active program, oldest first; of one partner, or of all."""
    found = DebtProposal.objects.filter(state="waiting").select_related("partner", "proposed_by")
    return list((found.filter(partner=partner) if partner else found).order_by("proposed_at", "pk"))


@transaction.atomic
def propose_debt(
    partner: Partner, *, kind: DebtKind, amount_minor: int, reason: str, user: User, actor: Actor, now: datetime
) -> DebtProposal:
    """Keep a proposal; nothing is posted. Raises AmountNotOwed or DebtProposed."""
    program = partner.program
    lock_settlement(program)
    check_owed(amount_minor, debt_of(partner, program.currency), program.currency)
    if DebtProposal.objects.filter(partner=partner, currency=program.currency, state="waiting").exists():
        raise DebtProposed(
            f"a proposal about {partner.name}'s debt waits already",
            value=partner.public_id,
            remedy="confirm or refuse that one first",
        )
    proposal = DebtProposal.objects.create(
        program=program,
        partner=partner,
        kind=kind,
        currency=program.currency,
        amount_minor=amount_minor,
        reason=reason,
        proposed_at=now,
        proposed_by=user,
    )
    _tell(proposal, "debt.proposed", actor, reason)
    return proposal


@transaction.atomic
def confirm_debt(proposal: DebtProposal, *, user: User, actor: Actor, now: datetime) -> DebtProposal:
    """A second person agrees, and it is posted. Raises SamePerson, DebtDecided, or AmountNotOwed: less is owed now."""
    proposal = _locked(proposal)
    check_second_person(proposal.proposed_by_id, user.pk)
    payable = _payable(proposal.partner, proposal.currency)
    check_owed(proposal.amount_minor, debt_in(payable), proposal.currency)
    post(proposal.program, [_booking(proposal, taken_from(proposal.amount_minor, payable), actor, now)], now=now)
    return _decided(proposal, "confirmed", user=user, actor=actor, now=now)


@transaction.atomic
def refuse_debt(proposal: DebtProposal, *, reason: str, user: User, actor: Actor, now: datetime) -> DebtProposal:
    """Nothing is done: the debt stays and is netted. Whoever proposed it may take it back so. Raises DebtDecided."""
    return _decided(_locked(proposal), "refused", user=user, actor=actor, now=now, reason=reason)


def _payable(partner: Partner, currency: str) -> dict[str, int]:
    return payable_by_line(partner.program, currency, partner=partner.pk).get(partner.pk, {})


def _locked(proposal: DebtProposal) -> DebtProposal:
    """The proposal under lock, still waiting; nobody settles or pays this program until we commit."""
    lock_settlement(Program.objects.get(pk=proposal.program_id))
    found = DebtProposal.objects.select_for_update(of=("self",)).select_related("program", "partner", "proposed_by")
    proposal = found.get(pk=proposal.pk)
    if proposal.state != "waiting":
        raise DebtDecided(
            f"this proposal was {proposal.state} already",
            field="state",
            value=proposal.state,
            remedy="look at it again",
        )
    return proposal


def _booking(proposal: DebtProposal, parts: dict[str, int], actor: Actor, now: datetime) -> NewTransaction:
    recipe, partner = _RECIPES[proposal.kind], proposal.partner
    return NewTransaction(
        kind=proposal.kind,
        cause_kind="debt_proposal",
        cause_id=proposal.public_id,
        currency=proposal.currency,
        effective_at=now,
        memo=_MEMOS[proposal.kind].format(partner.name)[:300],
        actor=actor.label,
        evidence={"proposal": proposal.public_id, "reason": proposal.reason, "proposed_by": str(proposal.proposed_by)},
        postings=[
            posting for line, minor in parts.items() for posting in recipe(chart.Subject(line, partner.pk), minor)
        ],
    )


def _decided(
    proposal: DebtProposal, state: str, *, user: User, actor: Actor, now: datetime, reason: str = ""
) -> DebtProposal:
    proposal.state, proposal.decided_by, proposal.decided_at = state, user, now
    proposal.save(update_fields=["state", "decided_by", "decided_at"])
    _tell(proposal, f"debt.{state}", actor, reason)
    return proposal


def _tell(proposal: DebtProposal, action: str, actor: Actor, reason: str) -> None:
    after = {
        "partner": proposal.partner.public_id,
        "kind": proposal.kind,
        "currency": proposal.currency,
        "amount_minor": proposal.amount_minor,
    }
    label = f"{proposal.partner.name}, {to_decimal(proposal.amount_minor, proposal.currency)} {proposal.currency}"
    record_audit(action=action, obj=proposal, label=label, after=after, reason=reason, actor=actor)
