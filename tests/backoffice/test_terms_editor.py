"""The terms editor through its one address: rows, views, drafts, the last look, the second person."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from goodword.accounts.scope import active_program
from goodword.insights.terms_effect import terms_effect
from goodword.partners.models import Terms, TermsDraft
from tests import cast
from tests.web import showcase

pytestmark = pytest.mark.django_db
FORM = {"rules-0-key": "all", "rules-0-percent": "25", "rules-0-less_tax": "on", "rules-0-less_shipping": "on",
        "choose": "first", "clawback_days": "60", "note": "more", "begins": "new"}  # fmt: skip


@pytest.fixture
def acme():
    world = cast.acme()
    with active_program(world.program):
        world.terms = Terms.objects.get()
        world.address = f"/p/acme/terms/{world.terms.public_id}/publish"
        world.bob_s = cast.sign_in(world.bob)
        yield world


def said(answer):
    return answer.content.decode()


def test_the_editor_opens_with_the_last_version_as_a_form(acme):
    page = said(acme.bob_s.get(acme.address))
    assert 'name="rules-0-percent" value="20"' in page
    assert "Nothing yet: this says what the last version says." in page


def test_a_version_is_published_from_the_form_and_the_last_one_stays(acme):
    assert "goes from <mark>20%</mark> to <mark>25%</mark>" in said(acme.bob_s.post(acme.address, FORM))
    assert acme.terms.versions.count() == 1
    assert acme.bob_s.post(acme.address, FORM | {"do": "publish"}).status_code == 302
    first, second = acme.terms.versions.order_by("number")
    assert first.document["rules"][0]["pay"] == {"percent": "20%"}
    assert second.document["rules"][0]["pay"] == {"percent": "25%"}
    assert "What changed from version 1" in said(acme.bob_s.get(f"/p/acme/terms/{acme.terms.public_id}"))


def test_the_document_view_and_the_form_say_the_same(acme):
    page = said(acme.bob_s.post(acme.address, FORM | {"do": "json"}))
    assert "&quot;percent&quot;: &quot;25%&quot;" in page
    document = json.dumps({"rules": [{"key": "all", "pay": {"flat": "7.00"}, "when": {"properties.x": 1.5}}]})
    page = said(acme.bob_s.post(acme.address, {"document": document, "do": "form"}))
    assert 'name="rules-0-flat" value="7.00"' in page
    assert 'name="rules-0-conditions-0-value" value="1.5"' in page


def test_numbers_with_a_point_are_stored_exactly(acme):
    typed = FORM | {"rules-0-conditions-0-field": "property", "rules-0-conditions-0-property": "size",
                    "rules-0-conditions-0-op": "gte", "rules-0-conditions-0-value": "1.10"}  # fmt: skip
    assert acme.bob_s.post(acme.address, typed | {"do": "publish"}).status_code == 302
    newest = acme.terms.versions.latest("number")
    assert str(newest.document["rules"][0]["when"]["properties.size"]["gte"]) == "1.10"
    assert "1.10" in said(acme.bob_s.get(f"/p/acme/terms/{acme.terms.public_id}"))


def test_a_draft_is_kept_as_typed_and_goes_when_it_is_published(acme):
    acme.bob_s.post(acme.address, FORM | {"rules-0-percent": "many\x00", "do": "save"})
    page = said(acme.bob_s.get(acme.address))
    assert "Kept as a draft" in page
    assert 'value="many"' in page
    acme.bob_s.post(acme.address, FORM | {"do": "publish"})
    assert not TermsDraft.objects.exists()


def test_a_second_person_finds_and_publishes_what_waits(acme):
    generous = FORM | {"rules-0-percent": "150"}
    assert "A second person has to publish it" in said(acme.bob_s.post(acme.address, generous | {"do": "look"}))
    assert acme.bob_s.post(acme.address, generous | {"do": "publish"}).status_code == 422
    acme.bob_s.post(acme.address, generous | {"do": "ask"})
    page = f"/p/acme/terms/{acme.terms.public_id}"
    assert "somebody else has to agree" in said(acme.bob_s.get(page))
    olga = cast.sign_in(acme.olga)
    shown = said(olga.get(page))
    digest = TermsDraft.objects.get().document_hash
    assert f'value="{digest}"' in shown
    approve = reverse("backoffice:terms-approve", args=["acme", acme.terms.public_id])
    refused = acme.bob_s.post(approve, {"hash": digest}, follow=True)
    assert "You asked for this yourself. Somebody else has to agree." in said(refused)
    assert acme.terms.versions.count() == 1
    olga.post(approve, {"hash": "another"})
    assert acme.terms.versions.count() == 1
    olga.post(approve, {"hash": digest})
    newest = acme.terms.versions.latest("number")
    assert (newest.number, newest.published_by, newest.approved_by) == (2, acme.bob, acme.olga)


def test_a_sample_without_an_amount_and_one_too_large_break_nothing(acme):
    samples = {"samples-0-amount": "", "samples-1-amount": "9999999999999", "samples-2-amount": "100"}
    page = said(acme.bob_s.post(acme.address, FORM | samples | {"do": "preview-part"}))
    assert "write an amount" in page
    assert "€25.00" in page


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [("key", "", "More"), ("hold_days", "-1", "More"), ("months", "x", "For how long"),
     ("cap_customer", "x", "At least and at most")],
)  # fmt: skip
def test_a_folded_part_with_a_mistake_in_it_is_open(acme, name, value, part):
    closed, opened = f"<details><summary>{part}</summary>", f"<details open><summary>{part}</summary>"
    assert closed in said(acme.bob_s.post(acme.address, FORM | {"do": "look"}))
    assert opened in said(acme.bob_s.post(acme.address, FORM | {f"rules-0-{name}": value}))


def test_mistakes_are_listed_in_the_order_of_the_page(acme):
    page = said(acme.bob_s.post(acme.address, FORM | {"rules-0-percent": "x", "clawback_days": "-1", "note": ""}))
    listed = [page.index(text) for text in ("Rule 1, percent:", "A refund counts for:", "What changes and why:")]
    assert listed == sorted(listed)


def test_a_mistake_in_the_document_names_place_value_and_remedy(acme):
    document = json.dumps({"rules": [{"key": "all", "pay": {"percent": "a lot"}}]})
    page = said(acme.bob_s.post(acme.address, {"document": document, "note": "x", "do": "look"}))
    assert "At rules[0].pay.percent: “a lot” is not a percent. Write a percent" in page


@pytest.mark.parametrize("do", ["add:nowhere", "remove:rules-77", "up:rules-x", "down:", "add:rules-0-key", "what"])
def test_a_button_that_there_is_not_does_no_harm(acme, do):
    assert acme.bob_s.post(acme.address, FORM | {"do": do}).status_code == 200
    assert acme.terms.versions.count() == 1


def test_the_last_days_are_settled_as_they_are_and_with_the_draft():
    world = showcase.busy()
    with active_program(world.program):
        terms = Terms.objects.get(key="standard")
        doubled = {"rules": [{"key": "first-year", "pay": {"percent": "40%"}, "lasts": {"months": 12}}]}
        effect = terms_effect(world.program, terms, doubled, timezone.now())
        same = terms_effect(world.program, terms, terms.versions.latest("number").document, timezone.now())
    assert effect.now == same.now == same.draft > 0
    assert abs(effect.draft - 2 * effect.now) <= effect.sales  # each sale is rounded by itself
    assert effect.sales >= effect.credited > 0
    assert sum(one.difference for one in effect.partners) == effect.difference
