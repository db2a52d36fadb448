"""Settings and signing in, step by step, in a browser: clean for axe, usable by keyboard, no wider than a phone."""

import re

import pytest
from django.core import mail

from goodword.accounts.team import invite_member
from tests import cast
from tests.browsing import axe_findings

pytestmark = pytest.mark.django_db(transaction=True)


def _assert_good(page, picture, name):
    """One state of a page; the pages themselves are walked by test_pages.py."""
    picture(name)
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 812})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width}"
    assert axe_findings(page) == [], name
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.fixture
def acme():
    return cast.acme()


def _sign_in(page, live, email):
    page.goto(f"{live}/account/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/p/|/portal/|/home"))


def test_signing_in_and_out_by_keyboard(page, live, acme, picture):
    page.goto(f"{live}/account/login/")
    page.get_by_label("E-mail address").fill(acme.olga.email)
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    page.locator(".error-summary").wait_for()
    _assert_good(page, picture, "account-login-refused")
    _sign_in(page, live, acme.olga.email)
    assert "/p/acme/" in page.url


def test_a_key_is_made_by_keyboard_and_bad_input_stands_beside_its_field(page, live, acme, picture):
    _sign_in(page, live, acme.olga.email)
    page.goto(f"{live}/p/acme/settings/keys/new")
    page.get_by_role("button", name="Make the key").press("Enter")
    page.locator(".error-summary:focus").wait_for()
    _assert_good(page, picture, "settings-key-create-refused")
    page.get_by_label("Name").fill("Shop")
    page.get_by_label("Read everything except settings").press("Space")
    page.get_by_role("button", name="Make the key").press("Enter")
    page.get_by_text("it is shown this once").wait_for()
    _assert_good(page, picture, "settings-key-made")


def test_a_program_is_paused_only_after_a_confirmation(page, live, acme):
    _sign_in(page, live, acme.olga.email)
    page.goto(f"{live}/p/acme/settings")
    page.get_by_role("button", name="Pause the program").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    acme.program.refresh_from_db()
    assert acme.program.status == "live"


def _open_add(page, here, email):
    _sign_in(page, here, email)
    page.goto(f"{here}/account/2fa/webauthn/add/")
    if "reauthenticate" in page.url:
        page.get_by_label("Password").fill(cast.PASSWORD)
        page.keyboard.press("Enter")
    page.get_by_label("It signs me in alone").wait_for()


def _add_passkey(page, here, email):
    """A virtual authenticator, and a passkey of it that signs in alone."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": options | {"isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    _open_add(page, here, email)
    page.get_by_label("It signs me in alone").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile("recovery-codes|webauthn/$"))


def test_a_passkey_is_added_and_signs_in_without_a_password(page, live, acme, picture):
    here = live.replace("127.0.0.1", "localhost")
    _add_passkey(page, here, acme.olga.email)
    page.goto(f"{here}/account/security")
    _assert_good(page, picture, "account-security")
    page.context.clear_cookies()
    page.goto(f"{here}/account/login/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(re.compile("/p/acme/"))


REFUSED = """(name) => {
  const refuse = () => Promise.reject(new DOMException("The operation either timed out or was not allowed.", name));
  for (const way of ["get", "create"]) Object.defineProperty(navigator.credentials, way, {value: refuse});
}"""


def _assert_told(page, button, said, error="NotAllowedError"):
    """Pressing the button of a passkey, which the browser refuses, is told on the page and not in the console."""
    heard = []
    page.on("console", lambda message: heard.append(message.text))
    page.evaluate(REFUSED, error)
    page.get_by_role("button", name=button).click()
    page.get_by_role("alert").filter(has_text=said).wait_for(timeout=10_000)
    assert axe_findings(page) == []
    assert heard == []


def test_a_cancelled_passkey_says_what_else_signs_in(page, live):
    page.goto(f"{live.replace('127.0.0.1', 'localhost')}/account/login/")
    _assert_told(
        page, "Use a passkey", "cancelled or timed out. Press “Use a passkey” again, or sign in with your password"
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("NotAllowedError", "the passkey dialog was cancelled"),
        ("InvalidStateError", "this device or key is added already"),
    ],
)
def test_a_passkey_that_is_not_added_says_why(page, live, acme, error, said):
    _open_add(page, live.replace("127.0.0.1", "localhost"), acme.olga.email)
    _assert_told(page, "Add", f"No key was added: {said}", error)


def test_a_cancelled_passkey_says_so_where_it_is_the_second_step_or_a_confirmation(page, live, acme):
    here = live.replace("127.0.0.1", "localhost")
    _add_passkey(page, here, acme.olga.email)
    page.goto(f"{here}/account/2fa/webauthn/reauthenticate/")
    _assert_told(page, "Use a passkey", "Nothing is confirmed: the passkey dialog was cancelled")
    page.context.clear_cookies()
    page.goto(f"{here}/account/login/")
    page.get_by_label("E-mail address").fill(acme.olga.email)
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("2fa/authenticate"))
    _assert_told(page, "Use a passkey", "You are not signed in: the passkey dialog was cancelled")


def test_a_code_signs_in_and_a_forgotten_password_is_set_anew(page, live, acme, picture):
    page.goto(f"{live}/account/login/code/")
    _assert_good(page, picture, "account-code")
    page.get_by_label("E-mail address").fill(acme.bob.email)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("code/confirm"))
    _assert_good(page, picture, "account-code-confirm")
    code = re.search(r"^\s+([A-Z0-9-]{4,})\s*$", mail.outbox[-1].body, re.MULTILINE)[1]
    page.get_by_label("Code").fill(code)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/p/acme/"))


def test_an_invited_person_comes_in(page, live, acme, settings, picture):
    settings.BASE_URL = live
    invitation = invite_member(
        acme.program, email="nia@acme.example", name="Nia", role="viewer", actor=cast.actor(acme.olga)
    )
    page.goto(invitation.link)
    _assert_good(page, picture, "account-invitation")
    page.get_by_label("Password").fill("short")
    page.keyboard.press("Enter")
    assert "at least 10 characters" in page.locator(".errorlist").first.inner_text()
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/p/acme/"))


def test_refusals_are_pages_too(page, live, acme, picture):
    _sign_in(page, live, acme.vic.email)
    page.goto(f"{live}/p/acme/settings/keys")
    assert "This takes the role owner; yours is viewer. Nothing was changed. Ask Olga" in page.content()
    _assert_good(page, picture, "refused-403")
    page.goto(f"{live}/p/nobody/settings")
    _assert_good(page, picture, "refused-404")
