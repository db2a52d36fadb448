"""The terms editor as a manager meets it in a browser: it moves as one types, works without scripts, axe is content."""

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from goodword.accounts.scope import active_program
from goodword.partners.models import Terms, TermsVersion
from tests import cast
from tests.web.walking import DESKTOP, PHONE, Look, Visitor

pytestmark = pytest.mark.timeout(900)
LOOKS = (Look(DESKTOP, "light", axe=True), Look(PHONE, "dark", axe=True))
PICTURES = os.environ.get("GOODWORD_PICTURES_IN")


@pytest.fixture
def desk(browser, shop):
    """Bob at the editor of the standard terms, and a visitor that looks for what is wrong with a page."""
    visitor = Visitor(browser, shop.url, "editor", LOOKS, Path(PICTURES) if PICTURES else None)
    page = visitor.page_of("bob", shop.busy.bob)
    with active_program(shop.busy.program):
        terms = Terms.objects.get(key="standard")
    address = f"{shop.url}/p/{shop.busy.program.slug}/terms/{terms.public_id}/publish"
    page.goto(address)
    yield SimpleNamespace(page=page, visitor=visitor, terms=terms, address=address)
    visitor.close()
    assert not visitor.problems, "\n".join(visitor.problems)


def test_the_preview_moves_as_one_types(desk):
    page = desk.page
    page.locator("#id_rules-0-percent").fill("30")
    page.locator("#preview").get_by_text(re.compile(r"goes from \d.* to 30%")).wait_for()
    page.locator("#effect").get_by_text("looked at").wait_for()
    desk.visitor.look("editor", page)
    page.locator("#id_rules-0-percent").fill("much")
    page.locator("#preview").get_by_text("missing or wrong").wait_for()


def test_every_part_of_a_rule_is_shown_when_it_is_chosen(desk):
    page = desk.page
    page.locator("input[name='rules-0-pay'][value='tiers']").check()
    page.locator("#id_rules-0-steps-1-from").wait_for(state="visible")
    assert not page.locator("#id_rules-0-percent").is_visible()
    for summary in page.locator(".rule summary").all():
        summary.click()
    page.get_by_role("button", name="Add a bonus").click()
    page.get_by_role("button", name="Add a share for recruiters").click()
    page.get_by_role("button", name="Keep paying for some months").click()
    page.locator("#id_rules-0-conditions-new").select_option("customer")
    page.get_by_role("button", name="Add condition").first.click()
    page.locator("#id_rules-0-conditions-new").select_option("amount")
    page.get_by_role("button", name="Add condition").first.click()
    page.get_by_role("button", name="Check and preview").click()
    page.locator(".error-summary").wait_for()
    desk.visitor.look("editor-full", page)


def test_a_version_is_written_looked_at_and_published(desk, shop):
    page = desk.page
    page.locator("#id_rules-0-percent").fill("22,5")
    page.get_by_label("What changes and why").fill("22.5% instead of 20%")
    page.get_by_role("button", name="Check and preview").click()
    page.get_by_text("goes from 20% to 22.5%").wait_for()
    desk.visitor.look("review", page)
    page.get_by_role("button", name="Publish version").click()
    page.get_by_text("is published").wait_for()
    desk.visitor.look("published", page)
    newest = TermsVersion.unscoped.filter(terms=desk.terms).latest("number")
    assert newest.document["rules"][0]["pay"] == {"percent": "22.5%"}


def test_first_terms_begin_with_one_of_a_few(desk, shop):
    page = desk.page
    with active_program(shop.busy.program):
        fresh = cast.terms(shop.busy.program, key="fresh", name="Fresh")
        TermsVersion.objects.filter(terms=fresh).delete()
    page.goto(desk.address.replace(desk.terms.public_id, fresh.public_id))
    desk.visitor.look("starts", page)
    page.get_by_role("link", name="More for those who bring more").click()
    page.locator("#effect").get_by_text("looked at").wait_for()
    desk.visitor.look("editor-tiers", page)
    page.get_by_role("button", name="Document (JSON)").click()
    page.get_by_label("Terms document").wait_for()
    desk.visitor.look("document", page)
    page.get_by_role("button", name="Form").click()
    assert page.locator("#id_rules-0-steps-2-from").input_value() == "50000.00"


def test_a_new_program_decides_whose_a_sale_is_in_a_form(browser, shop):
    visitor = Visitor(browser, shop.url, "rules", LOOKS, Path(PICTURES) if PICTURES else None)
    page = visitor.page_of("olga", shop.bare.olga)
    page.goto(f"{shop.url}/p/{shop.bare.program.slug}/settings/rules")
    page.get_by_label("Who gets the credit for a sale").select_option("first")
    page.get_by_label("All partners together get at most").fill("25")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("goes to the partner who referred the customer first").wait_for()
    visitor.look("rules", page)
    visitor.close()
    shop.bare.program.refresh_from_db()
    assert shop.bare.program.guardrail == {"percent": "25%"}
    assert not visitor.problems, "\n".join(visitor.problems)


def test_without_scripts_rows_come_and_go_and_nothing_typed_is_lost(browser, shop, desk):
    context = browser.new_context(java_script_enabled=False, viewport=DESKTOP)
    session = cast.sign_in(shop.busy.bob).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": shop.url}])
    page = context.new_page()
    page.goto(desk.address)
    page.locator("#id_rules-0-percent").fill("not yet")
    page.get_by_role("button", name="Add a rule").click()
    assert page.locator("#id_rules-0-percent").input_value() == "not yet"
    last = page.locator(".rule").count() - 1
    page.locator(f"#id_rules-{last}-percent").fill("7")
    page.locator("#id_rules-0-conditions-new").select_option("product")
    page.locator("#rules-0").get_by_role("button", name="Add condition").click()
    assert page.locator("#id_rules-0-conditions-0-value").is_visible()
    page.get_by_role("button", name="Remove rule 1").click()
    assert page.locator(f"#id_rules-{last - 1}-percent").input_value() == "7"
    page.get_by_role("button", name="Update all of this").click()
    page.locator("#effect").get_by_text("looked at").wait_for()
    context.close()
