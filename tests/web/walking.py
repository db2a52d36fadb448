"""Walks through pages in one browser: opens them, looks at them in several sizes and themes, and notes what is wrong.

Pages come from the policy table, so a new one is visited without being named here.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goodword.accounts.policy import POLICY
from goodword.accounts.routes import named_routes
from goodword.accounts.rules import Account, Page, Portal, Public
from tests import browsing, cast

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 812}
# What answers no page: files, parts of pages, machines' addresses; or leads on to another page at once.
NO_PAGE = re.compile(
    r"(csv|qr|script|redirect|health|openapi|docs|download|file|explain|chart|check-program|steps)|^site:test-|^accounts:home$"
)
# Pages of a library that need a state of theirs (a code on its way, a key that is read): see scenes.py.
ELSEWHERE = re.compile(r"^(mfa_|account_)(?!login$|reset_password$|index$|reauthenticate$)|invitation|^accounts:take")


@dataclass(frozen=True)
class Look:
    """How a page is looked at. `axe` looks too; `extra` is run in the page first (right to left, larger text)."""

    size: dict[str, int]
    scheme: str
    axe: bool = False
    extra: str = ""

    @property
    def name(self) -> str:
        return f"{self.size['width']}-{self.scheme}"


FOUR: Sequence[Look] = (
    Look(DESKTOP, "light", axe=True),
    Look(DESKTOP, "dark"),
    Look(PHONE, "dark", axe=True),
    Look(PHONE, "light"),
)
LIGHT: Sequence[Look] = (Look(DESKTOP, "light"), Look(PHONE, "light"))
# For every test run: axe, which takes most of the time, looks once at each page, in both themes and sizes by turns.
BY_TURNS: Sequence[Sequence[Look]] = tuple(
    tuple(replace(look, axe=look.axe and look.scheme == scheme) for look in FOUR) for scheme in ("light", "dark")
)
TWO: Sequence[Look] = (Look(DESKTOP, "light"), Look(PHONE, "dark", axe=True))
RIGHT_TO_LEFT = "document.documentElement.dir = 'rtl'"
LARGE_TEXT = "document.documentElement.style.fontSize = '200%'"
# Words whose end a box hides: large text left no room for them, and nothing brings them back.
CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  if (one.children.length || !one.textContent.trim() || box.width < 3) return;
  if (one.closest(".visually-hidden, select")) return;
  if (["hidden", "clip"].includes(style.overflowX) && one.scrollWidth > one.clientWidth + 1) return true;
  const frame = one.closest(".figure, .table-wrap, .thing, .rail");
  if (!frame || one.closest(".table-scroll, .table-stack, pre, .chips")) return;
  const outer = frame.getBoundingClientRect(), range = document.createRange();
  range.selectNodeContents(one);
  return range.getBoundingClientRect().right > outer.right + 1;
}).map((one) => one.textContent.trim().slice(0, 40))"""


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
    """Opens pages in one browser, and collects what is wrong with them. Without a folder, no pictures are taken."""

    def __init__(self, browser: Any, live: str, name: str, looks: Sequence[Look] = FOUR, folder: Path | None = None):
        self.browser, self.live, self.name, self.looks, self.folder = browser, live, name, looks, folder
        self.problems: list[str] = []
        self.retried: list[str] = []
        self.pages: dict[str, Any] = {}
        self.here = ""
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def page_of(self, who: str, person: Any = None) -> Any:
        """A page signed in as this person."""
        if who not in self.pages:
            context = self.browser.new_context(viewport=DESKTOP, reduced_motion="reduce", bypass_csp=False)
            if person:
                session = cast.sign_in(person).cookies["sessionid"].value
                context.add_cookies([{"name": "sessionid", "value": session, "url": self.live}])
            page = context.new_page()
            page.on("console", self._heard)
            page.on("pageerror", lambda error: self.problems.append(f"{self.here}: {error}"))
            self.pages[who] = page
        return self.pages[who]

    def twice(self, work: Callable[[], None]) -> None:
        """Some work in the browser; a busy machine gets a second chance. What fails then is a problem, not the end."""
        known = len(self.problems)
        try:
            work()
        except Exception as first:  # noqa: BLE001  (whatever the browser says, the other pages are looked at too)
            del self.problems[known:]
            self.retried.append(f"{self.here}: {str(first)[:200]}")
            self.close()
            try:
                work()
            except Exception as error:  # noqa: BLE001
                self.problems.append(f"{self.here}: not reached, tried twice: {str(error)[:300]}")
                self.close()

    def close(self) -> None:
        for page in self.pages.values():
            page.context.close()
        self.pages.clear()

    def _heard(self, message: Any) -> None:
        refused = "status of 4" in message.text or "status of 5" in message.text  # pages that say no say so twice
        if message.type in ("error", "warning") and not refused:
            self.problems.append(f"{self.here}: console {message.type}: {message.text[:200]}")

    def visit(self, address: Address, page: Any, status: int = 200) -> None:
        """One page in all its looks."""
        self.here = f"{self.name} {address.name}"
        answer = page.goto(self.live + address.path, wait_until="load")
        if answer.status != status:
            self.problems.append(f"{self.here}: answered {answer.status} at {address.path}")
            return
        self.look(address.name, page)

    def look(self, name: str, page: Any, looks: Sequence[Look] = ()) -> None:
        """The page that is open now, in all looks."""
        self.here = f"{self.name} {name}"
        for part in page.locator("[data-late]").all():
            part.locator("svg").first.wait_for(state="attached")
        for look in looks or self.looks:
            page.set_viewport_size(look.size)
            page.emulate_media(color_scheme=look.scheme)
            if look.extra:
                page.evaluate(look.extra)
            self._look(name, page, look)
        page.set_viewport_size(DESKTOP)

    def _look(self, name: str, page: Any, look: Look) -> None:
        if self.folder:
            picture = self.folder / f"{name}-{look.name}.png"
            page.screenshot(path=str(picture), full_page=True, animations="disabled")
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > look.size["width"]:
            self.problems.append(f"{self.here} ({look.name}): {wide} pixels wide on a screen of {look.size['width']}")
        if look.extra == LARGE_TEXT and (cut := page.evaluate(CUT_OFF)):
            self.problems.append(f"{self.here} ({look.name}): text of 200% is cut off: {cut[:5]}")
        if look.axe:
            # Colours that still move from light to dark are not those that people read.
            page.evaluate("document.getAnimations().forEach((one) => one.finish())")
            self.problems += [f"{self.here} ({look.name}): {said}" for said in browsing.axe_findings(page)]


def walk(
    visitor: Visitor, world: Any, ids: dict[str, str], only: str = "", turns: Sequence[Sequence[Look]] = ()
) -> Visitor:
    """Visit every page of a world (or those whose name fits `only`); `turns`: looks that the pages take by turns."""
    found = [one for one in addresses(world.program.slug, ids) if re.search(only, one.name)]
    for number, address in enumerate(found):
        person = getattr(world, address.who) if address.who else None
        visitor.looks = turns[number % len(turns)] if turns else visitor.looks

        def visit(address: Address = address, person: Any = person) -> None:
            visitor.visit(address, visitor.page_of(address.who, person))

        visitor.twice(visit)
    visitor.close()
    assert only or len(found) > 20, "the policy table gave hardly any pages"
    return visitor
