"""The payout pages as finance people use them."""

import pytest

from goodword.accounts.scope import active_program
from goodword.payouts.models import Payout, PayoutRun
from tests import cast
from tests.payouts.test_runs import earns, payee

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    program = cast.program(currency="EUR", minimum_payout_minor=5000)
    with active_program(program):
        yield program


def go(program, path=""):
    return f"/p/{program.slug}/payouts{path}"


def prepared_run(program, finance):
    cast.sign_in(finance).post(go(program, "/prepare"), {"currency": "EUR"})
    return PayoutRun.objects.get()


def test_the_page_says_what_could_be_paid_and_why_somebody_is_left_out(acme):
    payee(acme, name="Ada", l1=6000)
    payee(acme, name="Ben", account="GB82WEST12345698765432", l2=1200)
    page = cast.sign_in(cast.member(acme, "finance")).get(go(acme)).content.decode()
    assert "€60.00 could be paid now" in page.replace("</span>", "").replace('<span class="money">', "")
    assert "is below the minimum" in page


def test_a_run_goes_from_prepared_to_closed_by_two_people(acme):
    payee(acme, l1=6000)
    finance, owner = cast.member(acme, "finance"), cast.member(acme, "owner")
    run = prepared_run(acme, finance)
    at = go(acme, f"/runs/{run.public_id}")
    cast.sign_in(finance).post(at + "/approve")
    assert PayoutRun.objects.get().state == "prepared"
    cast.sign_in(owner).post(at + "/approve")
    cast.sign_in(finance).post(at + "/export")
    file = cast.sign_in(finance).post(at + "/file")
    assert file["Content-Type"].startswith("text/csv")
    assert b"60.00" in file.content
    cast.sign_in(finance).post(at + "/confirm", {"payout": [Payout.objects.get().public_id]})
    assert PayoutRun.objects.get().state == "closed"
    assert "Confirmed as paid" in cast.sign_in(owner).get(at).content.decode()


def test_cancelling_asks_for_a_reason(acme):
    payee(acme, l1=6000)
    finance = cast.member(acme, "finance")
    run = prepared_run(acme, finance)
    page = cast.sign_in(finance)
    answer = page.post(go(acme, f"/runs/{run.public_id}/cancel"), {"reason": " "}, follow=True)
    assert "Say why" in answer.content.decode()
    page.post(go(acme, f"/runs/{run.public_id}/cancel"), {"reason": "wrong month"})
    assert PayoutRun.objects.get().state == "cancelled"


def test_a_refused_step_tells_the_person_what_to_do(acme):
    ada = payee(acme, l1=6000)
    finance, owner = cast.member(acme, "finance"), cast.member(acme, "owner")
    run = prepared_run(acme, finance)
    earns(ada, l1=-100)
    answer = cast.sign_in(owner).post(go(acme, f"/runs/{run.public_id}/approve"), follow=True)
    assert "taken back since" in answer.content.decode()
    assert "Cancel this run" in answer.content.decode()


def test_the_runs_come_as_a_file(acme):
    payee(acme, l1=6000)
    finance = cast.member(acme, "finance")
    prepared_run(acme, finance)
    text = b"".join(cast.sign_in(finance).get(go(acme, ".csv"))).decode()
    assert "prepared,EUR,1,60.00" in text


def test_a_viewer_sees_runs_and_moves_nothing(acme):
    payee(acme, l1=6000)
    run = prepared_run(acme, cast.member(acme, "finance"))
    viewer = cast.sign_in(cast.member(acme, "viewer"))
    assert viewer.get(go(acme, f"/runs/{run.public_id}")).status_code == 200
    assert viewer.post(go(acme, f"/runs/{run.public_id}/cancel"), {"reason": "no"}).status_code == 403
