"""What a partner would earn if a suggestion were followed: settled with that credit added. Reads only; no estimates.

The engine that pays decides. The partner's other sales are settled along, since tiers and limits look at them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from goodword.accounts.models import Program
from goodword.commissions.models import MissedCredit
from goodword.commissions.scope import customers_of
from goodword.domain.settlement import Credit, FactSet, Line, Share, instant, line_to_json, read_program, settle
from goodword.insights.receipts import ReceiptRow, receipt
from goodword.referrals.export import program_document, settlement_facts

CUSTOMERS_MAX: Final = 3_000
"""A partner with more customers than this is settled on the latest of them, and the page says so."""
_FACTS = ("partners", "agreements", "codes", "customers", "touches", "sales", "events", "refunds", "cancels", "rates")
_TRIED = "what-if"
"""The id of the credit that is tried; people read "decided by you" instead."""


@dataclass(frozen=True, slots=True)
class MissedEffect:
    """What the credit is worth, in minor units: of this sale, of the customer's other sales, and to other partners."""

    currency: str
    amount: int
    others_of_customer: int
    other_partners: int
    steps: Sequence[ReceiptRow]
    outcome: str
    narrowed: bool


def missed_effect(program: Program, row: MissedCredit, now: datetime) -> MissedEffect:
    """The settlement of these facts as they are, and with the credit added."""
    partners_customers = customers_of(program, frozenset({row.partner_id}))
    chosen = sorted({row.customer, *sorted(partners_customers)[-CUSTOMERS_MAX:]})
    facts = settlement_facts(program, chosen)
    read, end = read_program(program_document(program)), instant(now)
    credit = Credit(_TRIED, end, (Share(row.partner.public_id, 1_000_000),), "what if", conversion=row.conversion)
    before = settle(read, facts, end)
    after = settle(read, _with_credit(facts, credit), end)
    here = row.partner.public_id
    lines = [line for line in after.lines if line.conversion == row.conversion and line.partner == here]
    outcomes = {each.conversion: each.outcome for each in after.outcomes}
    return MissedEffect(
        currency=program.currency,
        amount=sum(line.amount for line in lines),
        others_of_customer=_of_others(after.lines, row, here) - _of_others(before.lines, row, here),
        other_partners=_elsewhere(after.lines, here) - _elsewhere(before.lines, here),
        steps=_steps(lines),
        outcome="" if lines else outcomes.get(row.conversion, ""),
        narrowed=len(partners_customers) > CUSTOMERS_MAX,
    )


def _with_credit(facts: FactSet, credit: Credit) -> FactSet:
    given: dict[str, Any] = {name: getattr(facts, name) for name in _FACTS}
    return FactSet(credits=[*facts.credits, credit], **given)


def _of_others(lines: Sequence[Line], row: MissedCredit, partner: str) -> int:
    return sum(line.amount for line in lines if line.partner == partner and line.conversion != row.conversion)


def _elsewhere(lines: Sequence[Line], partner: str) -> int:
    return sum(line.amount for line in lines if line.partner != partner)


def _steps(lines: Sequence[Line]) -> Sequence[ReceiptRow]:
    if not lines:
        return ()
    told = line_to_json(lines[0])
    rows = receipt(told["steps"], told["currency"], without=("agreement", "rule"))
    return [replace(row, how=row.how.replace(f"credit {_TRIED}", "you")) for row in rows]
