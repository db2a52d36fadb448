"""Signing in: counted over all workers, written down, and its secrets kept sealed."""

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


def test_after_a_confirmation_one_comes_back_to_the_page_with_the_button():
    acme = cast.acme()
    owner = cast.sign_in(acme.olga, lately=False)
    page = "http://testserver/p/acme/settings"
    asked = owner.post("/p/acme/settings/pause", headers={"Referer": f"{page}?x=1"})
    assert asked["Location"].endswith("next=%2Fp%2Facme%2Fsettings")
    elsewhere = owner.post("/p/acme/settings/pause", headers={"Referer": "https://evil.example/p/acme/settings"})
    assert elsewhere["Location"].endswith("next=%2Fhome")
