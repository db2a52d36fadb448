"""Commissions, sales, payouts and statements of a partner: their own, with words for everything that is not plain."""

import csv
import io
import subprocess
import sys

import pytest
import time_machine

from goodword.commissions.models import Line
from goodword.payouts.models import Payout
from tests import cast
from tests.portal.scene import NOW, days, paid_out, paid_then_refunded, settled, sold
from tests.portal.test_home import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def acme():
    return cast.acme()


def the_line(**which):
    return Line.unscoped.get(**which).line


def rows_of(person, path):
    answer = cast.sign_in(person).get(path)
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body)))


def test_a_line_opens_its_arithmetic_its_agreement_and_its_touch(acme):
    sold(acme, "s-1", minor=11_900, ago=10, tax_minor=1_900)
    settled(acme)
    text = text_of(acme.alice, f"/portal/acme/earnings/{the_line()}")
    assert "119.00 − 19.00 tax 100.00" in text
    assert "20% of 100.00 20.00" in text
    assert "For a sale: 20% of what the customer paid" in text
    assert "That is what your agreement" in text
    assert "the customer came through your link on 8 November" in text


def test_a_line_taken_back_says_so_in_its_first_sentence(acme):
    paid_then_refunded(acme)
    text = text_of(acme.alice, f"/portal/acme/earnings/{the_line()}")
    assert "€60.00 was taken back after it had been paid" in text.partition("How it came about")[0]


def test_customers_are_masked_and_the_same_on_every_line(acme):
    sold(acme, "s-1", ago=10)
    cast.sale(acme.program, external_id="s-2", customer="c-s-1", at=days(5))
    settled(acme)
    rows = rows_of(acme.alice, "/portal/acme/earnings.csv")
    assert len(rows) == 2
    assert len({row["customer"] for row in rows}) == 1
    assert not any("c-s-1" in row["customer"] for row in rows)
    assert "c-s-1" not in text_of(acme.alice, "/portal/acme/conversions")


@pytest.mark.parametrize(("state", "sale"), [("pending", "s-new"), ("payable", "s-old"), ("paid", "s-paid")])
def test_the_filter_shows_where_the_money_is(acme, state, sale):
    sold(acme, "s-paid", ago=90)
    settled(acme, ago=50)
    paid_out(acme, ago=45)
    sold(acme, "s-old", ago=40)
    sold(acme, "s-new", ago=5)
    settled(acme)
    assert [row["sale"] for row in rows_of(acme.alice, f"/portal/acme/earnings.csv?state={state}")] == [sale]


def test_the_month_is_the_month_of_the_sale_in_the_zone_of_the_program(acme):
    sold(acme, "s-nov", ago=19.52)  # 1 November, 00:31 in Berlin; still October in UTC
    sold(acme, "s-oct", ago=25)
    settled(acme)
    assert [row["sale"] for row in rows_of(acme.alice, "/portal/acme/earnings.csv?month=2026-11")] == ["s-nov"]


@pytest.mark.parametrize("query", ["after=nonsense", "after=~", "state=everything", "month=2026-13", "month=0001-01"])
def test_an_address_that_somebody_made_up_shows_the_first_page(acme, query):
    sold(acme, "s-1", ago=10)
    settled(acme)
    assert "€60.00" in text_of(acme.alice, f"/portal/acme/earnings?{query}")


def test_a_sale_that_paid_nothing_says_why(acme):
    cast.customer(acme.program, external_id="c-known", existing=True)
    cast.touch(acme.alder, customer="c-known", at=days(9))
    cast.touch(acme.alder, customer="c-late", at=days(200))
    cast.sale(acme.program, external_id="s-known", customer="c-known", at=days(8))
    cast.sale(acme.program, external_id="s-late", customer="c-late", at=days(7))
    settled(acme)
    why = {row["id"]: row["why_not"] for row in rows_of(acme.alice, "/portal/acme/conversions.csv")}
    assert why == {
        "s-known": "They were a customer of the program before you met them.",
        "s-late": "The customer came through you too long before: your contact no longer counted.",
    }


def test_a_sale_that_another_partner_led_to_keeps_its_amount_to_itself(acme):
    birch = cast.partner(acme.program, name="Birch Bloggers")
    cast.agreement(birch)
    sold(acme, "s-1", minor=77_700, ago=10)
    cast.touch(birch, customer="c-s-1", at=days(11))
    settled(acme)
    text = text_of(acme.alice, "/portal/acme/conversions")
    assert "Another partner led this customer to it" in text
    assert "777" not in text
    assert "Birch" not in text


def test_a_sale_before_the_first_touch_is_nobody_elses_business(acme):
    cast.sale(acme.program, external_id="s-before", customer="c-1", at=days(20))
    cast.touch(acme.alder, customer="c-1", at=days(10))
    settled(acme)
    assert rows_of(acme.alice, "/portal/acme/conversions.csv") == []


def test_a_sale_of_a_visitor_who_became_a_customer_is_found(acme):
    cast.touch(acme.alder, customer="", visitor="browser-1", at=days(12))
    cast.customer(acme.program, external_id="c-9", visitors=["browser-1"])
    cast.sale(acme.program, external_id="s-9", customer="c-9", at=days(10))
    settled(acme)
    assert [row["id"] for row in rows_of(acme.alice, "/portal/acme/conversions.csv")] == ["s-9"]


def test_a_payout_opens_what_is_inside_and_members_do_not_see_the_account(acme):
    sold(acme, "s-1", ago=60)
    settled(acme, ago=15)
    paid_out(acme, ago=10)
    path = f"/portal/acme/payouts/{Payout.unscoped.get().public_id}"
    member = cast.seat(acme.alder, "member")
    assert "Together €60.00" in text_of(acme.alice, path)
    assert "DE •••• 3000" in text_of(acme.alice, path)
    assert "3000" not in text_of(member, path)
    assert "3000" not in text_of(member, "/portal/acme/payouts")
    assert "3000" not in text_of(member, "/portal/acme/settings")


def test_a_statement_goes_from_what_was_owed_before_to_what_is_owed_after(acme):
    paid_then_refunded(acme)
    november = rows_of(acme.alice, "/portal/acme/statements/2026-11.csv")
    assert [(row["what"], row["amount"]) for row in november] == [
        ("owed to you before", "0.00"),
        ("earned", "60.00"),
        ("paid to you", "-60.00"),
        ("taken back", "-60.00"),
        ("owed to you after", "-60.00"),
    ]


def test_a_month_that_is_none_has_no_statement(acme):
    assert cast.sign_in(acme.alice).get("/portal/acme/statements/2026-13.csv").status_code == 404


def test_another_partners_line_and_payout_do_not_exist(acme):
    birch = cast.partner(acme.program)
    foreign = [f"earnings/{cast.line(birch).line}", f"payouts/{cast.payout(birch).public_id}"]
    client = cast.sign_in(acme.alice)
    assert [client.get(f"/portal/acme/{path}").status_code for path in foreign] == [404, 404]


def test_the_sums_of_the_months_are_those_of_their_statements(acme):
    paid_then_refunded(acme)
    sold(acme, "s-2", ago=2)
    settled(acme)
    text = text_of(acme.alice, "/portal/acme/statements")
    assert "November 2026 €0.00 €120.00 −€60.00 −€60.00 €0.00" in text


def test_the_files_of_the_pages_pass_the_check_that_the_pages_offer(acme, tmp_path):
    paid_then_refunded(acme)
    offered = cast.sign_in(acme.alice).get("/portal/acme/statements/check_statement.py")
    (tmp_path / "check_statement.py").write_bytes(offered.content)
    assert "check_statement.py" in text_of(acme.alice, "/portal/acme/statements")
    for path, checked in (("earnings.csv", "line"), ("statements/2026-11.csv", "lines")):
        answer = cast.sign_in(acme.alice).get(f"/portal/acme/{path}")
        file = tmp_path / "file.csv"
        file.write_bytes(b"".join(answer.streaming_content))
        command = [sys.executable, "-I", "check_statement.py", "file.csv"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert f" {checked} checked: every sum is right" in done.stdout
