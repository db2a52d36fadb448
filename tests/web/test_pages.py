"""Every page as a person meets it: 375 and 1280 pixels wide, light and dark. Those without data: `test_empty_pages.py`.

Each must be clean for axe, quiet on the console and no wider than the screen. `./run.sh campaign screenshots` looks
with axe in both themes at each, at many more states too, and takes pictures for a person to look at.
"""

import os

import pytest

from tests.conftest import ROOT
from tests.web.walking import BY_TURNS, Visitor, walk

pytestmark = pytest.mark.timeout(900)  # under a minute alone; several on a busy machine


def test_every_page_with_data_is_clean_in_four_looks(browser, shop):
    visitor = walk(Visitor(browser, shop.url, "data"), shop.busy, shop.busy.ids, turns=BY_TURNS)
    assert not visitor.problems, "\n".join(visitor.problems)


@pytest.fixture
def office(browser, shop):
    """Bob at his desk: a page of his, and the address of the back office."""
    page = Visitor(browser, shop.url, "office").page_of("bob", shop.busy.bob)
    yield page, f"{shop.url}/p/{shop.busy.program.slug}/"
    page.context.close()


def test_a_manager_finds_a_partner_and_pauses_it_by_keyboard_alone(office, shop):
    page, home = office
    page.goto(home)
    page.keyboard.press("/")
    page.keyboard.type("nordic")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Nordic Beats").focus()
    page.keyboard.press("Enter")
    page.get_by_label("More actions").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("Why? (the partner reads this)").first.wait_for(state="visible")
    page.keyboard.type("odd clicks")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Nordic Beats is paused").wait_for()
    nordic = shop.busy.firms[0]
    nordic.refresh_from_db()
    assert (nordic.status, nordic.status_reason) == ("paused", "odd clicks")


def test_the_explanation_opens_in_a_drawer_and_escape_leads_back(office):
    page, home = office
    page.goto(f"{home}lines")
    first = page.locator("[data-drawer]").first
    first.focus()
    page.keyboard.press("Enter")
    page.locator("#drawer-body .receipt").wait_for()
    assert page.url == f"{home}lines"
    page.keyboard.press("Escape")
    page.locator("#drawer").wait_for(state="hidden")
    assert first.evaluate("node => node === document.activeElement")


def test_t_turns_the_chart_into_its_table_and_the_switch_keeps_the_dark(office):
    page, home = office
    page.goto(home)
    page.keyboard.press("t")
    assert page.locator("#weekly").get_attribute("data-view") == "table"
    page.locator("details.person summary").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_a_bad_form_keeps_what_was_typed_and_links_to_the_field(office):
    page, home = office
    page.goto(f"{home}partners/new")
    page.get_by_label("Name").fill("Birch")
    page.get_by_label("Website").fill("nonsense")
    page.get_by_role("button", name="Add partner").click()
    page.locator(".error-summary a").click()
    assert page.get_by_label("Website").evaluate("node => node === document.activeElement")
    assert page.get_by_label("Name").input_value() == "Birch"
    assert page.get_by_label("Website").get_attribute("aria-invalid") == "true"


def test_the_pictures_of_the_readme_are_taken_here(browser, shop):
    """What stands in docs/images/ comes from this test; GOODWORD_PICTURES=1 takes it anew."""
    page = Visitor(browser, shop.url, "office").page_of("olga", shop.busy.olga)
    home = f"{shop.url}/p/{shop.busy.program.slug}/"
    page.goto(home)
    page.locator("[data-late] svg").first.wait_for(state="attached")
    taken = {"home.png": page.screenshot()}
    page.goto(f"{home}lines?state=paid")
    page.locator("[data-drawer]").first.click()
    page.locator("#drawer-body .receipt").wait_for()
    amount = page.locator("#drawer [data-drawer-title]").inner_text().removeprefix("Why ")
    history = page.locator("#drawer .timeline").inner_text()
    assert f"Paid {amount}" in history, f"the history tells another amount than {amount}: {history}"
    taken["explanation.png"] = page.screenshot(animations="disabled")
    page.context.close()
    for name, picture in taken.items():
        kept = ROOT / "docs" / "images" / name
        if os.environ.get("GOODWORD_PICTURES") == "1":
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(picture)
        assert kept.read_bytes()[16:24] == picture[16:24], f"{kept} has another size: set GOODWORD_PICTURES=1 once"
