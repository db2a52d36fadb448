"""The pages and API operations of connections, as an owner, a manager and a program use them."""

from datetime import timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from goodword.connections.models import Connection, Secret
from goodword.referrals.models import Conversion
from tests import cast
from tests.connections import senders
from tests.connections.senders import invoice, now, send, stored, stripe_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return cast.program(slug="acme")


@pytest.fixture
def owner(program):
    return cast.sign_in(cast.member(program, "owner"))


def text(response):
    return response.content.decode()


def test_a_secret_we_made_is_shown_once(owner):
    made = owner.post("/p/acme/settings/connections/new/standard", {"name": "Own shop", "mode": "live", "secret": ""})
    assert "whsec_" in text(made)
    one = Connection.unscoped.get()
    page = text(owner.get(f"/p/acme/settings/connections/{one.public_id}"))
    assert one.address in page
    assert "whsec_" not in page


def test_a_wrong_secret_is_refused_with_words(owner):
    answer = owner.post(
        "/p/acme/settings/connections/new/stripe", {"name": "Stripe", "mode": "live", "secret": "sk_live_1"}
    )
    assert answer.status_code == 422
    assert "whsec_" in text(answer)
    assert not Connection.unscoped.exists()


def test_a_live_key_does_not_serve_a_test_connection(owner):
    given = {"name": "S", "mode": "test", "secret": senders.SECRETS["stripe"], "api_key": "rk_live_1234567890"}
    assert owner.post("/p/acme/settings/connections/new/stripe", given).status_code == 422


def test_a_new_secret_stands_beside_the_old_one_for_a_while(program, owner):
    to = senders.connection(program)
    address = f"/p/acme/settings/connections/{to.public_id}/secret"
    owner.post(address, {"secret": "whsec_" + "n" * 32, "overlap_hours": "2"})
    old, new = Secret.unscoped.order_by("created_at")
    assert new.ends_at is None
    assert timedelta(hours=1) < old.ends_at - now() <= timedelta(hours=2)


def test_an_event_is_shown_as_it_came_and_without_what_proves_it(program, owner):
    to = senders.connection(program)
    send(to, stripe_event("invoice.paid", invoice()))
    page = text(owner.get(f"/p/acme/settings/received/{stored(to).public_id}"))
    assert "prod_pro" in page
    assert senders.SECRETS["stripe"] not in page
    assert "v1=" not in page


def test_a_manager_judges_an_event_again_and_nothing_comes_twice(program):
    to = senders.connection(program)
    send(to, stripe_event("invoice.paid", invoice()))
    manager = cast.sign_in(cast.member(program, "manager"))
    answer = manager.post(f"/p/acme/settings/received/{stored(to).public_id}/replay", follow=True)
    assert "It was judged again." in text(answer)
    assert (stored(to).outcome, Conversion.unscoped.count()) == ("known", 1)


def test_a_time_is_read_again_by_the_worker(program, owner):
    to = senders.connection(program, api_key="rk_live_1234567890")
    since, until = (now() - timedelta(days=3)).date(), now().date()
    owner.post(f"/p/acme/settings/connections/{to.public_id}/read", {"since": str(since), "until": str(until)})
    assert ProcrastinateJob.objects.filter(task_name="connections.read_range").count() == 1


def test_more_than_thirty_days_back_is_refused(program, owner):
    to = senders.connection(program, api_key="rk_live_1234567890")
    given = {"since": str((now() - timedelta(days=40)).date()), "until": str(now().date())}
    answer = owner.post(f"/p/acme/settings/connections/{to.public_id}/read", given)
    assert (answer.status_code, ProcrastinateJob.objects.count()) == (422, 0)


def test_the_list_says_what_needs_a_person(program, owner):
    cast.received_event(cast.connection(program, name="Our Stripe"), outcome="quarantined", reason="missing_field")
    page = text(owner.get("/p/acme/settings/connections"))
    assert "Our Stripe" in page
    assert "Look at it" in page


def test_a_turned_off_connection_takes_nothing_until_it_is_on_again(program, owner):
    to = senders.connection(program)
    owner.post(f"/p/acme/settings/connections/{to.public_id}/off", {"reason": ""})
    assert not Connection.unscoped.get().is_on
    owner.post(f"/p/acme/settings/connections/{to.public_id}/on")
    send(to, stripe_event("invoice.paid", invoice()))


def test_the_api_tells_what_became_of_events_and_judges_again(program):
    to = senders.connection(program)
    send(to, stripe_event("invoice.paid", invoice()))
    api = cast.with_key(cast.api_key(program, "manage")[1])
    (one,) = api.get("/api/v1/connections").json()["items"]
    (event,) = api.get(f"/api/v1/connections/{one['id']}/events?outcome=recorded").json()["items"]
    assert {"kind": "sale", "id": "in_1"} in event["facts"]
    again = api.post(f"/api/v1/received-events/{event['id']}/replay")
    assert (again.status_code, again.json()["outcome"]) == (200, "known")


def test_the_csv_names_no_customer(program, owner):
    to = senders.connection(program)
    send(to, stripe_event("invoice.paid", invoice()))
    file = b"".join(owner.get(f"/p/acme/settings/connections/{to.public_id}/events.csv")).decode()
    assert "invoice.paid" in file
    assert "ann@buyer.example" not in file
