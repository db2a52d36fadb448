"""Every page as a person meets it: 375 and 1280 pixels wide, light and dark, with data and with none.

Pages come from the policy table, so a new one is visited without being named here. Each is photographed into
.screenshots/, and must be clean for axe, quiet on the console and no wider than the screen.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.test import TransactionTestCase, override_settings
from pytest_django.live_server_helper import LiveServer

from goodword.accounts.policy import POLICY
from goodword.accounts.routes import named_routes
from goodword.accounts.rules import Account, Page, Portal, Public
from tests import cast
from tests.conftest import ROOT, SCREENSHOTS
from tests.web import showcase

pytestmark = pytest.mark.timeout(900)  # under a minute alone; several on a busy machine

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 812}
# What answers no page: files, parts of pages, machines' addresses; or leads on to another page at once.
NO_PAGE = re.compile(
    r"(csv|qr|script|redirect|health|openapi|docs|download|file|explain|chart)|^site:test-|^accounts:home$"
)
# Pages of a library that need a state of theirs (a code on its way, a key that is read) and have tests of their own.
ELSEWHERE = re.compile(r"^(mfa_|account_)(?!login$|reset_password$|index$|reauthenticate$)|invitation|^accounts:take")


# How a page is looked at: its size, its theme, and whether axe looks too (it reads the same page at every size).
Look = tuple[dict[str, int], str, bool]
FOUR: Sequence[Look] = (
    (DESKTOP, "light", True),
    (DESKTOP, "dark", False),
    (PHONE, "dark", True),
    (PHONE, "light", False),
)
TWO: Sequence[Look] = ((DESKTOP, "light", False), (PHONE, "dark", True))


@dataclass(frozen=True)
class Address:
    """A page: its name, who opens it, and where it is."""

    name: str
    who: str
    path: str


def addresses(slug: str, ids: dict[str, str]) -> list[Address]:
    """Every page that the policy table lists; those of objects that are not given are left out."""
    found = []
    for route, name in named_routes():
        rule = POLICY.get(name)
        if rule is None or "GET" not in rule.allows or NO_PAGE.search(name) or ELSEWHERE.search(name):
            continue
        who = {Page: "olga", Portal: "alice", Public: "", Account: ""}.get(type(rule))
        if isinstance(rule, Account) and rule.signed_in:
            who = "olga"
        values = {**ids, "program": slug}
        needed = re.findall(r"<(?:\w+:)?(\w+)>", route)
        if who is None or any(argument not in values for argument in needed):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route).format(**values)
        found.append(Address(name.replace(":", "-"), who, f"/{path}"))
    return found


class Visitor:
    """Opens pages in one browser, and collects what is wrong with them."""

    def __init__(self, browser: Any, live: str, folder: Path, looks: Sequence[Look] = FOUR) -> None:
        self.browser, self.live, self.folder, self.looks = browser, live, folder, looks
        self.problems: list[str] = []
        self.pages: dict[str, Any] = {}
        self.here = ""

    def page_of(self, who: str, person: Any = None) -> Any:
        """A page signed in as this person."""
        if who not in self.pages:
            context = self.browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
            if person:
                session = cast.sign_in(person).cookies["sessionid"].value
                context.add_cookies([{"name": "sessionid", "value": session, "url": self.live}])
            page = context.new_page()
            page.on("console", self._heard)
            page.on("pageerror", lambda error: self.problems.append(f"{self.here}: {error}"))
            self.pages[who] = page
        return self.pages[who]

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{self.here}: console {message.type}: {message.text[:200]}")

    def visit(self, address: Address, page: Any) -> None:
        """One page in all its looks."""
        self.here = f"{self.folder.name} {address.name}"
        answer = page.goto(self.live + address.path, wait_until="load")
        if answer.status != 200:
            self.problems.append(f"{self.here}: answered {answer.status} at {address.path}")
            return
        for part in page.locator("[data-late]").all():
            part.locator("svg").first.wait_for(state="attached")
        for size, scheme, look in self.looks:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            picture = self.folder / f"{address.name}-{size['width']}-{scheme}.png"
            page.screenshot(path=str(picture), full_page=True, animations="disabled")
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > size["width"]:
                self.problems.append(f"{self.here}: {wide} pixels wide on a screen of {size['width']}")
            if look:
                self._look_with_axe(page, f"{size['width']} {scheme}")
        page.set_viewport_size(DESKTOP)

    def _look_with_axe(self, page: Any, how: str) -> None:
        if not page.evaluate("typeof axe === 'object'"):
            page.evaluate(AXE_SCRIPT)
        for one in page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]:
            where = one["nodes"][0]
            said = f"{where['html'][:160]} {where['failureSummary'][:160]}"
            self.problems.append(f"{self.here} ({how}): axe {one['id']}: {said}")


@pytest.fixture(scope="module")
def shop(django_db_setup, django_db_blocker):
    """A server over two programs that all tests of this file look at; one of them has no data."""
    with django_db_blocker.unblock():
        server = LiveServer("localhost")
        with override_settings(BASE_URL=server.url, CSRF_TRUSTED_ORIGINS=[server.url]):
            yield SimpleNamespace(url=server.url, busy=showcase.busy(), bare=showcase.bare())
        server.stop()
        TransactionTestCase("run")._fixture_teardown()


def walk(browser: Any, live: str, world: Any, folder: str, ids: dict[str, str], looks: Sequence[Look]) -> Visitor:
    """Visit every page of a world."""
    visitor = Visitor(browser, live, SCREENSHOTS / folder, looks)
    visitor.folder.mkdir(parents=True, exist_ok=True)
    found = addresses(world.program.slug, ids)
    for address in found:
        person = getattr(world, address.who) if address.who else None
        visitor.visit(address, visitor.page_of(address.who, person))
    for page in visitor.pages.values():
        page.context.close()
    assert len(found) > 20, "the policy table gave hardly any pages"
    return visitor


def test_every_page_with_data_is_clean_in_four_looks(browser, shop):
    visitor = walk(browser, shop.url, shop.busy, "data", shop.busy.ids, FOUR)
    assert not visitor.problems, "\n".join(visitor.problems)


def test_every_page_without_data_is_clean_and_teaches(browser, shop):
    visitor = walk(browser, shop.url, shop.bare, "none", {}, TWO)
    assert not visitor.problems, "\n".join(visitor.problems)


@pytest.fixture
def office(browser, shop):
    """Bob at his desk: a page of his, and the address of the back office."""
    page = Visitor(browser, shop.url, SCREENSHOTS).page_of("bob", shop.busy.bob)
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
    page.get_by_label("Why (the partner reads this)").first.wait_for(state="visible")
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
    page = Visitor(browser, shop.url, SCREENSHOTS).page_of("olga", shop.busy.olga)
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
