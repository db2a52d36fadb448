"""The front with a database of its own: plain events are stored in groups, exactly as the API would store them."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone

from goodword.referrals.models import Click, Conversion, Customer, KnownBrowser, Touch, UnsettledFact
from tests import cast
from tests.api.client import Caller
from tests.ingest.asking import ask, followed
from tests.ingesting import BROWSER
from tests.server.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
AT = "2026-11-20T09:30:00Z"


@pytest.fixture
def acme():
    return cast.acme()


@pytest.fixture
def api(acme):
    return Caller(acme.program)


@pytest.fixture
def track(front, api):
    """Tell the front of something, as a shop's server does."""

    def tell(kind, body, **headers):
        said = {"Authorization": f"Bearer {api.text}", "Content-Type": "application/json", **headers}
        return ask(f"{front}/v1/track/{kind}", body, **said)

    return tell


def sale(name="s-1", **fields):
    return {"id": name, "customer": "c-1", "currency": "EUR", "amount": "120.00", "at": AT, **fields}


def test_a_followed_link_and_a_sale_meet(front, track, acme):
    cast.link(acme.alder, key="spring")
    until(lambda: ask(f"{front}/r/acme/spring", **{"User-Agent": BROWSER})[0] == 302)
    click = followed(front)
    body = sale(customer={"id": "c-1", "email": "ann@example.com"}, click_id=click)
    status, _, told = track("sale", body)
    assert (status, told["click"]) == (202, {"id": click, "found": True})
    stored = Click.unscoped.order_by("-at").first()
    assert stored.public_id == click
    assert Customer.unscoped.get().visitors == [stored.visitor]
    assert Touch.unscoped.get().click_id == stored.pk
    assert KnownBrowser.unscoped.get().look_again
    assert UnsettledFact.objects.get().since is None


BODIES = [
    sale(),
    sale(tax="20.00", code="save-10", product="Box", kind="renewal", subscription="sub-1"),
    sale(lines=[{"product": "a", "amount": "100.00"}, {"product": "b", "amount": "20.00", "quantity": 2}]),
    sale(customer={"id": "c-2", "name": "Ann", "email": "ann@example.com", "domain": "x.example", "country": "DE"}),
    sale(visitor="v-1", properties={"plan": "pro", "seats": 5, "trial": True}),
    sale(customer="known", visitor="v-known"),
    sale(customer="known", visitor="v-new"),
    sale(amount="0.00"),
    sale(amount=5, curency="EUR"),
    sale(code="gone-10"),
    sale(click_id="tch_01m81gb1vyfg0tp2mnwf65a4cz"),
]


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_the_front_stores_and_answers_as_the_api_does(track, api, acme, number):
    cast.code(acme.alder, key="save-10")
    cast.code(acme.alder, key="gone-10", revoked_at=cast.NOW.replace(year=2025))
    api.post("/customers", {"id": "known", "visitors": ["v-known"]})
    first = track("sale", {**BODIES[number], "id": "by-front"})
    second = api.post("/track/sale", {**BODIES[number], "id": "by-api"})
    assert first[0] == second.status_code
    assert _alike(json.dumps(first[2])) == _alike(second.content.decode())
    rows = list(Conversion.unscoped.order_by("-external_id").values())
    assert len(rows) == (2 if first[0] == 202 else 0)
    if rows:
        assert _said(rows[0]) == _said(rows[1])


def _alike(text):
    told = json.loads(text.replace("by-front", "x").replace("by-api", "x"))
    told.pop("request_id", None)
    return told


def _said(row):
    return {
        name: value for name, value in row.items() if name not in ("id", "external_id", "payload_hash", "recorded_at")
    }


def test_f02_what_was_stored_is_answered_again_with_the_first_answer(track):
    assert track("sale", sale())[0] == 202
    status, _, told = track("sale", sale())
    assert (status, told["replayed"]) == (200, True)
    assert track("sale", sale(amount="1.00"))[0] == 409
    assert Conversion.unscoped.count() == 1


def test_b16_a_batch_is_stored_whole_or_not_at_all(track):
    items = [sale(f"s-{number}", customer=f"c-{number % 7}", visitor=f"v-{number % 7}") for number in range(100)]
    assert track("sale/batch", {"items": items})[0] == 202
    assert (Conversion.unscoped.count(), Customer.unscoped.count()) == (100, 7)
    more = [sale("new"), sale("s-5", amount="9.99", customer="c-5")]
    assert track("sale/batch", {"items": more})[0] == 409
    assert Conversion.unscoped.count() == 100


def test_events_of_many_senders_are_stored_together_and_each_hears_of_its_own(track):
    with ThreadPoolExecutor(24) as threads:
        told = list(threads.map(lambda n: track("lead", {"id": f"l-{n}", "customer": f"c-{n}", "at": AT}), range(200)))
    assert [(status, body["id"]) for status, _, body in told] == [(202, f"l-{n}") for n in range(200)]
    assert Conversion.unscoped.count() == 200


def test_b22_a_revoked_key_is_refused_within_a_second(track, api):
    assert track("sale", sale())[0] == 202
    api.key.revoked_at = timezone.now()
    api.key.save()
    status, _, told = until(lambda: (said := track("sale", sale("s-2")))[0] == 401 and said, seconds=1)
    assert (status, told["code"]) == (401, "key_revoked")


def test_a_revoked_link_stops_at_the_front_within_a_second(front, acme):
    link = cast.link(acme.alder, key="spring")
    until(lambda: ask(f"{front}/r/acme/spring", **{"User-Agent": BROWSER})[0] == 302)
    link.revoked_at = timezone.now()
    link.save()
    until(lambda: ask(f"{front}/r/acme/spring", **{"User-Agent": BROWSER})[0] == 200, seconds=1)


def test_pages_uploads_and_head_pass_through_as_they_are(front, live):
    status, _, body = ask(f"{front}/health/live")
    assert (status, body["status"]) == (200, "ok")
    request = urllib.request.Request(f"{front}/health/live", method="HEAD")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert (answer.status, answer.read()) == (200, b"")
    status, _, _ = ask(f"{front}/account/login/", b"x" * 3_000_000)
    assert status == 403  # the form without its token: the body was read and judged by the pages
