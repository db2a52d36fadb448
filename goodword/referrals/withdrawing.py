"""Withdrawing facts that a system of the company told and then told otherwise: a dispute that was won, a refund that
failed, a sale whose code came late.

The fact stays stored, with the moment it was withdrawn; settlement no longer sees it, and books the difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.domain.money import to_decimal
from goodword.referrals.models import Conversion, Refund
from goodword.referrals.unsettled import mark_customers

MODELS: Final[Mapping[str, type[Conversion] | type[Refund]]] = {"sale": Conversion, "refund": Refund}


def withdraw(program: Program, kind: str, ids: Sequence[str], *, reason: str, actor: Actor, now: datetime) -> int:
    """Withdraw sales or refunds by their external ids; says how many there were. Again, it changes nothing."""
    model = MODELS[kind]
    with active_program(program), transaction.atomic():
        live = model.objects.filter(external_id__in=ids, retracted_at=None)
        rows: list[Any] = list(live.select_for_update(no_key=True).order_by("pk"))
        buyers = _buyers(rows)
        model.objects.filter(pk__in=[row.pk for row in rows]).update(retracted_at=now)
        mark_customers(program, buyers, f"{kind} withdrawn")
        for row in rows:
            amount = to_decimal(row.amount_minor or 0, row.currency)
            record_audit(
                action=f"{kind}.withdrawn", obj=row, label=row.external_id[:80], reason=reason[:300], actor=actor,
                before={"amount": amount, "currency": row.currency, "at": row.at.isoformat()},
            )  # fmt: skip
    return len(rows)


def _buyers(rows: Iterable[Conversion | Refund]) -> set[str]:
    sales = [row.sale for row in rows if isinstance(row, Refund)]
    found = Conversion.objects.filter(external_id__in=sales, retracted_at=None).values_list("customer", flat=True)
    return {*found, *(row.customer for row in rows if isinstance(row, Conversion))}
