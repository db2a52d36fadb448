"""A partner's debt asked back or given up: proposed by one person, posted when a second one confirms."""

import pytest

from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.commissions.verify import verify
from goodword.domain.debts import AmountNotOwed, DebtDecided, DebtProposed
from goodword.domain.payout_states import SamePerson
from goodword.ledger.models import Transaction
from goodword.ledger.selectors import balances
from goodword.payouts import services
from goodword.payouts.debts import confirm_debt, debt_of, propose_debt, refuse_debt
from goodword.payouts.methods import set_payout_method
from goodword.payouts.models import DebtProposal
from tests import cast
from tests.cast import NOW
from tests.commissions.world import World, refund, sale, touch
from tests.payouts.test_runs import IBAN, earns

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    program = cast.program(currency="EUR")
    with active_program(program):
        yield program


@pytest.fixture
def people(acme):
    return cast.member(acme, "finance"), cast.member(acme, "owner")


@pytest.fixture
def debtor(acme):
    partner = cast.partner(acme, name="Ada")
    earns(partner, l1=-5_000, l2=-2_000, l3=1_000)
    return partner


def proposed(partner, user, minor=6_000, kind="write_off"):
    return propose_debt(
        partner, kind=kind, amount_minor=minor, reason="cannot pay", user=user, actor=cast.actor(user), now=NOW
    )


def confirmed(proposal, user):
    return confirm_debt(proposal, user=user, actor=cast.actor(user), now=NOW)


@pytest.mark.parametrize(("kind", "account"), [("write_off", "written_off"), ("claim", "clawback_receivable")])
def test_a_second_person_confirms_and_the_debt_is_gone(acme, people, debtor, kind, account):
    finance, owner = people
    proposal = proposed(debtor, finance, 6_000, kind)
    assert debt_of(debtor, "EUR") == 6_000
    confirmed(proposal, owner)
    assert (debt_of(debtor, "EUR"), balances(acme, debtor.pk)["payable"], balances(acme)[account]) == (0, 0, 6_000)
    assert Transaction.objects.get(kind=kind).cause_id == proposal.public_id


def test_a_part_leaves_the_rest_to_be_netted(people, debtor):
    finance, owner = people
    confirmed(proposed(debtor, finance, 2_500), owner)
    assert debt_of(debtor, "EUR") == 3_500


def test_finance_may_type_an_amount_as_people_write_it(acme, people, debtor):
    sam, page = cast.sign_in(people[0]), f"/p/{acme.slug}/partners/{debtor.public_id}/debt"
    refused = sam.post(page, {"kind": "write_off", "amount": "much", "reason": "cannot pay"}).content.decode()
    assert "“much” is not an amount. Write it like 25.00." in refused
    assert "Amount: “much”" in refused
    sam.post(page, {"kind": "write_off", "amount": "€ 12,50", "reason": "cannot pay"})
    assert DebtProposal.objects.get().amount_minor == 1_250


def test_who_owes_nothing_leaves_nothing_to_decide(acme, people):
    ben = cast.partner(acme, name="Ben")
    page = f"/p/{acme.slug}/partners/{ben.public_id}"
    answer = cast.sign_in(people[0]).get(f"{page}/debt", follow=True)
    assert answer.redirect_chain[0][0] == page
    assert "Ben owes nothing" in answer.content.decode()


def test_who_proposed_it_cannot_confirm_it(people, debtor):
    finance, _ = people
    proposal = proposed(debtor, finance)
    with pytest.raises(SamePerson):
        confirmed(proposal, finance)
    assert debt_of(debtor, "EUR") == 6_000


@pytest.mark.parametrize("minor", [6_001, 0, -100])
def test_an_amount_that_is_not_owed_is_refused(people, debtor, minor):
    with pytest.raises(AmountNotOwed) as refused:
        proposed(debtor, people[0], minor)
    assert refused.value.problem.field == "amount"


def test_a_debt_that_shrank_in_between_is_looked_at_again(people, debtor):
    finance, owner = people
    proposal = proposed(debtor, finance)
    earns(debtor, l4=10)
    with pytest.raises(AmountNotOwed, match="more than the partner owes now"):
        confirmed(proposal, owner)
    assert not Transaction.objects.filter(kind="write_off").exists()


def test_confirming_twice_posts_once(people, debtor):
    finance, owner = people
    proposal = proposed(debtor, finance)
    confirmed(proposal, owner)
    with pytest.raises(DebtDecided):
        confirmed(proposal, owner)
    assert Transaction.objects.filter(kind="write_off").count() == 1


def test_a_refused_proposal_posts_nothing_and_makes_room_for_another(people, debtor):
    finance, _ = people
    proposal = proposed(debtor, finance)
    with pytest.raises(DebtProposed):
        proposed(debtor, finance)
    refuse_debt(proposal, reason="they pay", user=finance, actor=cast.actor(finance), now=NOW)
    assert debt_of(debtor, "EUR") == 6_000
    proposed(debtor, finance)
    actions = (
        AuditEntry.objects.filter(action__startswith="debt.").order_by("sequence").values_list("action", flat=True)
    )
    assert list(actions) == ["debt.proposed", "debt.refused", "debt.proposed"]


def paid_out(partner, people, currency="EUR"):
    """Pay the partner what is payable, from the first step to the last."""
    one, other = people
    set_payout_method(partner, kind="iban", holder="Ada", account=IBAN, actor=cast.actor(), now=NOW)
    run = services.prepare_run(partner.program, currency, user=one, actor=cast.actor(one), now=NOW)
    run = services.approve_run(run, user=other, actor=cast.actor(other), now=NOW)
    run = services.export_run(run, user=one, actor=cast.actor(one), now=NOW)
    services.confirm_payouts(run, run.payouts.values_list("pk", flat=True), actor=cast.actor(one), now=NOW)


def test_the_books_of_a_program_hold_after_a_debt_is_given_up_and_settling_again_posts_nothing():
    world = World()
    alder, people = world.partners["alder"], [cast.member(world.program, role) for role in ("finance", "owner")]
    with active_program(world.program):
        world.arrive(touch("alder", ago=90), sale("s-1", minor=50_000, ago=80))
        world.settle()
        paid_out(alder, people)
        world.arrive(refund("s-1", minor=50_000, ago=30))
        world.settle()
        confirmed(proposed(alder, people[0], debt_of(alder, "EUR")), people[1])
        before = Transaction.objects.count()
        world.settle(everything=True)
        assert (Transaction.objects.count(), balances(world.program)["written_off"]) == (before, 10_000)
        assert [one.id for one in verify(world.program, now=NOW) if not one.holds] == []
