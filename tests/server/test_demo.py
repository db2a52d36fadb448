"""The demo on a slice of its customers: it loads, settles and pays, and its books agree with its own files."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction

from goodword.accounts.models import AuditEntry, Program, User
from goodword.accounts.scope import active_program
from goodword.commissions.models import Hold, Line, Outcome
from goodword.commissions.selectors import figures
from goodword.ledger.selectors import balances
from goodword.mail.models import Mail
from goodword.partners.models import Application, Partner
from goodword.payouts.models import Payout, PayoutRun
from goodword.referrals.models import Code, Conversion, Customer, Import, Link, Refund, Touch
from goodword.server.demo.command import NotForReal, run
from goodword.server.demo.partners import read_partners
from goodword.server.demo.people import LOGINS, SIGHTS
from goodword.server.demo.purchases import LAST_PURCHASE, read_purchases
from goodword.server.demo.simulation import PARTIAL_SHARE, REFUND_SHARE, simulate
from goodword.server.demo_serving import PublicPasswords, serve_demo
from goodword.server.serving import Plan
from tests import cast, demo_books

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
CUSTOMERS = 800


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """One loaded demo for all tests of this file; what a test changes is rolled back after it."""
    said: list[str] = []
    with django_db_blocker.unblock(), transaction.atomic():
        program = run(say=said.append, customers=CUSTOMERS, now=NOW)
        with active_program(program):
            yield SimpleNamespace(program=program, said="\n".join(said))
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def nothing_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    if "demo" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("demo")
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)


# The real part


def test_the_file_holds_the_purchases_that_its_readme_tells_of():
    purchases = read_purchases(date(2026, 11, 22))
    assert (len(purchases.rows), purchases.customers) == (69_659, 23_570)
    assert sum(purchase.amount == "0.00" for purchase in purchases.rows) == 80
    assert len({purchase.order for purchase in purchases.rows}) == 69_659


@pytest.mark.parametrize("today", [date(2026, 11, 22), date(2026, 11, 24), date(2027, 2, 28), date(2028, 2, 29)])
def test_dates_move_by_whole_weeks_so_that_the_last_purchase_was_last_week(today):
    purchases = read_purchases(today, customers=2_000)
    last = max(purchase.day for purchase in purchases.rows)
    whole = read_purchases(today)
    moved = max(purchase.day for purchase in whole.rows)
    assert 1 <= (today - moved).days <= 7
    assert moved.weekday() == LAST_PURCHASE.weekday()
    assert last <= moved


# The simulated part


def test_the_story_is_the_same_every_time_and_for_every_slice():
    today = NOW.date()
    whole, slice_ = read_purchases(today), read_purchases(today, customers=300)
    partners = read_partners(whole.first_day)
    full, again = simulate(whole.rows, partners, today), simulate(whole.rows, partners, today)
    assert full == again
    some = simulate(slice_.rows, partners, today)
    ours = {customer.key for customer in some.customers} - {order.customer for order in _taken_back(whole, slice_)}
    assert [t for t in some.touches if t.customer in ours] == [t for t in full.touches if t.customer in ours]


def _taken_back(*purchases: Any) -> list[Any]:
    from goodword.server.demo.simulation import order_taken_back

    return [order_taken_back(some.rows, NOW.date()) for some in purchases]


def test_the_stated_share_of_orders_is_refunded():
    purchases = read_purchases(NOW.date())
    story = simulate(purchases.rows, read_partners(purchases.first_day), NOW.date())
    assert len(story.refunds) / len(purchases.rows) == pytest.approx(REFUND_SHARE, abs=0.002)
    amounts = {purchase.order: purchase.amount for purchase in purchases.rows}
    partial = sum(refund.amount != amounts[refund.order] for refund in story.refunds)
    assert partial / len(story.refunds) == pytest.approx(PARTIAL_SHARE, abs=0.04)


def test_there_are_sixty_partners_from_many_countries_on_different_terms():
    partners = read_partners(date(2025, 5, 21))
    assert len({partner.name for partner in partners}) == 60
    assert len({partner.country for partner in partners}) > 20
    assert len({partner.terms for partner in partners}) == 8


# Loaded, settled and paid


def test_everything_came_in_through_six_imports(demo):
    assert set(Import.objects.values_list("kind", flat=True)) == {
        "partners", "codes", "customers", "touches", "sales", "refunds",
    }  # fmt: skip
    assert Customer.objects.count() == CUSTOMERS + 1, "and the club in Hamburg"
    for model in (Conversion, Touch, Refund, Code, Link):
        assert model.objects.exists()


def test_every_reason_why_a_sale_earns_nothing_occurs(demo):
    reasons = set(Outcome.objects.values_list("outcome", flat=True))
    assert reasons >= {"no_touch", "existing_customer", "self_referral", "lasts_over"}


def test_terms_of_every_kind_are_at_work(demo):
    rules = set(Line.objects.values_list("kind", "rule").distinct())
    assert rules >= {
        ("commission", "by-volume"), ("commission", "by-season"), ("commission", "by-year"), ("override", "by-season"),
    }  # fmt: skip
    shared = Line.objects.filter(share_ppm=600_000)
    assert shared.exists()
    assert Line.objects.filter(reasons__contains=["capped_sale"]).exists()
    assert Program.objects.get(pk=demo.program.pk).budget["per"] == "month"


def test_a_club_is_billed_in_euros_and_paid_for_in_dollars(demo):
    line = Line.objects.filter(customer="club-hamburg").first()
    assert line.currency == "USD"
    assert any(" USD per EUR" in step["from"] for step in line.steps)


def test_the_books_hold(demo):
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
    assert demo_books.violations(demo.program) == []


def test_ledger_and_settled_files_agree_for_every_partner_and_currency(demo, tmp_path):
    books, files = demo_books.booked(demo.program), demo_books.settled_from_files(demo.program, tmp_path)
    assert demo_books.difference(books, files) == {}
    assert len([minor for minor in books.values() if minor]) > 30


def test_a_second_settlement_posts_nothing(demo):
    assert demo_books.posted_by_another_settlement(demo.program) == 0


def test_lines_that_are_deleted_and_rebuilt_are_the_same_bytes(demo):
    before, after = demo_books.lines_before_and_after_rebuilding(demo.program)
    assert before == after


def test_one_run_is_paid_and_one_waits_for_the_second_person(demo):
    paid, waiting = PayoutRun.objects.order_by("number")
    assert (paid.state, waiting.state) == ("closed", "prepared")
    assert set(Payout.objects.filter(run=paid).values_list("state", flat=True)) == {"paid"}
    assert waiting.prepared_by.email == LOGINS["manager"].email


def test_a_refund_after_payout_leaves_one_partner_owing(demo):
    iris = Partner.objects.get(external_id=LOGINS["iris"].partner)
    assert Payout.objects.filter(partner=iris, state="paid").exists()
    assert balances(demo.program, iris.pk)["payable"] < 0
    assert figures(demo.program, iris.pk, now=NOW).debt > 0


def test_somebody_applies_something_is_held_and_letters_went_out(demo):
    assert Application.objects.get(status="submitted").name == "Needle & Thread"
    assert Hold.objects.filter(line="").exists()
    assert Mail.objects.filter(program=demo.program).exists()


def test_the_four_people_can_sign_in_with_what_is_told(demo, client):
    for login in LOGINS.values():
        assert User.objects.get(email=login.email).check_password(login.password), login.name


@pytest.mark.parametrize("path", [path for path, _ in SIGHTS])
def test_what_is_worth_a_look_is_there(demo, path):
    login = LOGINS["iris" if path.startswith("/portal") else "manager"]
    browser = cast.sign_in(User.objects.get(email=login.email))
    assert browser.get(path.format(slug=demo.program.slug)).status_code == 200


def test_the_data_note_says_what_is_real_and_what_is_not(demo):
    note = demo.program.data_note
    assert "The sales are real" in note
    assert "Simulated are" in note
    assert "refunds of 3% of the orders" in note
    assert note in demo.said
    assert "rows/s" in demo.said


def test_running_it_again_adopts_what_is_there(demo):
    before = (Import.objects.count(), AuditEntry.objects.count(), PayoutRun.objects.count())
    said: list[str] = []
    run(say=said.append, customers=CUSTOMERS, now=NOW)
    assert before == (Import.objects.count(), AuditEntry.objects.count(), PayoutRun.objects.count())
    assert said[0] == "The demo is there already; nothing is loaded again."


def test_the_demo_does_not_move_in_beside_a_real_program(demo):
    cast.program(slug="acme")
    with pytest.raises(NotForReal, match="no demo \\(acme\\)"):
        run(say=print, customers=CUSTOMERS, now=NOW)


def test_the_demo_listens_on_this_machine_only():
    plan = Plan(None, "0.0.0.0", 8000, None, 2, 2)
    with pytest.raises(PublicPasswords, match="listens on this machine only"):
        serve_demo(plan, fresh=False, customers=None, say=print)
