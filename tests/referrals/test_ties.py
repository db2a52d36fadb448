"""Conversions and marks have no foreign key to their program; what one would refuse is refused all the same."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from goodword.domain.ids import uuid7
from goodword.referrals.models import Conversion, UnsettledFact
from tests import cast

pytestmark = pytest.mark.django_db


def conversion(**fields):
    now = timezone.now()
    return Conversion(
        external_id="s-1", customer="c-1", payload_hash="", recorded_at=now, at=now, currency="EUR", **fields
    )


def now_check(sql, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_conversion_of_no_program_is_refused():
    with pytest.raises(IntegrityError, match="belongs to a program"), transaction.atomic():
        Conversion.unscoped.bulk_create([conversion(program_id=uuid7())])


def test_one_stranger_among_good_ones_is_refused():
    good = conversion(program=cast.program())
    with pytest.raises(IntegrityError, match="belongs to a program"), transaction.atomic():
        Conversion.unscoped.bulk_create([good, conversion(program_id=uuid7())])


@pytest.mark.usefixtures("owner")
def test_a_conversion_cannot_be_moved_to_no_program():
    Conversion.unscoped.bulk_create([conversion(program=cast.program())])
    with pytest.raises(IntegrityError, match="belongs to a program"), transaction.atomic():
        Conversion.unscoped.update(program_id=uuid7())


def test_a_mark_of_no_program_is_refused():
    with pytest.raises(IntegrityError, match="belongs to a program"), transaction.atomic():
        UnsettledFact.objects.bulk_create([UnsettledFact(program_id=uuid7(), customer="c-1", cause="sale")])


@pytest.mark.usefixtures("owner")
def test_a_program_with_conversions_stays():
    program = cast.program()
    Conversion.unscoped.bulk_create([conversion(program=program)])
    with pytest.raises(IntegrityError, match="has conversions"):
        now_check("DELETE FROM accounts_program WHERE id = %s", program.pk)
