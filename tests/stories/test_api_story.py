"""A company's server tells a story through the API alone, and reads what it came to."""

from datetime import timedelta

import pytest
from django.utils import timezone

from goodword.accounts.scope import active_program
from goodword.commissions.services import settle_program
from tests import cast, ingesting
from tests.api.client import Caller


@pytest.fixture
def acme(db):
    return cast.acme()


@pytest.fixture
def api(acme):
    return Caller(acme.program)


def settle(program):
    with active_program(program):
        settle_program(program, now=timezone.now())


def sale(name, customer, at, **fields):
    return {"id": name, "customer": customer, "currency": "EUR", "amount": "120.00", "at": at.isoformat(), **fields}


def test_a_click_becomes_a_commission_and_a_refund_takes_its_part_back(api, acme, client):
    made = {"partner": acme.alder.public_id, "destination": "https://shop.example/", "key": "alder"}
    assert api.post("/links", made).status_code == 201
    landed = ingesting.visit("/r/acme/alder")["Location"]
    click = landed.partition("gw_click=")[2]
    now = timezone.now()
    api.post("/customers", {"id": "c-1", "visitors": [click]})
    api.post("/sales", sale("s-1", "c-1", now, tax="20.00"))
    settle(acme.program)
    # (120.00 - 20.00 tax) x 20% = 20.00
    line = api.get("/commission-lines?conversion=s-1").json()["items"][0]
    assert (line["partner"], line["basis"], line["amount"]) == (acme.alder.public_id, "100.00", "20.00")
    assert api.get(f"/commission-lines/{line['line']}").json()["steps"]

    api.post("/refunds", {"id": "r-1", "sale": "s-1", "amount": "60.00", "at": now.isoformat()})
    settle(acme.program)
    # Half of it was kept: 10.00
    assert api.get("/commission-lines?conversion=s-1").json()["items"][0]["amount"] == "10.00"
    balance = api.get("/balances").json()["items"][0]
    assert (balance["pending"], balance["payable"]) == ("10.00", "0.00")


def test_a_click_that_is_not_ours_earns_nothing(api, acme):
    foreign = cast.click(cast.link(cast.partner(cast.eve().program)))
    api.post("/customers", {"id": "c-1", "visitors": [foreign.public_id, "tch_01m81gb1vyfg0tp2mnwf65a4cz"]})
    api.post("/sales", sale("s-1", "c-1", timezone.now()))
    settle(acme.program)
    assert api.get("/outcomes").json()["items"] == [{"conversion": "s-1", "outcome": "bad_click"}]


def test_a_sale_after_the_window_earns_nothing(api, acme):
    now = timezone.now()
    with active_program(acme.program):
        cast.click(cast.link(acme.alder), visitor="v-1", at=now - timedelta(days=300))
    api.post("/customers", {"id": "c-1", "visitors": ["v-1"]})
    api.post("/sales", sale("s-1", "c-1", now))
    settle(acme.program)
    assert api.get("/outcomes").json()["items"] == [{"conversion": "s-1", "outcome": "outside_window"}]


def test_facts_in_the_wrong_order_come_to_the_same(api, acme):
    now = timezone.now()
    api.post("/refunds", {"id": "r-1", "sale": "s-1", "amount": "60.00", "currency": "EUR", "at": now.isoformat()})
    settle(acme.program)
    api.post("/sales", sale("s-1", "c-1", now))
    settle(acme.program)
    touch = {"id": "t-1", "partner": acme.alder.public_id, "visitor": "v-1", "channel": "link"}
    api.post("/touches", touch | {"at": (now - timedelta(hours=1)).isoformat()})
    settle(acme.program)
    assert api.get("/outcomes").json()["items"] == [{"conversion": "s-1", "outcome": "no_touch"}]
    api.post("/customers", {"id": "c-1", "visitors": ["v-1"]})
    settle(acme.program)
    # 120.00 x 20% x half kept
    assert [line["amount"] for line in api.get("/commission-lines").json()["items"]] == ["12.00"]


def test_a_sale_in_another_currency_waits_for_its_rate(api, acme):
    now = timezone.now()
    touch = {"id": "t-1", "partner": acme.alder.public_id, "customer": "c-1", "channel": "manual"}
    api.post("/touches", touch | {"at": (now - timedelta(hours=1)).isoformat()})
    api.post("/sales", sale("s-1", "c-1", now, currency="USD", amount="100.00"))
    settle(acme.program)
    assert api.get("/outcomes").json()["items"] == [{"conversion": "s-1", "outcome": "fx_pending"}]
    rate = {"id": "f-1", "from": "USD", "to": "EUR", "rate": "0.9", "at": (now - timedelta(days=1)).isoformat()}
    api.post("/rates", rate)
    settle(acme.program)
    # 100.00 USD x 0.9 x 20%
    assert [line["amount"] for line in api.get("/commission-lines").json()["items"]] == ["18.00"]
