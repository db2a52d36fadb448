"""Real signed webhooks of a server that nobody here wrote, and its list of events (F30, F33)."""

from datetime import datetime, timedelta

import pytest
import time_machine

from goodword.accounts.actors import SYSTEM
from goodword.accounts.scope import active_program
from goodword.connections.backfill import catch_up, read_range
from goodword.connections.listing_events import ListNotRead
from goodword.connections.services import give_api_key
from goodword.connections.tasks import judge_events
from goodword.referrals.models import Conversion, Customer, Refund
from tests import cast
from tests.commissions.world import World
from tests.connections import senders
from tests.connections.localstripe import KEY, running
from tests.connections.senders import now, send, stripe_event
from tests.server.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def stripe():
    with running() as server:
        yield server


@pytest.fixture
def world():
    """A demo program: there the test events of the server count."""
    world = World(is_demo=True)
    cast.touch(world.partners["alder"], customer="", visitor="v-1", at=now() - timedelta(days=1))
    return world


@pytest.fixture
def to(world, settings, stripe):
    settings.STRIPE_API = stripe.url
    return senders.connection(world.program, mode="test", api_key=KEY)


def arrived(name):
    """A customer's sale and visitor; what the requests left to the worker is judged here."""
    judge_events(now())
    # A charge that comes before its invoice is told anew with what the invoice says.
    whole = Conversion.unscoped.filter(customer=name, retracted_at=None).exclude(subscription="")
    return whole.exists() and Customer.unscoped.filter(external_id=name, visitors=["v-1"]).exists()


def test_its_signed_webhooks_become_a_customer_and_a_sale_that_pays_a_partner(stripe, to, world, live):
    stripe.send_to(f"{live}/hooks/{to.address}", senders.SECRETS["stripe"])
    made = stripe.subscribed(**{"metadata[gw_click]": "v-1"})
    until(lambda: arrived(made["customer"]), seconds=60)
    sale = Conversion.unscoped.get(customer=made["customer"], retracted_at=None)  # others' events may come late
    assert (sale.amount_minor, sale.tax_minor, sale.subscription) == (12000, 2000, made["id"])
    assert Customer.unscoped.get(external_id=made["customer"]).visitors == ["v-1"]
    world.settle(now() + timedelta(minutes=1))
    assert list(world.earned().values()) == [2000]
    to.refresh_from_db()
    assert to.refused_at is None


def test_f33_what_happened_while_we_were_down_for_three_days_is_found_in_its_list(stripe, to, world):
    made = stripe.subscribed()
    paid = stripe.create("refunds", charge=charge_of(stripe, made), amount=3000)
    back = now() + timedelta(days=3, hours=12)
    with time_machine.travel(back, tick=True):
        found = catch_up(to, now())
        assert found > 0
        assert catch_up(to, now()) == 0
    assert Conversion.unscoped.get(customer=made["customer"]).amount_minor == 12000
    told = stripe.call("GET", f"/v1/charges/{paid['charge']}")
    event = stripe_event("charge.refunded", told, livemode=False, created=int(now().timestamp()))
    send(to, event)  # the server tells a refund by no event: this is its own charge, in the shape of Stripe's event
    assert Refund.unscoped.get().amount_minor == 3000


def charge_of(stripe, made):
    events = stripe.call("GET", "/v1/events?limit=100&type=invoice.payment_succeeded")["data"]
    (invoice,) = [one["data"]["object"] for one in events if one["data"]["object"]["subscription"] == made["id"]]
    return invoice["charge"]["id"]


def test_f33_a_range_is_read_page_by_page_and_brings_nothing_twice(stripe, to, world, monkeypatch):
    from goodword.connections import listing_events

    monkeypatch.setattr(listing_events, "PAGE", 3)
    began = datetime.fromtimestamp(int(now().timestamp()), tz=now().tzinfo)
    made = [stripe.subscribed()["customer"] for _ in range(2)]
    until_when = now() + timedelta(minutes=1)
    first = read_range(to, began, until_when, now())
    assert (first > 6, read_range(to, began, until_when, now())) == (True, 0)
    assert set(Conversion.unscoped.values_list("customer", flat=True)) >= set(made)


def test_f30_a_webhook_that_is_lost_for_ever_is_found_by_the_next_look_at_the_list(stripe, to, world):
    made = stripe.subscribed()
    with time_machine.travel(now() + timedelta(minutes=10), tick=True):
        catch_up(to, now())
    assert Conversion.unscoped.filter(customer=made["customer"]).exists()
    to.refresh_from_db()
    assert (to.catch_up_problem, to.caught_up_to is not None) == ("", True)


def test_f44_a_list_that_cannot_be_reached_is_told_and_tried_again(to, settings):
    settings.STRIPE_API = "http://127.0.0.1:9"
    assert catch_up(to, now()) == 0
    to.refresh_from_db()
    assert (to.catch_up_problem, to.caught_up_to) == ("Stripe could not be reached.", None)


def test_without_a_key_nothing_is_read(to):
    with active_program(to.program):
        give_api_key(to, api_key="", actor=SYSTEM)
    to.refresh_from_db()
    with pytest.raises(ListNotRead):
        read_range(to, now() - timedelta(days=1), now(), now())
