"""`goodword import`, `export` and `settle`: files in, files out, and words for what is wrong."""

import json

import pytest

from goodword.accounts.scope import active_program
from goodword.referrals.models import Conversion
from goodword.server.data_commands import Wish, export_program, import_csv, verify_books
from goodword.server.errors import OperatorError
from tests import cast
from tests.server.waiting import goodword

pytestmark = pytest.mark.django_db

GOOD = "Order,Customer,Date,Total\ns1,c1,2026-01-02,120.00\ns2,c2,2026-01-03,80.50\n"


@pytest.fixture
def program():
    return cast.program(slug="acme", currency="EUR")


def wish(path, **fields):
    plain = {"columns": ["id=Order", "customer=Customer", "at=Date", "amount=Total"], "values": ["currency=EUR"]}
    words = {"delimiter": "", "numbers": "plain", "dates": "iso", "zone": "UTC"}
    said = {"dry": False, "skip_bad": False, "again": False}
    return Wish(**{"kind": "sales", "path": path, "program": "acme", **plain, **words, **said, **fields})


def file(tmp_path, text):
    path = tmp_path / "sales.csv"
    path.write_text(text)
    return path


def stored(program):
    with active_program(program):
        return Conversion.objects.count()


def test_a_file_is_imported_and_its_money_told(program, tmp_path, capsys):
    assert import_csv(wish(file(tmp_path, GOOD))) == 0
    assert stored(program) == 2
    assert "2 new, 0 were known, 0 left out; 200.50 EUR" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(program, tmp_path, capsys):
    assert import_csv(wish(file(tmp_path, GOOD), dry=True)) == 0
    assert stored(program) == 0
    assert "2 would be new (200.50 EUR)" in capsys.readouterr().out


def test_a_bad_row_stops_the_whole_file_and_is_named(program, tmp_path, capsys):
    path = file(tmp_path, GOOD + "s3,c3,2026-01-04,much\n")
    assert import_csv(wish(path)) == 2
    assert stored(program) == 0
    told = capsys.readouterr().err
    assert "4" in told
    assert "much" in told
    assert "--skip-bad" in told
    assert import_csv(wish(path, skip_bad=True)) == 0
    assert stored(program) == 2


def test_the_same_file_twice_is_asked_about(program, tmp_path, capsys):
    import_csv(wish(file(tmp_path, GOOD)))
    assert import_csv(wish(file(tmp_path, GOOD))) == 2
    assert import_csv(wish(file(tmp_path, GOOD), again=True)) == 0
    assert "0 new, 2 were known" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"program": "nobody"}, "there is no program 'nobody'; there is: acme"),
        ({"kind": "sails"}, "'sails' cannot be imported; choose one of"),
        ({"columns": ["amount"]}, "--column 'amount' is not FIELD=TEXT"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_ones(program, tmp_path, fields, words):
    with pytest.raises(OperatorError, match=words):
        import_csv(wish(file(tmp_path, GOOD), **fields))


def test_a_missing_file_is_said_so(program, tmp_path):
    with pytest.raises(OperatorError, match="cannot be read: No such file"):
        import_csv(wish(tmp_path / "nowhere.csv"))


def test_exported_facts_settle_without_a_database(program, tmp_path, capsys):
    import_csv(wish(file(tmp_path, GOOD)))
    assert export_program("acme", tmp_path / "out") == 0
    assert json.loads((tmp_path / "out" / "program.json").read_text())["program"] == "acme"
    unreachable = f"postgresql://nobody@/nothing?host={tmp_path}"
    words = ("--program", tmp_path / "out" / "program.json", "--facts", tmp_path / "out" / "facts", "--summary")
    command = goodword("settle", *words, DATABASE_URL=unreachable)
    out, told = command.communicate(timeout=120)
    assert command.returncode == 0, told
    assert "0 lines, 2 conversions without a line" in out


def test_verify_tells_one_line_for_each_invariant(program, capsys):
    assert verify_books("acme") == 0
    told = capsys.readouterr().out
    assert "ok    I01" in told
    assert "0 violated" in told
