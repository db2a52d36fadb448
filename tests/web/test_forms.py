"""Every form refuses bad input beside the field, tied to it for screen readers; typing is kept, nothing is stored.

The table is walked against the policy table: an address that takes a POST and stands neither in FORMS nor in
NOTHING_TYPED fails the first test.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.core import mail
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from goodword.accounts.form_words import PlainForm
from goodword.accounts.forms import OurWords
from goodword.accounts.invitations import invitation_link
from goodword.accounts.policy import POLICY
from goodword.accounts.routes import named_routes
from goodword.accounts.rules import Account, Page, Portal, Public
from goodword.accounts.scope import active_program
from goodword.payouts.models import PayoutRun
from goodword.payouts.services import approve_run, export_run
from tests import cast
from tests.web import scenes, showcase

OURS, LIBRARY = 422, 200  # what a refused form answers: ours, and those of the sign-in library
LONG = "x" * 301
DJANGO = re.compile(r"This field|Ensure|Enter a valid|Select a valid|not one of the available|was submitted")
# Buttons: nothing is typed there, so nothing can be wrong beside a field; why not is said on the page they lead to.
BUTTONS = """
    partner-resume partner-invite link-revoke code-revoke application-approve import-preview import-drop payout-prepare
    payout-approve terms-approve payout-export payout-file settings-resume debt-confirm
    live-test-start connection-rotate connection-off connection-on connection-replay webhook-rotate webhook-test
    webhook-on webhook-off webhook-remove webhook-delivery-replay missed-credit missed-not-theirs webhook-replay
    page-lead-confirm page-lead-refuse
"""
NOTHING_TYPED = {f"backoffice:{name}" for name in BUTTONS.split()} | {
    "connections:receive",  # messages of other systems: tests/connections
    "portal:link-revoke",
    "portal:code-revoke",
    "accounts:take-seat",
    "account_logout",
    "mfa_deactivate_totp",
    "mfa_generate_recovery_codes",
    "mfa_remove_webauthn",
    # The browser's own window asks for the key; the page only carries its answer, in a hidden field.
    "mfa_add_webauthn",
    "mfa_login_webauthn",
    "mfa_reauthenticate_webauthn",
}


@dataclass(frozen=True)
class Bad:
    """A form, what is typed into it, and the fields that must say what is wrong."""

    name: str
    typed: dict[str, Any]
    wrong: str
    who: str = "olga"
    status: int = OURS
    path: Callable[[Client, Any], str] | None = None
    hidden: set[str] = field(default_factory=set)  # passwords and files: no page shows them again


def office(name: str, wrong: str, who: str = "olga", /, **typed: Any) -> Bad:
    return Bad(f"backoffice:{name}", typed, wrong, who)


def account(name: str, wrong: str, who: str = "", path: Any = None, /, **typed: Any) -> Bad:
    secret = {key for key in typed if "password" in key}
    return Bad(name, typed, wrong, who, OURS if name == "accounts:invitation" else LIBRARY, path, secret)


def _invited(_client: Client, world: Any) -> str:
    return re.sub(r"^https?://[^/]+", "", invitation_link(world.nia))


def _code_asked(client: Client, world: Any) -> str:
    client.post(reverse("account_request_login_code"), {"email": world.vic.email})
    return reverse("account_confirm_login_code")


def _reset_asked(client: Client, world: Any) -> str:
    client.post(reverse("account_reset_password"), {"email": world.vic.email})
    link = re.search(r"https?://[^/]+(/\S+)", mail.outbox[-1].body)
    return str(client.get(link[1])["Location"])


def _password_given(client: Client, world: Any) -> str:
    client.post(reverse("account_login"), {"login": world.tom.email, "password": cast.PASSWORD})
    return reverse("mfa_authenticate")


def _exported(_client: Client, world: Any) -> str:
    run = PayoutRun.unscoped.get(number=2, program=world.program)
    actor, now = cast.actor(world.olga), world.now
    with active_program(world.program):
        approve_run(run, user=world.olga, actor=actor, now=now)
        export_run(run, user=world.olga, actor=actor, now=now)
    return reverse("backoffice:payout-confirm", args=[world.program.slug, run.public_id])


def _new_program(_client: Client, world: Any) -> str:
    new = cast.program(slug="fresh")  # nothing was sold yet, so its rules are open
    cast.member(new, "owner", world.olga)
    return reverse("backoffice:settings-rules", args=[new.slug])


def _key(name: str) -> Callable[[Client, Any], str]:
    return lambda _client, world: reverse(name, kwargs={"pk": world.key})


FORMS = [
    office("connection-add", "mode", mode="never"),
    office("connection-key", "api_key", api_key="nonsense"),
    office("connection-read", "since until", since="x", until="y"),
    office("webhook-add", "url", url=""),
    office("webhook-edit", "url", url=""),
    office("partner-add", "name email country", name="", email="x", website="https://a.example", country="DEU"),
    office("partner-add", "website", name="Birch", website="nonsense", notes="Met in May"),
    office("partner-edit", "name website", name="", website="nonsense", kind="person"),
    office("partner-pause", "reason", reason=""),
    office("partner-pause", "reason", reason=LONG),
    office("partner-end", "reason", reason=""),
    office("partner-hold", "reason", reason=LONG),
    office("partner-terms", "version starts_on", version="nothing", starts_on="soon", reason="promoted"),
    office("link-add", "destination", destination="https://evil.example/", label="Podcast"),
    office("link-add", "key", destination="https://shop.example/", key="a b", label="Podcast"),
    office("code-add", "key", key="no/such code", offer="10% off"),
    office("partner-debt", "amount", kind="write_off", amount="999999.00", reason="cannot pay"),
    office("partner-debt", "kind amount reason", kind="forget", amount="much", reason=""),
    office("debt-refuse", "reason", reason=LONG),
    office("application-reject", "reason", reason=" "),
    office("group-add", "name", name="", description="A hundred a year"),
    office("group-add", "key", name="Gold again", key="gold"),
    office("terms-add", "name", name=""),
    office("terms-publish", "document note", document="{", note="", begins="new"),
    office("terms-publish", "document", document='{"rules": 3}', note="More", begins="new"),
    office("terms-publish", "effective_on", document="{}", note="More", begins="day", effective_on=""),
    office("terms-publish", "rules-0-percent note", **{"rules-0-key": "all", "rules-0-percent": "a lot"}, note=""),
    office("terms-publish", "rules-0-percent", **{"rules-0-key": "all", "rules-0-percent": "2000"}, note="More"),
    office("terms-publish", "rules-0-steps-1-from rules-0-steps-2-value", note="More",
           **{"rules-0-key": "all", "rules-0-pay": "tiers", "rules-0-steps-0-value": "5", "rules-0-steps-1-from": "",
              "rules-0-steps-1-value": "8", "rules-0-steps-2-from": "1,000", "rules-0-steps-2-value": "-1"}),
    office("terms-publish", "rules-0-conditions-0-value rules-0-event bonuses-0-flat overrides-0-percent tail-0-months",
           note="More", **{"rules-0-key": "all", "rules-0-percent": "5", "rules-0-on": "event", "rules-0-event": "",
           "rules-0-conditions-0-field": "amount", "rules-0-conditions-0-value": "much", "bonuses-0-key": "b",
           "bonuses-0-reaches": "3", "bonuses-0-flat": "1.234", "overrides-0-level": "1", "overrides-0-percent": "",
           "tail-0-months": "soon", "tail-0-percent": "50"}),
    office("line-hold", "reason", reason=""),
    office("hold-release", "reason", reason=LONG),
    office("rate-approve", "reason", reason=LONG),
    office("rate-refuse", "reason", reason=LONG),
    office("agreement-end", "ends_on reason", ends_on="2020-01-01", reason=""),
    office("import-new", "file", kind="sales"),
    office("import-map", "column-0", columns="5", delimiter=",", **{"column-0": "nothing"}),
    office("import-undo", "reason", reason=""),
    office("payout-cancel", "reason", reason=""),
    Bad("backoffice:payout-confirm", {}, "payout", "sam", path=_exported),
    office("payout-return", "reason", reason=LONG),
    office("settings-edit", "accent allowed_hosts minimum_payout", name="Acme", accent="red", recruiting="open",
           allowed_hosts="no host", minimum_payout="-1"),
    office("settings-pause", "reason", reason=LONG),
    Bad("backoffice:settings-rules", {"window_days": "soon", "hold_days": "", "guardrail": "200", "budget_amount": "x",
                                      "lock": "months", "lock_months": "?", "window_link": "-1"},
        "window_days hold_days guardrail budget_amount lock_months window_link", path=_new_program),
    office("team-invite", "role", name="Nia", email="x@acme.example", role="king"),
    office("team-invite", "email", name="Nia", email="not an address", role="viewer"),
    office("team-member", "role", role="king", reason="promoted"),
    office("team-end", "reason", reason=LONG),
    office("key-create", "name scopes expires_at", name="", expires_at="never"),
    office("key-revoke", "reason", reason=LONG),
    Bad("portal:link-new", {"destination": "https://evil.example/", "label": "Blog"}, "destination", "alice"),
    Bad("portal:code-new", {"key": "no/such code", "offer": "10% off"}, "key", "alice"),
    Bad("portal:payout-method", {"kind": "iban", "holder": "Alder", "account": "DE00 1"}, "account", "alice"),
    Bad("site:apply", {"name": "", "email": "x", "website": "x y", "audience": "Many"}, "name email website", ""),
    Bad("site:test-checkout", {"article": "car"}, "article", ""),
    account("account_login", "login password", login="nobody at all", password=""),
    account("account_request_login_code", "email", email="x"),
    account("account_confirm_login_code", "code", "", _code_asked, code="WRONG1"),
    account("account_reset_password", "email", email="x"),
    account("account_reset_password_from_key", "password1 password2", "", _reset_asked, password1="a", password2=""),
    account("account_reauthenticate", "password", "vic", password="wrong"),
    account("account_change_password", "oldpassword password1", "vic", oldpassword="x", password1="short",
            password2="short"),
    account("account_set_password", "password1", "nia", password1="short", password2="short"),
    account("accounts:invitation", "name", "", _invited, name="", password="long enough a password"),
    account("accounts:invitation", "password", "", _invited, name="Nia", password="short"),
    account("mfa_authenticate", "code", "", _password_given, code="000000"),
    account("mfa_reauthenticate", "code", "tom", code="000000"),
    account("mfa_activate_totp", "code", "vic", code="1"),
    account("mfa_edit_webauthn", "name", "mia", _key("mfa_edit_webauthn"), name=""),
]  # fmt: skip


def test_every_address_that_takes_a_form_stands_in_the_table():
    here = {Page, Portal, Public, Account}
    posts = {name for name, rule in POLICY.items() if type(rule) in here and "POST" in rule.allows}
    known = {bad.name for bad in FORMS} | NOTHING_TYPED
    assert posts - known == set(), "add what is wrong with it to FORMS"
    assert known - posts == set(), "this takes no form (any more)"


def test_every_form_of_the_product_is_a_plain_one():
    forms_of_ours = [one for one in _below(forms.Form) if one.__module__.startswith("goodword.")]
    assert len(forms_of_ours) > 30, "the modules with forms are not loaded"
    assert [one for one in forms_of_ours if not issubclass(one, PlainForm | OurWords)] == []


def _below(kind: type) -> list[type]:
    return [one for child in kind.__subclasses__() for one in (child, *_below(child))]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Everything there is to fill in, in a transaction that is taken back after the last form."""
    with django_db_blocker.unblock(), override_settings(BASE_URL="http://testserver"), transaction.atomic():
        made = scenes.people(showcase.busy())
        made.program.is_demo = True
        made.program.save()
        made.now = timezone.now()
        yield made
        transaction.set_rollback(True)


@pytest.mark.parametrize("bad", FORMS, ids=lambda bad: f"{bad.name} {bad.wrong}")
def test_bad_input_is_refused_beside_the_field_and_nothing_is_stored(bad, world):
    client = cast.sign_in(getattr(world, bad.who)) if bad.who else Client(raise_request_exception=False)
    path = bad.path(client, world) if bad.path else _path(bad.name, world)
    before = _stored()
    answer = client.post(path, bad.typed)
    assert answer.status_code == bad.status, f"{path} answered {answer.status_code}"
    page = Parsed(answer.content.decode())
    for name in bad.wrong.split():
        page.assert_refused(name)
    for name, text in bad.typed.items():
        if name not in bad.hidden and name in page.fields:
            page.assert_kept(name, text)
    assert _stored() == before, "something was stored"


def _path(name: str, world: SimpleNamespace) -> str:
    wanted = {"program": world.program.slug, **world.ids}
    route = next(route for route, found in named_routes() if found == name)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda argument: wanted[argument[1]], route)


def _stored() -> dict[str, str]:
    """The content of every table, as a hash; sessions come and go, and refused attempts stand in the audit trail."""
    with connection.cursor() as cursor:
        found = {}
        for model in apps.get_models():
            table = model._meta.db_table
            if not model._meta.managed or table in ("django_session", "accounts_auditentry", "accounts_audithead"):
                continue
            cursor.execute(f'SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM "{table}" t')
            found[table] = hashlib.sha256(str(cursor.fetchone()[0]).encode()).hexdigest()
    return found


class Parsed(HTMLParser):
    """The fields of a page, what they hold, and the texts that describe them."""

    VOID = {"input", "br", "img", "hr", "meta", "link", "path", "rect", "circle"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, list[dict[str, str]]] = {}
        self.texts: dict[str, str] = {}
        self.open: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("input", "textarea", "select") and "name" in given and given.get("type") != "hidden":
            group = next((a for t, a in reversed(self.open) if t == "fieldset"), {})
            told = given.get("aria-describedby") or group.get("aria-describedby", "")
            holds = {"describedby": told, "text": "" if tag != "input" else given.get("value", ""), "tag": tag}
            self.fields.setdefault(given["name"], []).append({**given, **holds})
        if tag == "option" and "selected" in given:
            list(self.fields.values())[-1][-1]["text"] = given.get("value", "")
        if tag not in self.VOID:
            self.open.append((tag, given))
        if "id" in given:
            self.texts.setdefault(given["id"], "")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for tag, attrs in self.open:
            if "id" in attrs:
                self.texts[attrs["id"]] += data
            if tag == "textarea" and attrs.get("name") in self.fields:
                self.fields[attrs["name"]][-1]["text"] += data

    def assert_refused(self, name: str) -> None:
        assert name in self.fields, f"the page has no field {name}: {sorted(self.fields)}"
        found = self.fields[name][0]
        assert found.get("aria-invalid") == "true", f"{name} is not marked as wrong"
        told = [self.texts.get(one, "").strip() for one in found["describedby"].split() if one.endswith("_error")]
        assert all([*told, told]), f"{name} does not say what is wrong with it"
        stock = [words for words in told if DJANGO.search(words)]
        assert not stock, f"{name} says it as Django does, not what to do: {stock}"

    def assert_kept(self, name: str, typed: Any) -> None:
        found = self.fields[name]
        if found[0]["tag"] == "select" or found[0].get("type") in ("radio", "checkbox"):
            return
        kept = found[0]["text"].removeprefix("\n")
        assert kept == str(typed), f"{name} was {typed!r} and is {kept!r} now"
