"""Alice's firm with money in every place: a stage for tests of the partner pages.

20% of each sale; a refund counts for 60 days; payouts from EUR 50.00.
"""

from datetime import timedelta
from typing import Any

from goodword.accounts.actors import SYSTEM
from goodword.accounts.scope import active_program
from goodword.commissions.services import settle_program
from goodword.payouts.methods import set_payout_method
from goodword.payouts.services import approve_run, confirm_payouts, export_run, prepare_run
from goodword.referrals.models import UnsettledFact
from tests import cast

NOW = cast.NOW


def days(number: float) -> Any:
    return NOW - timedelta(days=number)


def sold(acme: Any, name: str, *, minor: int = 30_000, ago: float = 50, **fields: Any) -> Any:
    """A sale to a customer whom Alice's firm sent two days before."""
    cast.touch(acme.alder, customer=f"c-{name}", at=days(ago + 2))
    return cast.sale(acme.program, external_id=name, customer=f"c-{name}", amount_minor=minor, at=days(ago), **fields)


def settled(acme: Any, *, ago: float = 0) -> None:
    UnsettledFact.objects.create(program=acme.program, customer="", cause="test")
    settle_program(acme.program, now=days(ago))


def paid_out(acme: Any, *, ago: float) -> None:
    """A whole payout: prepared by Sam, approved by Olga, confirmed by the bank."""
    now, program = days(ago), acme.program
    with active_program(program):
        set_payout_method(
            acme.alder,
            kind="iban",
            holder="Alder Advice",
            account="DE89370400440532013000",
            actor=SYSTEM,
            now=days(300),
        )
        run = prepare_run(program, "EUR", user=acme.sam, actor=SYSTEM, now=now)
        run = export_run(approve_run(run, user=acme.olga, actor=SYSTEM, now=now), user=acme.sam, actor=SYSTEM, now=now)
        confirm_payouts(run, [payout.pk for payout in run.payouts.all()], actor=SYSTEM, now=now)


def paid_then_refunded(acme: Any) -> None:
    """EUR 60.00 earned and paid; then the sale is refunded."""
    sale = sold(acme, "s-1", ago=50)
    settled(acme, ago=15)
    paid_out(acme, ago=10)
    cast.refund(sale, amount_minor=sale.amount_minor, at=days(3), reason="sent back")
    settled(acme)
