"""Two people at once: exactly one of them moves the money, the other is told that it has moved."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from goodword.accounts.scope import active_program
from goodword.domain.errors import DomainError
from goodword.ledger.selectors import balances
from goodword.payouts import services
from goodword.payouts.models import Payout, PayoutLine, PayoutRun
from tests import cast
from tests.cast import NOW
from tests.payouts.test_runs import payee

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(program, *steps: Callable[[], object]) -> list[str]:
    """Run the steps in threads that start together; what each came to: "done" or the code of its refusal."""
    gate, results = threading.Barrier(len(steps)), [""] * len(steps)

    def take(place: int, step: Callable[[], object]) -> None:
        try:
            with active_program(program):
                gate.wait(timeout=20)
                step()
            results[place] = "done"
        except DomainError as refusal:
            results[place] = refusal.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take, args=pair) for pair in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


@pytest.fixture
def stage():
    program = cast.program(currency="EUR", minimum_payout_minor=5000)
    with active_program(program):
        ada = payee(program, l1=6000)
        yield program, ada, cast.member(program, "finance"), cast.member(program, "owner")


def figures(partner):
    return {kind: minor for kind, minor in balances(partner.program, partner.pk, "EUR").items() if minor}


def test_two_people_prepare_at_once_and_every_line_is_in_one_run(stage):
    program, ada, finance, owner = stage
    steps = [
        lambda who=who: services.prepare_run(program, "EUR", user=who, actor=cast.actor(who), now=NOW)
        for who in (finance, owner)
    ]
    assert at_once(program, *steps) == ["done", "nothing_to_pay"]
    assert (PayoutRun.objects.count(), figures(ada)) == (1, {"in_payout": 6000})


def test_pay_and_cancel_at_once_never_both(stage):
    program, ada, finance, owner = stage
    run = services.prepare_run(program, "EUR", user=finance, actor=cast.actor(finance), now=NOW)
    services.approve_run(run, user=owner, actor=cast.actor(owner), now=NOW)
    outcome = at_once(
        program,
        lambda: services.export_run(run, user=finance, actor=cast.actor(finance), now=NOW),
        lambda: services.cancel_run(run, reason="stop", actor=cast.actor(owner), now=NOW),
    )
    assert outcome == ["done", "step_not_allowed"]
    sent = PayoutRun.objects.get().state == "exported"
    assert figures(ada) == ({"in_payout": 6000} if sent else {"payable": 6000})


def test_two_confirmations_at_once_pay_once(stage):
    program, ada, finance, owner = stage
    run = services.prepare_run(program, "EUR", user=finance, actor=cast.actor(finance), now=NOW)
    services.approve_run(run, user=owner, actor=cast.actor(owner), now=NOW)
    services.export_run(run, user=finance, actor=cast.actor(finance), now=NOW)
    payout = Payout.objects.get()
    confirm = lambda: services.confirm_payouts(run, [payout.pk], actor=cast.actor(), now=NOW)
    assert at_once(program, confirm, confirm) == ["done", "step_not_allowed"]
    assert (figures(ada), PayoutLine.objects.filter(live=True).count()) == ({"paid": 6000}, 0)


def test_two_returns_at_once_give_the_money_back_once(stage):
    program, ada, finance, owner = stage
    run = services.prepare_run(program, "EUR", user=finance, actor=cast.actor(finance), now=NOW)
    services.approve_run(run, user=owner, actor=cast.actor(owner), now=NOW)
    services.export_run(run, user=finance, actor=cast.actor(finance), now=NOW)
    payout = Payout.objects.get()
    give_back = lambda: services.return_payout(payout, reason="closed", actor=cast.actor(), now=NOW)
    assert at_once(program, give_back, give_back) == ["done", "step_not_allowed"]
    assert figures(ada) == {"payable": 6000}
