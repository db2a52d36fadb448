"""What people decide in the back office, through its pages: applications, terms, holds, partners."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.commissions.models import Hold
from goodword.partners.models import Agreement, Application, Group, Partner, PartnerUser, Terms
from goodword.payouts.models import PayoutMethod
from goodword.referrals.models import Link
from tests import cast
from tests.payouts.test_runs import payee

pytestmark = pytest.mark.django_db
STEPS = [
    {"do": "share", "from": "last touch", "is": "100%"},
    {"do": "basis", "from": "120.00 - 20.00 tax", "is": "100.00"},
    {"do": "rate", "from": "20% * 100.00", "is": "20.00"},
    {"do": "amount", "from": "20.00", "is": "20.00"},
]


@pytest.fixture
def acme():
    world = cast.acme()
    world.program.site_url = "https://shop.example/"
    world.program.save()
    with active_program(world.program):
        yield world


@pytest.fixture
def bob(acme):
    return cast.sign_in(acme.bob)


@pytest.fixture
def sam(acme):
    return cast.sign_in(acme.sam)


def messages_of(client, address) -> str:
    return client.get(address).content.decode()


def test_approving_an_application_makes_partner_agreement_seat_and_link(acme, bob):
    waiting = cast.application(acme.program, name="Deep Cuts", email="max@deepcuts.example")
    answer = bob.post(f"/p/acme/applications/{waiting.public_id}/approve", follow=True)
    assert "is a partner now" in answer.content.decode()
    made = Partner.objects.get(name="Deep Cuts")
    assert Agreement.objects.get(partner=made).terms_version.settlement_key == "standard@1"
    assert PartnerUser.objects.get(partner=made).user.email == "max@deepcuts.example"
    assert Link.objects.get(partner=made).destination == "https://shop.example/"


def test_turning_down_needs_a_reason(acme, bob):
    waiting = cast.application(acme.program)
    address = f"/p/acme/applications/{waiting.public_id}/reject"
    assert "one sentence that they will understand" in bob.post(address, {"reason": " "}, follow=True).content.decode()
    assert Application.objects.get(pk=waiting.pk).status == "submitted"
    bob.post(address, {"reason": "no audience yet"})
    assert Application.objects.get(pk=waiting.pk).reason == "no audience yet"


def test_an_application_decided_meanwhile_is_not_decided_again(acme, bob):
    waiting = cast.application(acme.program)
    bob.post(f"/p/acme/applications/{waiting.public_id}/reject", {"reason": "no"})
    answer = bob.post(f"/p/acme/applications/{waiting.public_id}/approve", follow=True).content.decode()
    assert "already rejected" in answer
    assert Partner.objects.filter(application=waiting).count() == 0


def test_terms_are_previewed_in_words_before_they_are_published(acme, bob):
    terms = Terms.objects.get()
    address = f"/p/acme/terms/{terms.public_id}/publish"
    document = {"rules": [{"key": "all", "on": "sale", "pay": {"percent": "25%"}}]}
    form = {"document": json.dumps(document), "note": "more", "begins": "new"}
    preview = bob.post(address, form).content.decode()
    assert "<mark>25%</mark> of what the customer paid" in preview
    assert terms.versions.count() == 1
    assert bob.post(address, {**form, "do": "publish"}).status_code == 302
    assert terms.versions.latest("number").document == document


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "Not JSON at column"),
        ('{"rules": [{"key": "a", "on": "sale", "pay": {"percent": "2000%"}}]}', "rules[0].pay.percent"),
        ('{"rulez": []}', "rulez"),
        ("[]", "field-bad"),
    ],
)
def test_terms_that_the_engine_cannot_run_are_refused_beside_the_field(acme, bob, document, said):
    terms = Terms.objects.get()
    form = {"document": document, "note": "x", "begins": "new", "do": "publish"}
    answer = bob.post(f"/p/acme/terms/{terms.public_id}/publish", form).content.decode()
    assert said in answer
    assert 'href="#id_document"' in answer
    assert terms.versions.count() == 1


def test_terms_in_the_past_are_refused_beside_the_day(acme, bob):
    terms = Terms.objects.get()
    document = json.dumps({"rules": [{"key": "all", "on": "sale", "pay": {"percent": "25%"}}]})
    form = {"document": document, "note": "x", "begins": "day", "effective_on": "2020-01-01", "do": "publish"}
    answer = bob.post(f"/p/acme/terms/{terms.public_id}/publish", form).content.decode()
    assert 'href="#id_effective_on"' in answer
    assert terms.versions.count() == 1


def test_a_line_says_its_arithmetic_its_rule_and_what_would_change_it(acme, bob):
    line = cast.line(acme.alder, steps=STEPS, terms="standard@1", line="ln-1")
    page = bob.get("/p/acme/lines/ln-1/explain").content.decode()
    for said in (
        "120.00 − 20.00 tax",
        "20% of 100.00",
        "€20.00",
        "Why this rule",
        "A refund of this sale within 60 days",
    ):
        assert said in page
    assert line.partner.name in page


def test_a_hold_is_placed_by_a_manager_and_released_by_finance_only(acme, bob, sam):
    address = f"/p/acme/partners/{acme.alder.public_id}/hold"
    assert "A hold needs a reason" in bob.post(address, {}, follow=True).content.decode()
    bob.post(address, {"reason": "odd invoice"})
    hold = Hold.objects.get()
    assert (hold.reason, hold.line) == ("odd invoice", "")
    assert bob.post(f"/p/acme/holds/{hold.public_id}/release").status_code == 403
    sam.post(f"/p/acme/holds/{hold.public_id}/release")
    hold.refresh_from_db()
    assert hold.released_by == acme.sam


def test_adding_a_partner_keeps_what_was_typed_and_tells_every_mistake(acme, bob):
    form = {"name": "Birch", "kind": "firm", "website": "nonsense", "country": "D1", "domains": "no_domain"}
    answer = bob.post("/p/acme/partners/new", form).content.decode()
    for field in ("website", "country", "domains"):
        assert f'href="#id_{field}"' in answer
    assert 'value="Birch"' in answer
    assert not Partner.objects.filter(name="Birch").exists()


def test_a_partner_can_be_added_to_a_group_on_chosen_terms(acme, bob):
    gold = cast.group(acme.program, name="Gold")
    version = cast.terms_version(acme.program, terms=cast.terms(acme.program, key="gold", name="Gold"))
    form = {"name": "Birch", "kind": "firm", "group": gold.pk, "terms": version.terms_id, "joined_on": "2026-01-05"}
    assert bob.post("/p/acme/partners/new", form).status_code == 302
    made = Partner.objects.get(name="Birch")
    assert made.group == Group.objects.get()
    assert made.agreements.get().terms_version == version
    assert made.joined_at.isoformat() == "2026-01-04T23:00:00+00:00"


def test_a_link_that_leads_elsewhere_is_refused_beside_the_field(acme, bob):
    address = f"/p/acme/partners/{acme.alder.public_id}/links/new"
    answer = bob.post(address, {"destination": "https://evil.example/", "key": "alder"}).content.decode()
    assert 'href="#id_destination"' in answer
    assert not Link.objects.exists()
    assert bob.post(address, {"destination": "https://shop.example/x", "key": "alder"}).status_code == 302
    assert Link.objects.get().key == "alder"


def test_what_was_done_stands_on_the_partners_page_in_words(acme, bob):
    bob.post(f"/p/acme/partners/{acme.alder.public_id}/pause", {"reason": "odd clicks"})
    page = bob.get(f"/p/acme/partners/{acme.alder.public_id}").content.decode()
    assert "Paused: new clicks stop counting" in page
    assert "odd clicks" in page
    assert "Bob Brown" in page
    assert AuditEntry.objects.get(action="partner.paused").reason == "odd clicks"


def test_the_program_is_switched_only_to_programs_that_one_may_open(acme, bob):
    cast.program(slug="acme-two", name="Acme Two", organization=acme.program.organization)
    assert "Acme Two" not in bob.get("/p/acme/").content.decode()


def test_finance_does_not_release_what_finance_held(acme, sam):
    olga = cast.sign_in(cast.member(acme.program, "owner"))
    hold = cast.hold(acme.alder, placed_by=acme.sam)
    page = sam.post(f"/p/acme/holds/{hold.public_id}/release", follow=True)
    assert "somebody else has to take this one" in page.content.decode()
    hold.refresh_from_db()
    assert hold.released_at is None
    olga.post(f"/p/acme/holds/{hold.public_id}/release")
    hold.refresh_from_db()
    assert hold.released_at


def test_an_agreement_is_ended_for_cause_with_a_reason(acme, bob):
    agreement = cast.agreement(cast.partner(acme.program, name="Birch"))
    today = timezone.localdate()
    path = f"/p/acme/agreements/{agreement.public_id}/end"
    assert (
        "Write one sentence that tells the partner why it ends."
        in bob.post(path, {"ends_on": today, "for_cause": "on"}).content.decode()
    )
    assert "That day is over" in bob.post(path, {"ends_on": today - timedelta(days=1), "reason": "x"}).content.decode()
    bob.post(path, {"ends_on": today, "for_cause": "on", "reason": "Paid search on our name"})
    agreement.refresh_from_db()
    assert (agreement.for_cause, agreement.end_reason) == (True, "Paid search on our name")
    assert agreement.ends_at > timezone.now()
    assert AuditEntry.objects.get(action="agreement.ended").after["for_cause"] is True


def test_the_recruiter_of_a_partner_is_set_and_never_a_recruit_of_its_own(acme, bob):
    birch = cast.partner(acme.program, name="Birch", parent=acme.alder)
    given = {"name": "Alder Advice", "kind": "firm", "parent": str(birch.pk)}
    refused = bob.post(f"/p/acme/partners/{acme.alder.public_id}/edit", given)
    assert "recruited by its own recruit" in refused.content.decode()
    other = cast.partner(cast.program(slug="other"), name="Foreign")
    assert bob.post(f"/p/acme/partners/{birch.public_id}/edit", {**given, "parent": str(other.pk)}).status_code == 422
    cedar = cast.partner(acme.program, name="Cedar")
    bob.post(f"/p/acme/partners/{birch.public_id}/edit", {**given, "name": "Birch", "parent": str(cedar.pk)})
    birch.refresh_from_db()
    assert birch.parent == cedar


@pytest.mark.parametrize(("role", "sees"), [("owner", True), ("finance", True), ("manager", False), ("viewer", False)])
def test_only_owners_and_finance_see_where_money_goes(acme, role, sees):
    payee(acme.program, "Ada", l1=6000)
    partner = Partner.unscoped.get(name="Ada")
    mask = PayoutMethod.unscoped.get(partner=partner).account_mask
    page = cast.sign_in(cast.member(acme.program, role)).get(f"/p/acme/partners/{partner.public_id}")
    assert (mask in page.content.decode()) is sees
