"""Messages on their way: signed, tried again, in order, bounded; nobody waits for another's receiver."""

from datetime import timedelta

import pytest
from django.utils import timezone

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.domain.webhook_schedule import TRIES_MAX, WAITS, next_try, rest_until
from goodword.mail.letters import letters_for
from goodword.referrals.services import create_link, revoke_link
from goodword.webhooks.delivery import claim
from goodword.webhooks.endpoints import rotate_secret, switch_off, switch_on
from goodword.webhooks.errors import EndpointOff
from goodword.webhooks.gathering import gather
from goodword.webhooks.guard import Network
from goodword.webhooks.models import Delivery, Endpoint, Event, Secret
from goodword.webhooks.replaying import Range, replay_delivery, replay_range, send_test
from goodword.webhooks.retention import KEPT, forget_old
from tests.webhooks.receiver import receiving, silent_port
from tests.webhooks.scene import (
    attempts,
    deliveries,
    endpoint_at,
    events,
    fresh,
    later,
    sale,
    scene,
    tell,
)

pytestmark = pytest.mark.django_db
EVER = Range(timezone.now() - timedelta(days=400), timezone.now() + timedelta(days=400))


def states(endpoint):
    return [delivery.state for delivery in deliveries(endpoint)]


def test_a_message_is_signed_and_its_id_is_the_event(settings):
    with receiving() as receiver:
        here = scene(receiver, settings, headers={"X-Token": "let me in"})
        sale(here.program, "s-1")
        assert tell(here.clock) == 1
        (message,) = receiver.messages(here.secret)
    (request,) = receiver.requests
    assert message["id"] == request.id == events(here.program)[0].public_id
    assert (request.path, request.headers["x-token"]) == ("/hooks", "let me in")
    assert states(here.endpoint) == ["delivered"]


def test_nothing_is_sent_twice_once_it_was_taken(settings):
    with receiving() as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        assert [tell(here.clock), tell(here.clock)] == [1, 0]


# F31: a receiver that is down


def test_the_pauses_are_those_of_standard_webhooks():
    assert TRIES_MAX == 10
    assert sum(WAITS, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    now = timezone.now()
    earliest, latest = (next_try(1, now, lambda at=at: at) for at in (0.0, 1.0))
    assert latest > earliest


def out_of_service(here, *, days, step=timedelta(seconds=1)):
    """Turns of a worker over so many days, at every moment at which something is due, but not closer than a step."""
    end = here.clock.at + timedelta(days=days)
    while here.clock.at < end and fresh(here.endpoint).off_since is None:
        tell(here.clock)
        moments = [delivery.next_at for delivery in deliveries(here.endpoint) if delivery.state == "waiting"]
        moments.append(fresh(here.endpoint).rest_until or here.clock.at)
        ahead = [moment for moment in moments if moment > here.clock.at]
        here.clock.at = max(min(ahead, default=end), here.clock.at + step)


def test_f31_a_receiver_that_is_down_for_five_days_is_tried_ten_times_then_switched_off(settings):
    with receiving(500) as receiver:
        here = scene(receiver, settings)
        begin = here.clock.at
        sale(here.program, "s-1")
        out_of_service(here, days=5)
    endpoint = fresh(here.endpoint)
    assert (len(attempts(endpoint)), states(endpoint), endpoint.off_because) == (10, ["given_up"], "failures")
    spent = endpoint.off_since - begin
    assert timedelta(hours=75) < spent < timedelta(hours=78)


def test_f31_the_team_gets_a_letter_when_an_endpoint_is_switched_off(settings):
    with receiving(503) as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        out_of_service(here, days=5)
    entry = AuditEntry.objects.get(program=here.program, action="webhook.disabled")
    with active_program(here.program):
        letters = letters_for(entry)
    assert {letter.to for letter in letters} == {here.olga.email, here.bob.email}
    assert receiver.url in letters[0].text


def test_f31_what_was_missed_is_replayed_by_range_in_order(settings):
    with receiving(500) as receiver:
        here = scene(receiver, settings)
        with active_program(here.program):
            for _ in range(3):
                link = create_link(here.program, here.alder, destination="https://shop.example/", actor=SYSTEM)
                revoke_link(link, actor=SYSTEM, now=timezone.now())
            out_of_service(here, days=5, step=timedelta(hours=6))
            sale(here.program, "while it was off")
            tell(here.clock)
            receiver.requests.clear()
            receiver.answers = [204]
            switch_on(here.endpoint, actor=SYSTEM)
            assert replay_range(here.endpoint, EVER, actor=SYSTEM, now=here.clock()) == 7
        tell(here.clock)
    told = receiver.messages(here.secret)
    assert len(told) == 7
    for link in {message["data"]["id"] for message in told if message["type"].startswith("link.")}:
        assert [m["type"] for m in told if m["data"]["id"] == link] == ["link.created", "link.revoked"]
    assert set(states(here.endpoint)) == {"delivered"}


def test_a_receiver_that_says_gone_is_switched_off_at_once(settings):
    with receiving(410) as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        tell(here.clock)
    assert fresh(here.endpoint).off_because == "gone"


def refuses_what_is_bad(handler):
    handler.send_response(500 if b'"id":"bad"' in handler.told.body else 204)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_one_bad_message_does_not_switch_an_endpoint_off_that_takes_others(settings):
    """Ten refusals of one message over more than three days, with other messages taken in between."""
    with receiving(refuses_what_is_bad) as receiver:
        here = scene(receiver, settings)
        sale(here.program, "bad")
        for number in range(10):
            sale(here.program, f"good-{number}")
            tell(here.clock)
            later(here.clock, hours=25)
    assert states(here.endpoint) == ["given_up"] + ["delivered"] * 10
    assert fresh(here.endpoint).off_since is None


# Order


def test_an_objects_next_event_waits_for_the_one_before_and_other_objects_do_not(settings):
    with receiving(500, 204) as receiver:
        here = scene(receiver, settings)
        with active_program(here.program):
            link = create_link(here.program, here.alder, destination="https://shop.example/", actor=SYSTEM)
        tell(here.clock)
        with active_program(here.program):
            revoke_link(link, actor=SYSTEM, now=timezone.now())
        sale(here.program, "s-1")
        tell(here.clock)
        assert [m["type"] for m in receiver.messages(here.secret)] == ["link.created", "sale.recorded"]
        later(here.clock, seconds=10)
        tell(here.clock)
    assert [m["type"] for m in receiver.messages(here.secret)][2:] == ["link.created", "link.revoked"]


def test_what_is_claimed_is_not_claimed_by_another_worker_until_its_sender_is_dead(settings):
    with receiving() as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        gather(here.clock())
        assert len(claim(here.endpoint, here.clock(), 4)) == 1
        assert claim(here.endpoint, here.clock(), 4) == []
        later(here.clock, minutes=3)
        assert len(claim(here.endpoint, here.clock(), 4)) == 1


# F41: secrets


def test_f41_a_rotated_secret_signs_beside_the_new_one_also_what_was_queued(settings):
    with receiving(500, 204) as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        tell(here.clock)
        new = rotate_secret(here.endpoint, actor=SYSTEM, now=here.clock())
        later(here.clock, minutes=1)
        tell(here.clock)
        before, again = receiver.requests
        assert before.verified(here.secret)["id"] == again.verified(here.secret)["id"] == again.verified(new)["id"]
        assert len(again.headers["webhook-signature"].split()) == 2
        later(here.clock, hours=24)
        sale(here.program, "s-2")
        tell(here.clock)
    last = receiver.requests[-1]
    assert len(last.headers["webhook-signature"].split()) == 1
    assert last.verified(new)["data"]["id"] == "s-2"


def test_a_secret_is_32_random_bytes_and_never_kept_in_plain(settings):
    with receiving() as receiver:
        here = scene(receiver, settings, headers={"Authorization": "Bearer a-token-of-theirs"})
    (row,) = Secret.unscoped.filter(endpoint=here.endpoint)
    assert here.secret.startswith("whsec_")
    assert here.secret[6:].encode() not in bytes(row.sealed)
    assert b"a-token-of-theirs" not in bytes(here.endpoint.headers_sealed)
    trail = AuditEntry.objects.filter(program=here.program).values_list("after", flat=True)
    assert here.secret not in str(list(trail))
    assert "a-token-of-theirs" not in str(list(trail))


# F32, F44: bounded, and nobody else waits


def test_f44_a_black_hole_takes_no_turn_from_others(settings):
    quick = Network(seconds_max=0.3)
    with receiving() as receiver, silent_port() as port:
        here = scene(receiver, settings)
        settings.WEBHOOK_LOOPBACK |= {f"127.0.0.1:{port}"}
        receiver_of_nothing, _ = endpoint_at(receiver, here.program, settings, url=f"http://127.0.0.1:{port}/")
        for number in range(30):
            sale(here.program, f"s-{number}")
        tell(here.clock, quick)
        assert len(receiver.requests) == 30
        failed = attempts(receiver_of_nothing)
    assert {attempt.failure for attempt in failed} == {"timeout"}
    assert len(failed) <= 8
    assert fresh(receiver_of_nothing).rest_until > here.clock()


def test_f44_a_receiver_at_rest_is_asked_once_before_everything_is_sent(settings):
    with receiving(500) as receiver:
        here = scene(receiver, settings)
        for number in range(20):
            sale(here.program, f"s-{number}")
        tell(here.clock)
        asked = len(receiver.requests)
        assert asked <= 8
        later(here.clock, minutes=10)
        tell(here.clock)
        assert len(receiver.requests) == asked + 1
        receiver.answers = [204]
        later(here.clock, hours=2)
        tell(here.clock)
    assert set(states(here.endpoint)) == {"delivered"}


def test_rests_grow_and_end():
    now = timezone.now()
    rests = [rest_until(failures, now, lambda: 0.5) for failures in (4, 5, 6, 9, 10, 500)]
    minutes = [round((rest - now).total_seconds() / 60) if rest else None for rest in rests]
    assert minutes == [None, 1, 2, 16, 30, 30]


# On, off, again


def test_nothing_is_sent_to_an_endpoint_that_is_off(settings):
    with receiving() as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        gather(here.clock())
        switch_off(here.endpoint, actor=SYSTEM, now=here.clock())
        sale(here.program, "s-2")
        assert tell(here.clock) == 0
    assert states(here.endpoint) == ["given_up"]
    with pytest.raises(EndpointOff):
        replay_range(here.endpoint, EVER, actor=SYSTEM, now=here.clock())


def test_one_message_is_sent_again_under_its_old_id(settings):
    with receiving() as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        tell(here.clock)
        replay_delivery(deliveries(here.endpoint)[0], actor=SYSTEM, now=here.clock())
        tell(here.clock)
    assert receiver.ids[0] == receiver.ids[1]
    assert [attempt.number for attempt in attempts(here.endpoint)] == [1, 2]


def test_a_test_message_goes_to_one_endpoint_whatever_it_chose(settings):
    with receiving() as receiver, receiving() as other:
        here = scene(receiver, settings, kinds=["payout.paid"])
        endpoint_at(other, here.program, settings)
        send_test(here.endpoint, actor=SYSTEM, now=here.clock())
        tell(here.clock)
        (message,) = receiver.messages(here.secret)
    assert (message["type"], other.requests) == ("endpoint.test", [])


def test_only_chosen_kinds_are_sent(settings):
    with receiving() as receiver:
        here = scene(receiver, settings, kinds=["link.created"])
        sale(here.program, "s-1")
        assert tell(here.clock) == 0


def test_the_log_is_forgotten_after_ninety_days(settings):
    with receiving() as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        tell(here.clock)
    forget_old(here.clock() + KEPT - timedelta(hours=1))
    assert Event.unscoped.count() == 1
    forget_old(here.clock() + KEPT + timedelta(hours=1))
    assert (Event.unscoped.count(), Delivery.unscoped.count(), Endpoint.unscoped.count()) == (0, 0, 1)


def test_headers_that_cannot_be_opened_any_more_stop_one_endpoint_and_nobody_else(settings, monkeypatch):
    with receiving() as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        monkeypatch.setenv("GOODWORD_DATA_KEY", "another key, since the old one was lost")
        tell(here.clock)
    assert [attempt.failure for attempt in attempts(here.endpoint)] == ["secret"]
    assert receiver.requests == []
