"""The bad files of reliability.md B66-B74, each by its id: what is answered, and that nothing is written."""

import pytest

from goodword.domain.errors import DomainError
from goodword.referrals.models import Conversion, Import
from tests import cast
from tests.importing.files import HEADER, ROW, SALES, SIZE_MAX, bring, preview

pytestmark = pytest.mark.django_db
SEMICOLONS = "order;date;client;total;currency\ns-1;2026-09-01T10:00:00Z;c-1;1.234,56;EUR\n"


@pytest.fixture
def program():
    return cast.program()


REFUSED = [
    ("B66 utf-16", (HEADER + ROW).encode("utf-16"), "encoding", "0xFF at position 0, line 1"),
    ("B66 utf-16 without mark", (HEADER + ROW).encode("utf-16-le"), "encoding", "0x00 at position 1, line 1"),
    ("B66 latin-1", (HEADER + ROW).encode() + "s-2,2026-09-01,Müller,1.00,EUR\n".encode("latin-1"), "encoding", "0xFC"),
    ("B66 latin-1 line", (HEADER + ROW).encode() + b"s-2,x\xfc", "encoding", "line 3"),
    ("B66 cut off", HEADER.encode() + b"s-1\xc3", "encoding", "cut off"),
    ("B67 wrong delimiter", SEMICOLONS, "delimiter", "semicolon"),
    ("B68 column missing", "order,date,client,total\ns-1,2026-09-01T10:00:00Z,c-1,1.00\n", "invalid_input", "currency"),
    ("B68 column twice", "order,date,date,client,total,currency\n" + ROW, "header", "date twice"),
    ("B68 column unnamed", "order,date,,client,total,currency\n" + ROW, "header", "column 3 has no name"),
    ("B69 ragged row", HEADER + ROW + "s-2,2026-09-01T10:00:00Z,c-1,5.00\n", "bad_rows", "line 3"),
    ("B69 unclosed quote", HEADER + ROW + 's-2,"2026-09-01T10:00:00Z,c-1,5.00,EUR\n', "unclosed_quote", "line 3"),
    ("B69 quote inside", HEADER + 's-2,"2026"-09-01T10:00:00Z,c-1,5.00,EUR\n', "unclosed_quote", "line 2"),
    ("B72 too large", HEADER + ROW * (SIZE_MAX // len(ROW) + 1), "too_large", ""),
    ("B74 zip", b"PK\x03\x04" + b"x" * 50, "unsupported_media_type", "zip archive"),
    ("B74 old workbook", b"\xd0\xcf\x11\xe0" + b"x" * 50, "unsupported_media_type", "Excel"),
    ("B74 pdf", b"%PDF-1.7", "unsupported_media_type", "PDF"),
    ("empty", b"", "empty_file", ""),
    ("only spaces", b"\xef\xbb\xbf \n \n", "empty_file", ""),
]


@pytest.mark.parametrize(("content", "code", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_bad_file_is_refused_whole(program, content, code, said):
    with pytest.raises(DomainError) as refused:
        bring(program, content)
    assert refused.value.code == code
    assert said in str(refused.value)
    assert not Conversion.unscoped.exists()
    assert not Import.unscoped.exists()


ROWS = [
    ("B67 decimal comma", 's-1,2026-09-01T10:00:00Z,c-1,"12,50",EUR', "amount", "ambiguous_number"),
    ("B67 thousands", 's-1,2026-09-01T10:00:00Z,c-1,"1.234,56",EUR', "amount", "ambiguous_number"),
    ("B67 three decimals", "s-1,2026-09-01T10:00:00Z,c-1,1.234,EUR", "amount", "too_many_decimals"),
    ("no number", "s-1,2026-09-01T10:00:00Z,c-1,$12,EUR", "amount", "not_a_number"),
    ("negative", "s-1,2026-09-01T10:00:00Z,c-1,-5.00,EUR", "amount", "amount_must_be_positive"),
    ("B73 unknown currency", "s-1,2026-09-01T10:00:00Z,c-1,5.00,EURO", "currency", "unknown_currency"),
    ("no amount", "s-1,2026-09-01T10:00:00Z,c-1,,EUR", "amount", "required"),
    ("no such day", "s-1,2026-02-29,c-1,5.00,EUR", "at", "invalid_date"),
    ("other date order", "s-1,01/09/2026,c-1,5.00,EUR", "at", "ambiguous_date"),
    ("no offset, no zone", "s-1,2026-09-01 10:00,c-1,5.00,EUR", "at", "zone_needed"),
]


@pytest.mark.parametrize(("row", "field", "code"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_bad_row_is_named_by_line_and_field(program, row, field, code):
    report = preview(program, HEADER + ROW.replace("s-1", "s-0") + row + "\n")
    assert next((one.line, one.field, one.code) for one in report.problems) == (3, field, code)
    assert (report.new, report.bad) == (1, 1)
    assert report.problems[0].remedy


def test_b66_a_mark_at_the_start_and_mixed_line_ends_are_fine(program):
    lines = [HEADER.strip(), ROW.strip(), ROW.strip().replace("s-1", "s-2"), ROW.strip().replace("s-1", "s-3")]
    bring(program, b"\xef\xbb\xbf" + "{}\r\n{}\n{}\r{}".format(*lines).encode())
    assert set(Conversion.unscoped.values_list("external_id", flat=True)) == {"s-1", "s-2", "s-3"}


def test_b67_a_file_is_read_in_the_format_that_was_said(program):
    bring(program, SEMICOLONS, delimiter=";", numbers="point_comma")
    assert Conversion.unscoped.get().amount_minor == 123456


def test_b67_digits_in_the_wrong_groups_are_no_number_of_that_format(program):
    report = preview(program, SEMICOLONS.replace("1.234,56", "12.34"), delimiter=";", numbers="point_comma")
    assert [one.code for one in report.problems] == ["ambiguous_number"]


def test_b68_a_column_that_is_not_in_the_file_is_answered_with_those_that_are(program):
    with pytest.raises(DomainError, match="the file has no column 'gross'") as refused:
        bring(program, HEADER + ROW, "sales", SALES | {"amount": "gross"})
    assert "order, date, client, total, currency" in refused.value.problems[0].remedy


def test_b70_a_formula_is_kept_as_text_and_escaped_on_the_way_out(program):
    from goodword.insights.csv import csv_lines

    columns = SALES | {"product": "product"}
    content = HEADER.strip() + ",product\n" + ROW.strip() + ',"=HYPERLINK(""https://evil.example"")"\n'
    bring(program, content, "sales", columns)
    stored = Conversion.unscoped.get().product
    assert stored == '=HYPERLINK("https://evil.example")'
    assert """"'=HYPERLINK""" in "".join(csv_lines(["product"], [[stored]]))


def test_b71_the_same_content_twice_needs_to_be_meant(program):
    bring(program, HEADER + ROW)
    with pytest.raises(DomainError) as refused:
        bring(program, HEADER + ROW)
    assert refused.value.code == "already_imported"
    assert bring(program, HEADER + ROW, again=True).counts["duplicates"] == 1
    assert Conversion.unscoped.count() == 1


def test_b73_an_unknown_partner_is_a_row_error_and_is_listed(program):
    partner = cast.partner(program, external_id="77")
    columns = {"at": "at", "partner": "partner", "customer": "client"}
    rows = "at,partner,client\n2026-09-01T10:00:00Z,77,c-1\n2026-09-01T10:00:00Z,99,c-2\n"
    report = preview(program, rows, "touches", columns, values={"channel": "link"})
    assert report.unknown_partners == {"99": 1}
    assert [(one.line, one.field, one.code) for one in report.problems] == [(3, "partner", "unknown_partner")]
    assert report.new == 1, partner


@pytest.mark.parametrize("time", ["2026-03-29 02:30", "2026-10-25 02:30"], ids=["skipped", "twice"])
def test_b94_a_local_time_that_is_not_there_once_is_refused(program, time):
    report = preview(program, HEADER + ROW.replace("2026-09-01T10:00:00Z", time), zone="Europe/Berlin")
    assert [one.code for one in report.problems] == ["ambiguous_local_time"]


def test_a_date_alone_is_the_first_instant_of_that_day_in_the_zone(program):
    bring(program, HEADER + ROW.replace("2026-09-01T10:00:00Z", "2026-09-01"), zone="Europe/Berlin")
    assert Conversion.unscoped.get().at.isoformat() == "2026-08-31T22:00:00+00:00"
