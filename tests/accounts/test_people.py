"""Invitations, the team and its last owner, and API keys."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from django.utils import timezone

from goodword.accounts.actors import SYSTEM
from goodword.accounts.invitations import InvitationExpired, accept_invitation, invite_person
from goodword.accounts.keys import KeyRefused, authenticate_key, revoke_key
from goodword.accounts.models import AuditEntry, Membership
from goodword.accounts.team import (
    AlreadyOnTeam,
    LastOwner,
    RoleOfOrganization,
    change_role,
    end_membership,
    invite_member,
)
from goodword.domain.emails import InvalidEmail, checked_email, normal_form
from goodword.domain.errors import InvalidInput
from tests import cast

pytestmark = pytest.mark.django_db


def _token(link):
    return link.rsplit("/", 1)[1]


def test_an_invitation_sets_a_first_password_and_signs_in(client):
    invitation = invite_person("Ann@New.example", "Ann")
    answer = client.post(
        f"/account/invitation/{_token(invitation.link)}", {"name": "Ann Lee", "password": cast.PASSWORD}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/home")
    assert client.get("/home").status_code == 200
    invitation.person.refresh_from_db()
    assert invitation.person.check_password(cast.PASSWORD)


def test_an_invitation_works_once():
    token = _token(invite_person("ann@new.example").link)
    accept_invitation(token, name="Ann", password=cast.PASSWORD)
    with pytest.raises(InvitationExpired):
        accept_invitation(token, name="Eve", password="another-good-one")


def test_an_invitation_ends_after_two_weeks(client):
    token = _token(invite_person("ann@new.example").link)
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        answer = client.get(f"/account/invitation/{token}")
    assert answer.status_code == 410
    assert b"too old" in answer.content


def test_a_weak_first_password_is_refused_and_the_invitation_stays():
    token = _token(invite_person("ann@new.example").link)
    with pytest.raises(ValidationError):
        accept_invitation(token, name="Ann", password="short")
    assert accept_invitation(token, name="Ann", password=cast.PASSWORD)


def test_who_has_a_password_is_invited_to_the_start_page():
    somebody = cast.person("ann@old.example")
    assert invite_person("ANN@old.example").person == somebody
    assert invite_person("ann@old.example").link.endswith("/home")


@pytest.mark.parametrize("text", ["a@b@c.de", "x" * 330 + "@a.de", "ann@localhost", "", "ann example.com", "a\n@b.de"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InvalidEmail) as refused:
        checked_email(text)
    assert (refused.value.code, refused.value.problem.field) == ("invalid_email", "email")


def test_addresses_are_kept_as_typed_and_compared_in_normal_form():
    assert checked_email("a+b@Gmail.com") == "a+b@Gmail.com"
    assert normal_form("A.b+x@gmail.com") == normal_form("ab@googlemail.com".replace("googlemail", "gmail"))
    assert cast.person("a+b@gmail.com") != cast.person("ab@gmail.com")


def _team():
    acme = cast.acme()
    return acme, Membership.objects.get(user=acme.olga)


def test_a_team_mate_is_invited_once():
    acme, _ = _team()
    invite_member(acme.program, email="new@acme.example", name="Nia", role="viewer", actor=SYSTEM)
    entry = AuditEntry.objects.get(program=acme.program, action="team.invited")
    assert entry.after == {"email": "new@acme.example", "role": "viewer", "programs": "Acme Partners"}
    with pytest.raises(AlreadyOnTeam):
        invite_member(acme.program, email="NEW@acme.example", name="", role="owner", actor=SYSTEM)


def test_the_last_owner_stays():
    acme, owner = _team()
    with pytest.raises(LastOwner):
        end_membership(owner, program=acme.program, by=owner, actor=SYSTEM)
    with pytest.raises(LastOwner):
        change_role(owner, "viewer", program=acme.program, by=owner, actor=SYSTEM)
    owner.refresh_from_db()
    assert (owner.role, owner.ended_at) == ("owner", None)


def test_a_suspended_owner_does_not_count_as_one():
    acme, owner = _team()
    second = cast.member(acme.program, "owner")
    second.is_active = False
    second.save()
    with pytest.raises(LastOwner):
        end_membership(owner, program=acme.program, by=owner, actor=SYSTEM)


def test_the_owner_of_one_program_cannot_touch_a_role_for_the_whole_company():
    acme, owner = _team()
    boss = cast.member(acme.program, "owner", program=None)
    with pytest.raises(RoleOfOrganization):
        end_membership(boss.memberships.get(), program=acme.program, by=owner, actor=SYSTEM)


def _ask(text, path="/api/v1/partners"):
    return authenticate_key(RequestFactory().get(path, headers={"Authorization": f"Bearer {text}"}))


def _refusal(text, path="/api/v1/partners"):
    with pytest.raises(KeyRefused) as refused:
        _ask(text, path)
    return refused.value.code


def test_a_key_is_known_by_its_text_and_its_use_is_noted():
    key, text = cast.api_key(cast.program(), "read")
    assert text.startswith(f"gw_live_{key.prefix}_")
    assert _ask(text) == key
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert text.rsplit("_", 1)[1][:32] not in str(AuditEntry.objects.values_list("after", flat=True))


def test_each_unusable_key_says_why_to_whoever_holds_it_only():
    here = cast.program()
    old, expired = cast.api_key(here, expires_at=timezone.now() + timedelta(seconds=1))
    type(old).unscoped.filter(pk=old.pk).update(expires_at=timezone.now())
    revoked_key, revoked = cast.api_key(here)
    revoke_key(revoked_key, actor=SYSTEM)
    _, good = cast.api_key(here)
    _, other = cast.api_key(here)
    assert _refusal(expired) == "key_expired"
    assert _refusal(revoked) == "key_revoked"
    assert _refusal(good[:-1] + ("a" if good[-1] != "a" else "b")) == "key_malformed"
    assert _refusal("Bearer") == "key_malformed"
    assert _refusal("") == "key_missing"
    assert _refusal(_summed(good[:17] + other[17:-6])) == "key_unknown"


def test_a_test_key_does_not_open_live_data():
    key, text = cast.api_key(cast.program())
    assert _refusal(_as_test(text)) == "key_unknown"
    type(key).unscoped.filter(pk=key.pk).update(mode="test")
    assert _refusal(_as_test(text)) == "key_wrong_mode"


def _summed(body):
    from goodword.accounts.keys import _checksum

    return body + _checksum(body)


def _as_test(text):
    return _summed(text[:-6].replace("gw_live_", "gw_test_"))


def test_a_key_in_an_address_is_refused_and_flagged():
    key, text = cast.api_key(cast.program())
    assert _refusal(text, f"/api/v1/partners?key={text}") == "key_in_url"
    key.refresh_from_db()
    assert key.exposed_at is not None
    assert AuditEntry.objects.filter(program=key.program, action="key.exposed").count() == 1
    assert _refusal("", f"/api/v1/partners?key={text}") == "key_in_url"
    assert AuditEntry.objects.filter(program=key.program, action="key.exposed").count() == 1


def test_all_that_is_wrong_with_a_wished_key_is_said_at_once():
    with pytest.raises(InvalidInput) as refused:
        cast.api_key(cast.program(), "everything", name=" ", expires_at=timezone.now() - timedelta(days=1))
    assert {problem.field for problem in refused.value.problems} == {"name", "scopes", "expires_at"}
