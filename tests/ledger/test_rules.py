"""What the database itself refuses, whoever asks: unbalanced sets, changes, gaps in rights."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError, ProgrammingError

from goodword.domain.ids import uuid7
from goodword.ledger.models import Account, Chain, Entry, Transaction
from goodword.ledger.services import post
from tests.books import NOW, accrued, make_partner, make_program

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner():
    return make_partner(make_program())


@pytest.fixture
def posted(partner):
    return post(partner.program, [accrued(partner)], now=NOW)[0]


def header(program, *, sequence=99, legs=2, chain=True, reverses=None):
    if chain:
        Chain.unscoped.get_or_create(program=program)
    return Transaction.unscoped.create(
        program=program, sequence=sequence, kind="accrual", cause_kind="person", cause_id=str(uuid7()),
        effective_at=NOW, recorded_at=NOW, memo="by hand", legs=legs, previous_hash="", hash="", reverses=reverses,
    )  # fmt: skip


def account(program, kind="pending", owner=None, currency="EUR"):
    return Account.unscoped.get_or_create(program=program, kind=kind, owner=owner, currency=currency)[0]


def leg(transaction, account, *, debit=0, credit=0, currency="EUR", program=None):
    return Entry.unscoped.create(
        program=program or transaction.program, transaction=transaction, account=account, currency=currency,
        debit_minor=debit, credit_minor=credit,
    )  # fmt: skip


def prove():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_a_balanced_set_inserted_leg_by_leg_is_accepted(partner):
    one = header(partner.program)
    leg(one, account(partner.program), debit=5)
    leg(one, account(partner.program, "payable", partner.pk), credit=5)
    prove()
    assert Entry.unscoped.filter(transaction=one).count() == 2


@pytest.mark.parametrize("credit", [4, 6])
def test_an_unbalanced_set_is_refused_at_commit(partner, credit):
    one = header(partner.program)
    leg(one, account(partner.program), debit=5)
    leg(one, account(partner.program, "payable", partner.pk), credit=credit)
    with pytest.raises(IntegrityError, match="does not balance"):
        prove()


def test_two_currencies_must_balance_each(partner):
    one = header(partner.program)
    leg(one, account(partner.program), debit=5)
    leg(one, account(partner.program, currency="USD"), credit=5, currency="USD")
    with pytest.raises(IntegrityError, match="does not balance"):
        prove()


@pytest.mark.parametrize("legs", [0, 1])
def test_a_transaction_without_two_legs_is_refused(partner, legs):
    one = header(partner.program)
    if legs:
        leg(one, account(partner.program), debit=5)
    with pytest.raises(IntegrityError, match="has not the entries"):
        prove()


def test_legs_cannot_be_added_to_a_posted_transaction(partner, posted):
    prove()
    leg(posted, account(partner.program), debit=5)
    leg(posted, account(partner.program, "payable", partner.pk), credit=5)
    with pytest.raises(IntegrityError, match="has not the entries"):
        prove()


def test_proving_half_way_lets_nothing_slip_past_later(partner):
    one = header(partner.program)
    leg(one, account(partner.program), debit=5)
    leg(one, account(partner.program, "payable", partner.pk), credit=5)
    prove()
    leg(one, account(partner.program), debit=7)
    with pytest.raises(IntegrityError):
        prove()


def test_checks_that_were_made_immediate_refuse_at_once(partner):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ledger_balanced IMMEDIATE")
    with pytest.raises(IntegrityError, match="has not the entries"):
        header(partner.program)


@pytest.mark.usefixtures("owner")
def test_emptying_the_list_of_what_is_unproved_hides_nothing(partner):
    one = header(partner.program)
    leg(one, account(partner.program), debit=5)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_unproved")
    with pytest.raises(IntegrityError):
        prove()


@pytest.mark.django_db(transaction=True)
def test_commit_itself_refuses_an_unbalanced_set(partner):
    def half() -> None:
        with transaction.atomic():
            leg(header(partner.program, legs=2), account(partner.program), debit=5)

    with pytest.raises(IntegrityError):
        half()
    assert not Entry.unscoped.filter(program=partner.program).exists()


CHANGES = [
    "UPDATE ledger_transaction SET hash = hash",
    "UPDATE ledger_entry SET debit_minor = 1",
    "UPDATE ledger_account SET balance_minor = 1",
    "UPDATE ledger_account SET owner = NULL",
    *(
        f"{verb} {table}"
        for verb in ("DELETE FROM", "TRUNCATE")
        for table in ("ledger_transaction CASCADE", "ledger_entry", "ledger_account CASCADE", "ledger_chain")
    ),
]


@pytest.mark.parametrize("statement", [text.replace(" CASCADE", "") if "DELETE" in text else text for text in CHANGES])
@pytest.mark.usefixtures("posted", "owner")
def test_the_books_refuse_to_be_changed(statement):
    prove()
    with pytest.raises(DatabaseError, match=r"refused|only with its entries"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.usefixtures("owner")
def test_nobody_sets_a_balance_by_hand(partner, posted):
    with pytest.raises(DatabaseError, match="only with its entries"), transaction.atomic():
        Account.unscoped.filter(program=partner.program).update(balance_minor=1)
    with pytest.raises(DatabaseError, match="opens with a balance of 0"), transaction.atomic():
        Account.unscoped.create(program=partner.program, kind="fees", currency="EUR", balance_minor=1)


def test_an_entry_has_the_currency_and_the_program_of_its_account(partner, posted):
    mine = account(partner.program)
    with pytest.raises(IntegrityError, match="currency and the program"), transaction.atomic():
        leg(posted, mine, debit=5, currency="USD")
    with pytest.raises(IntegrityError, match="currency and the program"), transaction.atomic():
        leg(posted, mine, debit=5, program=make_program())


def test_a_leg_of_no_transaction_is_refused(partner):
    leg(Transaction(id=uuid7(), program=partner.program), account(partner.program), debit=5)
    with pytest.raises(IntegrityError, match="has not the entries"):
        prove()


@pytest.mark.usefixtures("posted")
def test_legs_of_another_program_are_refused(partner):
    elsewhere = header(make_program())
    leg(elsewhere, account(partner.program), debit=5, program=partner.program)
    leg(elsewhere, account(partner.program, "payable", partner.pk), credit=5, program=partner.program)
    with pytest.raises(IntegrityError, match="has not the entries"):
        prove()


def test_a_transaction_belongs_to_a_program_with_a_chain():
    with pytest.raises(IntegrityError, match="with a chain"), transaction.atomic():
        header(make_program(), chain=False)


@pytest.mark.usefixtures("posted", "owner")
def test_a_program_with_books_cannot_be_deleted(partner):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM partners_partner WHERE program_id = %s", [partner.program.pk])
        cursor.execute("DELETE FROM accounts_program WHERE id = %s", [partner.program.pk])
    with pytest.raises(IntegrityError, match="ledger_"):
        prove()


def test_a_reversal_stays_inside_its_program(posted):
    with pytest.raises(IntegrityError, match="reverses a transaction of its program"), transaction.atomic():
        header(make_program(), reverses=posted)


@pytest.mark.parametrize(("debit", "credit"), [(0, 0), (5, 5), (-5, 0)])
def test_a_leg_stands_on_one_side_and_is_above_zero(partner, posted, debit, credit):
    with pytest.raises(IntegrityError), transaction.atomic():
        leg(posted, account(partner.program), debit=debit, credit=credit)


def test_the_role_of_the_application_may_post_but_not_change(partner):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'goodword_app'")
        if not cursor.fetchone():
            pytest.skip("this server did not let us make the role")
        cursor.execute(
            "SELECT privilege_type FROM information_schema.table_privileges WHERE grantee = 'goodword_app'"
            " AND table_name IN ('ledger_transaction', 'ledger_entry')"
        )
        assert {row[0] for row in cursor.fetchall()} == {"SELECT", "INSERT"}


@pytest.mark.parametrize("statement", ["DELETE FROM ledger_entry", "UPDATE ledger_transaction SET memo = ''"])
def test_the_role_is_refused_before_any_trigger_is_asked(statement):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE goodword_app")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute(statement)
        cursor.execute("RESET ROLE")
