"""Payout runs end to end over the ledger: set aside, approved by a second person, sent, paid, returned, cancelled."""

import csv
import io
from datetime import timedelta

import pytest

from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.domain import chart
from goodword.domain.payout_states import SamePerson, StepNotAllowed
from goodword.ledger.selectors import balances
from goodword.ledger.services import NewTransaction, post
from goodword.payouts import services
from goodword.payouts.methods import set_payout_method
from goodword.payouts.models import Payout, PayoutLine, PayoutMethod, PayoutRun
from tests import cast
from tests.cast import NOW

pytestmark = pytest.mark.django_db

IBAN = "DE89370400440532013000"


@pytest.fixture
def acme():
    program = cast.program(currency="EUR", minimum_payout_minor=5000)
    with active_program(program):
        yield program


@pytest.fixture
def people(acme):
    return cast.member(acme, "finance"), cast.member(acme, "owner")


def earns(partner, **lines):
    """Book lines of a partner as payable: `earns(ada, l1=6000)`; below zero: taken back after it was paid."""
    for line, minor in lines.items():
        subject = chart.Subject(line, partner.pk)
        recipe = chart.accrual(subject, minor, "payable") if minor > 0 else chart.clawback(subject, -minor, "payable")
        kind = "accrual" if minor > 0 else "clawback"
        new = NewTransaction(kind, "line", f"{line}/{minor}", "EUR", recipe, NOW, f"line {line}")
        post(partner.program, [new], now=NOW)


def payee(program, name="Ada", account=IBAN, **lines):
    partner = cast.partner(program, name=name)
    set_payout_method(partner, kind="iban", holder=name, account=account, actor=cast.actor(), now=NOW)
    earns(partner, **lines)
    return partner


def prepared(program, user):
    return services.prepare_run(program, "EUR", user=user, actor=cast.actor(user), now=NOW)


def sent(program, people):
    finance, owner = people
    run = prepared(program, finance)
    services.approve_run(run, user=owner, actor=cast.actor(owner), now=NOW)
    return services.export_run(run, user=finance, actor=cast.actor(finance), now=NOW)


def figures(partner):
    booked = balances(partner.program, partner.pk, "EUR")
    return {kind: minor for kind, minor in booked.items() if minor}


def test_preparing_sets_aside_exactly_what_is_payable(acme, people):
    ada = payee(acme, l1=6000, l2=-1000, l3=500)
    run = prepared(acme, people[0])
    payout = Payout.objects.get(run=run)
    assert (payout.amount_minor, figures(ada)) == (5500, {"in_payout": 5500})
    assert dict(PayoutLine.unscoped.values_list("line", "amount_minor")) == {"l1": 6000, "l2": -1000, "l3": 500}


def test_a_paid_payout_leaves_the_books_and_closes_the_run(acme, people):
    ada = payee(acme, l1=6000)
    run = sent(acme, people)
    services.confirm_payouts(run, Payout.objects.values_list("pk", flat=True), actor=cast.actor(), now=NOW)
    run.refresh_from_db()
    assert (run.state, figures(ada)) == ("closed", {"paid": 6000})
    assert not PayoutLine.unscoped.filter(live=True).exists()


def test_a_refund_after_payout_leaves_a_debt_that_the_next_run_nets(acme, people):
    ada = payee(acme, l1=6000)
    run = sent(acme, people)
    services.confirm_payouts(run, Payout.objects.values_list("pk", flat=True), actor=cast.actor(), now=NOW)
    earns(ada, l1=-2500)
    assert figures(ada) == {"paid": 6000, "payable": -2500}
    with pytest.raises(services.NothingToPay):
        prepared(acme, people[0])
    earns(ada, l2=9000)
    second = prepared(acme, people[0])
    assert Payout.objects.get(run=second).amount_minor == 9000 - 2500


def test_the_person_who_prepared_cannot_approve(acme, people):
    payee(acme, l1=6000)
    run = prepared(acme, people[0])
    with pytest.raises(SamePerson):
        services.approve_run(run, user=people[0], actor=cast.actor(people[0]), now=NOW)
    assert PayoutRun.objects.get().state == "prepared"


def test_nothing_is_sent_without_approval(acme, people):
    payee(acme, l1=6000)
    run = prepared(acme, people[0])
    with pytest.raises(StepNotAllowed):
        services.export_run(run, user=people[1], actor=cast.actor(people[1]), now=NOW)


def test_cancelling_gives_everything_back(acme, people):
    ada = payee(acme, l1=6000, l2=-500)
    run = prepared(acme, people[0])
    services.cancel_run(run, reason="wrong month", actor=cast.actor(), now=NOW)
    assert figures(ada) == {"payable": 5500}
    assert prepared(acme, people[0]).number == 2


def test_what_was_sent_cannot_be_cancelled(acme, people):
    payee(acme, l1=6000)
    run = sent(acme, people)
    with pytest.raises(StepNotAllowed):
        services.cancel_run(run, reason="too late", actor=cast.actor(), now=NOW)


@pytest.mark.parametrize("confirmed_first", [False, True])
def test_returned_money_is_payable_again(acme, people, confirmed_first):
    ada = payee(acme, l1=6000)
    run = sent(acme, people)
    payout = Payout.objects.get()
    if confirmed_first:
        services.confirm_payouts(run, [payout.pk], actor=cast.actor(), now=NOW)
    services.return_payout(Payout.objects.get(), reason="account closed", actor=cast.actor(), now=NOW)
    assert (Payout.objects.get().state, figures(ada)) == ("returned", {"payable": 6000})
    assert PayoutRun.objects.get().state == "closed"
    assert AuditEntry.objects.filter(action="payout.returned", reason="account closed").exists()


def test_changed_bank_details_void_the_approval(acme, people):
    ada = payee(acme, l1=6000)
    run = prepared(acme, people[0])
    set_payout_method(ada, kind="iban", holder="Ada", account="GB82WEST12345698765432", actor=cast.actor(), now=NOW)
    with pytest.raises(services.RunChanged, match="payout details of Ada"):
        services.approve_run(run, user=people[1], actor=cast.actor(), now=NOW)


def test_a_hold_placed_meanwhile_stops_the_run(acme, people):
    ada = payee(acme, l1=6000)
    run = prepared(acme, people[0])
    cast.hold(ada, line="l1")
    with pytest.raises(services.RunChanged, match="hold on Ada"):
        services.approve_run(run, user=people[1], actor=cast.actor(), now=NOW)


def test_a_refund_between_approval_and_sending_stops_the_run(acme, people):
    ada = payee(acme, l1=6000)
    run = prepared(acme, people[0])
    services.approve_run(run, user=people[1], actor=cast.actor(), now=NOW)
    earns(ada, l1=-100)
    with pytest.raises(services.RunChanged, match="taken back"):
        services.export_run(run, user=people[0], actor=cast.actor(), now=NOW)


def test_an_altered_destination_no_longer_fits_the_prepared_content(acme, people):
    payee(acme, l1=6000)
    run = prepared(acme, people[0])
    PayoutMethod.objects.update(fingerprint="another account")
    with pytest.raises(services.RunChanged, match="content"):
        services.approve_run(run, user=people[1], actor=cast.actor(), now=NOW)


def test_a_violated_invariant_stops_every_step(acme, people):
    payee(acme, l1=6000)
    acme.payouts_blocked = "I02 does not hold"
    acme.save()
    with pytest.raises(services.PayoutsBlocked, match="I02"):
        prepared(acme, people[0])


def test_changed_details_rest_before_they_are_paid_to(acme):
    ada = payee(acme, l1=6000)
    later = NOW + timedelta(hours=1)
    method = set_payout_method(
        ada, kind="account", holder="Ada", account="021000021 / 123", actor=cast.actor(), now=later
    )
    assert method.usable_from == later + timedelta(hours=72)
    assert [s.reason for s in services.plan_next_run(acme, "EUR", now=later).skipped] == ["cooling_off"]
    assert services.plan_next_run(acme, "EUR", now=method.usable_from).paid


def test_the_same_details_again_start_no_new_waiting(acme):
    ada = payee(acme, l1=6000)
    again = set_payout_method(
        ada, kind="iban", holder="Ada", account="DE89 3704 0044 0532 0130 00", actor=cast.actor(), now=NOW
    )
    assert again.usable_from == NOW


def test_the_account_is_nowhere_in_the_clear_but_in_the_file(acme, people):
    payee(acme, l1=6000)
    run = sent(acme, people)
    stored = Payout.objects.get().method
    assert IBAN.encode() not in bytes(stored.account_encrypted)
    assert IBAN not in "".join(str(entry.after) for entry in AuditEntry.objects.all())
    rows = list(csv.DictReader(io.StringIO(services.read_file(run, actor=cast.actor()).decode())))
    assert rows == [
        {
            "payee": "Ada",
            "account": IBAN,
            "amount": "60.00",
            "currency": "EUR",
            "reference": Payout.objects.get().reference,
        }
    ]


def test_a_payee_name_that_looks_like_a_formula_stays_text(acme, people):
    payee(acme, name="=1+1", l1=6000)
    run = sent(acme, people)
    assert b"'=1+1," in services.read_file(run, actor=cast.actor())


def test_there_is_no_file_before_the_run_is_sent(acme, people):
    payee(acme, l1=6000)
    with pytest.raises(services.RunNotSent):
        services.read_file(prepared(acme, people[0]), actor=cast.actor())
