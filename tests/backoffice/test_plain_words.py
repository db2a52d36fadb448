"""What people read holds no raw names: amounts with their sign, versions, scopes and rules in words."""

from types import SimpleNamespace

import pytest

from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.backoffice.audit_changes import changes
from goodword.backoffice.audit_views import AREAS
from goodword.domain.errors import Problem
from goodword.insights import audit_words
from goodword.insights.refusals import sentence
from goodword.insights.templatetags.lines import paid_as
from goodword.insights.terms import words_of
from goodword.payouts.models import Payout
from tests import cast
from tests.web import showcase

pytestmark = pytest.mark.django_db


def test_terms_write_amounts_as_the_receipt_below_them_does():
    document = {"rules": [{"key": "lead", "on": "lead", "pay": {"flat": "1250.00"}}]}
    words = words_of(cast.program(currency="EUR"), document)
    assert "€1,250.00" in words.sentences[0]
    assert not any("EUR" in sentence for sentence in (*words.sentences, words.story))


@pytest.mark.parametrize(("rate", "said"), [("20%", "20% of €34.00"), ("", "fixed amount"), ("5.00", "fixed amount")])
def test_a_line_says_how_it_is_paid_in_short(rate, said):
    assert paid_as(SimpleNamespace(rate=rate, basis_minor=3400, currency="EUR")) == said


def test_the_audit_trail_says_versions_scopes_and_choices_in_words():
    after = {"terms": "standard@2", "scopes": ["read", "events:write"], "kind": "write_off", "amount_minor": 500,
             "currency": "EUR"}  # fmt: skip
    found = {one.field: one.after for one in changes(AuditEntry(after=after), {"standard": "Standard"})}
    assert found["terms"] == "Standard, version 2"
    assert found["scopes"] == "Read everything except settings; Send facts: customers, sales, refunds"
    assert (found["kind"], found["amount"]) == ("write off", "€5.00")


def test_the_audit_trail_says_a_reason_a_partner_and_a_line_once():
    hold = {"reason": "Looks odd", "partner": "prt_1", "line": "lin_1"}
    names, label = {"prt_1": "Alder Advice"}, "Alder Advice, line lin_1"
    placed = AuditEntry(object_label=label, reason="Looks odd", after=hold)
    released = AuditEntry(object_label=label, reason="Cleared up", before=hold)
    elsewhere = AuditEntry(object_label="Autumn", after=hold)
    assert [one.field for one in changes(placed, names)] == []
    assert [one.field for one in changes(released, names)] == ["reason"]
    assert [one.field for one in changes(elsewhere, names)] == ["reason", "partner", "line"]


def test_every_kind_of_entry_is_found_in_one_area_of_the_trail():
    kinds = {action.partition(".")[0] for action in audit_words._WORDS}
    areas = [names.split() for names, _ in AREAS[1:]]
    assert {kind: sum(kind in area for area in areas) for kind in kinds} == dict.fromkeys(kinds, 1)


def test_the_audit_trail_names_people_without_their_addresses():
    world = showcase.busy()
    page = cast.sign_in(world.olga).get(f"/p/{world.program.slug}/settings/audit").content.decode()
    assert ">Bob Brown</b>" in page
    assert "&lt;bob@" not in page.replace('title="Bob Brown &lt;bob@', "")


def test_a_payout_says_what_its_rules_pay():
    world = showcase.busy()
    with active_program(world.program):
        payout = Payout.objects.filter(partner=world.alder, state="paid")[0]
    page = cast.sign_in(world.olga).get(f"/p/{world.program.slug}/payouts/{payout.public_id}").content.decode()
    assert "20% of €34.00" in page
    assert "For a sale: 20% of what the customer paid" in page
    assert "first-year" not in page


@pytest.mark.parametrize(
    ("message", "remedy", "said"),
    [
        ("evil.example is not a host of this program", "", "evil.example is not a host of this program."),
        ("the name is too long", "shorten it", "The name is too long. Shorten it."),
        ("The books do not agree.", "Run `goodword verify`.", "The books do not agree. Run `goodword verify`."),
        ("there is no such key", "did you mean 'rate'?", "There is no such key. Did you mean 'rate'?"),
    ],
)
def test_a_refusal_is_told_in_whole_sentences_that_leave_a_host_as_it_was_typed(message, remedy, said):
    assert sentence(Problem("bad", message, remedy=remedy)) == said
