"""Each invariant is broken once, with the rules of the database off, and exactly it is reported."""

from datetime import timedelta

import pytest
from django.db import connection

from goodword.accounts.models import AuditEntry, Program
from goodword.commissions.models import Line
from goodword.commissions.services import place_hold
from goodword.commissions.verify import report, verify, verify_and_block
from goodword.domain import chart
from goodword.domain.chart import Posting, Subject
from goodword.ledger.chain import START, chained_hash
from goodword.ledger.invariants import REGISTRY, Examined
from goodword.ledger.services import NewTransaction, post
from goodword.ledger.verify import _with_legs
from goodword.referrals.models import UnsettledFact
from tests import cast
from tests.commissions.world import NOW, World, refund, sale, touch
from tests.database import as_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = World()
    world.arrive(touch("alder"), sale("s-1"), sale("s-2", "c-2"), touch("birch", "c-3"), sale("s-3", "c-3"))
    world.settle()
    world.arrive(refund("s-3", "c-3", minor=2_500))
    world.settle()
    place_hold(world.partners["birch"], reason="a question", user=None, actor=cast.actor(), now=NOW)
    for name in ("fee-1", "fee-2"):
        legs = [Posting("fees", None, 5, 0), Posting("provider_cash", None, 0, 5)]
        post(
            world.program, [NewTransaction("fee", "person", name, "EUR", legs, NOW, name, "sam@acme.example")], now=NOW
        )
    return world


def corrupt(world, *statements):
    """Change the database as nobody should be able to: triggers and foreign keys off, one check dropped."""
    with connection.cursor() as cursor, as_owner(cursor):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement, {"program": world.program.pk} if "%(" in statement else None)
            assert cursor.rowcount != 0, f"nothing was corrupted by {statement}"
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def rechain(world):
    """Compute every hash again, so that a corruption below is not noticed by the chain alone."""
    previous = START
    changes = []
    for (sequence, _, _, content), legs in _with_legs(Examined(world.program, NOW, {})):
        after = chained_hash(previous, content, legs)
        changes.append((sequence, previous, after))
        previous = after
    where = "WHERE program_id = %(program)s"
    corrupt(
        world,
        *(f"UPDATE ledger_transaction SET previous_hash = '{was}', hash = '{now}' {where} AND sequence = {number}"
          for number, was, now in changes),
        f"UPDATE ledger_chain SET hash = '{previous}' {where}",
    )  # fmt: skip


def waiting(world):
    """Facts wait for the whole program: what a settlement would say now is not compared."""
    UnsettledFact.objects.create(program=world.program, cause="test")
    UnsettledFact.objects.filter(program=world.program).update(recorded_at=NOW)


def violated(world):
    return {result.id for result in verify(world.program, now=NOW) if not result.holds}


FEES = "FROM ledger_transaction t WHERE t.id = e.transaction_id AND t.program_id = %(program)s AND t.cause_id = '{}'"


def fee_off_by(name, minor):
    return f"UPDATE ledger_entry e SET debit_minor = debit_minor + {minor} {FEES.format(name)} AND e.debit_minor > 0"


def i01(world):
    corrupt(world, fee_off_by("fee-1", 3), fee_off_by("fee-2", -3))
    rechain(world)


def i02(world):
    corrupt(world, "UPDATE ledger_account SET balance_minor = balance_minor + 1 WHERE kind = 'fees'"
                   " AND program_id = %(program)s")  # fmt: skip


def i03(world):
    both = f"UPDATE ledger_entry e SET debit_minor = 12, credit_minor = 7 {FEES.format('fee-1')} AND e.debit_minor > 0"
    corrupt(world, "ALTER TABLE ledger_entry DROP CONSTRAINT entry_one_side", both)
    rechain(world)


def i04(world):
    corrupt(world, "UPDATE ledger_transaction SET legs = 3 WHERE program_id = %(program)s AND cause_id = 'fee-1'")


def i05(world):
    corrupt(world, "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_append_only")


def i06(world):
    corrupt(world, "UPDATE ledger_transaction SET actor = '' WHERE program_id = %(program)s AND cause_id = 'fee-1'")
    rechain(world)


def i07(world):
    corrupt(world, "UPDATE ledger_transaction SET memo = 'x' WHERE program_id = %(program)s AND cause_id = 'fee-1'")


def i08(world):
    for sign, kind in (("+", "fees"), ("-", "provider_cash")):
        corrupt(world, f"UPDATE ledger_account SET balance_minor = balance_minor {sign} 9"
                       f" WHERE kind = '{kind}' AND program_id = %(program)s")  # fmt: skip


def i13(world):
    waiting(world)
    UnsettledFact.objects.filter(program=world.program).update(recorded_at=NOW - timedelta(hours=2))


def i14(world):
    waiting(world)
    columns = ", ".join(field.column for field in Line._meta.fields if field.column and field.column != "line")
    corrupt(world, f"INSERT INTO commissions_line (line, {columns}) SELECT 'twice', {columns} FROM commissions_line"
                   " WHERE program_id = %(program)s AND conversion = 's-1'")  # fmt: skip


def i15(world):
    waiting(world)
    corrupt(world, "UPDATE commissions_line SET share_ppm = 1000001 WHERE program_id = %(program)s")


def i16(world):
    corrupt(world, "UPDATE ledger_transaction SET evidence = evidence::jsonb - 'steps' WHERE program_id = %(program)s"
                   " AND sequence = 1")  # fmt: skip
    rechain(world)


def i17(world):
    line = Line.unscoped.get(program=world.program, conversion="s-1")
    legs = chart.accrual(Subject(line.line, line.partner_id), 1)
    post(world.program, [NewTransaction("correction", "person", "x", "EUR", legs, NOW, "a cent more")], now=NOW)


def i19(world):
    corrupt(world, "UPDATE commissions_outcome SET outcome = 'no_rule' WHERE program_id = %(program)s")


def i23(world):
    waiting(world)
    corrupt(world, "UPDATE partners_agreement SET starts_at = now() WHERE program_id = %(program)s")


def i25(world):
    waiting(world)
    corrupt(world, "UPDATE referrals_refund SET currency = 'USD' WHERE program_id = %(program)s")


def i26(world):
    corrupt(world, "UPDATE referrals_refund SET amount_minor = 10000 WHERE program_id = %(program)s")


def i29(world):
    waiting(world)
    line = Line.unscoped.get(program=world.program, conversion="s-1")
    legs = chart.hold(Subject(line.line, line.partner_id), 2_001)
    post(world.program, [NewTransaction("hold", "person", "x", "EUR", legs, NOW, "too much")], now=NOW)


def i30(world):
    legs = [Posting("paid", world.partners["alder"].pk, 0, 5), Posting("provider_cash", None, 5, 0)]
    post(world.program, [NewTransaction("odd", "person", "x", "EUR", legs, NOW, "paid from nowhere")], now=NOW)


def i40(world):
    waiting(world)
    legs = chart.accrual(Subject("nowhere", world.partners["alder"].pk), 1)
    post(world.program, [NewTransaction("accrual", "person", "x", "EUR", legs, NOW, "from nowhere")], now=NOW)


def i46(world):
    other = cast.partner(cast.program())
    corrupt(world, f"UPDATE ledger_account SET owner = '{other.pk}' WHERE program_id = %(program)s"
                   " AND kind = 'pending' AND balance_minor <> 0")  # fmt: skip


def i50(world):
    corrupt(world, "UPDATE accounts_auditentry SET reason = 'another' WHERE program_id = %(program)s"
                   " AND action = 'hold.placed'")  # fmt: skip


ALONE = [i01, i03, i04, i05, i06, i07, i08, i13, i14, i16, i17, i19, i23, i25, i29, i40, i46, i50]
WITH_OTHERS = {
    i02: {"I02", "I08"},  # a balance that is off is not the sum of its entries either
    i15: {"I15", "I16"},  # nor do the steps show such a share
    i30: {"I30", "I31"},  # what no payout has paid is not what the payouts say either
    i26: {"I17", "I19", "I26"},  # a refund nobody settled: the books are not what a settlement says
}
OURS = {f"I{check.__name__[1:]}" for check in [*ALONE, *WITH_OTHERS]}


def test_a_settled_program_violates_nothing(world):
    assert violated(world) == set()


@pytest.mark.parametrize("broken", ALONE, ids=lambda check: check.__name__)
def test_a_corruption_is_named_by_exactly_its_invariant(world, broken):
    broken(world)
    assert violated(world) == {broken.__name__.upper()}


@pytest.mark.parametrize("broken", WITH_OTHERS, ids=lambda check: check.__name__)
def test_a_corruption_that_breaks_more_is_named_by_all_of_them(world, broken):
    broken(world)
    assert violated(world) == WITH_OTHERS[broken]


def test_every_invariant_registered_here_is_broken_by_some_test():
    here = {number for number, one in REGISTRY.items() if one.offenders.__module__.startswith(
        ("goodword.ledger", "goodword.commissions"))}  # fmt: skip
    assert here == OURS


def test_a_line_that_was_changed_by_hand_is_noticed(world):
    corrupt(world, "UPDATE commissions_line SET rate = '99%%' WHERE program_id = %(program)s AND conversion = 's-1'")
    assert violated(world) == {"I16", "I19"}  # the steps show another rate


def test_a_cent_that_the_steps_do_not_lead_to_is_named(world):
    waiting(world)
    corrupt(world, "UPDATE commissions_line SET amount_minor = amount_minor + 1 WHERE program_id = %(program)s"
                   " AND conversion = 's-1'")  # fmt: skip
    (found,) = [result for result in verify(world.program, now=NOW) if result.id == "I16"]
    assert any("the steps end in" in text and "0.01 too much" in text for text in found.offenders)


def test_a_lost_line_is_noticed_from_both_sides(world):
    corrupt(world, "DELETE FROM commissions_line WHERE program_id = %(program)s AND conversion = 's-1'")
    assert violated(world) == {"I13", "I19", "I40"}


def test_a_removed_transaction_leaves_a_gap(world):
    corrupt(world, "DELETE FROM ledger_transaction WHERE program_id = %(program)s AND cause_id = 'fee-1'")
    assert "I07" in violated(world)


def test_a_violation_blocks_payouts_until_it_is_gone(world):
    i19(world)
    verify_and_block(world.program, now=NOW)
    assert Program.objects.get(pk=world.program.pk).payouts_blocked.startswith("I19 ")
    world.settle(everything=True)
    verify_and_block(world.program, now=NOW)
    assert Program.objects.get(pk=world.program.pk).payouts_blocked == ""
    trail = AuditEntry.objects.filter(program=world.program, action="program.verified").order_by("sequence")
    assert [entry.after["violated"] for entry in trail] == [["I19"], []]


def test_the_report_prints_one_line_each_and_fails_on_a_violation(world):
    said = []
    assert report(world.program, now=NOW, say=said.append) == 0
    assert len([text for text in said if text.startswith("  ok")]) == len(REGISTRY)
    i07(world)
    assert report(world.program, now=NOW, say=said.append) == 1
    assert any(text.startswith("  FAIL  I07") for text in said)


def test_another_program_is_examined_on_its_own(world):
    other = World()
    i07(world)
    assert violated(other) == set()


def test_an_examination_writes_nothing(world):
    before = AuditEntry.objects.count()
    verify(world.program, now=NOW)
    assert AuditEntry.objects.count() == before


def test_evidence_that_was_laid_out_anew_still_proves_what_was_posted_and_other_evidence_does_not(world):
    of_lines = "WHERE program_id = %(program)s AND cause_kind = 'line'"
    corrupt(world, f"UPDATE ledger_transaction SET evidence = evidence::jsonb::json {of_lines}")  # spaces, other order
    assert violated(world) == set()
    changed = """jsonb_set(evidence::jsonb, '{line,amount}', '"999.99"')::json"""
    corrupt(world, f"UPDATE ledger_transaction SET evidence = {changed} {of_lines}")
    assert "I07" in violated(world)
