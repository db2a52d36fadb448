"""Signing in: counted over all workers, written down, and its secrets kept sealed."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import caches
from django.test import Client

from goodword.accounts.models import AuditEntry
from tests import cast

pytestmark = pytest.mark.django_db


def _try(email, password):
    return Client().post("/account/login/", {"login": email, "password": password})


def test_after_five_wrong_passwords_even_the_right_one_waits():
    bob = cast.person("bob@acme.example")
    for _ in range(5):
        assert _try(bob.email, "wrong").status_code == 200
    refused = _try(bob.email, cast.PASSWORD)
    assert refused.status_code == 200
    assert "Too many attempts" in refused.content.decode()
    caches["default"].clear()  # the table that all workers share
    assert _try(bob.email, cast.PASSWORD).status_code == 302


def test_signing_in_and_failing_to_are_written_down_without_the_password():
    bob = cast.person("bob@acme.example")
    _try(bob.email, "hunter2hunter2")
    _try("nobody@acme.example", "hunter2hunter2")
    _try(bob.email, cast.PASSWORD)
    entries = AuditEntry.objects.filter(program=None).order_by("sequence")
    assert [entry.action for entry in entries] == ["user.sign_in_refused", "user.signed_in"]
    assert "hunter2" not in str(list(entries.values()))


def test_a_strangers_address_and_a_known_one_get_the_same_answer():
    cast.person("bob@acme.example")
    known, strange = _try("bob@acme.example", "wrong"), _try("ann@acme.example", "wrong")
    assert known.context["form"].errors == strange.context["form"].errors


def test_a_password_of_a_megabyte_is_refused_before_it_is_hashed():
    answer = _try(cast.person("bob@acme.example").email, "x" * 1_000_000)
    assert "256" in str(answer.context["form"].errors["password"])


def test_there_is_no_sign_up():
    assert Client().get("/account/signup/").status_code == 404


def test_the_secret_of_an_authenticator_app_is_sealed_in_the_database():
    secret = "JBSWY3DPEHPK3PXP"
    totp.TOTP.activate(cast.person(), secret)
    assert secret not in str(Authenticator.objects.get().data)


def test_what_a_role_forbids_is_written_down_once_an_hour():
    acme = cast.acme()
    vic = cast.sign_in(acme.vic)
    for _ in range(3):
        assert vic.get("/p/acme/settings/keys").status_code == 403
    entry = AuditEntry.objects.get(program=acme.program, action="access.denied")
    assert (entry.actor_id, entry.object_id) == (acme.vic.public_id, "backoffice:keys")


def test_a_refusal_says_what_stands_in_the_way_and_who_can_help():
    acme = cast.acme()
    vic, alder_member = cast.sign_in(acme.vic), cast.person(name="Ben Alder")
    cast.seat(acme.alder, "member", alder_member)
    keys = vic.get("/p/acme/settings/keys").content.decode()
    assert f"This takes the role owner; yours is viewer. Nothing was changed. Ask {acme.olga}" in keys
    approved = vic.post("/p/acme/payouts/prepare").content.decode()
    assert f"Ask {acme.olga} or {acme.sam} to do it, or ask {acme.olga} for the role." in approved
    portal = cast.sign_in(alder_member).get("/portal/acme/settings/payout").content.decode()
    assert f"Ask {acme.alice} to do it, or to change your role." in portal


def test_after_a_confirmation_one_comes_back_to_the_page_with_the_button():
    acme = cast.acme()
    owner = cast.sign_in(acme.olga, lately=False)
    page = "http://testserver/p/acme/settings"
    asked = owner.post("/p/acme/settings/pause", headers={"Referer": f"{page}?x=1"})
    assert asked["Location"].endswith("next=%2Fp%2Facme%2Fsettings")
    elsewhere = owner.post("/p/acme/settings/pause", headers={"Referer": "https://evil.example/p/acme/settings"})
    assert elsewhere["Location"].endswith("next=%2Fhome")


def _asked_for_a_code(email):
    page = Client().post("/account/login/code/", {"email": email}, follow=True).content.decode()
    return re.sub("<[^>]+>", "", page.partition("<body")[2]).replace(email, "…")


def test_who_asks_for_a_code_does_not_learn_who_can_sign_in():
    known, strange = (_asked_for_a_code(email) for email in (cast.person().email, "nobody@acme.example"))
    assert known == strange
    assert "If … can sign in here, a code is on its way." in known
    assert "has been sent" not in known


def test_the_passkey_page_speaks_our_words():
    page = cast.sign_in(cast.acme().olga).get("/account/2fa/webauthn/add/").content.decode()
    assert "It signs me in alone, without my password" in page
    assert 'value="Key 1"' in page
    assert not re.search("Passwordless|Master key|biometrics", page)


def test_a_key_that_is_refused_is_not_called_a_wrong_code():
    answer = cast.sign_in(cast.acme().olga).post(
        "/account/2fa/webauthn/add/", {"name": "Phone", "credential": '{"id": "x"}'}
    )
    assert "The key could not show that it is you." in answer.content.decode()


@pytest.mark.parametrize("credential", ['{"id": "x"}', "[1]", '"x"', '{"id": "eA", "rawId": "eA", "response": 7}'])
def test_a_strange_key_does_not_sign_in(credential):
    answer = Client().post("/account/2fa/webauthn/login/", {"credential": credential}, follow=True)
    assert "This key is not known here" in answer.content.decode()


def test_signing_out_is_told_in_our_words():
    olga = cast.sign_in(cast.acme().olga)
    assert "You are signed out." in olga.post("/account/logout/", follow=True).content.decode()
