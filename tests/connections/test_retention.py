"""Bodies of received webhooks are not kept for good, and what is left of them is enough for whatever comes later."""

from datetime import timedelta

import pytest
import time_machine

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.connections.models import ReceivedEvent
from goodword.connections.retention import erase_person, pare_old
from goodword.connections.services import NotRepeatable, replay
from goodword.referrals.models import Conversion, Customer, Refund, Touch
from tests import cast
from tests.connections import senders
from tests.connections.senders import now, outcomes, send, stored
from tests.connections.test_shops import order, shopify_order, shopify_refund
from tests.connections.test_stripe_books import AT, LIFE, facts_in, new_world, paid, refunded
from tests.server.waiting import goodword

pytestmark = pytest.mark.django_db
LATER = timedelta(days=91)
PERSONAL = ("Ann", "Buyer", "buyer.example", "v-9", "Vienna")


@pytest.fixture(autouse=True)
def _sixty_days_later():
    with time_machine.travel(AT, tick=True):
        yield


def bodies():
    return b" ".join(map(bytes, ReceivedEvent.unscoped.values_list("body", flat=True))).decode()


def test_a_body_is_pared_after_its_time_and_the_event_stays(settings):
    to = senders.connection(cast.program())
    send(to, paid())
    before = stored(to)
    assert pare_old(now() + timedelta(days=settings.RECEIVED_BODY_DAYS - 1)) == 0
    assert pare_old(now() + timedelta(days=settings.RECEIVED_BODY_DAYS + 1)) == 1
    after = stored(to)
    kept = ("event_id", "content_hash", "received_at", "outcome", "judged_at", "links", "facts")
    assert [getattr(before, name) for name in kept] == [getattr(after, name) for name in kept]
    assert after.pared_at is not None
    assert send(to, paid())["Idempotent-Replayed"] == "true"


def test_nothing_personal_is_left_whatever_sent_it():
    program = cast.program()
    for kind, content in (
        ("woocommerce", order(billing={"first_name": "Ann", "city": "Vienna", "email": "ann@buyer.example"})),
        ("shopify", shopify_order(note="Call Ann Buyer", customer={"id": 1, "first_name": "Ann"})),
        ("standard", {"type": "sale.recorded", "data": {"id": "s", "customer": "Ann Buyer"}}),
        ("stripe", LIFE[0]),
        ("stripe", {**LIFE[1], "id": "evt_odd", "type": "issuing.card.created"}),
    ):
        send(senders.connection(program, kind, name=f"{kind} {content.get('id')}"), content)
    assert pare_old(now() + LATER) == 5
    assert not [word for word in PERSONAL if word in bodies()]


@pytest.mark.parametrize("order_of_events", [LIFE, LIFE[::-1], LIFE[3:] + LIFE[:3]], ids=["as lived", "turned", "late"])
def test_what_comes_after_a_body_was_pared_gives_the_same_facts_and_books(order_of_events):
    found = []
    for paring in (False, True):
        world = new_world()
        to = senders.connection(world.program)
        for event in order_of_events:
            send(to, event)
            if paring:
                pare_old(now() + LATER)
        world.settle(now())
        states = {name: outcome for name, (outcome, _) in outcomes(to).items()}
        found.append((facts_in(world), sorted(world.earned().values()), states))
    assert found[0] == found[1]
    assert found[0][1] == [1500]


def test_a_refund_finds_the_sale_of_a_guest_whose_body_was_pared():
    program = cast.program()
    to = senders.connection(program, "woocommerce")
    send(to, order(customer_id=0))
    pare_old(now() + LATER)
    send(to, order(customer_id=0, date_modified_gmt="2026-10-09T10:00:00", refunds=[{"id": 8, "total": "-20.00"}]))
    assert {outcome for outcome, _ in outcomes(to).values()} == {"recorded"}
    assert (Refund.unscoped.get().amount_minor, Conversion.unscoped.count(), Customer.unscoped.count()) == (2000, 1, 1)


def test_a_refund_of_shopify_comes_after_its_order_was_pared():
    to = senders.connection(cast.program(), "shopify")
    send(to, shopify_order())
    pare_old(now() + LATER)
    send(to, shopify_refund(), topic="refunds/create")
    assert {outcome for outcome, _ in outcomes(to).values()} == {"recorded"}


def test_an_event_that_waits_keeps_its_body():
    to = senders.connection(cast.program())
    send(to, refunded(3000, 0, 5))
    assert stored(to).outcome == "waiting"
    assert pare_old(now() + LATER) == 0


def test_an_event_without_its_body_is_not_judged_again():
    to = senders.connection(cast.program())
    send(to, paid())
    pare_old(now() + LATER)
    with active_program(stored(to).program), pytest.raises(NotRepeatable, match="dropped"):
        replay(stored(to), actor=SYSTEM, now=now())


def test_erasing_a_visitor_reaches_the_webhooks_that_name_them_and_no_other():
    world = new_world()
    click = cast.click(cast.link(world.partners["alder"], key="x"), visitor="v-9")
    for kind, content in (
        ("woocommerce", order()),
        ("standard", {"type": "lead.recorded", "data": {"id": "l", "customer": "c", "click": click.public_id}}),
        ("shopify", shopify_order()),
    ):
        send(senders.connection(world.program, kind), content)
    other = senders.connection(cast.eve().program, "woocommerce")
    send(other, order())
    assert erase_person(world.program, "v-9", reason="request 7", actor=SYSTEM, now=now()) == (1, 2)
    held = dict(ReceivedEvent.unscoped.values_list("connection__kind", "pared_at"))
    assert held["shopify"] is None
    assert stored(other).pared_at is None
    assert not Customer.unscoped.filter(program=world.program, visitors__contains=["v-9"]).exists()
    entries = AuditEntry.objects.filter(action__startswith="customer.").order_by("pk")
    assert {entry.action: entry.after for entry in entries} == {
        "customer.bodies_erased": {"bodies": 2}, "customer.visitor_erased": {"clicks": 1},
    }  # fmt: skip
    send(senders.connection(world.program, "woocommerce", name="again"), order(id=728))
    assert Touch.unscoped.filter(visitor="v-9").count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_command_erases_one_visitor_and_says_when_there_is_none(database_url):
    program = cast.program(slug="acme")
    cast.click(cast.link(cast.partner(program)), visitor="v-9")
    words = ("erase-visitor", "--program", "acme", "--visitor", "v-9", "--reason", "request 7", "--yes")
    done = goodword(*words, DATABASE_URL=database_url)
    assert done.communicate(timeout=60)[0].strip() == "1 clicks and 0 bodies of webhooks name nobody any more."
    again = goodword(*words, DATABASE_URL=database_url)
    again.communicate(timeout=60)
    assert (done.returncode, again.returncode) == (0, 2)
