"""Rows by COPY: every text arrives as it is, and a writer that fails says so and leaves nothing."""

import pytest
from django.db import DataError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodword.ledger.copying import copy_rows, writing

pytestmark = pytest.mark.django_db
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
AWKWARD = st.sampled_from(["\\", "\\N", "\t", "\n", "\r", "\\.", "\\t", ""])
ROWS = st.lists(st.tuples(*[st.one_of(AWKWARD, TEXT)] * 2), max_size=5)


@pytest.fixture
def table():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copied (one text, two text) ON COMMIT DROP")
        cursor.execute("CREATE TEMP TABLE counted (number int) ON COMMIT DROP")
    return "copied"


def read(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return cursor.fetchall()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_every_text_arrives_as_it_was(table, rows):
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table}")
    assert copy_rows(table, ("one", "two"), rows) == len(rows)
    assert read(table) == rows


def test_a_writer_writes_statement_after_statement(table):
    with writing() as writer:
        for number in range(20):
            writer.copy(table, ("one", "two"), [f"{number}\tx\n"])
            writer.copy("counted", ("number",), [f"{number}\n"])
    assert [one for one, _ in read(table)] == [str(number) for number in range(20)]
    assert read("counted") == [(number,) for number in range(20)]


def write_behind(table, first, *, count=50, fail=None):
    """More statements than may wait, the first into `counted`; whoever writes them may fail then."""
    with transaction.atomic(), writing() as writer:
        writer.copy("counted", ("number",), [first])
        for _ in range(count):
            writer.copy(table, ("one", "two"), ["a\tb\n"])
        if fail:
            raise fail


def test_what_a_statement_meets_is_raised_and_nothing_comes_after_it(table):
    with pytest.raises(DataError, match="no number"):
        write_behind(table, "no number\n")
    assert (read(table), read("counted")) == ([], [])


def test_what_the_last_statement_meets_is_raised(table):
    with pytest.raises(DataError, match="no number"):
        write_behind(table, "no number\n", count=0)


def test_a_failure_of_the_one_who_writes_is_its_own(table):
    with pytest.raises(LookupError):
        write_behind(table, "1\n", fail=LookupError())
    assert (read(table), read("counted")) == ([], [])
