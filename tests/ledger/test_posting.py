"""`post` and `reverse`: the sequence, the chain, the balances, and that a cause posts once."""

import pytest
from django.db import connection

from goodword.domain.chart import Posting
from goodword.ledger.models import Account, Chain, Entry, Transaction
from goodword.ledger.selectors import balances, booked_by_line, history_of_line, transactions_page
from goodword.ledger.services import AlreadyPosted, AlreadyReversed, NewTransaction, book, post, reverse
from tests.books import NOW, accrued, make_partner, make_program

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner():
    return make_partner(make_program())


def test_an_accrual_is_a_cost_of_the_program_and_owed_to_the_partner(partner):
    post(partner.program, [accrued(partner, minor=1234)], now=NOW)
    assert balances(partner.program, partner.pk)["pending"] == 1234
    assert balances(partner.program)["commission_expense"] == 1234


def test_the_sequence_has_no_gap_and_each_hash_names_the_one_before(partner):
    post(partner.program, [accrued(partner, f"l{n}") for n in range(3)], now=NOW)
    post(partner.program, [accrued(partner, "l3")], now=NOW)
    rows = list(Transaction.unscoped.filter(program=partner.program).order_by("sequence"))
    assert [row.sequence for row in rows] == [1, 2, 3, 4]
    assert [row.previous_hash for row in rows] == ["", *[row.hash for row in rows[:-1]]]
    assert Chain.unscoped.get(program=partner.program).hash == rows[-1].hash


def test_two_programs_have_chains_of_their_own(partner):
    other = make_partner(make_program())
    assert [post(p.program, [accrued(p)], now=NOW)[0].sequence for p in (partner, other)] == [1, 1]


def test_a_cause_posts_once_and_nothing_of_a_refused_batch_stays(partner):
    post(partner.program, [accrued(partner)], now=NOW)
    with pytest.raises(AlreadyPosted):
        post(partner.program, [accrued(partner, "other"), accrued(partner)], now=NOW)
    assert balances(partner.program, partner.pk)["pending"] == 1000
    assert Chain.unscoped.get(program=partner.program).sequence == 1


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_a_cause_refused_after_others_were_written_leaves_none_of_them(partner, monkeypatch, at_once):
    monkeypatch.setattr("goodword.ledger.services.AT_ONCE", at_once)
    post(partner.program, [accrued(partner, "l4")], now=NOW)
    with pytest.raises(AlreadyPosted):
        book(partner.program, [accrued(partner, f"l{n}") for n in range(6)], now=NOW)
    assert Transaction.unscoped.filter(program=partner.program).count() == 1
    book(partner.program, [accrued(partner, f"n{n}") for n in range(6)], now=NOW)
    assert [row.legs for row in Transaction.unscoped.filter(program=partner.program)] == [2] * 7


def test_a_reversal_exchanges_the_sides_and_a_reversed_reversal_restores(partner):
    first = post(partner.program, [accrued(partner)], now=NOW)[0]
    second = reverse(first, reason="typed twice", actor="alice@acme.example", now=NOW)
    assert balances(partner.program, partner.pk)["pending"] == 0
    reverse(second, reason="it was right", actor="alice@acme.example", now=NOW)
    assert balances(partner.program, partner.pk)["pending"] == 1000
    assert second.reverses_id == first.id


def test_a_transaction_is_reversed_once(partner):
    first = post(partner.program, [accrued(partner)], now=NOW)[0]
    reverse(first, reason="typed twice", actor="alice@acme.example", now=NOW)
    with pytest.raises(AlreadyReversed):
        reverse(first, reason="again", actor="alice@acme.example", now=NOW)


def test_an_unbalanced_set_never_reaches_the_database(partner):
    legs = [Posting("pending", partner.pk, 0, 5), Posting("commission_expense", None, 4, 0)]
    new = NewTransaction("accrual", "person", "1", "EUR", legs, NOW, "by hand")
    with pytest.raises(AssertionError, match="does not balance"):
        post(partner.program, [new], now=NOW)


def test_text_that_looks_like_copy_syntax_arrives_as_it_was(partner):
    strange = "tab\there \\N \\. \\\\ line\nbreak ‘quotes’ \"and\" 'more'"
    new = accrued(partner, cause="c")
    post(partner.program, [NewTransaction("accrual", "person", strange[:60], "EUR", new.postings, NOW, strange,
                                          evidence={"note": strange, "two": ["\\t", "\x7f"]})], now=NOW)  # fmt: skip
    row = Transaction.unscoped.get(program=partner.program)
    assert (row.memo, row.cause_id, row.evidence["note"]) == (strange, strange[:60], strange)


def test_booked_by_line_says_what_each_line_holds(partner):
    post(partner.program, [accrued(partner, "a", 5), accrued(partner, "b", 7, into="payable")], now=NOW)
    booked = booked_by_line(partner.program)
    assert (booked["a"].earned, booked["a"].pending, booked["b"].payable) == (5, 5, 7)
    assert booked_by_line(partner.program, [make_partner(partner.program, "Bob").pk]) == {}
    assert list(booked_by_line(partner.program, lines=["b"])) == ["b"]


def test_the_journal_pages_backwards_and_shows_debits_first(partner):
    book(partner.program, [accrued(partner, f"l{n}") for n in range(5)], now=NOW)
    page, before = transactions_page(partner.program, size=3)
    rest, end = transactions_page(partner.program, size=3, before=before)
    assert [row.transaction.sequence for row in page + rest] == [5, 4, 3, 2, 1]
    assert end is None
    assert page[0].entries[0].account == "commission_expense"


def test_the_journal_can_be_narrowed_to_a_partner(partner):
    other = make_partner(partner.program, "Bob")
    book(partner.program, [accrued(partner, "mine"), accrued(other, "theirs")], now=NOW)
    page, _ = transactions_page(partner.program, partner=other.pk)
    assert [row.transaction.memo for row in page] == ["Commission theirs"]


def test_the_history_of_a_line_shows_only_that_line(partner):
    book(partner.program, [accrued(partner, "a"), accrued(partner, "b")], now=NOW)
    assert [row.transaction.memo for row in history_of_line(partner.program, "a")] == ["Commission a"]


def test_balances_are_kept_with_the_entries(partner):
    book(partner.program, [accrued(partner, f"l{n}", 100 + n) for n in range(20)], now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, sum(debit_minor) - sum(credit_minor) FROM ledger_entry GROUP BY 1")
        sums = {key: int(net) for key, net in cursor.fetchall()}
    assert sums == dict(Account.unscoped.filter(program=partner.program).values_list("id", "balance_minor"))
    assert Entry.unscoped.filter(program=partner.program).count() == 40
