"""The whole loop in a browser: a partner's link, the shop, its form, a sale, the partner's page."""

import re

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from goodword.accounts.scope import active_program
from goodword.commissions.services import settle_program
from goodword.referrals.models import Click, Link
from tests import cast
from tests.browsing import axe_findings

pytestmark = pytest.mark.django_db(transaction=True)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"


@pytest.fixture
def live(front):
    """Links are followed here: through the front."""
    return front


@pytest.fixture
def acme(live):
    made = cast.acme()
    made.program.is_demo = True
    made.program.save()
    made.link = cast.link(made.alder, key="spring", label="Newsletter", destination=f"{live}/demo-shop/acme/")
    return made


@pytest.fixture
def shop(page, acme, live):
    """A page that says what browsers say; headless Chromium names itself a machine."""
    page.context.set_extra_http_headers({"User-Agent": BROWSER})
    return page


def order(page, article="Box set"):
    page.get_by_role("link", name=f"Order {article.lower()}").click()
    # A person is slower than the script; a test has to wait for it.
    page.locator("[data-shows=consent]", has_text=re.compile("^(Yes|No)")).wait_for()
    page.get_by_role("button", name="Place the order").click()
    page.get_by_role("heading", name="Thank you for your order").wait_for()


def signed_in(page, live, person):
    session = cast.sign_in(person).cookies["sessionid"].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live}])


def click_cookie(page):
    return next((cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "gw_click"), None)


def test_a_click_becomes_a_commission_on_the_partners_page(shop, acme, live, picture):
    shop.goto(f"{live}/r/acme/spring")
    click = re.search(r"gw_click=(tch_[0-9a-z]{26})", shop.url)[1]
    assert shop.get_by_text("Not asked yet").is_visible()
    assert click_cookie(shop) is None
    shop.get_by_role("button", name="Yes, remember").click()
    assert shop.locator("[data-shows=click]").inner_text() == click
    assert click_cookie(shop) == click
    picture("shop")
    order(shop)
    assert shop.get_by_text("It is being settled").is_visible()
    settle_program(acme.program, now=timezone.now())
    shop.get_by_text("Alder Advice earns €12.00").wait_for()
    picture("shop-thanks")
    signed_in(shop, live, acme.alice)
    shop.goto(f"{live}/portal/acme/")
    assert shop.get_by_role("heading", level=1).inner_text().split() == ["You", "have", "earned", "€12.00"]
    shop.get_by_role("link", name="Earnings").first.click()
    shop.locator("a.row-link").first.click()
    assert shop.get_by_text("because the customer came through your link “Newsletter” on").is_visible()


def test_without_consent_nothing_is_kept_and_nobody_is_paid(shop, acme, live):
    shop.goto(f"{live}/r/acme/spring")
    shop.get_by_role("button", name="No", exact=True).click()
    order(shop)
    settle_program(acme.program, now=timezone.now())
    shop.get_by_text("Nobody is paid for it").wait_for()
    assert click_cookie(shop) is None


def test_global_privacy_control_counts_as_a_no(shop, acme, live):
    shop.context.set_extra_http_headers({"User-Agent": BROWSER, "Sec-GPC": "1"})
    shop.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    shop.goto(f"{live}/r/acme/spring")
    assert [cookie["name"] for cookie in shop.context.cookies() if cookie["name"].startswith("gw_")] == []
    assert Click.unscoped.get().privacy_signal
    shop.get_by_role("button", name="Yes, remember").click()
    assert "Global Privacy Control" in shop.locator("[data-shows=consent]").inner_text()
    assert click_cookie(shop) is None


def test_consent_that_is_taken_back_deletes_the_cookie_and_empties_the_forms(shop, acme, live):
    shop.goto(f"{live}/r/acme/spring")
    shop.get_by_role("button", name="Yes, remember").click()
    shop.goto(f"{live}/demo-shop/acme/checkout")
    field = shop.locator("input[name=gw_click]")
    assert field.input_value() == click_cookie(shop)
    shop.evaluate("Goodword.consent(false)")
    assert (field.input_value(), click_cookie(shop)) == ("", None)


def test_forms_that_lead_elsewhere_get_nothing(shop, acme, live):
    shop.goto(f"{live}/r/acme/spring")
    shop.get_by_role("button", name="Yes, remember").click()
    filled = shop.evaluate("""() => {
        const made = (method, action) => {
            const form = document.createElement("form");
            form.setAttribute("method", method); form.setAttribute("action", action);
            document.body.append(form);
            return form;
        };
        const forms = [made("post", "/here"), made("post", "https://elsewhere.example/"), made("get", "/here")];
        Goodword.consent(true);
        return forms.map((form) => form.querySelector("input[name=gw_click]") !== null);
    }""")
    assert filled == [True, False, False]


def test_an_address_with_a_false_click_id_is_not_kept(shop, acme, live):
    shop.goto(f"{live}/demo-shop/acme/?gw_click=%3Cscript%3E")
    shop.get_by_role("button", name="Yes, remember").click()
    assert shop.locator("[data-shows=click]").inner_text() == "none"
    assert click_cookie(shop) is None


def test_a_visitor_applies_by_keyboard_and_mistakes_are_met_beside_the_fields(page, acme, live, picture):
    page.goto(f"{live}/programs/acme/apply")
    page.get_by_label("Company, or your own name").fill("Nordic Beats")
    page.get_by_label("E-mail").fill("nora@@nordic")
    page.get_by_role("button", name="Send the application").press("Enter")
    summary = page.get_by_role("alert")
    summary.wait_for()
    picture("apply-refused")
    summary.get_by_role("link", name=re.compile("E-mail")).click()
    page.get_by_label("E-mail").fill("nora@nordic.example.org")
    assert page.get_by_label("Company, or your own name").input_value() == "Nordic Beats"
    for label, text in (("Your name", "Nora"), ("Who listens", "4,000 listeners"), ("How would you", "On air")):
        page.get_by_label(label).fill(text)
    page.get_by_label("I will say openly").press("Space")
    page.get_by_role("button", name="Send the application").press("Enter")
    page.get_by_role("heading", name=re.compile("Thank you")).wait_for()


def test_a_partner_makes_a_link_and_finds_everything_to_share_it(page, acme, live, picture):
    signed_in(page, live, acme.alice)
    page.goto(f"{live}/portal/acme/share")
    page.get_by_role("link", name="New link").click()
    page.get_by_label("Where it leads").fill("https://shop.example/jazz")
    page.get_by_label("Your name for it").fill("Talk in Bergen")
    page.get_by_role("button", name="Make the link").click()
    page.get_by_text("Your link is ready to share.").wait_for()
    with active_program(acme.program):
        link = Link.objects.get(label="Talk in Bergen")
    assert page.get_by_text(f"{live}/r/acme/{link.key}", exact=True).is_visible()
    assert page.get_by_role("img", name="QR picture of this link").is_visible()
    picture("share-link")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_shop_passes_axe_and_fits_a_phone(shop, acme, live, theme):
    shop.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    shop.set_viewport_size({"width": 375, "height": 812})
    shop.goto(f"{live}/r/acme/spring")
    found = [*_troubles(shop)]
    shop.get_by_role("button", name="Yes, remember").click()
    shop.get_by_role("link", name="Order box set").click()
    found += _troubles(shop)
    shop.get_by_role("button", name="Place the order").click()
    found += _troubles(shop)
    assert found == []


def _troubles(page):
    page.wait_for_load_state("load")  # before that, a page is looked at without its style sheet
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        yield f"{page.url} is wider than the screen"
    yield from (f"{page.url}: {said}" for said in axe_findings(page))
