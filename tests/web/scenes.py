"""States of pages that no address alone leads to: refused forms, codes on their way, dialogs, error pages.

Each scene is a function that opens a state in the browser; its name is the name of the picture.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.utils import timezone

from goodword.accounts.invitations import invitation_link
from goodword.accounts.models import User
from goodword.accounts.scope import active_program
from goodword.backoffice.install_views import SITES
from goodword.payouts.models import PayoutRun
from goodword.payouts.services import approve_run, export_run
from tests import cast
from tests.web.walking import PHONE, Look, Visitor

Scene = Callable[[Any, str, SimpleNamespace], None]
PASSKEY = {"name": "Phone", "passwordless": True, "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}


@dataclass(frozen=True)
class Shot:
    """A state: who is signed in ("" is nobody), and how it is reached. `lately`: whether they confirmed lately."""

    name: str
    who: str
    go: Scene
    lately: bool = True
    phone_only: bool = False


def people(world: SimpleNamespace) -> SimpleNamespace:
    """Somebody with every second factor, somebody without a password, one with several places, one with none."""
    program = world.program
    world.mia = cast.member(program, "manager", cast.person("mia@acme.example", name="Mia Multi"))
    TOTP.activate(world.mia, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(world.mia)
    Authenticator.objects.create(user=world.mia, type=Authenticator.Type.WEBAUTHN, data=PASSKEY)
    world.tom = cast.member(program, "manager", cast.person("tom@acme.example", name="Tom Twofold"))
    TOTP.activate(world.tom, "JBSWY3DPEHPK3PXQ")
    world.nia = cast.member(program, "viewer", User.objects.create_user("nia@acme.example", name="Nia New"))
    for one in (world.vic, world.mia):
        EmailAddress.objects.create(user=one, email=one.email, verified=True, primary=True)
    world.key = Authenticator.objects.get(user=world.mia, type=Authenticator.Type.WEBAUTHN).pk
    cast.seat(world.alder, "member", world.bob)
    with active_program(program):
        world.unwritten = cast.terms(program, key="agencies", name="Agencies").public_id
        world.debtor, world.waiting_debtor = world.firms[0].public_id, world.firms[3].public_id
    program.is_demo = True  # only a demo has a shop of its own
    program.save(update_fields=["is_demo"])
    world.none = cast.person("none@acme.example", name="Nobody Here")
    return world


def at(path: str) -> Scene:
    return lambda page, live, world: page.goto(live + path.format(p=world.program.slug, **vars(world)))


def sent(path: str, *, button: str, **typed: str) -> Scene:
    """A form filled in and sent; `typed` names its fields."""

    def go(page: Any, live: str, world: SimpleNamespace) -> None:
        at(path)(page, live, world)
        for name, text in typed.items():
            field = page.locator(f"[name={name}]").first
            field.select_option(text) if field.evaluate("f => f.tagName") == "SELECT" else field.fill(text)
        page.evaluate("for (const form of document.forms) form.noValidate = true")
        page.get_by_role("button", name=button).first.click()
        page.wait_for_load_state("load")

    return go


def clicked(path: str, *buttons: str) -> Scene:
    """A page with something opened on it, a dialog or a menu; `buttons` are selectors."""

    def go(page: Any, live: str, world: SimpleNamespace) -> None:
        at(path)(page, live, world)
        for button in buttons:
            page.locator(button).first.click()

    return go


def _code_on_its_way(page: Any, live: str, world: SimpleNamespace) -> None:
    sent("/account/login/code/", button="Mail me a code", email=world.vic.email)(page, live, world)


def _wrong_code(page: Any, live: str, world: SimpleNamespace) -> None:
    _code_on_its_way(page, live, world)
    page.locator("[name=code]").fill("WRONG1")
    page.get_by_role("button", name="Sign in").click()


def _second_step(page: Any, live: str, world: SimpleNamespace) -> None:
    sent("/account/login/", button="Sign in", login=world.tom.email, password=cast.PASSWORD)(page, live, world)


def _wrong_second_step(page: Any, live: str, world: SimpleNamespace) -> None:
    _second_step(page, live, world)
    page.locator("[name=code]").first.fill("000000")
    page.get_by_role("button", name="Sign in").click()


def _cancelled_passkey(page: Any, live: str, world: SimpleNamespace) -> None:
    at("/account/login/")(page, live, world)
    page.evaluate(
        """() => Object.defineProperty(navigator.credentials, "get", {
          value: () => Promise.reject(new DOMException("cancelled", "NotAllowedError")),
        })"""
    )
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("alert").wait_for()


def _new_password(page: Any, live: str, world: SimpleNamespace) -> None:
    sent("/account/password/reset/", button="Mail me the link", email=world.vic.email)(page, live, world)
    link = re.search(r"https?://\S+", mail.outbox[-1].body)
    assert link, "the letter has no link"
    page.goto(link[0])


def _weak_password(page: Any, live: str, world: SimpleNamespace) -> None:
    _new_password(page, live, world)
    page.locator("[name=password1]").fill("short")
    page.locator("[name=password2]").fill("other")
    page.get_by_role("button", name="Save the password").click()


def _invited(page: Any, live: str, world: SimpleNamespace) -> None:
    page.goto(live + re.sub(r"^https?://[^/]+", "", invitation_link(world.nia)))


def _made_key(page: Any, live: str, world: SimpleNamespace) -> None:
    at("/p/{p}/settings/keys/new")(page, live, world)
    page.get_by_label("Name").fill("Shop system")
    page.get_by_label("Read everything except settings").check()
    page.get_by_role("button", name="Make the key").click()


def _drawer(page: Any, live: str, world: SimpleNamespace) -> None:
    at("/p/{p}/lines?state=paid")(page, live, world)
    page.locator("[data-drawer]").first.click()
    page.locator("#drawer-body .receipt").wait_for()


def _menu(page: Any, live: str, world: SimpleNamespace) -> None:
    at("/p/{p}/")(page, live, world)
    page.get_by_label("Menu", exact=True).click()


def refused_reason(path: str, *steps: str, button: str) -> Scene:
    """A dialog that asks for a reason, sent without one: the same question as a page."""

    def go(page: Any, live: str, world: SimpleNamespace) -> None:
        clicked(path, *steps)(page, live, world)
        page.evaluate("for (const form of document.forms) form.noValidate = true")
        page.locator("dialog[open]").get_by_role("button", name=button).click()
        page.locator(".error-summary").wait_for()

    return go


def _preview_of_import(page: Any, live: str, world: SimpleNamespace) -> None:
    at("/p/{p}/imports/waiting/{upload}")(page, live, world)
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("heading", name="What orders.csv would do").wait_for()


def _thanks(page: Any, live: str, world: SimpleNamespace) -> None:
    at("/demo-shop/{p}/checkout")(page, live, world)
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_role("button", name="Place the order").click()
    page.wait_for_url("**/thanks/**")


def _terms_last_look(page: Any, live: str, world: SimpleNamespace) -> None:
    sent(EDITOR, button="Check and preview", note="More for a year", **{"rules-0-percent": "25"})(page, live, world)
    page.get_by_role("heading", name=re.compile("^Publish version")).wait_for()


def _ticked_nothing(page: Any, live: str, world: SimpleNamespace) -> None:
    _sent_run(world)
    at("/p/{p}/payouts/runs/{run}")(page, live, world)
    for box in page.locator("input[name=payout]").all():
        box.uncheck()
    page.get_by_role("button", name="Confirm the ticked payouts").click()
    page.locator("#payout_error").wait_for()


def _sent_run(world: SimpleNamespace) -> None:
    """The waiting run, approved and sent to the bank, as far as it is not."""
    with active_program(world.program):
        run = PayoutRun.objects.get(number=2)
        for state, step in (("prepared", approve_run), ("approved", export_run)):
            run.refresh_from_db()
            if run.state == state:
                step(run, user=world.olga, actor=cast.actor(world.olga), now=timezone.now())


EDITOR = "/p/{p}/terms/{terms}/publish"
ACCOUNT = [
    Shot("login-refused", "", sent("/account/login/", button="Sign in", login="bob@acme.example", password="wrong")),
    Shot("passkey-cancelled", "", _cancelled_passkey),
    Shot("code", "", at("/account/login/code/")),
    Shot("code-refused", "", sent("/account/login/code/", button="Mail me a code", email="nonsense")),
    Shot("code-confirm", "", _code_on_its_way),
    Shot("code-wrong", "", _wrong_code),
    Shot("second-step", "", _second_step),
    Shot("second-step-refused", "", _wrong_second_step),
    Shot("reset-refused", "", sent("/account/password/reset/", button="Mail me the link", email="x")),
    Shot("reset-done", "", at("/account/password/reset/done/")),
    Shot("reset-new-password", "", _new_password),
    Shot("reset-new-password-refused", "", _weak_password),
    Shot("reset-link-used", "", at("/account/password/reset/key/1-abc-def/")),
    Shot("reset-saved", "", at("/account/password/reset/key/done/")),
    Shot("invitation", "", _invited),
    Shot("invitation-gone", "", at("/account/invitation/nothing")),
    Shot("inactive", "", at("/account/inactive/")),
    Shot("security", "mia", at("/account/security")),
    Shot("password-change", "vic", at("/account/password/change/")),
    Shot("password-change-refused", "vic", sent("/account/password/change/", button="Save", oldpassword="x")),
    Shot("password-set", "nia", at("/account/password/set/")),
    Shot("app-on", "vic", at("/account/2fa/totp/activate/")),
    Shot("app-on-refused", "vic", sent("/account/2fa/totp/activate/", button="Turn on", code="1")),
    Shot("app-off", "mia", at("/account/2fa/totp/deactivate/")),
    Shot("recovery-codes", "mia", at("/account/2fa/recovery-codes/")),
    Shot("recovery-new", "mia", at("/account/2fa/recovery-codes/generate/")),
    Shot("passkeys", "mia", at("/account/2fa/webauthn/")),
    Shot("passkey-add", "vic", at("/account/2fa/webauthn/add/")),
    Shot("passkey-rename", "mia", at("/account/2fa/webauthn/keys/{key}/edit/")),
    Shot("passkey-remove", "mia", at("/account/2fa/webauthn/keys/{key}/remove/")),
    Shot("logout", "vic", at("/account/logout/")),
    Shot("confirm-password", "olga", at("/p/{p}/settings/edit"), lately=False),
    Shot("confirm-app", "tom", at("/account/2fa/reauthenticate/"), lately=False),
    Shot("home-choice", "bob", at("/home")),
    Shot("home-nothing", "none", at("/home")),
]
STATES = [
    Shot("404", "", at("/nothing/here")),
    Shot("404-signed-in", "olga", at("/p/{p}/partners/prt_nothing")),
    Shot("403", "vic", at("/p/{p}/settings/keys")),
    Shot("link-unknown", "", at("/r/{p}/no-such-link")),
    Shot("link-inactive", "", lambda page, live, world: page.goto(f"{live}/r/{world.program.slug}/{world.paused}")),
    Shot("site-home", "olga", at("/")),
    Shot("apply-refused", "", sent("/programs/{p}/apply", button="Send", email="x")),
    Shot("applied", "", at("/programs/{p}/applied")),
    Shot("shop", "", at("/demo-shop/{p}/")),
    Shot("shop-checkout", "", at("/demo-shop/{p}/checkout")),
    Shot("partner-add-refused", "bob", sent("/p/{p}/partners/new", button="Add partner", website="x", country="99")),
    Shot("publish-refused", "bob", sent("/p/{p}/terms/{terms}/publish", button="Check and preview", note="")),
    Shot("terms-editor-refused", "bob", sent(EDITOR, button="Check and preview", **{"rules-0-percent": "a lot"})),
    Shot("terms-editor-document", "bob", clicked(EDITOR, "button[value=json]")),
    Shot("terms-editor-beginnings", "bob", at("/p/{p}/terms/{unwritten}/publish")),
    Shot("terms-last-look", "bob", _terms_last_look),
    Shot("terms-unwritten", "bob", at("/p/{p}/terms/{unwritten}")),
    Shot("debt-proposal-refused", "sam", sent("/p/{p}/partners/{debtor}/debt", button="Propose", amount="much")),
    Shot("debt-waits", "olga", at("/p/{p}/partners/{waiting_debtor}")),
    Shot("debt-partner", "sam", at("/p/{p}/partners/{debtor}")),
    Shot("import-preview", "olga", _preview_of_import),
    Shot("shop-thanks", "", _thanks),
    Shot("settings-refused", "olga", sent("/p/{p}/settings/edit", button="Save", accent="red", allowed_hosts="a b")),
    Shot("group-refused", "bob", sent("/p/{p}/groups/new", button="Make group", name="")),
    Shot("import-refused", "bob", sent("/p/{p}/imports/new", button="Go on")),
    Shot("key-made", "olga", _made_key),
    Shot("install-steps", "olga", at(f"/p/{{p}}/settings/install?{'&'.join('site=' + site for site in SITES)}")),
    Shot("page-leads-refused", "bob", at("/p/{p}/page-leads?state=refused")),
    Shot("page-lead-dialog", "bob", clicked("/p/{p}/page-leads", "[data-open^=refuse]")),
    Shot("missed-none-turned-down", "bob", at("/p/{p}/missed?state=not_theirs")),
    Shot(
        "payout-method-refused",
        "alice",
        sent("/portal/{p}/settings/payout", button="Store", account="DE00"),
    ),
    Shot("link-new-refused", "alice", sent("/portal/{p}/share/new", button="Make", destination="https://evil.example")),
    Shot("drawer", "olga", _drawer),
    Shot("pause-dialog", "bob", clicked("/p/{p}/partners/{partner}", "details.menu-end summary", "[data-open]")),
    Shot(
        "pause-reason-refused",
        "bob",
        refused_reason("/p/{p}/partners/{partner}", "details.menu-end summary", "[data-open=pause]", button="Pause"),
    ),
    Shot(
        "cancel-reason-refused",
        "sam",
        refused_reason("/p/{p}/payouts/runs/{run}", "[data-open=cancel]", button="Cancel the run"),
    ),
    Shot("confirm-nothing-ticked", "sam", _ticked_nothing),
    Shot("person-menu", "bob", clicked("/p/{p}/", "details.person summary")),
    Shot("rail", "bob", _menu, phone_only=True),
    Shot("search-found", "bob", at("/p/{p}/search?q=customer")),
    Shot("search-nothing", "bob", at("/p/{p}/search?q=zzzz")),
    Shot("filter-nothing", "bob", at("/p/{p}/partners?q=zzzz")),
    Shot("lines-taken-back", "sam", at("/p/{p}/lines?state=taken_back")),
    Shot("debt", "ida", at("/portal/{p}/")),
    Shot("debt-earnings", "ida", at("/portal/{p}/earnings")),
]


def show(visitor: Visitor, world: SimpleNamespace, shots: list[Shot], only: str = "") -> Visitor:
    """Open and look at each state; one that cannot be reached is a problem, not the end."""
    for shot in shots:
        if not re.search(only, shot.name):
            continue
        visitor.here = f"{visitor.name} {shot.name}"
        visitor.twice(lambda shot=shot: _shoot(visitor, world, shot))
        visitor.close()
    return visitor


def _shoot(visitor: Visitor, world: SimpleNamespace, shot: Shot) -> None:
    page = visitor.page_of(shot.name)
    page.set_default_timeout(15_000)
    if shot.who:
        session = cast.sign_in(getattr(world, shot.who), lately=shot.lately).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": visitor.live}])
    if shot.phone_only:
        page.set_viewport_size(PHONE)
    shot.go(page, visitor.live, world)
    looks = [Look(PHONE, "light"), Look(PHONE, "dark")] if shot.phone_only else []
    visitor.look(shot.name, page, looks)
