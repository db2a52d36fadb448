"""Terms and agreements: versions stay as they are, one agreement at a time, new terms begin on their day."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.domain.errors import InvalidInput
from goodword.partners import services
from goodword.partners.errors import AgreementsOverlap, EffectiveInThePast, SameTerms
from goodword.partners.models import Agreement, Terms, TermsVersion
from goodword.partners.selectors import agreement_in_force, agreements_of
from tests import cast
from tests.cast import NOW, TERMS

pytestmark = pytest.mark.django_db
MORE = {**TERMS, "rules": [{"key": "all", "on": "sale", "pay": {"percent": "25%"}}]}
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def acme():
    world = cast.acme()
    world.terms = Terms.unscoped.get(program=world.program)
    with active_program(world.program):
        yield world


def publish(acme, document=MORE, **given):
    return services.publish_terms_version(
        acme.program, acme.terms, document=document, note="more for all", actor=SYSTEM, now=NOW, **given
    )


def test_a_new_version_alone_changes_nothing_for_partners_on_the_old_one(acme):
    assert publish(acme).settlement_key == "standard@2"
    assert agreement_in_force(acme.alder, TOMORROW + timedelta(days=99)).terms_version.number == 1


def test_with_a_day_partners_move_to_the_new_version_at_that_moment(acme):
    publish(acme, effective_at=TOMORROW)
    assert agreement_in_force(acme.alder, TOMORROW - timedelta(seconds=1)).terms_version.number == 1
    assert agreement_in_force(acme.alder, TOMORROW).terms_version.number == 2
    assert [a.terms_version.number for a in agreements_of(acme.alder)] == [2, 1]
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True)) == [
        "agreement.started",
        "terms.published",
    ]


def test_an_agreement_that_would_begin_later_begins_on_the_new_version(acme):
    acme.alder.agreements.update(ends_at=NOW)
    later = TOMORROW + timedelta(days=9)
    services.put_on_terms(acme.alder, acme.terms.versions.get(), starts_at=later, actor=SYSTEM)
    publish(acme, effective_at=TOMORROW)
    assert agreement_in_force(acme.alder, TOMORROW) is None
    assert agreement_in_force(acme.alder, later).terms_version.number == 2


def test_new_terms_never_begin_in_the_past(acme):
    with pytest.raises(EffectiveInThePast):
        publish(acme, effective_at=NOW - timedelta(seconds=1))
    assert acme.terms.versions.count() == 1


def test_a_version_that_says_the_same_is_refused(acme):
    publish(acme)
    with pytest.raises(SameTerms):
        publish(acme)


def test_a_document_the_engine_cannot_run_is_refused_with_the_paths_of_its_mistakes(acme):
    bad = {"rules": [{"key": "all", "on": "sale", "pay": {"percent": "2000%"}}], "chose": "first"}
    with pytest.raises(InvalidInput) as refused:
        publish(acme, bad)
    assert {problem.field for problem in refused.value.problems} == {"chose", "rules[0].pay.percent"}


@pytest.mark.usefixtures("owner")
def test_a_published_version_can_be_neither_changed_nor_deleted(acme):
    version = publish(acme)
    for forbidden in (
        lambda: TermsVersion.objects.filter(pk=version.pk).update(note="another"),
        lambda: TermsVersion.objects.filter(pk=version.pk).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            forbidden()


def test_a_partner_moves_to_other_terms_at_once(acme):
    gold = services.create_terms(acme.program, key="gold", name="Gold", actor=SYSTEM)
    version = services.publish_terms_version(acme.program, gold, document=MORE, note="", actor=SYSTEM, now=NOW)
    services.put_on_terms(acme.alder, version, starts_at=TOMORROW, actor=SYSTEM)
    assert agreement_in_force(acme.alder, NOW).ends_at == TOMORROW
    assert agreement_in_force(acme.alder, TOMORROW).terms_version == version


def test_two_agreements_at_once_are_refused_by_the_service_and_by_the_database(acme):
    version = acme.terms.versions.get()
    services.put_on_terms(acme.alder, version, starts_at=TOMORROW, actor=SYSTEM)
    with pytest.raises(AgreementsOverlap):
        services.put_on_terms(acme.alder, version, starts_at=NOW, actor=SYSTEM)
    assert agreement_in_force(acme.alder, NOW) is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.create(
            program=acme.program, partner=acme.alder, terms_version=version, starts_at=TOMORROW + timedelta(days=1)
        )


def test_there_is_one_default_at_a_time(acme):
    services.create_terms(acme.program, key="new", name="New", is_default=True, actor=SYSTEM)
    assert list(Terms.objects.filter(is_default=True).values_list("key", flat=True)) == ["new"]
