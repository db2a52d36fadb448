"""The first page of a partner: the answer, what comes, what was taken back."""

import html
import re

import pytest
import time_machine

from tests import cast
from tests.portal.scene import NOW, days, paid_then_refunded, settled, sold

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def acme():
    return cast.acme()


def text_of(person, path="/portal/acme/"):
    answer = cast.sign_in(person).get(path)
    assert answer.status_code == 200
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split()).replace(" .", ".").replace(" ,", ",")


def test_nothing_earned_yet_teaches_the_first_step(acme):
    text = text_of(acme.alice)
    assert "You have earned €0.00" in text
    assert "Nothing is on its way yet" in text


def test_the_answer_says_what_is_earned_and_until_when_it_can_be_taken_back(acme):
    sold(acme, "s-1", minor=10_000, ago=10)  # 20.00; a refund counts until 60 days after 10 November
    settled(acme)
    assert "You have earned €20.00 €20.00 of it can still be taken back until 9 January 2027" in text_of(acme.alice)


def test_what_is_below_the_minimum_says_what_is_missing(acme):
    sold(acme, "s-1", minor=10_000, ago=80)
    settled(acme)
    text = text_of(acme.alice)
    assert "€20.00 is ready; payouts start at €50.00, so €30.00 is still missing" in text
    assert "None of it can be taken back by a refund any more" in text


def test_what_is_ready_is_the_next_payout_and_what_waits_stands_with_its_day(acme):
    sold(acme, "s-1", minor=40_000, ago=80)
    sold(acme, "s-2", minor=10_000, ago=10)
    settled(acme)
    text = text_of(acme.alice)
    assert "The next payout brings €80.00" in text
    assert "10 December 1 commission becomes ready for a payout €20.00" in text


def test_a_refund_after_the_payout_is_told_in_words_with_its_consequence(acme):
    paid_then_refunded(acme)
    text = text_of(acme.alice)
    assert "€60.00 was taken back after it had been paid: the order of 1 October was refunded." in text
    assert "It will be taken off your next payout. Reason given: sent back." in text
    assert "Your next payout is lessened by €60.00" in text
    assert "You have earned €0.00" in text


def test_a_refund_before_the_payout_is_told_with_its_reason(acme):
    sale = sold(acme, "s-1", minor=10_000, ago=20)
    settled(acme, ago=19)
    cast.refund(sale, amount_minor=5_000, at=days(2), reason="one of two came back")
    settled(acme)
    text = text_of(acme.alice)
    assert "€10.00 was taken back: the order of 31 October was refunded." in text
    assert "one of two came back" in text
    assert "next payout is lessened" not in text


def test_a_held_commission_is_no_coming_money(acme):
    from goodword.accounts.actors import SYSTEM
    from goodword.commissions.services import place_hold

    sold(acme, "s-1", minor=10_000, ago=10)
    settled(acme)
    place_hold(acme.alder, reason="possible own purchase", user=None, actor=SYSTEM, now=NOW)
    text = text_of(acme.alice)
    assert "Held €20.00 being checked by the team" in text
    assert "becomes ready" not in text
    assert "own purchase" not in text


def test_without_payout_details_the_owner_is_asked_for_them_and_a_member_is_not(acme):
    sold(acme, "s-1", ago=10)
    settled(acme)
    member = cast.seat(acme.alder, "member")
    assert "We do not know yet where to send your money" in text_of(acme.alice)
    assert "where to send your money" not in text_of(member)
