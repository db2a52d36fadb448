"""`goodword settle` on files: what is written, what is said, and how it ends."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from goodword.server.cli import app
from tests.domain.worlds import event, percent, program, referred, refund, sale, terms

FACTS = [
    *referred(),
    sale("s1", "238.00", tax="38.00", shipping="20.00", properties={"seats": 3}),
    sale("s2", "50.00", customer="stranger", lines=[{"product": "a", "amount": "50.00", "quantity": 2}]),
    event("e", "lead"),
    refund("s1", "119.00"),
    refund("unknown", "1.00"),
]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "program.json").write_text(json.dumps(program(terms(percent("20%")))))
    (tmp_path / "facts.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in FACTS))
    return tmp_path


def run(files: Path, *more, facts="facts.jsonl"):
    words = ["settle", "--program", files / "program.json", "--facts", files / facts, *more]
    return app(list(map(str, words)), standalone_mode=False)


def test_lines_and_then_outcomes_are_written(files, capsys):
    assert run(files, "--out", files / "lines.jsonl", "--summary") == 0
    line, *outcomes = [json.loads(text) for text in (files / "lines.jsonl").read_text().splitlines()]
    assert (line["conversion"], line["amount"], line["basis"], line["state"]) == ("s1", "18.00", "90.00", "pending")
    assert outcomes == [{"conversion": "e", "outcome": "no_rule"}, {"conversion": "s2", "outcome": "no_touch"}]
    said = capsys.readouterr()
    assert "p        USD       pending      1   18.00" in said.out
    assert "unmatched" in said.out
    assert "unmatched: refund r-unknown-2026-01-20" in said.err


def test_without_out_lines_go_to_standard_output(files, capsys):
    assert run(files) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["conversion"] == "s1"


def test_csv_and_parquet_say_the_same(files):
    assert run(files, "--out", files / "lines.csv") == run(files, "--out", files / "lines.parquet") == 0
    row = next(csv.DictReader(io.StringIO((files / "lines.csv").read_text())))
    table = pq.read_table(files / "lines.parquet").to_pylist()
    assert row["amount"] == table[0]["amount"] == "18.00"
    assert json.loads(row["steps"]) == table[0]["steps"]
    assert (files / "lines.outcomes.csv").read_text() == "conversion,outcome\ne,no_rule\ns2,no_touch\n"
    assert len(pq.read_table(files / "lines.outcomes.parquet")) == 2


def test_a_folder_of_parquet_gives_the_same_bytes(files):
    folder = files / "facts"
    folder.mkdir()
    for kind in {fact["fact"] for fact in FACTS}:
        rows = [{k: v for k, v in fact.items() if k != "fact"} for fact in FACTS if fact["fact"] == kind]
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{kind}.parquet")
    assert run(files, "--out", files / "a.jsonl") == run(files, "--out", files / "b.jsonl", facts="facts") == 0
    assert (files / "a.jsonl").read_bytes() == (files / "b.jsonl").read_bytes()


def test_several_fact_files_are_one_set(files):
    half = len(FACTS) // 2
    (files / "one.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in FACTS[half:]))
    (files / "two.jsonl").write_text("\ufeff" + "\r\n".join(json.dumps(fact) for fact in FACTS[: half + 1]))
    assert run(files, "--out", files / "a.jsonl") == 0
    assert run(files, "--facts", files / "two.jsonl", "--out", files / "b.jsonl", facts="one.jsonl") == 0
    assert (files / "a.jsonl").read_bytes() == (files / "b.jsonl").read_bytes()


def test_bad_input_is_listed_with_its_place_and_nothing_is_written(files, capsys):
    (files / "program.json").write_text(
        '{"program": "acme",\n "currency": "USD", "timezone": "UTC",\n "terms": {},\n "lock": 1}'
    )
    bad = [*FACTS, sale("s3", "1.001"), {"fact": "touch"}]
    (files / "facts.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in bad) + "nonsense\n")
    (files / "lines.jsonl").write_text("old")
    assert run(files, "--out", files / "lines.jsonl", "--as-of", "yesterday") == 2
    said = capsys.readouterr().err
    assert "program.json:4: unknown_field: lock: is not known here" in said
    assert f"facts.jsonl:{len(FACTS) + 1}: too_many_decimals: amount: 1.001 has 3 decimals; USD has 2" in said
    assert f"facts.jsonl:{len(FACTS) + 3}: invalid_json" in said
    assert "invalid_date: --as-of" in said
    assert "unknown_terms: terms: the program has no such terms" in said
    assert (files / "lines.jsonl").read_text() == "old"


def test_other_encodings_are_named_with_byte_and_line(files, capsys):
    (files / "facts.jsonl").write_bytes(b'{"fact": "partner", "id": "p"}\n{"fact": "partner", "id": "\xe9"}\n')
    assert run(files) == 2
    assert "facts.jsonl:2: encoding: byte 28 of the line (0xe9) is not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["lines.txt", "nowhere/lines.jsonl"])
def test_an_output_that_cannot_be_is_refused_first(files, out):
    assert run(files, "--out", files / out) == 2


def test_a_missing_file_is_bad_input(files, capsys):
    assert run(files, facts="missing.jsonl") == 2
    assert "unreadable_file" in capsys.readouterr().err


def test_an_amount_beyond_all_bounds_is_bad_input_not_a_wrap(files, capsys):
    sales = [*referred(), sale("s", "9000000000000.00")]
    (files / "facts.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in sales))
    (files / "program.json").write_text(json.dumps(program(terms(percent("1000%")))))
    assert run(files) == 2
    assert "out_of_range" in capsys.readouterr().err


def test_the_command_needs_no_database_and_reads_standard_input(files):
    command = [sys.executable, "-m", "goodword.server.cli", "settle", "--program", str(files / "program.json")]
    done = subprocess.run(
        [*command, "--facts", "-", "--summary"],
        input=(files / "facts.jsonl").read_bytes(),
        capture_output=True,
        check=True,
    )
    assert b"18.00" in done.stdout
