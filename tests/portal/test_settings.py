"""Payout details, people, letters and the agreement of a partner."""

from datetime import timedelta

import pytest
import time_machine

from goodword.partners.models import Agreement
from goodword.payouts.models import PayoutMethod
from tests import cast
from tests.portal.test_home import text_of

pytestmark = pytest.mark.django_db
METHOD = {"kind": "iban", "holder": "Alder Advice", "account": "DE89 3704 0044 0532 0130 00"}


@pytest.fixture
def acme():
    return cast.acme()


def store(person, **fields):
    return cast.sign_in(person).post("/portal/acme/settings/payout", METHOD | fields)


def test_payout_details_are_stored_and_only_their_mask_is_shown(acme):
    assert store(acme.alice)["Location"] == "/portal/acme/settings"
    text = text_of(acme.alice, "/portal/acme/settings")
    assert "DE •••• 3000" in text
    assert "0532" not in text


def test_changed_details_rest_before_they_are_used(acme):
    store(acme.alice)
    store(acme.alice, account="FR14 2004 1010 0505 0001 3M02 606")
    assert PayoutMethod.unscoped.filter(replaced_at=None).get().account_mask.startswith("FR")
    assert "New details rest until" in text_of(acme.alice, "/portal/acme/settings")


@pytest.mark.parametrize(
    ("fields", "beside"),
    [({"account": "DE00 3704 0044 0532 0130 00"}, "IBAN"), ({"holder": ""}, "the name that the bank has")],
)
def test_bad_details_are_refused_beside_the_field(acme, fields, beside):
    answer = store(acme.alice, **fields)
    assert answer.status_code == 422
    assert beside in answer.content.decode().partition("field-bad")[2]
    assert not PayoutMethod.unscoped.exists()


def test_a_member_cannot_change_where_the_money_goes(acme):
    assert store(cast.seat(acme.alder, "member")).status_code == 403
    assert not PayoutMethod.unscoped.exists()


def test_somebody_who_signed_in_long_ago_is_asked_again(acme):
    client = cast.sign_in(acme.alice, lately=False)
    assert client.get("/portal/acme/settings/payout")["Location"].startswith("/account/reauthenticate/")


def test_the_inbox_holds_my_letters_and_not_those_of_a_colleague(acme):
    mine = cast.letter(acme.program, "ALICE@alder.example", subject="For Alice")
    other = cast.letter(acme.program, "mia@alder.example", subject="For Mia")
    text = text_of(acme.alice, "/portal/acme/inbox")
    assert "For Alice" in text
    assert "For Mia" not in text
    client = cast.sign_in(acme.alice)
    assert client.get(f"/portal/acme/inbox/{mine.pk}").status_code == 200
    assert client.get(f"/portal/acme/inbox/{other.pk}").status_code == 404


def test_a_letter_is_shown_as_text(acme):
    letter = cast.letter(acme.program, "alice@alder.example", text="<script>alert(1)</script>")
    page = cast.sign_in(acme.alice).get(f"/portal/acme/inbox/{letter.pk}").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_a_member_does_not_read_what_went_to_the_firm_about_its_account(acme):
    for kind in ("payout_method_changed", "application_approved"):
        cast.letter(acme.program, acme.alder.email, kind=kind, subject=kind)
    member = cast.seat(acme.alder, "member")
    text = text_of(member, "/portal/acme/inbox")
    assert "application_approved" in text
    assert "payout_method_changed" not in text


def test_the_agreement_is_told_with_an_example_that_the_engine_worked_out(acme):
    text = text_of(acme.alice, "/portal/acme/agreement")
    assert "Standard, version 1, in force since" in text
    assert "Commission 20% of 100.00 20.00" in text
    assert "60 days after the sale" in text


def test_an_agreement_that_has_ended_says_so_and_stays_in_the_history(acme):
    Agreement.unscoped.filter(partner=acme.alder).update(
        ends_at=cast.NOW - timedelta(days=1), end_reason="new terms were refused"
    )
    with time_machine.travel(cast.NOW):
        text = text_of(acme.alice, "/portal/acme/agreement")
    assert "You have no agreement in force now" in text
    assert "Ended: new terms were refused" in text
