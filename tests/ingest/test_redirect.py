"""The public referral link, as in the rows B45 to B57 of the bad-input table."""

import re

import pytest

from goodword.referrals.models import Click
from tests import cast
from tests.ingesting import Visitor, visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return cast.acme()


@pytest.fixture
def link(acme):
    return cast.link(acme.alder, key="spring", destination="https://shop.example/new?size=m#top")


def the_click():
    return Click.unscoped.get()


def test_a_person_is_sent_to_the_stored_destination_with_a_click_id(link):
    answer = visit()
    assert answer.status_code == 302
    assert answer["Location"] == f"https://shop.example/new?size=m&gw_click={the_click().public_id}#top"


def test_the_answer_is_never_cached_and_sets_one_hidden_first_party_cookie(link):
    answer = visit()
    cookie = answer.cookies["gw_visitor"]
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/r/acme/")
    assert list(answer.cookies) == ["gw_visitor"]


def test_the_same_browser_is_the_same_visitor_and_a_changed_cookie_is_nobody(link):
    client = Visitor()
    client.get("/r/acme/spring")
    client.get("/r/acme/spring")
    client.cookies["gw_visitor"] = "somebody-else:signature"
    client.get("/r/acme/spring")
    first, second, third = Click.unscoped.order_by("at").values_list("visitor", flat=True)
    assert first == second != third


@pytest.mark.parametrize("signal", [{"sec-gpc": "1"}, {"dnt": "1"}])
def test_a_privacy_signal_sets_no_cookie_and_is_recorded(link, signal):
    answer = visit(**signal)
    assert answer.status_code == 302
    assert not answer.cookies
    assert the_click().privacy_signal


def test_b45_an_unknown_link_is_a_404_that_names_the_program_and_sets_no_cookie(link):
    answer = visit("/r/acme/nothing-here")
    assert answer.status_code == 404
    assert "Acme Partners" in answer.content.decode()
    assert "Location" not in answer
    assert not answer.cookies
    assert not Click.unscoped.exists()


def test_b45_a_link_of_another_program_is_unknown_here(link):
    cast.link(cast.eve().partner, key="evil-link")
    assert visit("/r/acme/evil-link").status_code == 404


@pytest.mark.parametrize("status", ["paused", "rejected", "ended"])
def test_b46_a_link_of_a_partner_out_of_service_leads_to_a_neutral_page_and_earns_nothing(acme, link, status):
    acme.alder.status = status
    acme.alder.save()
    answer = visit()
    assert answer.status_code == 200
    assert "Acme Partners" in answer.content.decode()
    assert "Alder" not in answer.content.decode()
    assert not answer.cookies
    assert the_click().not_attributable == "inactive"


def test_b46_a_revoked_link_leads_to_the_neutral_page(link):
    link.revoked_at = cast.NOW
    link.save()
    assert visit().status_code == 200
    assert the_click().not_attributable == "inactive"


def test_a_link_of_a_paused_program_leads_to_the_neutral_page(acme, link):
    acme.program.status = "paused"
    acme.program.save()
    assert visit().status_code == 200
    assert the_click().not_attributable == "inactive"


@pytest.mark.parametrize(
    "query",
    [
        "redir_url=https://evil.example",
        "redir_url=//evil.example",
        "url=/%5cevil.example",
        "redirect=%2f%2fevil.example",
        "gw_click=tch_00000000000000000000000000",
        "next=https%3A%2F%2Fevil.example",
    ],
)
def test_b47_nothing_in_the_request_changes_where_a_link_leads(link, query):
    location = visit(f"/r/acme/spring?{query}")["Location"]
    assert re.fullmatch(r"https://shop\.example/new\?size=m&gw_click=tch_[0-9a-z]{26}#top", location)
    assert "00000000000000000000000000" not in location


def test_b54_a_sub_id_and_campaign_within_limits_are_kept(link):
    location = visit("/r/acme/spring?sub=newsletter-7&utm_source=letter")["Location"]
    assert the_click().sub_id == "newsletter-7"
    assert "utm_source=letter" in location
    assert "newsletter" not in location


@pytest.mark.parametrize("value", ["x" * 10_240, "<script>alert(1)</script>", "a%00b", "a%0d%0ab"])
def test_b54_a_sub_id_that_is_too_long_or_unsafe_is_dropped_whole_and_counted(link, value):
    answer = visit(f"/r/acme/spring?sub={value}")
    assert answer.status_code == 302
    assert (the_click().sub_id, the_click().dropped, the_click().not_attributable) == ("", ["sub"], "")


@pytest.mark.parametrize(
    ("method", "headers", "why"),
    [
        ("head", {}, "head"),
        ("get", {"sec-purpose": "prefetch;prerender"}, "prefetch"),
        ("get", {"purpose": "prefetch"}, "prefetch"),
        ("get", {"x-moz": "prefetch"}, "prefetch"),
        ("get", {"sec-fetch-dest": "image"}, "embedded"),
        ("get", {"sec-fetch-dest": "iframe"}, "embedded"),
        ("get", {"user-agent": ""}, "bot"),
        ("get", {"user-agent": "\x07 ??"}, "bot"),
        ("get", {"user-agent": "Mozilla/5.0 " + "x" * 4000}, "bot"),
        ("get", {"user-agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}, "bot"),
        ("get", {"user-agent": "WhatsApp/2.23.20.0"}, "bot"),
        ("get", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "bot"),
        ("get", {"user-agent": "curl/8.0"}, "bot"),
    ],
)
def test_b55_machines_are_redirected_but_not_credited(link, method, headers, why):
    answer = visit(method=method, **headers)
    assert answer["Location"] == "https://shop.example/new?size=m#top"
    assert not answer.cookies
    assert the_click().not_attributable == why


@pytest.mark.parametrize("where", ["image", "iframe", "script", "empty"])
def test_r08_a_link_that_a_page_loads_by_itself_earns_nothing_and_sets_no_cookie(link, where):
    answer = visit(sec_fetch_dest=where, sec_fetch_mode="no-cors")
    assert (the_click().not_attributable, list(answer.cookies)) == ("embedded", [])
    assert "gw_click" not in answer["Location"]


def test_r09_the_host_a_visit_came_from_is_kept_for_those_who_look_into_it(link):
    visit(referer="https://blog.example/post?secret=1")
    visit()
    assert list(Click.unscoped.order_by("at").values_list("referrer_host", flat=True)) == ["blog.example", ""]


def test_r12_a_crawler_is_sent_on_and_stored_and_earns_nothing(link):
    visit(user_agent="Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)")
    assert the_click().not_attributable == "bot"


@pytest.mark.parametrize("path", ["/r/acme/spring%0d%0aSet-Cookie:a=b", "/r/acme/%00", "/r/acme/a%0ab"])
def test_b57_control_characters_in_the_path_are_refused(link, path):
    answer = visit(path)
    assert answer.status_code == 400
    assert not answer.cookies


def test_b57_a_destination_with_other_letters_is_encoded_in_the_location(acme):
    cast.link(acme.alder, key="umlaut", destination="https://shop.example/größe?q=ä")
    assert visit("/r/acme/umlaut")["Location"].startswith("https://shop.example/gr%C3%B6%C3%9Fe?q=%C3%A4&gw_click=")


def test_a_visit_by_qr_picture_can_be_told_apart(link):
    visit("/r/acme/spring?via=qr", referer="https://blog.example/post?secret=1")
    assert the_click().via_qr
    assert the_click().referrer_host == "blog.example"


def test_only_looking_is_allowed(link):
    assert visit(method="post").status_code == 405


def test_the_key_of_a_link_is_found_in_any_case(link):
    assert visit("/r/acme/SPRING").status_code == 302
