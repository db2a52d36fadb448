"""The installation page shows what fits the site and believes rows alone; a live test counts nothing."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from goodword.commissions.models import Line
from goodword.commissions.services import settle_program
from goodword.referrals.models import Click, LiveTest, Touch
from tests import cast
from tests.api.client import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    made = cast.acme()
    made.link = cast.link(made.alder, key="spring", destination="https://shop.example/?a=b")
    made.office = cast.sign_in(made.olga)
    return made


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def steps(acme, *sites):
    return text_of(acme.office.get("/p/acme/settings/install", {"site": sites}))


def test_the_page_asks_first_and_shows_no_steps_before(acme):
    assert "Say what your site is like" in steps(acme)
    assert "Add the script" not in steps(acme)


@pytest.mark.parametrize(
    ("site", "shown", "hidden"),
    [
        ("own", "Send customers, leads and sales", "Let pages tell of leads"),
        ("builder", "Let pages tell of leads", "Send customers, leads and sales"),
        ("stripe", "client_reference_id", "WooCommerce, Settings"),
        ("woocommerce", "WooCommerce, Settings, Advanced, Webhooks", "client_reference_id"),
        ("shopify", "Settings, Notifications, Webhooks", "client_reference_id"),
    ],
)
def test_the_steps_are_those_of_the_site(acme, site, shown, hidden):
    text = steps(acme, site)
    assert shown in text
    assert hidden not in text
    assert "/r/acme/spring" in text


def test_nothing_is_seen_to_work_before_it_has_worked(acme):
    text = steps(acme, "own")
    assert "0 of 6 seen to work. Next: Links lead to your site." in text
    assert "There is no API key that may send facts." in text


def test_each_step_is_seen_as_soon_as_rows_say_so(acme):
    click = cast.click(acme.link, at=timezone.now())
    server = Caller(acme.program)
    person = {"id": "c-1", "email": "ann@example.com"}
    server.post("/track/lead", {"id": "l-1", "customer": person, "click_id": click.public_id})
    server.post("/track/sale", {"id": "s-1", "customer": "c-1", "currency": "EUR", "amount": "60.00"})
    text = steps(acme, "own")
    assert "5 of 6 seen to work" in text
    for words in ("A customer came with a click", "Your server has called with its key", "The first sale arrived: s-1"):
        assert words in text


def test_a_key_for_pages_stands_in_the_tag_and_is_seen_when_a_page_has_called(acme):
    assert "gw_pub_YOUR_KEY" in steps(acme, "builder")
    text = cast.api_key(acme.program, "browser")[1]
    assert f'data-key="{text}"'.replace('"', "&quot;") in steps(acme, "builder")
    assert "no page has called with it yet" in steps(acme, "builder")
    page = cast.with_key(text, origin="https://shop.example")
    page.post("/api/v1/track/browser/click", json.dumps({"via": "spring"}), content_type="application/json")
    assert "A page has called with the key." in steps(acme, "builder")


def start(acme):
    place = acme.office.post("/p/acme/settings/install/tests/start", {"link": acme.link.public_id})["Location"]
    return place, LiveTest.unscoped.get()


def test_a_live_test_says_what_is_missing_once_it_is_late(acme):
    place, trial = start(acme)
    text = text_of(acme.office.get(place))
    assert f"https://shop.example/?a=b&amp;gw_click={trial.click}" in acme.office.get(place).content.decode()
    assert "Waiting…" in text
    LiveTest.unscoped.update(started_at=timezone.now() - timedelta(seconds=31))
    text = text_of(acme.office.get(f"{place}/steps"))
    assert "What is likely missing" in text
    assert "The script is not on the page where the link leads" in text


def test_a_live_test_follows_the_click_to_the_sale_and_tells_what_it_would_have_earned(acme):
    place, trial = start(acme)
    server = Caller(acme.program)
    server.post("/track/lead", {"id": "l-1", "customer": "c-1", "click_id": trial.click})
    assert "Customer c-1 came with it." in text_of(acme.office.get(f"{place}/steps"))
    server.post("/track/sale", {"id": "s-1", "customer": "c-1", "currency": "EUR", "amount": "60.00"})
    text = text_of(acme.office.get(f"{place}/steps"))
    assert "a real click would have earned €12.00" in text
    assert "The whole way works." in text
    assert "hx-trigger" not in acme.office.get(f"{place}/steps").content.decode()


def test_a_test_click_is_no_click_no_touch_and_pays_nobody(acme):
    _, trial = start(acme)
    Caller(acme.program).post("/track/sale", {"id": "s-1", "customer": "c-1", "currency": "EUR", "amount": "60.00",
                                              "click_id": trial.click})  # fmt: skip
    settle_program(acme.program, now=timezone.now() + timedelta(seconds=1))
    assert not Click.unscoped.exists()
    assert not Touch.unscoped.exists()
    assert not Line.unscoped.exists()


def test_a_link_out_of_use_cannot_be_tried(acme):
    acme.link.revoked_at = timezone.now()
    acme.link.save()
    start_at = "/p/acme/settings/install/tests/start"
    answer = acme.office.post(start_at, {"link": acme.link.public_id}, follow=True)
    assert "is out of use" in text_of(answer)
    assert not LiveTest.unscoped.exists()
