"""From a link to the partner's page, over a company's site on another host: in a fresh browser, and in a strict one.

The strict one blocks cookies of other sites, and local and session storage: nothing of what we do may need them.
"""

import re

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from goodword.accounts.models import Program
from goodword.commissions.services import settle_program
from goodword.referrals.counting import count_clicks
from goodword.referrals.models import Click, Conversion, PageLead
from tests import browsing, cast
from tests.site.shop_elsewhere import open_shop

pytestmark = pytest.mark.django_db(transaction=True)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
NO_STORAGE = """for (const name of ["localStorage", "sessionStorage", "indexedDB"])
  Object.defineProperty(window, name, { get() { throw new DOMException("Access is denied.", "SecurityError"); } });"""
ECHO = "(address) => fetch(address, { credentials: 'include' }).then((answer) => answer.text())"


@pytest.fixture(params=["fresh", "strict"])
def profile(request, browser):
    """A page of a browser that was never used; its name tells what it blocks."""
    strict = request.param == "strict"
    flags = [*browsing.QUIET_FLAGS, *(["--test-third-party-cookie-phaseout"] if strict else [])]
    own = browser.browser_type.launch(executable_path=browsing.program(), args=flags)
    context = own.new_context(user_agent=CHROME)
    context.set_default_timeout(15_000)
    if strict:
        context.add_init_script(NO_STORAGE)
    page = context.new_page()
    page.is_strict, page.errors = strict, []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    own.close()


@pytest.fixture
def acme(front):
    made = cast.acme()
    Program.objects.filter(pk=made.program.pk).update(allowed_hosts=["127.0.0.1"])
    publishable, secret = (cast.api_key(made.program, scope)[1] for scope in ("browser", "events:write"))
    with open_shop(goodword=front, publishable=publishable, secret=secret) as shop:
        made.shop, made.live = shop, front
        made.link = cast.link(made.alder, key="spring", label="Newsletter", destination=f"{shop.url}/")
        yield made


def settled(acme):
    count_clicks()
    settle_program(acme.program, now=timezone.now())


def on_partners_page(page, acme, path):
    session = cast.sign_in(acme.alice).cookies["sessionid"].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": acme.live}])
    page.goto(f"{acme.live}/portal/acme/{path}")
    return " ".join(page.locator("main").inner_text().split())


def agree(page):
    page.wait_for_function("window.Goodword")
    page.get_by_role("button", name="Agree").click()
    page.get_by_text("agreed: true").wait_for()


def test_no_cookie_of_another_site_gets_through_and_the_strict_browser_has_no_storage(profile, acme):
    profile.goto(acme.shop.url)
    elsewhere = acme.shop.url.replace("127.0.0.1", "localhost") + "/echo"
    profile.evaluate(ECHO, elsewhere)
    assert profile.evaluate(ECHO, elsewhere) == ""  # without https Chromium sends none in any profile
    blocked = "() => { try { localStorage.setItem('a', 'b'); return false; } catch { return true; } }"
    assert profile.evaluate(blocked) is profile.is_strict


def test_link_landing_form_sale_and_the_partners_page(profile, acme):
    profile.goto(f"{acme.live}/r/acme/spring")
    assert profile.url.startswith(f"{acme.shop.url}/?gw_click=tch_")
    agree(profile)
    profile.goto(f"{acme.shop.url}/another/page")  # the click has left the address; the cookie has it
    agree(profile)
    profile.get_by_label("E-mail").fill("ann@example.com")
    profile.get_by_role("button", name="Order").click()
    profile.get_by_role("heading", name="Thank you").wait_for()
    assert acme.shop.told[0]["click"] == {"id": Click.unscoped.get().public_id, "found": True}
    settled(acme)
    assert "You have earned €12.00" in on_partners_page(profile, acme, "")
    assert re.search(r"\b1 person\b", on_partners_page(profile, acme, "share"))
    assert profile.errors == []


def test_direct_link_lead_confirmation_and_the_partners_page(profile, acme):
    profile.goto(f"{acme.shop.url}/?via=spring")
    profile.wait_for_function("window.Goodword")
    assert not Click.unscoped.exists()  # nothing is told before consent
    with profile.expect_response(
        lambda answer: answer.url.endswith("/browser/click") and answer.request.method == "POST"
    ):
        agree(profile)
    profile.get_by_role("button", name="Ask for an offer").click()
    profile.get_by_text("lead: waiting").wait_for()
    click = Click.unscoped.get()
    assert [cookie["value"] for cookie in profile.context.cookies(acme.shop.url)] == [click.public_id]
    cast.sign_in(acme.bob).post(f"/p/acme/page-leads/{PageLead.unscoped.get().public_id}/confirm")
    assert Conversion.unscoped.get().customer == "ann@example.com"
    profile.get_by_label("E-mail").fill("ann@example.com")
    profile.get_by_role("button", name="Order").click()
    profile.get_by_role("heading", name="Thank you").wait_for()
    settled(acme)
    assert "You have earned €12.00" in on_partners_page(profile, acme, "")
    assert re.search(r"\b1 person\b", on_partners_page(profile, acme, "share"))
    assert profile.errors == []


def test_the_same_page_opened_again_is_one_visit(profile, acme):
    for _ in range(2):
        profile.goto(f"{acme.shop.url}/?via=spring")
        with profile.expect_response(lambda answer: answer.url.endswith("/browser/click") and answer.ok):
            agree(profile)
    assert Click.unscoped.count() == 1


def test_a_page_that_nobody_led_to_tells_nothing(profile, acme):
    asked = []
    profile.on("request", lambda request: asked.append(request.url))
    profile.goto(acme.shop.url)
    agree(profile)
    profile.get_by_role("button", name="Ask for an offer").click()
    profile.get_by_text("Nobody led this visitor here").wait_for()
    assert not [url for url in asked if "/track/" in url]
