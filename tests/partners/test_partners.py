"""Partners and applications through their services: states, refusals, what the audit trail and the worker learn."""

from datetime import timedelta

import pytest

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.domain.errors import InvalidInput
from goodword.domain.partner_details import PartnerDetails
from goodword.domain.partner_states import ApplicationDecided, WrongPartnerState
from goodword.partners import services
from goodword.partners.errors import AlreadyApplied, ExternalIdTaken, NoDefaultTerms, OwnAncestor
from goodword.partners.models import Agreement, Partner
from goodword.partners.selectors import agreement_in_force
from goodword.referrals.models import UnsettledFact
from tests import cast
from tests.cast import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    world = cast.acme()
    with active_program(world.program):
        yield world


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))


def test_a_new_partner_stands_on_the_default_terms_from_the_day_it_joined(acme):
    made = services.create_partner(acme.program, PartnerDetails(name=" Birch "), actor=SYSTEM, now=NOW)
    agreement = agreement_in_force(made, NOW)
    assert made.name == "Birch"
    assert agreement is not None
    assert agreement.terms_version.settlement_key == "standard@1"
    assert agreement_in_force(made, NOW - timedelta(seconds=1)) is None
    assert actions() == ["partner.created"]
    assert UnsettledFact.objects.filter(program=acme.program, customer="").exists()


def test_without_default_terms_nobody_is_made_a_partner(acme):
    other = cast.program()
    with active_program(other), pytest.raises(NoDefaultTerms):
        services.create_partner(other, PartnerDetails(name="Birch"), actor=SYSTEM, now=NOW)


def test_every_mistake_in_a_partners_details_is_told_at_once(acme):
    bad = PartnerDetails(name="", email="nobody", domains=("no domain",), country="Germany", website="x")
    with pytest.raises(InvalidInput) as refused:
        services.create_partner(acme.program, bad, actor=SYSTEM, now=NOW)
    assert {p.field for p in refused.value.problems} == {"name", "email", "domains", "country", "website"}
    assert not Partner.objects.filter(name="").exists()


def test_two_partners_cannot_have_the_same_number(acme):
    services.create_partner(acme.program, PartnerDetails(name="A", external_id="7"), actor=SYSTEM, now=NOW)
    with pytest.raises(ExternalIdTaken):
        services.create_partner(acme.program, PartnerDetails(name="B", external_id="7"), actor=SYSTEM, now=NOW)


def test_pausing_needs_a_reason_and_is_undone_by_resuming(acme):
    with pytest.raises(InvalidInput):
        services.pause_partner(acme.alder, reason="  ", actor=SYSTEM)
    assert services.pause_partner(acme.alder, reason="odd clicks", actor=SYSTEM).status == "paused"
    with pytest.raises(WrongPartnerState):
        services.pause_partner(acme.alder, reason="again", actor=SYSTEM)
    assert services.resume_partner(acme.alder, actor=SYSTEM).status_reason == ""
    assert actions() == ["partner.paused", "partner.resumed"]


def test_ending_a_partner_for_cause_ends_its_agreement_without_a_tail(acme):
    services.end_partner(acme.alder, reason="fake sales", for_cause=True, actor=SYSTEM, now=NOW)
    agreement = Agreement.objects.get(partner=acme.alder)
    assert (agreement.ends_at, agreement.for_cause) == (NOW, True)
    assert agreement_in_force(acme.alder, NOW) is None


def test_changing_what_self_referral_looks_at_settles_again_and_a_note_does_not(acme):
    details = PartnerDetails(name=acme.alder.name, email=acme.alder.email)
    noted = PartnerDetails(name=acme.alder.name, email=acme.alder.email, notes="likes tea")
    services.update_partner(acme.alder, noted, actor=SYSTEM, group=None)
    assert not UnsettledFact.objects.exists()
    moved = PartnerDetails(name=details.name, email=details.email, domains=("Alder.Example",))
    assert services.update_partner(acme.alder, moved, actor=SYSTEM, group=None).domains == ["alder.example"]
    assert UnsettledFact.objects.count() == 1


def test_a_partner_is_never_its_own_recruiter(acme):
    child = cast.partner(acme.program, parent=acme.alder)
    details = PartnerDetails(name=acme.alder.name, email=acme.alder.email)
    with pytest.raises(OwnAncestor):
        services.update_partner(acme.alder, details, actor=SYSTEM, group=None, parent=child)


def apply(acme, email="lena@example.com"):
    details = PartnerDetails(name="Lena Fischer", contact_name="Lena Fischer", email=email, kind="person")
    return services.submit_application(
        acme.program, details, audience="12,000 listeners", promotion="a podcast", actor=SYSTEM, now=NOW
    )


def test_one_address_waits_once(acme):
    apply(acme)
    with pytest.raises(AlreadyApplied):
        apply(acme, "LENA@example.com")


def test_approving_makes_a_partner_once(acme):
    application = apply(acme)
    partner = services.approve_application(application, actor=SYSTEM, decided_by=acme.bob, now=NOW)
    application.refresh_from_db()
    assert application.partner == partner
    assert application.decided_by == acme.bob
    with pytest.raises(ApplicationDecided):
        services.approve_application(application, actor=SYSTEM, now=NOW)
    assert Partner.objects.filter(email="lena@example.com").count() == 1
    assert actions() == ["application.submitted", "partner.created", "application.approved"]


def test_rejecting_keeps_the_reason_and_the_applicant_may_apply_again(acme):
    application = services.reject_application(apply(acme), reason="no audience yet", actor=SYSTEM, now=NOW)
    assert (application.status, application.reason) == ("rejected", "no audience yet")
    assert apply(acme).status == "submitted"
