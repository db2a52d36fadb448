"""Imports that go well: counts and totals before, the same after, all or nothing, and back again."""

import pytest

from goodword.accounts.models import AuditEntry
from goodword.domain.errors import DomainError
from goodword.partners.models import Partner
from goodword.referrals.importing.services import undo_import
from goodword.referrals.models import Code, Conversion, Customer, Import, Touch, UnsettledFact
from tests import cast
from tests.importing.files import HEADER, ROW, bring, preview

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return cast.program()


def rows(*sales):
    return HEADER + "".join(
        f"{key},2026-09-0{day}T10:00:00Z,c-{day},{total},{code}\n" for key, day, total, code in sales
    )


def undo(made, now=cast.NOW):
    return undo_import(made, reason="wrong file", actor=cast.actor(), now=now)


THREE = rows(("s-1", 1, "120.00", "EUR"), ("s-2", 2, "30.00", "EUR"), ("s-3", 3, "500", "JPY"))


def test_a_dry_run_tells_counts_and_totals_and_writes_nothing(program):
    report = preview(program, THREE)
    assert (report.rows, report.new, report.bad) == (3, 3, 0)
    assert report.money == {"EUR": "150.00", "JPY": "500"}
    assert not Conversion.unscoped.exists()


def test_an_import_does_what_its_dry_run_said(program):
    expected = preview(program, THREE).counts()
    made = bring(program, THREE)
    assert made.counts == expected
    assert Conversion.unscoped.filter(imported_in=made).count() == 3
    assert set(UnsettledFact.objects.values_list("customer", flat=True)) == {"c-1", "c-2", "c-3"}
    assert AuditEntry.objects.get(action="import.finished").after["new"] == 3


def test_known_rows_are_duplicates_and_other_content_is_a_conflict(program):
    bring(program, THREE)
    report = preview(program, rows(("s-1", 1, "120.0", "EUR"), ("s-2", 2, "31.00", "EUR"), ("s-9", 4, "1.00", "EUR")))
    assert (report.new, report.duplicates, report.conflicts) == (1, 1, 1)
    assert [(one.line, one.code) for one in report.problems] == [(3, "idempotency_mismatch")]


def test_one_id_twice_in_a_file_is_fine_only_with_the_same_content(program):
    same = preview(program, rows(("s-1", 1, "120.00", "EUR"), ("s-1", 1, "120.0", "EUR")))
    assert (same.new, same.duplicates, same.bad) == (1, 1, 0)
    other = preview(program, rows(("s-1", 1, "120.00", "EUR"), ("s-1", 1, "121.00", "EUR")))
    assert [(one.line, one.code) for one in other.problems] == [(3, "duplicate_in_batch")]


def test_the_same_across_batches(program, monkeypatch):
    monkeypatch.setattr("goodword.referrals.importing.passes.BATCH", 1)
    report = preview(program, rows(("s-1", 1, "9.00", "EUR"), ("s-1", 1, "9.00", "EUR"), ("s-1", 1, "8.00", "EUR")))
    assert (report.new, report.duplicates, report.bad) == (1, 1, 1)
    assert [(one.line, one.code) for one in report.problems] == [(4, "duplicate_in_batch")]


def test_a_wrong_row_stops_the_whole_file_unless_it_is_left_out_knowingly(program):
    content = THREE + "s-4,2026-09-04T10:00:00Z,c-4,nothing,EUR\n"
    with pytest.raises(DomainError, match="1 of 4 rows are wrong; the first: line 5, amount"):
        bring(program, content)
    assert not Conversion.unscoped.exists()
    made = bring(program, content, skip_bad=True)
    assert (made.counts["new"], made.counts["bad"]) == (3, 1)


def test_every_wrong_row_is_counted_even_when_thousands_are(program):
    content = HEADER + "".join(f"s-{n},2026-09-01T10:00:00Z,c,x,EUR\n" for n in range(250))
    report = preview(program, content)
    assert (report.bad, report.problem_count, len(report.problems)) == (250, 250, 250)


def test_bad_facts_are_all_counted_where_one_answer_has_a_limit(program):
    content = HEADER + "".join(f"s-{n},2026-09-01T10:00:00Z,c,-1.00,EUR\n" for n in range(199)) + ROW
    report = preview(program, content)
    assert (report.bad, report.new) == (199, 1)


def test_an_undone_import_leaves_nothing_that_counts_and_may_come_again(program):
    made = bring(program, THREE)
    UnsettledFact.objects.all().delete()
    assert undo(made) == 3
    assert not Conversion.unscoped.filter(retracted_at=None).exists()
    assert UnsettledFact.objects.filter(program=program, customer="").exists()
    assert bring(program, THREE).counts["new"] == 3


def test_an_import_is_undone_once(program):
    made = bring(program, THREE)
    undo(made)
    with pytest.raises(DomainError, match="it was undone on"):
        undo(Import.unscoped.get(pk=made.pk))


def test_an_import_that_a_later_file_repeats_is_undone_after_that_one(program):
    first = bring(program, THREE)
    later = bring(program, THREE + "s-4,2026-09-04T10:00:00Z,c-4,1.00,EUR\n", now=cast.NOW.replace(hour=13))
    with pytest.raises(DomainError, match="came later and held sales that were here already"):
        undo(first)
    undo(later)
    assert undo(first) == 3


def test_free_orders_of_the_past_come_in(program):
    bring(program, rows(("s-1", 1, "0.00", "EUR")))
    assert Conversion.unscoped.get().amount_minor == 0


def test_a_column_can_become_a_property_as_text_or_as_a_number(program):
    columns = {"id": "order", "at": "date", "customer": "client", "amount": "total", "currency": "currency"}
    content = HEADER.strip() + ",shelf,discs\n" + ROW.strip() + ",A7,3\n"
    bring(program, content, "sales", columns | {"properties.shelf": "shelf", "properties.discs:number": "discs"})
    assert Conversion.unscoped.get().properties == {"shelf": "A7", "discs": 3}


def test_partners_codes_customers_and_touches_come_as_files_too(program):
    cast.terms_version(program, terms=cast.terms(program, key="plain", is_default=True))
    partners = "no,name,since,mail\nP1,Alder Advice,2026-01-01,ann@alder.example\n"
    columns = {"id": "no", "name": "name", "starts": "since", "email": "mail"}
    made = bring(program, partners, "partners", columns, zone="Europe/Berlin")
    assert Partner.unscoped.get(external_id="P1").joined_at.isoformat() == "2025-12-31T23:00:00+00:00"
    bring(program, "code,who\nalder10,P1\n", "codes", {"code": "code", "partner": "who"})
    assert Code.unscoped.get().partner.external_id == "P1"
    bring(program, "id,old\nc-1,yes\nc-2,\n", "customers", {"id": "id", "existing": "old"})
    assert set(Customer.unscoped.values_list("external_id", "existing")) == {("c-1", True), ("c-2", False)}
    columns = {"at": "at", "partner": "who", "customer": "client"}
    touches = "at,who,client\n2026-09-01T10:00:00Z,P1,c-1\n"
    bring(program, touches, "touches", columns, values={"channel": "link"})
    again = preview(program, touches, "touches", columns, values={"channel": "link"})
    assert (again.new, again.duplicates) == (0, 1)
    assert Touch.unscoped.get().partner.external_id == "P1"
    with pytest.raises(DomainError, match="partners stay once they are there"):
        undo(made)


def test_a_partner_under_another_name_and_an_unknown_group_are_refused(program):
    cast.terms_version(program, terms=cast.terms(program, key="plain", is_default=True))
    cast.partner(program, external_id="P1", name="Alder Advice")
    content = "no,name,group\nP1,Alder Advice,\nP1,Birch,\nP2,Cedar,platinum\n"
    report = preview(program, content, "partners", {"id": "no", "name": "name", "group": "group"})
    assert [(one.line, one.field, one.code) for one in report.problems] == [
        (3, "id", "external_id_taken"),
        (4, "group", "unknown_group"),
    ]
    assert report.duplicates == 1


def test_another_program_sees_and_undoes_nothing(program):
    made = bring(program, THREE)
    other = cast.program()
    report = preview(other, THREE)
    assert report.new == 3
    assert made.program_id == program.pk
