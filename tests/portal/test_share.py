"""Sharing: links and codes of the partner, with QR pictures and texts that say who is paid."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from goodword.portal.texts import ready_texts
from goodword.referrals.models import Code, Link
from goodword.referrals.sharing import OWN_CODES_MAX
from tests import cast
from tests.counted import count_anew
from tests.portal.test_home import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return cast.acme()


def make(person, **fields):
    given = {"destination": "https://shop.example/spring", "label": "Newsletter", "key": ""} | fields
    return cast.sign_in(person).post("/portal/acme/share/new", given)


def test_a_link_is_made_with_its_name_and_ending(acme):
    answer = make(acme.alice, key="Alice-Spring")
    link = Link.unscoped.get()
    assert (link.key, link.label, link.partner) == ("alice-spring", "Newsletter", acme.alder)
    assert answer["Location"] == f"/portal/acme/share/links/{link.public_id}"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"destination": ""}, "Give the page that people should arrive at"),
        ({"destination": "https://evil.example/"}, "not a host of this program"),
        ({"destination": "https://shop.example@evil.example/"}, "user name in the address"),
        ({"destination": "javascript:alert(1)"}, "Only https and http"),
        ({"destination": "http://127.0.0.1:8000/r/acme/x"}, "referral link itself"),
        ({"key": "a"}, "3 to 40"),
        ({"key": "admin"}, "reserved"),
    ],
)
def test_a_bad_link_is_refused_beside_the_field_and_what_was_typed_stays(acme, fields, words):
    answer = make(acme.alice, **fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "field-bad" in page
    assert 'value="Newsletter"' in page
    assert not Link.unscoped.exists()


def test_a_refusal_is_told_beside_its_field_in_whole_sentences_that_quote_what_was_typed(acme):
    page = make(acme.alice, destination="https://evil.example/").content.decode()
    field = page.partition('name="destination"')[2].partition('class="field')[0]
    assert "evil.example is not a host of this program. Allowed: shop.example." in field


def test_a_link_that_looks_like_another_is_refused(acme):
    make(acme.alice, key="spring-1")
    assert "looks like one that exists already" in make(acme.alice, key="spring-l").content.decode()


def clicked(link):
    """Today: two people, one of them twice and by a QR picture, and a machine."""
    now = timezone.now()
    cast.click(link, at=now, referrer_host="blog.example")
    cast.click(link, at=now, visitor="v-1", via_qr=True, sub_id="poster")
    cast.click(link, at=now + timedelta(seconds=1), visitor="v-1", via_qr=True, sub_id="poster")
    cast.click(link, at=now, not_attributable="bot")
    count_anew()


@pytest.mark.parametrize("page", ["share", "share/links/{}"])
def test_people_are_counted_and_machines_and_repetitions_apart(acme, page):
    link = cast.link(acme.alder, label="Footer")
    clicked(link)
    cast.click(cast.link(cast.partner(acme.program, name="Somebody else")), at=timezone.now())
    count_anew()
    text = text_of(acme.alice, f"/portal/acme/{page.format(link.public_id)}")
    assert "2 people came through" in text
    assert "in the last 30 days 2 people, 1 of them by QR picture" in text
    assert "2 visits are not counted: 1 machine, 1 repetition" in text
    assert "blog.example 1 0" in text
    assert "poster 1 1" in text
    assert "Search engines, previews, link checkers 1" in text


def test_the_drawing_of_clicks_comes_after_the_page(acme):
    link = cast.link(acme.alder)
    clicked(link)
    browser = cast.sign_in(acme.alice)
    assert f"/portal/acme/share/links/{link.public_id}/clicks" in browser.get(
        f"/portal/acme/share/links/{link.public_id}"
    ).content.decode()  # fmt: skip
    for address in ("/portal/acme/share/clicks", f"/portal/acme/share/links/{link.public_id}/clicks"):
        assert browser.get(address).content.count(b"<svg") == 2


def test_the_clicks_of_many_links_and_days_take_no_more_queries(acme):
    browser = cast.sign_in(acme.alice)
    clicked(cast.link(acme.alder))
    with CaptureQueriesContext(connection) as few:
        browser.get("/portal/acme/share")
    for days in range(12):
        cast.click(cast.link(acme.alder), at=timezone.now() - timedelta(days=days), sub_id=f"place-{days}")
    count_anew()
    with CaptureQueriesContext(connection) as many:
        browser.get("/portal/acme/share")
    assert len(many) == len(few)


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<svg"), ("png", b"\x89PNG")])
def test_the_qr_picture_leads_to_the_link_and_can_be_told_apart(acme, kind, start):
    link = cast.link(acme.alder, key="poster")
    answer = cast.sign_in(acme.alice).get(f"/portal/acme/share/links/{link.public_id}/qr.{kind}")
    assert answer.content.startswith(start)
    assert answer["Content-Disposition"] == f'attachment; filename="qr-poster.{kind}"'


def test_a_picture_of_another_kind_does_not_exist(acme):
    link = cast.link(acme.alder)
    assert cast.sign_in(acme.alice).get(f"/portal/acme/share/links/{link.public_id}/qr.gif").status_code == 404


def test_every_ready_text_says_that_it_is_paid_for_and_holds_the_link(acme):
    acme.program.disclosure = "Acme pays me."
    for ready in ready_texts(acme.program, "https://go.example/r/acme/x"):
        said_aloud = "video" in ready.channel
        assert said_aloud or "https://go.example/r/acme/x" in ready.text
        assert "acme pays me" in ready.text.lower() or ready.text.startswith("Ad · ")


def test_a_link_out_of_use_is_shown_as_such_and_not_offered_for_sharing(acme):
    cast.link(acme.alder, key="old-one", revoked_at=cast.NOW)
    page = cast.sign_in(acme.alice).get("/portal/acme/share").content.decode()
    assert "Out of use" in page
    assert "data-copy=" not in page.partition("My links")[2].partition("Say that you are paid")[0]


def test_another_partners_link_does_not_exist(acme):
    foreign = cast.link(cast.partner(acme.program))
    client = cast.sign_in(acme.alice)
    for ending in ("", "/print", "/qr.svg"):
        assert client.get(f"/portal/acme/share/links/{foreign.public_id}{ending}").status_code == 404


def test_a_partner_makes_a_code_and_takes_it_out_of_use(acme):
    alice = cast.sign_in(acme.alice)
    assert (
        alice.post("/portal/acme/share/codes/new", {"key": "Alder-10", "offer": "everything free"}).status_code == 302
    )
    code = Code.unscoped.get()
    assert (code.key, code.partner, code.offer) == ("alder-10", acme.alder, "")
    assert "alder-10" in alice.get("/portal/acme/share").content.decode()
    alice.post(f"/portal/acme/share/codes/{code.public_id}/revoke")
    code.refresh_from_db()
    assert code.revoked_at


def test_a_partner_takes_a_link_out_of_use(acme):
    link = cast.link(acme.alder)
    cast.sign_in(acme.alice).post(f"/portal/acme/share/links/{link.public_id}/revoke")
    link.refresh_from_db()
    assert link.revoked_at


def test_a_partner_makes_only_so_many_codes(acme):
    for _ in range(OWN_CODES_MAX):
        cast.code(acme.alder)
    answer = cast.sign_in(acme.alice).post("/portal/acme/share/codes/new", {"key": "one-more"})
    assert answer.status_code == 422
    assert f"{OWN_CODES_MAX} codes are in use already" in answer.content.decode()
    assert Code.unscoped.count() == OWN_CODES_MAX


def test_nobody_takes_the_code_of_another_partner_out_of_use(acme):
    code = cast.code(cast.partner(acme.program, name="Other"))
    assert cast.sign_in(acme.alice).post(f"/portal/acme/share/codes/{code.public_id}/revoke").status_code == 404
    code.refresh_from_db()
    assert code.revoked_at is None
