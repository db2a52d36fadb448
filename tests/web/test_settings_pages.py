"""Settings, team, keys, audit trail and outbox, as people use them."""

import pytest

from goodword.accounts.models import ApiKey, AuditEntry, Membership, Program
from goodword.mail.services import read_trails
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return cast.acme()


@pytest.fixture
def owner(acme):
    return cast.sign_in(acme.olga)


def _at(path):
    return f"/p/acme/settings{path}"


SETTINGS = {
    "name": "Acme", "accent": "#0f766e", "recruiting": "open", "minimum_payout": "75.50",
    "allowed_hosts": "Shop.Acme.com\nbücher.example\n\nshop.acme.com",
}  # fmt: skip


def test_an_owner_changes_the_program_and_the_trail_says_what(acme, owner):
    assert owner.post(_at("/edit"), SETTINGS).status_code == 302
    acme.program.refresh_from_db()
    assert acme.program.minimum_payout_minor == 7550
    assert acme.program.allowed_hosts == ["shop.acme.com", "xn--bcher-kva.example"]
    page = owner.get(_at("/audit")).content.decode()
    assert "changed the settings of" in page
    assert "smallest payout" in page
    assert "sites that links may lead to" in page


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("minimum_payout", "12.345", "2"),
        ("minimum_payout", "-1", "below zero"),
        ("minimum_payout", "12,00", "point"),
        ("accent", "teal", "six digits"),
        ("site_url", "javascript:alert(1)", "no web address"),
        ("contact_email", "a@b@c", "no e-mail address"),
        ("allowed_hosts", "https://shop.acme.com/x", "without https"),
        ("name", "", "Enter the program"),
        ("recruiting", "everybody", "not on the list"),
    ],
)
def test_bad_settings_are_refused_beside_their_field(acme, owner, field, value, says):
    page = owner.post(_at("/edit"), SETTINGS | {field: value})
    assert page.status_code == 422
    form = page.context["form"]
    assert list(form.errors) == [field]
    assert says in str(form.errors[field])
    assert f'id="id_{field}"' in page.content.decode()
    assert not AuditEntry.objects.filter(program=acme.program).exists()


def test_a_paused_program_is_opened_again_by_an_owner_only(acme, owner):
    owner.post(_at("/pause"), {"reason": "holidays"})
    assert Program.objects.get(pk=acme.program.pk).status == "paused"
    assert cast.sign_in(acme.bob).post(_at("/resume")).status_code == 403
    owner.post(_at("/resume"))
    assert Program.objects.get(pk=acme.program.pk).status == "live"


def test_a_team_mate_is_invited_and_finds_a_letter_with_the_link(acme, owner):
    page = owner.post(_at("/team/invite"), {"name": "Nia", "email": "nia@acme.example", "role": "finance"}, follow=True)
    assert "is on the team" in page.content.decode()
    read_trails()
    outbox = owner.get(_at("/outbox")).content.decode()
    assert "nia@acme.example" in outbox
    letter = owner.get(_at(f"/outbox/{_letter_number(outbox)}")).content.decode()
    assert "/account/invitation/" in letter


def test_only_an_owner_reads_letters_that_sign_somebody_in(acme, owner):
    owner.post(_at("/team/invite"), {"name": "Nia", "email": "nia@acme.example", "role": "finance"})
    read_trails()
    manager = cast.sign_in(acme.bob)
    number = _letter_number(manager.get(_at("/outbox")).content.decode())
    page = manager.get(_at(f"/outbox/{number}")).content.decode()
    assert "Only an owner can read it" in page
    assert "/account/invitation/" not in page


def _letter_number(page):
    return page.split("/settings/outbox/")[1].split('"')[0]


def test_bad_invitations_are_refused_beside_their_field(acme, owner):
    page = owner.post(_at("/team/invite"), {"name": "", "email": "a@b@c", "role": "king"})
    assert set(page.context["form"].errors) == {"role"}
    page = owner.post(_at("/team/invite"), {"name": "", "email": "a@b@c", "role": "viewer"})
    assert "is not an e-mail address" in str(page.context["form"].errors["email"])
    page = owner.post(_at("/team/invite"), {"name": "", "email": acme.bob.email, "role": "viewer"})
    assert "on this team already" in str(page.context["form"].errors["email"])


def test_a_role_is_changed_and_counts_at_once(acme, owner):
    bob = Membership.objects.get(user=acme.bob)
    manager = cast.sign_in(acme.bob)
    assert manager.get(_at("/outbox")).status_code == 200
    owner.post(_at(f"/team/{bob.public_id}"), {"role": "viewer", "reason": "new job"})
    assert manager.get(_at("/outbox")).status_code == 403


def test_the_last_owner_cannot_leave(acme, owner):
    olga = Membership.objects.get(user=acme.olga)
    page = owner.post(_at(f"/team/{olga.public_id}/end"))
    assert "would have no owner" in page.content.decode()
    assert owner.get(_at("")).status_code == 200


def test_who_was_taken_off_the_team_sees_nothing(acme, owner):
    vic = cast.sign_in(acme.vic)
    owner.post(_at(f"/team/{Membership.objects.get(user=acme.vic).public_id}/end"))
    assert vic.get(_at("")).status_code == 404


def test_a_key_is_shown_once_works_and_is_revoked(acme, owner):
    page = owner.post(_at("/keys/new"), {"name": "Shop", "scopes": ["read"]})
    text = page.content.decode().split('data-copy="')[1].split('"')[0]
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert text.startswith("gw_live_")
    key = ApiKey.unscoped.get()
    assert text not in owner.get(_at("/keys")).content.decode()
    owner.post(_at(f"/keys/{key.public_id}/revoke"), {"reason": "old shop"})
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_bad_keys_are_refused_beside_their_field(owner):
    page = owner.post(_at("/keys/new"), {"name": "", "scopes": [], "expires_at": "soon"})
    assert set(page.context["form"].errors) == {"name", "scopes", "expires_at"}
    page = owner.post(_at("/keys/new"), {"name": "Shop", "scopes": ["read"], "expires_at": "2020-01-01"})
    assert "future" in str(page.context["form"].errors["expires_at"])
    assert not ApiKey.unscoped.exists()


def test_a_manager_sees_in_the_trail_what_they_did_themselves(acme, owner):
    owner.post(_at("/keys/new"), {"name": "Shop", "scopes": ["read"]})
    assert "Shop" in cast.sign_in(acme.sam).get(_at("/audit")).content.decode()
    assert "Shop" not in cast.sign_in(acme.bob).get(_at("/audit")).content.decode()


def test_the_trail_is_narrowed_and_downloaded(acme, owner):
    owner.post(_at("/keys/new"), {"name": "=Shop", "scopes": ["read"]})
    owner.post(_at("/edit"), SETTINGS)
    narrowed = owner.get(_at("/audit?area=team+key+program+user+access&who=user&since=2020-01-01&q=Shop"))
    assert [row[0].action for row in narrowed.context["rows"]] == ["key.created"]
    file = b"".join(owner.get(_at("/audit.csv?q=Shop"))).decode()
    assert file.count("\n") == 2
    assert owner.get(_at("/audit?since=yesterday")).status_code == 200
    assert owner.get(_at("/audit?until=2020-01-01")).context["rows"] == []
