"""Applying to a program: what is taken, what is refused beside its field, and what is never given away."""

import pytest
from django.test import Client

from goodword.accounts.models import AuditEntry
from goodword.partners.models import Application
from tests import cast

pytestmark = pytest.mark.django_db
SOUND = {
    "name": "Nordic Beats",
    "contact_name": "Nora Beat",
    "email": "Nora+partners@Nordic.example.org",
    "website": "https://nordic.example.org",
    "country": "NO",
    "audience": "4,000 listeners of a radio show",
    "promotion": "on air, and in the letter after the show",
    "disclosure": "on",
    "company_fax": "",
}


@pytest.fixture
def program():
    return cast.acme().program


def send(program, client=None, **fields):
    return (client or Client()).post(f"/programs/{program.slug}/apply", SOUND | fields)


def test_a_sound_application_is_kept_as_it_was_sent_and_thanked_for(program):
    answer = send(program)
    kept = Application.unscoped.get()
    assert answer["Location"] == "/programs/acme/applied"
    assert (kept.name, kept.country, kept.audience) == ("Nordic Beats", "NO", SOUND["audience"])
    assert AuditEntry.objects.filter(program=program, action="application.submitted").exists()
    assert "Thank you" in Client().get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Tell us who applies"),
        ("contact_name", "", "Tell us your name"),
        ("email", "", "We need an e-mail address"),
        ("email", "nora@@nordic.example.org", "is not an e-mail address"),
        ("email", "nora@beat@nordic.example.org", "is not an e-mail address"),
        ("email", "nora@localhost", "is not an e-mail address"),
        ("email", f"{'n' * 330}@nordic.example.org", "is not an e-mail address"),
        ("website", "javascript:alert(1)", "no web address"),
        ("website", "ftp://nordic.example.org", "no web address"),
        ("country", "Norway", "not on the list"),
        ("audience", "", "who your audience is"),
        ("audience", "x" * 1001, "Shorten this to 1000"),
        ("promotion", "", "how you would recommend us"),
        ("disclosure", "", "must say so"),
    ],
)
def test_b97_what_is_wrong_is_refused_beside_its_field(program, field, value, words):
    fields = {field: value} if value else {field: ""}
    answer = send(program, **fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'href="#id_{field}"' in page.partition("error-summary")[2]
    assert words in page.partition("field-bad")[2].partition("</ul>")[0]
    assert 'value="Nordic Beats"' in page or field == "name"
    assert not Application.unscoped.exists()


def test_everything_wrong_is_said_at_once(program):
    page = send(program, name="", email="nobody", audience="").content.decode()
    assert "3 things need another look" in page


def test_somebody_who_applied_before_gets_the_same_thanks_and_changes_nothing(program):
    first, again = send(program), send(program, name="Another name")
    assert (again.status_code, again["Location"]) == (first.status_code, first["Location"])
    assert Application.unscoped.get().name == "Nordic Beats"


def test_a_partner_who_applies_is_not_told_apart_from_a_stranger(program):
    stranger, partner = send(program), send(program, email="alice@alder.example")
    assert (partner.status_code, partner["Location"]) == (stranger.status_code, stranger["Location"])


def test_a_machine_that_fills_in_every_field_is_thanked_and_forgotten(program):
    assert send(program, company_fax="555").status_code == 302
    assert not Application.unscoped.exists()


def test_the_sixth_application_of_an_hour_from_one_network_waits(program):
    for number in range(5):
        assert send(program, email=f"n{number}@nordic.example.org").status_code == 302
    answer = send(program, email="n6@nordic.example.org")
    assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
    assert "Nordic Beats" in answer.content.decode()
    assert Application.unscoped.count() == 5


def test_a_program_by_invitation_says_so_and_takes_nothing(program):
    program.recruiting = "invite"
    program.save()
    answer = send(program)
    assert "invites its partners" in answer.content.decode()
    assert not Application.unscoped.exists()


def test_the_form_of_another_site_is_refused(program):
    assert send(program, client=Client(enforce_csrf_checks=True)).status_code == 403
    assert not Application.unscoped.exists()


@pytest.mark.parametrize("path", ["/programs/acme/", "/programs/acme/apply"])
def test_a_paused_program_is_not_shown(program, path):
    program.status = "paused"
    program.save()
    assert Client().get(path).status_code == 404
