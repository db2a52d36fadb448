"""Taking back refunds that turned out never to have happened: a dispute that was won, a refund that failed.

The fact stays stored, with the moment it was withdrawn; settlement no longer sees it, and books the difference.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.domain.money import to_decimal
from goodword.referrals.models import Conversion, Refund
from goodword.referrals.unsettled import mark_customers


def withdraw_refunds(program: Program, ids: Sequence[str], *, reason: str, actor: Actor, now: datetime) -> int:
    """Withdraw refunds by their external ids; says how many there were. Doing it again changes nothing."""
    with active_program(program), transaction.atomic():
        live = Refund.objects.filter(external_id__in=ids, retracted_at=None)
        rows = list(live.select_for_update().order_by("pk"))
        Refund.objects.filter(pk__in=[row.pk for row in rows]).update(retracted_at=now)
        sales = {row.sale for row in rows}
        buyers = Conversion.objects.filter(external_id__in=sales, retracted_at=None).values_list("customer", flat=True)
        mark_customers(program, buyers, "refund withdrawn")
        for row in rows:
            before = {"sale": row.sale, "amount": to_decimal(row.amount_minor, row.currency), "currency": row.currency}
            label = row.external_id[:80]
            record_audit(
                action="refund.withdrawn", obj=row, label=label, before=before, reason=reason[:300], actor=actor
            )
    return len(rows)
