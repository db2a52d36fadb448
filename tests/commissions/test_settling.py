"""The settlement worker: what it books, that it books it once, and that narrow and whole settlements agree."""

from datetime import timedelta

import pytest

from goodword.accounts.models import AuditEntry
from goodword.commissions.models import Line, Outcome, SettlementRun
from goodword.commissions.scope import scope_of
from goodword.commissions.services import lines_digest, rebuild_lines
from goodword.commissions.tasks import due_programs
from goodword.domain import chart
from goodword.ledger.models import Transaction
from goodword.ledger.selectors import balances
from goodword.ledger.services import NewTransaction, post
from goodword.referrals.models import Conversion, UnsettledFact
from tests import cast
from tests.commissions.world import NOW, World, credit, days, refund, sale, touch

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


def pay_out(world, partner="alder"):
    """Take everything payable of a partner through a payout that is confirmed."""
    owner = world.partners[partner]
    for line in Line.unscoped.filter(program=world.program, partner=owner):
        subject = chart.Subject(line.line, owner.pk)
        for recipe in (chart.payout, chart.payout_paid):
            legs = recipe(subject, line.amount_minor)
            post(world.program, [NewTransaction(recipe.__name__, "payout", line.line, "EUR", legs, NOW, "p")], now=NOW)


def test_a_referred_sale_becomes_a_pending_commission(world):
    world.arrive(touch("alder"), sale("s-1"))
    run = world.settle()
    assert (run.transactions, run.lines) == (1, 1)
    assert balances(world.program, world.partners["alder"].pk)["pending"] == 2_000  # 20% of 100.00
    assert not UnsettledFact.objects.filter(program=world.program).exists()


def test_settling_again_posts_nothing_and_rewrites_nothing(world):
    world.arrive(touch("alder"), sale("s-1"), sale("s-2", "c-9"))
    world.settle()
    before, rows = lines_digest(world.program), set(Line.unscoped.values_list("line", flat=True))
    assert [world.settle(everything=True).transactions, world.settle().transactions] == [0, 0]
    assert (lines_digest(world.program), set(Line.unscoped.values_list("line", flat=True))) == (before, rows)


def test_every_posting_keeps_its_line_terms_and_steps(world):
    world.arrive(touch("alder"), sale("s-1"))
    world.settle()
    line = Line.unscoped.get(program=world.program)
    evidence = Transaction.unscoped.get(program=world.program).evidence
    assert (evidence["terms"], evidence["steps"]) == ("alder@1", line.steps)
    assert (evidence["line"]["line"], evidence["line"]["amount"]) == (line.line, "20.00")


def test_an_old_sale_is_payable_at_once_and_a_young_one_when_it_matures(world):
    world.arrive(touch("alder", ago=80), sale("old", ago=60), sale("young", ago=10))
    world.settle()
    assert balances(world.program)["payable"] == 2_000
    assert world.settle(NOW + timedelta(days=19)).transactions == 0
    assert (
        world.settle(NOW + timedelta(days=20)).transactions == 1
    )  # matures 30 days after the sale, no new fact needed
    assert (balances(world.program)["payable"], world.kinds()["maturity"]) == (4_000, 1)


def test_a_program_with_a_due_maturity_is_found_without_new_facts(world):
    world.arrive(touch("alder"), sale("s-1"))
    assert due_programs(NOW) == [world.program]
    world.settle()
    assert due_programs(NOW) == []
    assert due_programs(NOW + timedelta(days=30)) == [world.program]


def test_a_refund_before_payout_takes_back_what_was_booked(world):
    world.arrive(touch("alder"), sale("s-1"))
    world.settle()
    world.arrive(refund("s-1"))
    world.settle()
    assert balances(world.program)["pending"] == 0
    assert world.kinds() == {"accrual": 1, "clawback": 1}


def test_refund_after_payout_leaves_a_debt_that_the_next_commission_nets(world):
    world.arrive(touch("alder", ago=80), sale("s-1", ago=40))
    world.settle()
    pay_out(world)
    world.arrive(refund("s-1", minor=2_500))
    world.settle()
    mine = balances(world.program, world.partners["alder"].pk)
    assert (mine["paid"], mine["payable"]) == (2_000, -500)  # 20% of 75.00 is 15.00; 20.00 was paid
    world.arrive(sale("s-2", minor=5_000, ago=35))
    world.settle()
    assert balances(world.program, world.partners["alder"].pk)["payable"] == 500


def test_a_clawback_tells_the_partner_once_a_run_however_many_lines(world):
    world.arrive(touch("alder"), sale("s-1"), sale("s-2"))
    world.settle()
    world.arrive(refund("s-1"), refund("s-2"))
    world.settle()
    [entry] = AuditEntry.objects.filter(program=world.program, action="commission.clawed_back")
    assert (entry.after["lines"], entry.after["amount"]) == (2, "40.00")


def test_a_decision_moves_the_commission_to_the_other_partner(world):
    world.arrive(touch("alder"), sale("s-1"))
    world.settle()
    world.arrive(credit("c-1", [("birch", "100%")]))
    world.settle()
    assert balances(world.program, world.partners["alder"].pk)["pending"] == 0
    assert balances(world.program, world.partners["birch"].pk)["pending"] == 1_000
    assert world.earned() == world.oracle()


def test_partners_who_share_a_decision_are_settled_together(world):
    both = {partner.pk for partner in world.partners.values()}
    world.arrive(touch("birch", "c-2"), sale("s-2", "c-2"))
    assert scope_of(world.program, {"c-2"}).partners == {world.partners["birch"].pk}
    world.arrive(sale("s-1", minor=10_001), credit("c-1", [("birch", "50%"), ("alder", "50%")]))
    assert scope_of(world.program, {"c-2"}).partners == both
    world.settle()
    assert world.earned() == world.oracle()


def test_a_sale_of_one_partner_leaves_the_others_alone(world):
    world.arrive(touch("alder"), sale("s-1"), touch("birch", "c-2"), sale("s-2", "c-2"))
    world.settle()
    world.arrive(sale("s-3"))
    run = world.settle()
    assert (run.scope, run.conversions, run.transactions) == ("partners", 2, 1)


@pytest.mark.parametrize(
    "fields", [{"guardrail": {"percent": "15%"}}, {"budget": {"amount": "15.00", "per": "month"}},
               {"attribution": {"model": "linear"}}],
)  # fmt: skip
def test_where_partners_hang_together_the_whole_program_is_settled(fields):
    world = World(**fields)
    world.arrive(touch("alder"), sale("s-1"), touch("birch", "c-2"), sale("s-2", "c-2"))
    world.settle()
    world.arrive(sale("s-3", ago=11))
    assert world.settle().scope == "program"
    assert world.earned() == world.oracle()


def test_a_fact_without_a_customer_settles_the_whole_program(world):
    UnsettledFact.objects.create(program=world.program, cause="terms")
    assert world.settle().scope == "program"


def test_a_conversion_without_a_line_says_why_until_it_has_one(world):
    world.arrive(sale("s-1"))
    world.settle()
    assert Outcome.unscoped.get(program=world.program).outcome == "no_touch"
    world.arrive(touch("alder"))
    world.settle()
    assert not Outcome.unscoped.filter(program=world.program).exists()
    assert Line.unscoped.get(program=world.program).conversion == "s-1"


def test_a_retracted_sale_loses_its_outcome_and_its_line(world):
    world.arrive(touch("alder"), sale("s-1"), sale("s-2", "c-2"))
    world.settle()
    Conversion.unscoped.filter(program=world.program).update(retracted_at=NOW)
    for customer in ("c-1", "c-2"):
        UnsettledFact.objects.create(program=world.program, customer=customer, cause="undone")
    world.settle()
    assert not Outcome.unscoped.filter(program=world.program).exists()
    assert not Line.unscoped.filter(program=world.program).exists()
    assert balances(world.program)["commission_expense"] == 0


def test_a_fact_of_the_future_is_settled_when_its_time_has_come(world):
    world.arrive(touch("alder"), sale("s-1", ago=-0.01))
    world.settle()
    assert (balances(world.program)["pending"], due_programs(NOW)) == (0, [world.program])
    world.settle(NOW + timedelta(hours=1))
    assert balances(world.program)["pending"] == 2_000
    assert due_programs(NOW) == []


def test_a_clock_that_runs_backwards_is_not_followed(world):
    world.arrive(touch("alder", ago=40), sale("s-1", ago=31.5))
    world.settle()
    assert balances(world.program)["payable"] == 2_000
    world.arrive(sale("s-2"))
    world.settle(days(20))
    assert balances(world.program) == balances(world.program) | {"payable": 2_000, "pending": 2_000}


def test_deleting_all_lines_and_rebuilding_them_gives_the_same_bytes(world):
    world.arrive(touch("alder"), sale("s-1"), sale("s-2", "c-2"), refund("s-1", minor=333))
    world.settle()
    before = lines_digest(world.program)
    Line.unscoped.filter(program=world.program).delete()
    assert lines_digest(world.program) != before
    assert rebuild_lines(world.program, now=NOW) == before
    assert Transaction.unscoped.filter(program=world.program).count() == 1


def test_a_run_that_found_nothing_leaves_no_row(world):
    world.settle()
    assert not SettlementRun.unscoped.filter(program=world.program).exists()


def test_refunds_that_match_nothing_are_noted_on_the_run(world):
    world.arrive(touch("alder"), sale("s-1"), refund("s-9"), refund("s-1", minor=20_000))
    assert {notice["notice"] for notice in world.settle(everything=True).notices} == {"unmatched", "quarantined"}


def test_another_program_is_not_touched(world):
    other = World()
    other.arrive(touch("alder"), sale("s-1"))
    world.arrive(touch("alder"), sale("s-1"))
    world.settle()
    assert (len(other.books()), UnsettledFact.objects.filter(program=other.program).count()) == (0, 2)


def test_a_visitor_who_turns_out_to_be_a_customer_brings_the_commission(world):
    cast.touch(world.partners["alder"], customer="", visitor="v-1")
    world.arrive(sale("s-1"))
    world.settle()
    cast.customer(world.program, external_id="c-1", visitors=["v-1"])
    UnsettledFact.objects.create(program=world.program, customer="c-1", cause="customer")
    world.settle()
    assert world.earned() == world.oracle() != {}


def test_who_watches_a_settlement_sees_lines_and_postings_grow_to_their_whole_number(world, monkeypatch):
    monkeypatch.setattr("goodword.commissions.settling.TELL_EVERY", 1)
    monkeypatch.setattr("goodword.ledger.services.AT_ONCE", 1)
    world.arrive(touch("alder"), sale("s-1"), sale("s-2"), sale("s-3"))
    told = []
    world.settle(watch=lambda *word: told.append(word))
    for doing in ("writing lines", "posting"):
        assert [word[1:] for word in told if word[0] == doing] == [(done, 3) for done in range(4)]
