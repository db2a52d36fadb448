"""The check of a statement: true ones pass, each figure changed by a cent is found, and a bad file is told as one."""

import copy
import csv
import io
import json
import re
import shutil
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodword.domain import check_statement
from goodword.domain.check_statement import BadStatement, check_file, differences, main, read_sum
from goodword.domain.settlement import line_to_json
from tests.domain.test_told_steps import TALES
from tests.domain.worlds import settled
from tests.oracle.comparing import engine
from tests.oracle.worlds import world

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
FROM_ELSEWHERE = {"agreement", "rule", "override", "total", "tier"}
"""Steps whose results stand on other lines, or are words."""


def tales():
    return [line_to_json(line) for tale in TALES.values() for line in settled(*tale).lines]


def lines_of_worlds(seeds):
    return [line for seed in seeds for line in engine(*world(seed)).lines]


def as_csv(rows):
    """Lines as the product's CSV files have them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows({**row, "steps": json.dumps(row["steps"]), "reasons": " ".join(row["reasons"])} for row in rows)
    return text.getvalue()


def as_json_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def raised(text):
    """The last figure of a text, one higher in its last digit."""
    head, digits, tail = re.fullmatch(r"(.*?)(\d+)(\D*)", text, re.DOTALL).groups()
    return f"{head}{str(int(digits) + 1).rjust(len(digits), '0')}{tail}"


def test_every_line_of_every_tale_is_right():
    rows = tales()
    assert {row["kind"] for row in rows} == {"commission", "override", "bonus"}
    assert [text for row in rows for text in differences(row)] == []


@pytest.mark.parametrize("block", range(4))
def test_lines_of_mixed_worlds_are_right(block):
    rows = lines_of_worlds(range(block * 60, block * 60 + 60))
    assert len(rows) > 40
    assert [text for row in rows for text in differences(row)] == []


@pytest.mark.parametrize("form", [as_csv, as_json_lines])
def test_a_true_statement_passes_and_a_changed_cent_is_told_with_its_line(tmp_path, capsys, form):
    rows, path = tales(), tmp_path / "statement"
    path.write_text(form(rows), encoding="utf-8-sig")
    assert main([str(path)]) == 0
    assert f"{len(rows)} lines checked: every sum is right" in capsys.readouterr().out
    rows[3]["amount"] = raised(rows[3]["amount"])
    path.write_text(form(rows), encoding="utf-8")
    assert main([str(path)]) == 1
    said = capsys.readouterr().out
    assert f"line {5 if form is as_csv else 4} ({rows[3]['conversion']} {rows[3]['rule']}): the steps end in" in said
    assert "(0.01 too much)" in said
    assert "1 difference" in said


@pytest.mark.parametrize("field", ["amount", "basis", "rate", "share_ppm", "reasons"])
def test_a_field_of_a_line_that_says_another_figure_is_found(field):
    rows = tales() + lines_of_worlds(range(40))
    assert len(rows) > 60
    for row in rows:
        wrong = {**row, field: other(row[field])}
        if field == "share_ppm" and row["kind"] != "commission":
            continue
        assert differences(wrong), (field, row)


def other(value):
    if isinstance(value, list):
        return [*value, "budget"] if "budget" not in value else value[:-1]
    return value + 1 if isinstance(value, int) else raised(value)


@few
@given(st.integers(0, 400), st.data())
def test_every_result_of_a_step_that_is_a_cent_higher_is_found(seed, data):
    rows = engine(*world(seed)).lines
    if not rows:
        return
    wrong = copy.deepcopy(data.draw(st.sampled_from(rows)))
    places = [at for at, step in enumerate(wrong["steps"]) if step["do"] not in FROM_ELSEWHERE]
    step = wrong["steps"][data.draw(st.sampled_from(places))]
    step["is"] = raised(step["is"])
    assert differences(wrong), step


@few
@given(st.integers(0, 400), st.data())
def test_a_step_that_is_left_out_is_found(seed, data):
    rows = engine(*world(seed)).lines
    if not rows:
        return
    wrong = copy.deepcopy(data.draw(st.sampled_from(rows)))
    needed = [
        at for at, step in enumerate(wrong["steps"]) if step["do"] in ("basis", "rate", "round", "amount", "bonus")
    ]
    del wrong["steps"][data.draw(st.sampled_from(needed))]
    assert differences(wrong), wrong


def test_it_stands_alone(tmp_path):
    program = shutil.copy(check_statement.__file__, tmp_path / "alone.py")
    (tmp_path / "lines.csv").write_text(as_csv(tales()))
    command = [sys.executable, "-I", "-S", program, str(tmp_path / "lines.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "every sum is right" in done.stdout


MONTH = "booked_at,what,line,sale,amount,currency\n"


@pytest.mark.parametrize(("after", "code"), [("16.00", 0), ("16.01", 1)])
def test_a_months_statement_adds_up(tmp_path, after, code):
    changes = [
        ("owed to you before", "10.00"),
        ("earned", "8.00"),
        ("taken back", "-2.00"),
        ("owed to you after", after),
    ]
    rows = "".join(f"2026-01-01,{what},,,{amount},USD\n" for what, amount in changes)
    (tmp_path / "month.csv").write_text("\ufeff" + MONTH + rows)
    assert main([str(tmp_path / "month.csv")]) == code


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"PAR1\x00\x00", "is a Parquet file"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"a,b\n1,2\n", "has neither a column 'steps'"),
        (b"steps,amount\n[]\n", "line 2 has 1 cells, the header has 2"),
        (b"steps,amount\n{,1.00\n", "line 2: the cell of 'steps' is not JSON"),
        (b'{"steps": [], "amount": "1.00"}\nnonsense\n', "line 2 is not JSON"),
        (b'{"steps": [{"do": 1}], "amount": "1.00"}\n', "'steps' is no list of steps"),
        (b'{"steps": [], "amount": 1.5}\n', "the amount is no amount such as 12.50: '1.5'"),
        (b'{"conversion": "s"}\n', "'steps' is no list of steps"),
        (MONTH.encode() + b",earned,,,1.00,USD\n", "is no month's statement"),
        (MONTH.encode() + b",owed before,,,1,USD\n,after,,,x,USD\n", "line 3 is no amount"),
        (b"[" * 5000, "has neither"),
        (b'{"a":' * 5000, "line 1 is not JSON"),
    ],
)
def test_a_file_that_is_no_statement_is_told_as_one(tmp_path, capsys, content, said):
    path = tmp_path / "bad"
    path.write_bytes(content)
    assert main([str(path)]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(BadStatement, match="cannot be read"):
        check_file(tmp_path / "nothing")


@few
@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_no_file_makes_it_stumble(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any"
    for start in (b"", b"steps,amount\n", b"what,amount\n", b'{"amount": "1.00", "steps": [{"do": "rate", "from": "'):
        path.write_bytes(start + content)
        assert main([str(path)]) in (0, 1, 2)


@few
@given(st.text("0123456789.%/*+-(), minax", max_size=40))
def test_a_sum_is_read_or_refused(text):
    try:
        read_sum(text)
    except (ValueError, ZeroDivisionError):
        return


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(238.00 - 38.00 tax - 20.00 shipping) * 1/2 kept", 90),
        ("min(5.00, max(3.00 - 4.00, 0.00))", 0),
        ("12.5% * 80.00 + 5% * 20.00", 11),
    ],
)
def test_sums_are_worked_out_in_fractions(text, value):
    assert read_sum(text).value == value


@pytest.mark.parametrize("text", ["1.00 +", "(1.00", "1.00 and 2.00 ) 3", "five", "1/0", "(" * 5000 + "1"])
def test_what_is_no_sum_is_a_difference_not_a_failure(text):
    line = {"amount": "1.00", "steps": [{"do": "rate", "from": text, "is": "1.00"}]}
    assert any("cannot be redone" in found for found in differences(line))
