"""Drafts of terms, and the second person that rates over 100% need."""

from datetime import timedelta

import pytest
from django.utils import timezone

from goodword.accounts.scope import active_program
from goodword.domain.errors import InvalidInput
from goodword.partners.agreements import publish_terms_version
from goodword.partners.drafts import ask_second_person, drop_draft, publish_draft, save_draft
from goodword.partners.errors import DraftChanged, SameTerms, SecondPersonNeeded
from goodword.partners.models import Terms, TermsDraft
from tests import cast

pytestmark = pytest.mark.django_db
GENEROUS = {"rules": [{"key": "launch", "on": "sale", "pay": {"percent": "150%"}}], "choose": "first"}


@pytest.fixture
def acme():
    world = cast.acme()
    with active_program(world.program):
        world.terms = Terms.objects.get()
        yield world


def publish(acme, document, **more):
    given = {"note": "n", "actor": cast.actor(acme.bob), "now": timezone.now(), "published_by": acme.bob}
    return publish_terms_version(acme.program, acme.terms, document=document, **given, **more)


def ask(acme, document=GENEROUS):
    return ask_second_person(
        acme.program, acme.terms, {"note": "launch"}, document=document, user=acme.bob, actor=cast.actor(acme.bob),
        now=timezone.now(),
    )  # fmt: skip


def agree(acme, user, document=GENEROUS):
    return publish_draft(
        acme.program, acme.terms, document=document, note="launch", user=user, actor=cast.actor(user),
        now=timezone.now(),
    )  # fmt: skip


def test_nobody_publishes_rates_over_the_whole_sale_alone(acme):
    for more in ({}, {"approved_by": acme.bob}):
        with pytest.raises(SecondPersonNeeded, match="“launch” pays 150%"):
            publish(acme, GENEROUS, **more)
    assert acme.terms.versions.count() == 1


def test_a_rate_of_exactly_the_whole_sale_needs_nobody_else(acme):
    assert publish(acme, {"rules": [{"key": "a", "pay": {"percent": "100%"}}]}).number == 2


def test_a_second_person_publishes_what_they_were_asked_for(acme):
    ask(acme)
    version = agree(acme, acme.olga)
    assert (version.published_by, version.approved_by) == (acme.bob, acme.olga)
    assert version.document == GENEROUS
    assert not TermsDraft.objects.exists()


def test_who_asked_cannot_agree(acme):
    ask(acme)
    with pytest.raises(SecondPersonNeeded):
        agree(acme, acme.bob)
    assert acme.terms.versions.count() == 1


def test_a_draft_changed_meanwhile_is_asked_for_no_more(acme):
    ask(acme)
    save_draft(acme.terms, {"note": "other"}, user=acme.olga, now=timezone.now())
    with pytest.raises(DraftChanged):
        agree(acme, acme.sam)


def test_other_content_than_was_asked_for_is_refused(acme):
    ask(acme)
    with pytest.raises(DraftChanged):
        agree(acme, acme.olga, GENEROUS | {"choose": "best"})


def test_nobody_is_asked_for_terms_that_cannot_run(acme):
    with pytest.raises(InvalidInput):
        ask(acme, {"rules": [{"key": "a", "pay": {"percent": "lots"}}]})
    assert not TermsDraft.objects.exists()


def test_a_draft_keeps_whatever_was_typed_until_it_is_thrown_away(acme):
    first = save_draft(acme.terms, {"rules-0-percent": "not yet"}, user=acme.bob, now=timezone.now())
    later = timezone.now() + timedelta(hours=1)
    again = save_draft(acme.terms, {"rules-0-percent": "5"}, user=acme.olga, now=later)
    assert (first.pk, again.typed) == (again.pk, {"rules-0-percent": "5"})
    drop_draft(acme.terms)
    assert not TermsDraft.objects.exists()


def test_the_same_in_other_words_is_no_new_version(acme):
    same = {"rules": [{"key": "all", "pay": {"percent": "20.00%"}, "when": {}, "cap": {}}], "clawback": {"days": 60}}
    with pytest.raises(SameTerms):
        publish(acme, same)
