"""Events as a shop's server tells them: stored once with who bought and how they came, and told what was understood."""

from datetime import timedelta

import pytest
from django.utils import timezone

from goodword.referrals.models import Click, Conversion, Customer, Refund, UnsettledFact
from tests import cast
from tests.api.client import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return cast.acme()


@pytest.fixture
def api(acme):
    return Caller(acme.program)


@pytest.fixture
def click(acme):
    return cast.click(cast.link(acme.alder, key="spring"))


def sale(name="s-1", **fields):
    return {"id": name, "customer": "c-1", "currency": "EUR", "amount": "120.00", **fields}


def test_a_sale_is_stored_with_its_customer_and_the_browser_behind_its_click(api, click):
    answer = api.post("/track/sale", sale(customer={"id": "c-1", "email": "ann@example.com"}, click_id=click.public_id))
    assert answer.status_code == 202
    said = {"id": "s-1", "replayed": False, "customer": "c-1", "click": {"id": click.public_id, "found": True}}
    assert answer.json() == said
    customer = Customer.unscoped.get()
    assert (customer.email, customer.visitors) == ("ann@example.com", [click.visitor])
    assert Conversion.unscoped.get().amount_minor == 12_000
    assert UnsettledFact.objects.filter(customer="c-1").exists()


def test_f02_the_same_event_again_is_answered_with_the_first_and_changes_nothing(api, click):
    body = sale(click_id=click.public_id)
    assert api.post("/track/sale", body).status_code == 202
    again = api.post("/track/sale", body)
    assert (again.status_code, again.json()["replayed"], again.json()["id"]) == (200, True, "s-1")
    assert Conversion.unscoped.count() == Customer.unscoped.count() == 1


def test_b13_the_same_id_with_other_content_is_a_conflict(api):
    at = timezone.now().isoformat()
    api.post("/track/sale", sale(at=at))
    answer = api.post("/track/sale", sale(at=at, amount="130.00"))
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_mismatch")


def test_what_is_known_of_a_customer_is_added_to_and_never_overwritten(api, acme):
    cast.customer(acme.program, external_id="c-1", email="old@example.com", visitors=["v-1"])
    api.post(
        "/track/lead",
        {"id": "l-1", "customer": {"id": "c-1", "email": "new@x.example", "country": "DE"}, "visitor": "v-2"},
    )
    customer = Customer.unscoped.get()
    assert (customer.email, customer.country, customer.visitors) == ("old@example.com", "DE", ["v-1", "v-2"])
    assert Conversion.unscoped.get().name == "lead"


def test_a_click_that_is_none_of_ours_is_told(api):
    click = api.post("/track/sale", sale(click_id="tch_01m81gb1vyfg0tp2mnwf65a4cz")).json()["click"]
    assert (click["found"], "no click" in click["why"]) == (False, True)


def test_the_partner_of_a_code_is_told(api, acme):
    cast.code(acme.alder, key="save-10")
    told = api.post("/track/sale", sale(code="SAVE-10")).json()
    assert told["code"] == {"key": "save-10", "partner": acme.alder.public_id}


def test_everything_wrong_is_told_at_once_in_the_words_of_the_api(api):
    answer = api.post("/track/sale", {"id": "s", "customer": {"id": "c", "emial": "x"}, "amount": 5, "curency": "EUR"})
    assert answer.status_code == 422
    codes = {(one["field"], one["code"]) for one in answer.json()["errors"]}
    assert codes == {
        ("customer.emial", "unknown_field"), ("amount", "wrong_type"), ("curency", "unknown_field"),
        ("currency", "required"),
    }  # fmt: skip


def test_b16_a_batch_with_one_bad_event_stores_nothing(api):
    items = [sale(f"s-{number}") for number in range(3)] + [sale("bad", amount="x")]
    answer = api.post("/track/sale/batch", {"items": items})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "items[3].amount")
    assert not Conversion.unscoped.exists()


@pytest.mark.parametrize(("ahead", "status"), [(-1, 202), (240, 202), (900, 422)])
def test_f17_a_moment_may_lie_ahead_by_five_minutes(api, ahead, status):
    at = timezone.now() + timedelta(seconds=ahead)
    assert api.post("/track/sale", sale(at=at.isoformat())).status_code == status


def test_a_refund_is_told_like_a_sale(api):
    api.post("/track/sale", sale())
    assert api.post("/track/refund", {"id": "r-1", "sale": "s-1", "amount": "20.00"}).status_code == 202
    assert Refund.unscoped.get().currency == "EUR"


def test_a_script_tells_of_a_visit_through_a_direct_link(api, acme):
    link = cast.link(acme.alder, key="spring")
    told = api.post("/track/click", {"via": "spring"}).json()
    click = Click.unscoped.get()
    assert (click.link_id, click.public_id, click.visitor) == (link.pk, told["click_id"], told["visitor"])
    assert api.post("/track/click", {"via": "nothing"}).json()["code"] == "unknown_link"
