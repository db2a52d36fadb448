"""Fills real forms with nothing and with nonsense in headless Chromium, and looks where the answer stands.

    ./run.sh campaign forms_in_browser                everything
    ./run.sh campaign forms_in_browser --only debt    forms whose name contains these letters

For each wrong field: its message stands in the field's own block, is seen, and is tied to it for screen readers; the
page's focus is on the summary or the first wrong field; what was typed is still there. Exits with 1 when a form fails.
"""

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / ".screenshots" / "forms"
# What the page says of every field that is marked as wrong.
LOOK = """() => {
  const wrong = [...document.querySelectorAll("main [aria-invalid=true], form [aria-invalid=true]")];
  const focus = document.activeElement;
  return {
    summary: focus.classList.contains("error-summary"),
    first: wrong.length > 0 && focus === wrong[0],
    fields: wrong.map((one) => {
      const block = one.closest(".field, td");
      const group = one.closest("fieldset[aria-describedby]");
      const told = one.getAttribute("aria-describedby") || (group ? group.getAttribute("aria-describedby") : "");
      const ids = (told || "").split(" ").filter(Boolean);
      const said = ids.map((id) => document.getElementById(id)).filter((it) => it && it.matches(".errorlist"));
      const inside = said.filter((it) => block && block.contains(it) && it.offsetHeight > 0 && it.innerText.trim());
      return {name: one.name, message: inside.map((it) => it.innerText.trim()).join(" "), described: said.length > 0};
    }),
  };
}"""
EMPTY = """() => {
  for (const form of document.forms) form.noValidate = true;
  for (const one of document.querySelectorAll("main input, main textarea")) {
    if (one.matches("[type=hidden], [type=file], [type=radio], [type=submit], [type=search]")) continue;
    if (one.disabled || one.readOnly) continue;
    if (one.type === "checkbox") one.checked = false; else one.value = "";
  }
}"""
NOTHING_CHOSEN = """() => {
  for (const one of document.querySelectorAll('main select option[value=""]')) one.selected = true;
}"""


@dataclass(frozen=True)
class Form:
    """A form, who fills it in, the button that sends it, nonsense for its fields, and those that must say so."""

    name: str
    who: str
    path: str
    button: str
    nonsense: dict[str, str]
    wrong: str
    empty: str = ""
    opened: tuple[str, ...] = ()
    secret: frozenset[str] = field(default_factory=frozenset)


TERMS = "/p/{p}/terms/{terms}/publish"
FORMS = [
    Form("sign-in", "", "/account/login/", "Sign in", {"login": "nobody", "password": "x"}, "login", "login password",
         secret=frozenset({"password"})),
    Form("sign-in code", "", "/account/login/code/", "Mail me a code", {"email": "x"}, "email", "email"),
    Form("password reset", "", "/account/password/reset/", "Mail me the link", {"email": "x"}, "email", "email"),
    Form("application", "", "/programs/{p}/apply", "Send", {"email": "x", "website": "x y", "audience": "Many"},
         "name email website", "name email"),
    Form("partner", "bob", "/p/{p}/partners/new", "Add partner", {"email": "x", "website": "x", "country": "99"},
         "name email website country", "name"),
    Form("link", "bob", "/p/{p}/partners/{partner}/links/new", "Make link", {"destination": "https://evil.example/",
         "key": "a b"}, "key", "destination"),
    Form("code", "bob", "/p/{p}/partners/{partner}/codes/new", "Make code", {"key": "no/such code"}, "key", "key"),
    Form("group", "bob", "/p/{p}/groups/new", "Make group", {"name": "Gold again", "key": "gold"}, "key", "name"),
    Form("other terms", "bob", "/p/{p}/partners/{partner}/terms", "Change terms", {"reason": "promoted"}, "version",
         "version starts_on"),
    Form("end of agreement", "bob", "/p/{p}/agreements/{agreement}/end", "End it", {"ends_on": "2020-01-01"},
         "ends_on reason", "ends_on reason"),
    Form("terms editor", "bob", TERMS, "Check and preview", {"rules-0-percent": "a lot"}, "rules-0-percent note",
         "rules-0-percent note"),
    Form("terms editor, folded parts", "bob", TERMS, "Check and preview",
         {"rules-0-hold_days": "soon", "rules-0-cap_customer": "much", "clawback_days": "-3"},
         "rules-0-hold_days rules-0-cap_customer clawback_days rules-0-key note",
         opened=("details:has([name=rules-0-hold_days]) > summary",
                 "details:has([name=rules-0-cap_customer]) > summary")),
    Form("new terms", "bob", "/p/{p}/terms/new", "Next", {"key": "a b"}, "name", "name"),
    Form("debt proposal", "sam", "/p/{p}/partners/{debtor}/debt", "Propose", {"amount": "much"}, "amount reason",
         "amount reason"),
    Form("debt too large", "sam", "/p/{p}/partners/{debtor}/debt", "Propose",
         {"amount": "999999.00", "reason": "cannot pay"}, "amount", "amount reason"),
    Form("import", "bob", "/p/{p}/imports/new", "Go on", {}, "file", "file"),
    Form("program", "olga", "/p/{p}/settings/edit", "Save", {"accent": "red", "allowed_hosts": "a b",
         "minimum_payout": "-1"}, "accent allowed_hosts minimum_payout", "name"),
    Form("invitation", "olga", "/p/{p}/settings/team/invite", "Send", {"email": "not an address"}, "email", "email"),
    Form("api key", "olga", "/p/{p}/settings/keys/new", "Make the key", {}, "name scopes", "name scopes"),
    Form("pause", "bob", "/p/{p}/partners/{partner}", "Pause", {}, "reason", "reason",
         opened=("details.menu-end summary", "[data-open=pause]")),
    Form("portal link", "alice", "/portal/{p}/share/new", "Make", {"destination": "https://evil.example/",
         "label": "Blog"}, "destination", "destination"),
    Form("portal code", "alice", "/portal/{p}/share/codes/new", "Make", {"key": "no/such code"}, "key", "key"),
    Form("payout account", "alice", "/portal/{p}/settings/payout", "Store", {"holder": "Alder", "account": "DE00 1"},
         "account", "holder account"),
]  # fmt: skip


def main() -> int:
    """The number of forms that fail decides the exit code; each failure is printed."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--only", default="", help="letters that the name of a form contains")
    options = given.parse_args()
    chosen = [form for form in FORMS if options.only in form.name]
    from bench._ground import product

    with product():
        problems = _filled(chosen)
    print("\n".join(problems) or f"{len(chosen)} forms refuse beside the field, empty and with nonsense.")
    return 1 if problems else 0


def _filled(chosen: list[Form]) -> list[str]:
    from tests.web import scenes, showcase
    from tests.web.living import served

    FOLDER.mkdir(parents=True, exist_ok=True)
    world = scenes.people(showcase.busy())
    vars(world).update(world.ids)
    problems = []
    with served() as (browser, live):
        for form in chosen:
            for way in ("empty", "nonsense"):
                found = _sent(browser, live, world, form, way)
                print(f"{form.name}, {way}: {'; '.join(found) or 'refused beside the field'}", flush=True)
                problems += [f"{form.name}, {way}: {one}" for one in found]
    return problems


def _sent(browser: Any, live: str, world: Any, form: Form, way: str) -> list[str]:
    from tests import cast

    wrong = (form.empty if way == "empty" else form.wrong).split()
    if not wrong:
        return []
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    if form.who:
        session = cast.sign_in(getattr(world, form.who)).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live}])
    page = context.new_page()
    try:
        page.goto(live + form.path.format(p=world.program.slug, **vars(world)))
        _fill(page, form, way)
        found = _told(page, form, way, wrong)
        page.screenshot(path=str(FOLDER / f"{form.name.replace(' ', '-')}-{way}.png"), full_page=True)
    except Exception as error:  # noqa: BLE001  (whatever the browser says, the other forms are tried too)
        found = [f"not sent: {str(error)[:200]}"]
    finally:
        context.close()
    return found


def _fill(page: Any, form: Form, way: str) -> None:
    for button in form.opened:
        page.locator(button).first.click()
    page.evaluate(EMPTY)
    if way == "empty":
        page.evaluate(NOTHING_CHOSEN)
    for name, text in form.nonsense.items() if way == "nonsense" else ():
        page.locator(f"main [name='{name}']").first.fill(text)
    with page.expect_navigation():
        page.locator("dialog[open], main").last.get_by_role("button", name=form.button).last.click()


def _told(page: Any, form: Form, way: str, wrong: list[str]) -> list[str]:
    """What is not as it should be on the page that came back."""
    seen = page.evaluate(LOOK)
    by_name = {one["name"]: one for one in seen["fields"]}
    found = [f"{name} is not marked as wrong" for name in wrong if name not in by_name]
    found += [f"{name} has no message in its own block" for name, one in by_name.items() if not one["message"]]
    if not (seen["summary"] or seen["first"]):
        found.append("the focus is neither on the summary nor on the first wrong field")
    for name, text in form.nonsense.items() if way == "nonsense" else ():
        kept = page.locator(f"main [name='{name}']").first.input_value()
        if name not in form.secret and kept != text:
            found.append(f"{name} held {text!r} and now holds {kept!r}")
    return found


if __name__ == "__main__":
    sys.exit(main())
