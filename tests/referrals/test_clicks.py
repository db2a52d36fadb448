"""The table of clicks: a part for each month, and nothing is ever refused."""

from datetime import UTC, datetime

import pytest
from django.db import ProgrammingError, connection, transaction

from goodword.referrals.click_salts import salt_of
from goodword.referrals.models import Click
from tests import cast

pytestmark = pytest.mark.django_db


def months(first, last):
    with connection.cursor() as cursor:
        cursor.execute("SELECT referrals_click_months(%s, %s)", [first, last])
        return cursor.fetchone()[0]


def part_of(click):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM referrals_click WHERE id = %s", [click.pk])
        return cursor.fetchone()[0]


@pytest.fixture
def link():
    return cast.link(cast.acme().alder)


def test_a_click_of_a_month_without_a_table_waits_and_moves_when_there_is_one(link):
    last, first = (
        cast.click(link, at=datetime(2031, 6, 30, 23, 59, 59, 999999, UTC)),
        cast.click(link, at=datetime(2031, 7, 1, tzinfo=UTC)),
    )
    assert (part_of(last), part_of(first)) == ("referrals_click_rest", "referrals_click_rest")
    assert months(last.at, first.at) == 2
    assert (part_of(last), part_of(first)) == ("referrals_click_2031_06", "referrals_click_2031_07")
    assert months(last.at, first.at) == 0


def test_the_application_adds_clicks_and_can_neither_change_nor_drop_them(link):
    click = cast.click(link)
    for statement in (
        "DELETE FROM referrals_click",
        "UPDATE referrals_click SET visitor = 'other'",
        "UPDATE referrals_click SET batch = '7'",
        "DROP TABLE referrals_click_rest",
        "INSERT INTO referrals_click_rest SELECT * FROM referrals_click",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
            connection.cursor().execute(statement)
    assert Click.unscoped.get() == click


def test_each_month_has_a_salt_of_its_own():
    may, june = datetime(2026, 5, 31, 23, 59, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    assert salt_of(may) == salt_of(may) != salt_of(june)
