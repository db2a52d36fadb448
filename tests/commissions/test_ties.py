"""What the database itself refuses of lines and outcomes, in sets: strangers, and taking away what they point to."""

import pytest
from django.db import IntegrityError, connection, transaction

from goodword.commissions.models import Known, Line, Outcome
from goodword.domain.ids import uuid7
from goodword.partners.models import Partner
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    return cast.line(cast.partner(cast.program()))


def now_check(sql, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def another(line, **changes):
    row = Line.unscoped.filter(program=line.program, line=line.line).values().get()
    return Line(**(row | {"line": str(uuid7())} | changes))


def test_a_line_of_a_partner_of_another_program_is_refused(line):
    stranger = another(line, partner_id=cast.partner(cast.program()).pk)
    with pytest.raises(IntegrityError, match="in_program"), transaction.atomic():
        Line.unscoped.bulk_create([another(line), stranger])
    Line.unscoped.bulk_create([another(line)])


def test_a_line_of_nobody_is_refused(line):
    with pytest.raises(IntegrityError, match="in_program"), transaction.atomic():
        another(line, partner_id=uuid7()).save(force_insert=True)


def test_a_line_cannot_be_moved_to_a_stranger(line):
    elsewhere = cast.partner(cast.program())
    with pytest.raises(IntegrityError, match="in_program"), transaction.atomic():
        Line.unscoped.filter(line=line.line).update(partner=elsewhere)


def test_an_outcome_of_no_program_is_refused():
    with pytest.raises(IntegrityError, match="belongs to a program"), transaction.atomic():
        Outcome.unscoped.bulk_create([Outcome(program_id=uuid7(), conversion="s-1", outcome="no_touch")])


def test_what_is_known_of_no_program_is_refused():
    with pytest.raises(IntegrityError, match="belongs to a program"), transaction.atomic():
        Known.unscoped.bulk_create([Known(program_id=uuid7(), kind="customer", name="c", record="{}")])


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("change", ["DELETE FROM", "UPDATE"])
def test_a_partner_with_lines_stays(line, change):
    changed = "SET id = gen_random_uuid()" if change == "UPDATE" else ""
    with pytest.raises(IntegrityError, match="has commission lines"):
        now_check(f"{change} partners_partner {changed} WHERE id = %s", line.partner_id)
    assert Partner.unscoped.filter(pk=line.partner_id).exists()


@pytest.mark.usefixtures("owner")
def test_a_partner_goes_with_its_lines(line):
    now_check(
        "WITH gone AS (DELETE FROM commissions_line WHERE partner_id = %s RETURNING partner_id)"
        " DELETE FROM partners_partner WHERE id IN (SELECT partner_id FROM gone)",
        line.partner_id,
    )
    assert not Partner.unscoped.filter(pk=line.partner_id).exists()


@pytest.mark.usefixtures("owner")
def test_a_program_with_outcomes_stays():
    program = cast.program()
    Outcome.unscoped.bulk_create([Outcome(program=program, conversion="s-1", outcome="no_touch")])
    with pytest.raises(IntegrityError, match="conversions with an outcome"):
        now_check("DELETE FROM accounts_program WHERE id = %s", program.pk)
