"""What is told, and how often: each committed change once (I45), with the figures that the API shows (I49)."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from goodword.accounts.actors import SYSTEM
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.commissions.services import place_hold, settle_program
from goodword.domain.partner_details import PartnerDetails
from goodword.partners.services import end_partner, pause_partner, submit_application
from goodword.referrals.onboarding import approve_with_link
from goodword.referrals.services import create_code, record_facts
from goodword.webhooks import sources
from goodword.webhooks.catalog import KINDS
from goodword.webhooks.endpoints import remove_endpoint
from goodword.webhooks.gathering import gather
from goodword.webhooks.models import Delivery, Reading, RecordedFacts
from tests import cast
from tests.webhooks.receiver import receiving
from tests.webhooks.scene import endpoint_at, events, facts, kinds, sale, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(settings):
    with receiving() as receiver:
        yield scene(receiver, settings)


def data(event):
    return json.loads(event.payload)["data"]


class Undone(Exception):
    pass


def dies(*_given):
    raise Undone


def test_i45_a_change_that_is_rolled_back_is_never_told(here):
    with transaction.atomic():
        sale(here.program, "s-1")
        with active_program(here.program):
            pause_partner(here.alder, reason="a test", actor=SYSTEM)
        transaction.set_rollback(True)
    gather(here.clock())
    assert events(here.program) == []


def test_i45_each_committed_change_is_told_exactly_once(here):
    sale(here.program, "s-1")
    sale(here.program, "s-1")  # a repetition changes nothing
    facts(here.program, "event", {"id": "e-1", "name": "lead", "customer": "c-1", "at": "2026-01-02T10:00:00Z"})
    facts(here.program, "customer", {"id": "c-1"})
    facts(here.program, "refund", {"id": "r-1", "sale": "s-1", "at": "2026-02-01T10:00:00Z", "amount": "5.00",
                                   "currency": "EUR"})  # fmt: skip
    with active_program(here.program):
        pause_partner(here.alder, reason="a test", actor=SYSTEM)
    for _ in range(3):
        gather(here.clock())
    told = sorted(kinds(here.program))
    assert told == ["customer.recorded", "event.recorded", "partner.paused", "refund.recorded", "sale.recorded"]
    assert {d.event_id for d in Delivery.unscoped.all()} == {event.pk for event in events(here.program)}


def test_i45_a_reader_that_dies_tells_nothing_twice(here, monkeypatch):
    sale(here.program, "s-1")
    with active_program(here.program):
        pause_partner(here.alder, reason="a test", actor=SYSTEM)
    with monkeypatch.context() as broken:
        broken.setattr("goodword.webhooks.gathering.queue", dies)
        with pytest.raises(Undone):
            gather(here.clock())
    gather(here.clock())
    assert sorted(kinds(here.program)) == ["partner.paused", "sale.recorded"]


def test_nothing_from_before_the_first_endpoint_is_told(settings):
    with receiving() as receiver:
        acme = cast.acme()
        sale(acme.program, "before")
        endpoint_at(receiver, acme.program, settings)
        gather(timezone.now())
        assert kinds(acme.program) == []


def test_partners_applications_agreements_links_and_codes_are_told(here):
    now = here.clock()
    with active_program(here.program):
        details = PartnerDetails(name="Birch", contact_name="Ben", email="ben@birch.example")
        wish = submit_application(here.program, details, audience="", promotion="", actor=SYSTEM, now=now)
        birch = approve_with_link(wish, by=None, actor=SYSTEM, now=now)
        create_code(here.program, here.alder, key="alder-ten", actor=SYSTEM)
        partner = getattr(birch, "partner", birch)
        end_partner(partner, reason="it closed", for_cause=False, actor=SYSTEM, now=now + timedelta(seconds=1))
    gather(now)
    expected = {"application.submitted", "application.approved", "partner.created", "code.created", "partner.ended",
                "agreement.ended"}  # fmt: skip
    assert set(kinds(here.program)) == expected


def earn(here, *, amount="100.00"):
    facts(here.program, "touch", {"id": "t-1", "partner": here.alder.public_id, "customer": "c-1", "channel": "manual",
                                  "at": "2026-01-01T10:00:00Z"})  # fmt: skip
    sale(here.program, "s-1", amount=amount)
    settle_program(here.program, now=here.clock())


def line_events(here):
    return [event for event in events(here.program) if event.kind.startswith("commission.")]


def test_i49_commission_events_say_what_the_api_says_to_the_cent(here):
    earn(here, amount="123.45")
    gather(here.clock())
    (event,) = line_events(here)
    client = cast.with_key(cast.api_key(here.program, "manage")[1])
    shown = client.get(f"/api/v1/commission-lines/{data(event)['line']}").json()
    shown.pop("steps")
    assert data(event) == shown
    assert shown["amount"] == "24.69"
    (told,) = [event for event in events(here.program) if event.kind == "sale.recorded"]
    assert data(told) == client.get("/api/v1/sales/s-1").json()


def test_commissions_are_told_as_they_are_reduced_held_and_withdrawn(here):
    earn(here)
    gather(here.clock())
    with active_program(here.program):
        place_hold(here.alder, reason="a look", user=None, actor=SYSTEM, now=here.clock())
    gather(here.clock())
    facts(here.program, "refund", {"id": "r-1", "sale": "s-1", "at": "2026-01-20T10:00:00Z", "amount": "50.00",
                                   "currency": "EUR"})  # fmt: skip
    settle_program(here.program, now=here.clock())
    gather(here.clock())
    told = line_events(here)
    assert told[1].kind == "commission.held"
    assert data(told[-1])["amount"] == "10.00"
    assert len({event.object for event in told}) == 1


def test_a_bulk_import_is_told_in_one_event(here, monkeypatch):
    """1,001 sales in one transaction, whatever number of statements wrote them."""
    common = {"customer": "c-1", "at": "2026-01-05T10:00:00Z", "currency": "EUR", "amount": "1.00"}
    items = [{"id": f"s-{number}", **common} for number in range(1001)]
    with transaction.atomic():
        record_facts(here.program, "sale", items[:600], source="import", actor=SYSTEM, now=here.clock())
        record_facts(here.program, "sale", items[600:], source="import", actor=SYSTEM, now=here.clock())
    gather(here.clock())
    (event,) = events(here.program)
    assert (event.kind, data(event)["type"], data(event)["count"]) == ("bulk.changed", "sale.recorded", 1001)


def test_up_to_a_thousand_at_once_are_told_one_by_one(here):
    common = {"customer": "c-1", "at": "2026-01-05T10:00:00Z", "currency": "EUR", "amount": "1.00"}
    items = [{"id": f"s-{number}", **common} for number in range(1000)]
    record_facts(here.program, "sale", items, source="import", actor=SYSTEM, now=here.clock())
    gather(here.clock())
    assert set(kinds(here.program)) == {"sale.recorded"}
    assert len(events(here.program)) == 1000


def test_a_large_settlement_is_told_in_one_event(here, monkeypatch):
    monkeypatch.setattr(sources, "EACH_MAX", 2)
    facts(here.program, "touch", {"id": "t-1", "partner": here.alder.public_id, "customer": "c-1", "channel": "manual",
                                  "at": "2026-01-01T10:00:00Z"})  # fmt: skip
    for number in range(3):
        sale(here.program, f"s-{number}")
        gather(here.clock())
    settle_program(here.program, now=here.clock())
    gather(here.clock())
    assert kinds(here.program) == ["sale.recorded"] * 3 + ["bulk.changed"]
    assert data(events(here.program)[-1])["count"] == 3


def test_an_import_of_many_partners_is_told_in_one_event(here, monkeypatch):
    monkeypatch.setattr(sources, "EACH_MAX", 2)
    with active_program(here.program), transaction.atomic():
        for partner in [cast.partner(here.program) for _ in range(3)]:
            record_audit(action="partner.created", obj=partner, actor=SYSTEM)
        made = cast.imported(here.program, kind="partners")
        record_audit(action="import.finished", obj=made, after={"new": 3}, actor=SYSTEM)
    gather(here.clock())
    assert kinds(here.program) == ["bulk.changed", "import.finished"]
    assert data(events(here.program)[1])["rows"] == 3


@pytest.mark.parametrize("step", ["approved", "exported", "cancelled"])
def test_a_step_of_a_payout_run_is_told_of_each_payout_as_the_api_shows_it(here, step):
    run = cast.payout_run(here.program)
    payouts = [cast.payout(cast.partner(here.program), run=run, reference=f"R-{number}") for number in range(2)]
    with active_program(here.program), transaction.atomic():
        record_audit(action=f"payout_run.{step}", obj=run, label="Run 1", actor=SYSTEM)
        record_audit(action="payout.paid", obj=payouts[0], label="R-0", actor=SYSTEM)
    gather(here.clock())
    word = {"approved": "payout.approved", "exported": "payout.sent", "cancelled": "payout.cancelled"}[step]
    assert kinds(here.program) == [word, word, "payout.paid"]
    client = cast.with_key(cast.api_key(here.program, "read")[1])
    shown = client.get(f"/api/v1/payouts/{payouts[0].public_id}").json()
    assert data(events(here.program)[0]) == data(events(here.program)[2]) == shown


def test_another_program_hears_nothing(here, settings):
    eve = cast.eve()
    sale(eve.program, "s-1")
    gather(here.clock())
    assert (kinds(here.program), kinds(eve.program)) == ([], [])
    assert not RecordedFacts.objects.exists()


def test_when_the_last_endpoint_is_gone_nothing_is_noted_any_more(here):
    sale(here.program, "s-1")
    remove_endpoint(here.endpoint, actor=SYSTEM, now=here.clock())
    sale(here.program, "s-2")
    assert (Reading.objects.count(), RecordedFacts.objects.count()) == (0, 0)


def test_every_kind_has_a_name_that_reads_object_then_verb():
    assert all(len(name) <= 40 and name.count(".") == 1 for name in KINDS)
