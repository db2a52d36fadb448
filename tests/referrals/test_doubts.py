"""What looks wrong: an exchange rate far from the last (B91), and click ids that are none of ours (B56)."""

from datetime import datetime, timedelta

import pytest

from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.commissions.models import Line
from goodword.commissions.services import settle_program
from goodword.domain.exchange import is_stale
from goodword.domain.ids import public_id, uuid7
from goodword.referrals.known import CUSTOMERS_PER_CLICK
from goodword.referrals.models import Customer, Rate, Signal
from tests import cast
from tests.api.client import Caller, sale

pytestmark = pytest.mark.django_db
AT = "2026-05-01T09:00:00Z"


@pytest.fixture
def acme():
    world = cast.acme()
    world.program.currency = "EUR"
    world.program.save()
    with active_program(world.program):
        yield world


@pytest.fixture
def api(acme):
    return Caller(acme.program)


def rate(name, value, at=AT):
    return {"id": name, "from": "USD", "to": "EUR", "rate": value, "at": at}


def referred(acme):
    """Alder sent c-1 two days before the sales below."""
    if not acme.alder.agreements.exists():
        cast.agreement(acme.alder)
    cast.touch(acme.alder, customer="c-1", at=datetime.fromisoformat("2026-04-30T00:00:00+00:00"))


def settle(acme):
    settle_program(acme.program, now=cast.NOW)


def outcome(api, conversion):
    found = api.get(f"/outcomes?conversion={conversion}").json()["items"]
    return found[0]["outcome"] if found else "credited"


# B91


def test_a_rate_far_from_the_last_is_stored_and_waits(api, acme):
    api.post("/rates", rate("r-1", "0.90", at="2026-04-01T00:00:00Z"))
    answer = api.post("/rates", rate("r-2", "900"))
    assert (answer.status_code, answer.json()["approval"]) == (202, "waiting")
    assert api.post("/rates", rate("r-2", "900")).status_code == 202
    assert api.get("/rates/r-2").json()["approval"] == "waiting"
    assert "approval" not in api.get("/rates/r-1").json()


def test_a_rate_that_waits_converts_nothing_until_another_person_approves_it(api, acme):
    referred(acme)
    api.post("/rates", rate("r-1", "0.50", at="2026-05-01T10:00:00Z"))
    api.post("/rates", rate("r-0", "0.90", at="2026-04-30T10:00:00Z"))
    Rate.objects.filter(external_id="r-1").update(approval="waiting", proposed_by=acme.sam)
    api.post("/sales", sale(currency="USD", amount="100.00", at="2026-05-02T00:00:00Z"))
    settle(acme)
    before = Line.objects.get(conversion="s-1").basis_minor
    key = Rate.objects.get(external_id="r-1").public_id
    own = cast.sign_in(acme.sam).post(f"/p/acme/rates/{key}/approve", follow=True)
    assert "somebody else has to take this one" in own.content.decode()
    cast.sign_in(acme.olga).post(f"/p/acme/rates/{key}/approve", {"reason": "the krona fell"})
    settle(acme)
    assert (before, Line.objects.get(conversion="s-1").basis_minor) == (9_000, 5_000)
    assert AuditEntry.objects.get(action="rate.approved").reason == "the krona fell"


def test_a_refused_rate_never_counts(api, acme):
    referred(acme)
    api.post("/rates", rate("r-1", "0.90", at="2026-04-01T00:00:00Z"))
    api.post("/rates", rate("r-2", "9.00"))
    key = Rate.objects.get(external_id="r-2").public_id
    cast.sign_in(acme.sam).post(f"/p/acme/rates/{key}/refuse")
    api.post("/sales", sale(currency="USD", amount="100.00", at="2026-05-02T00:00:00Z"))
    settle(acme)
    assert Line.objects.get(conversion="s-1").basis_minor == 9_000
    again = cast.sign_in(acme.sam).post(f"/p/acme/rates/{key}/approve", follow=True)
    assert "waits for nobody" in again.content.decode()


def test_what_waited_behind_an_approved_rate_is_looked_at_again(api, acme):
    days = [f"2026-05-0{day}T00:00:00Z" for day in range(1, 5)]
    rates = ["0.90", "1.20", "1.21", "5.00"]
    batch = [rate(f"r-{n}", value, at) for n, (value, at) in enumerate(zip(rates, days, strict=True))]
    assert api.post("/rates/batch", {"items": batch}).status_code == 202
    assert states() == ["", "waiting", "waiting", "waiting"]
    key = Rate.objects.get(external_id="r-1").public_id
    cast.sign_in(acme.sam).post(f"/p/acme/rates/{key}/approve")
    assert states() == ["", "approved", "", "waiting"]
    assert Rate.objects.get(external_id="r-3").proposed_by == api.key.created_by


def states():
    return list(Rate.objects.order_by("external_id").values_list("approval", flat=True))


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_who_looks_after_money_decides_on_rates(acme, role):
    held = cast.rate(acme.program, approval="waiting")
    client = cast.sign_in(cast.member(acme.program, role))
    assert client.post(f"/p/acme/rates/{held.public_id}/approve").status_code == 403
    assert "Waits for a second person" in client.get("/p/acme/rates").content.decode()


def test_rates_of_before_the_last_days_are_told(acme):
    cast.rate(acme.program, at=cast.NOW - timedelta(days=400))
    page = cast.sign_in(acme.sam).get("/p/acme/rates").content.decode()
    assert "USD to EUR: the newest rate is of" in page


def test_a_weekend_makes_no_rate_old():
    friday = datetime.fromisoformat("2026-11-20T15:00:00+00:00")
    ages = [(0, False), (1, False), (3, False), (3.4, False), (3.6, True), (4, True), (30, True)]
    assert [(days, is_stale(friday, friday + timedelta(days=days))) for days, _ in ages] == ages


# B56


def test_a_forged_click_credits_nobody_and_is_told(api, acme):
    forged = public_id("touch", uuid7())
    api.post("/customers", {"id": "c-1", "visitors": [forged]})
    api.post("/sales", sale())
    settle(acme)
    assert outcome(api, "s-1") == "bad_click"
    assert api.get("/outcomes?outcome=bad_click").json()["items"] == [{"conversion": "s-1", "outcome": "bad_click"}]
    assert api.get("/outcomes?outcome=no_touch").json()["items"] == []
    signal = Signal.objects.get()
    assert (signal.kind, signal.customer, signal.given) == ("bad_click", "c-1", forged)
    assert forged in cast.sign_in(acme.bob).get("/p/acme/signals").content.decode()
    assert "Bad click" in cast.sign_in(acme.bob).get("/p/acme/conversions").content.decode()


def test_a_click_of_another_program_is_as_good_as_forged(api, acme):
    other = cast.program(slug="other", currency="EUR")
    click = cast.click(cast.link(cast.partner(other)))
    api.post("/customers", {"id": "c-1", "visitors": [click.public_id]})
    api.post("/sales", sale())
    settle(acme)
    assert outcome(api, "s-1") == "bad_click"


def test_a_click_that_many_customers_carry_credits_no_further_one(api, acme):
    click = cast.click(cast.link(acme.alder), visitor="v-1")
    for number in range(CUSTOMERS_PER_CLICK + 1):
        api.post("/customers", {"id": f"c-{number}", "visitors": [click.public_id]})
    assert list(Signal.objects.values_list("kind", "customer")) == [("reused_click", f"c-{CUSTOMERS_PER_CLICK}")]


def test_a_click_that_many_tracked_sales_carry_credits_no_further_customer(api, acme):
    click = cast.click(cast.link(acme.alder), visitor="v-1")
    for number in range(CUSTOMERS_PER_CLICK + 1):
        told = {**sale(f"s-{number}", customer=f"c-{number}"), "click_id": click.public_id}
        assert api.post("/track/sale", told).status_code == 202
    last = f"c-{CUSTOMERS_PER_CLICK}"
    assert list(Signal.objects.values_list("kind", "customer")) == [("reused_click", last)]
    assert Customer.objects.filter(visitors__contains=["v-1"]).count() == CUSTOMERS_PER_CLICK
    assert api.post("/track/sale", {**sale("s-more", customer=last), "click_id": click.public_id}).status_code == 202
    assert Signal.objects.count() == 1


def test_a_good_click_leaves_no_sign_and_partners_see_none(api, acme):
    click = cast.click(cast.link(acme.alder))
    api.post("/customers", {"id": "c-1", "visitors": [click.public_id, "our-own-cookie"]})
    assert not Signal.objects.exists()
    assert cast.sign_in(acme.alice).get("/p/acme/signals").status_code == 404
    assert cast.sign_in(cast.member(acme.program, "viewer")).get("/p/acme/signals").status_code == 403
