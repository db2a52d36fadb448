"""`goodword settle` gives the same bytes whatever way facts come in and lines go out: in columns or in records, in one
file or many, in any order, with twins, whole or a few lines at a time.
"""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodword.domain.settlement import instant, line_to_json, outcome_to_json, read_facts, read_program, settle, summary
from goodword.domain.settlement.fields import parse_instant
from goodword.domain.settlement.rules.layout import REASONS
from goodword.domain.settlement.rules.prepare import prepare
from goodword.server import settle_command
from goodword.server.cli import app
from goodword.server.fact_columns import prepare_folders
from goodword.server.line_files import writer_to
from goodword.server.settle_progress import Progress
from goodword.server.settle_run import settle_and_write
from tests.domain.test_settlement_properties import PROGRAM, some_facts
from tests.domain.worlds import agreement, partner, percent, program, referred, sale, terms, touch
from tests.oracle.worlds import world
from tests.server.test_fact_columns import write

few = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
WORLDS = range(0, 480, 6)


def whole(document, facts, as_of=None):
    """What the settlement of records says, as JSON lines."""
    read = read_program(document)
    settlement = settle(read, read_facts(read, facts), instant(parse_instant(as_of)) if as_of else None)
    rows = [*map(line_to_json, settlement.lines), *map(outcome_to_json, settlement.outcomes)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), settlement


def main(words):
    return app(["settle", *words], standalone_mode=False)


def run(folder, document, facts, as_of=None, out="lines.jsonl"):
    """The command, from paths of facts to a file of lines."""
    (folder / "program.json").write_text(json.dumps(document, default=float))
    paths = [word for path in facts for word in ("--facts", str(path))]
    until = ["--as-of", as_of] if as_of else []
    code = main(
        ["--program", str(folder / "program.json"), *paths, *until, "--out", str(folder / out), "--no-progress"]
    )
    assert code == 0
    return (folder / out).read_text(encoding="utf-8")


def json_lines(path, facts):
    path.write_text("".join(json.dumps(fact, default=float) + "\n" for fact in facts), encoding="utf-8")
    return path


def in_columns(folder, facts, **how):
    """The facts as a folder of Parquet files, or none where these have no columns (a property that is a word and a
    number).
    """
    try:
        write(folder, facts, **how)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
    return folder


@pytest.mark.parametrize("block", range(4))
def test_columns_and_records_come_to_the_same_bytes(tmp_path, block):
    read_in_columns = 0
    for seed in list(WORLDS)[block::4]:
        document, facts, as_of = world(seed)
        folder = in_columns(tmp_path / str(seed), facts, parts=1 + seed % 2)
        if folder is None:
            continue
        expected, _ = whole(document, facts, as_of)
        assert run(tmp_path, document, [folder], as_of) == expected
        assert run(tmp_path, document, [json_lines(tmp_path / "facts.jsonl", facts)], as_of) == expected
        until = instant(parse_instant(as_of)) if as_of else None
        read_in_columns += prepare_folders(read_program(document), [str(folder)], until) is not None
    assert read_in_columns > 0


@few
@given(PROGRAM, some_facts(), st.randoms(use_true_random=False))
def test_order_twins_and_partition_change_nothing(tmp_path_factory, document, facts, chance):
    folder = tmp_path_factory.mktemp("any")
    expected, _ = whole(document, facts)
    for form in range(4):
        mixed = facts + chance.choices(facts, k=3 * (form % 2)) if facts else []
        chance.shuffle(mixed)
        parts = [mixed[at::3] for at in range(3)]
        if form < 2:
            paths = [json_lines(folder / f"{at}.jsonl", part) for at, part in enumerate(parts)]
        else:
            paths = [in_columns(folder / f"{form}-{at}", part) for at, part in enumerate(parts) if part]
        if paths and None not in paths:
            assert run(folder, document, paths) == expected


def columns_of(text):
    return [json.loads(row) for row in text.splitlines()]


def limited():
    """A world whose lines give every reason there is, alone and together."""
    cap = {"sale": "40.00", "customer": "70.00", "period": {"amount": "100.00", "per": "year"}}
    rules = terms(percent("60%", floor="5.00", cap=cap))
    sold = [("c", "100.00"), ("c", "100.00"), ("d", "50.00"), ("e", "20.00"), ("f", "1.00")]
    facts = [sale(f"s{n}", amount, f"2026-01-1{n}", customer) for n, (customer, amount) in enumerate(sold)]
    facts += [*referred(), *(touch("p", customer=customer) for customer in "def")]
    budget = {"amount": "75.00", "per": "lifetime", "mode": "first_come"}
    return program(rules, guardrail={"percent": "50%"}, budget=budget), facts, None


@pytest.mark.parametrize("out", ["lines.csv", "lines.parquet", "folder/"])
@pytest.mark.parametrize("made", [limited, lambda: world(12)], ids=["limited", "mixed"])
def test_every_form_of_output_holds_the_same_lines(tmp_path, out, made):
    document, facts, as_of = made()
    expected, settlement = whole(document, facts, as_of)
    assert settlement.lines
    assert made is not limited or {reason for line in settlement.lines for reason in line.reasons} == set(REASONS)
    run_out(tmp_path, document, facts, as_of, out)
    lines, outcomes = read_back(tmp_path, out)
    assert [*lines, *outcomes] == columns_of(expected)


def run_out(folder, document, facts, as_of, out):
    (folder / "program.json").write_text(json.dumps(document, default=float))
    given_ = ["--facts", str(json_lines(folder / "facts.jsonl", facts)), *(["--as-of", as_of] if as_of else [])]
    assert main(["--program", str(folder / "program.json"), *given_, "--out", f"{folder}/{out}"]) == 0


def read_back(folder, out):
    if out == "lines.csv":
        rows, more = (
            list(csv.DictReader(io.StringIO((folder / f"lines{x}.csv").read_text()))) for x in ("", ".outcomes")
        )
        typed = {"share_ppm": int, "reasons": str.split, "steps": json.loads}
        return [{name: typed.get(name, str)(cell) for name, cell in row.items()} for row in rows], more
    names = ("folder/lines", "folder/outcomes") if out == "folder/" else ("lines", "lines.outcomes")
    return [pq.read_table(folder / f"{name}.parquet").to_pylist() for name in names]


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("block", range(4))
def test_lines_in_pieces_are_the_whole(tmp_path, at_once, block):
    """Budgets pro rata and tiers of whole periods included, which look at lines and totals that come later."""
    lines = 0
    for seed in list(WORLDS)[block::4]:
        document, facts, as_of = world(seed)
        expected, settlement = whole(document, facts, as_of)
        settled, text = in_pieces(tmp_path / "lines.jsonl", document, facts, as_of, at_once)
        assert text == expected
        assert settled.totals == summary(settlement.lines)
        lines += settled.lines
    assert lines > 10


def in_pieces(path, document, facts, as_of, at_once):
    read = read_program(document)
    prepared = prepare(read, read_facts(read, facts), instant(parse_instant(as_of)) if as_of else None)
    with writer_to(str(path)) as writer:
        settled = settle_and_write(prepared, writer, Progress(), lines_at_once=at_once)
        writer.place()
    return settled, path.read_text(encoding="utf-8")


@pytest.mark.parametrize("locks", [True, False])
@pytest.mark.parametrize("budget", [None, "pro_rata", "first_come"])
def test_many_partners_many_pieces(tmp_path, locks, budget):
    people = [part for name in "pqrs" for part in (partner(name, parent="p" if name != "p" else None), agreement(name))]
    facts = [{key: value for key, value in one.items() if value is not None} for one in people]
    facts += [touch(name, "2026-01-01", customer=f"c{n}") for name in "pqrs" for n in range(5)]
    facts += [sale(f"s{n:02}", f"{10 + n}.01", f"2026-0{1 + n % 6}-15", customer=f"c{n % 5}") for n in range(40)]
    attribution = {"model": "linear", **({} if locks else {"lock": None})}
    more = {} if budget is None else {"budget": {"amount": "20.00", "per": "month", "mode": budget}}
    document = program(terms(percent("7%"), overrides=[{"level": 1, "percent": "5%"}]), attribution=attribution, **more)
    expected, _ = whole(document, facts)
    for at_once in (1, 5, 1000):
        assert in_pieces(tmp_path / "lines.jsonl", document, facts, None, at_once)[1] == expected


BAD = [
    sale("s", "1.001"),
    sale("t", "1.00", currency="XXX"),
    {**sale("u", "1.00"), "at": "yesterday"},
    touch("p", customer="c", channel="pigeon"),
]


def test_what_is_wrong_in_columns_is_told_as_in_records(tmp_path, capsys):
    (tmp_path / "program.json").write_text(json.dumps(program(terms(percent("10%")))))
    told = []
    for facts in (in_columns(tmp_path / "facts", [*referred(), *BAD]), tmp_path / "nothing", tmp_path):
        out = tmp_path / "lines.jsonl"
        command = ["--program", str(tmp_path / "program.json"), "--facts", str(facts), "--out", str(out)]
        assert main(command) == 2
        assert not out.exists()
        told.append(capsys.readouterr().err)
    assert "sale.parquet:1: too_many_decimals: amount: 1.001 has 3 decimals; USD has 2" in told[0]
    assert "4 problems; nothing was written" in told[0]
    assert "unreadable_file" in told[1]
    assert "no_facts" in told[2] or "unknown_value" in told[2]
    assert not any("Traceback" in text for text in told)


def test_an_amount_beyond_all_bounds_far_into_the_facts_leaves_nothing(tmp_path, capsys):
    sales = [sale(f"s{n}", "1.00", f"2026-02-{1 + n % 27:02}") for n in range(200)]
    folder = in_columns(tmp_path / "facts", [*referred(), *sales, sale("z", "9000000000000.00", "2026-03-01")])
    (tmp_path / "program.json").write_text(json.dumps(program(terms(percent("1000%")))))
    command = [
        "--program",
        str(tmp_path / "program.json"),
        "--facts",
        str(folder),
        "--out",
        str(tmp_path / "lines.csv"),
    ]
    assert main(command) == 2
    assert "with conversion 'z' an amount reaches" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facts", "program.json"]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, capsys, monkeypatch):
    class Full:
        def __init__(self, inner):
            self.inner = inner

        def __enter__(self):
            self.inner.__enter__()
            return self

        def __exit__(self, *how):
            self.inner.__exit__(*how)

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def write(self, _formed):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(settle_command, "writer_to", lambda out: Full(writer_to(out)))
    facts = json_lines(tmp_path / "facts.jsonl", [*referred(), sale("s", "10.00")])
    (tmp_path / "program.json").write_text(json.dumps(program(terms(percent("10%")))))
    command = ["--program", str(tmp_path / "program.json"), "--facts", str(facts), "--out", str(tmp_path / "lines.csv")]
    assert main(command) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facts.jsonl", "program.json"]


def test_progress_tells_what_was_done():
    file, seconds = io.StringIO(), iter(range(1000))
    progress = Progress(file, clock=lambda: float(next(seconds)))
    progress.read(30)
    progress.prepared(20)
    progress.settled(15)
    progress.written(12)
    progress.done(25)
    told = file.getvalue()
    assert "read 30 rows" in told
    assert "20 conversions to settle" in told
    assert "settled 15 of 20 conversions" in told
    assert "12 lines written" in told
    assert "25 lines" in told.splitlines()[-1]


@pytest.mark.parametrize("way", ["columns", "records"])
def test_progress_counts_every_row_once(tmp_path, capsys, way):
    facts = [*referred(), *(sale(f"s{n}", "10.00", f"2026-01-{1 + n % 28:02}") for n in range(30))]
    where = in_columns(tmp_path / "facts", facts) if way == "columns" else json_lines(tmp_path / "facts.jsonl", facts)
    (tmp_path / "program.json").write_text(json.dumps(program(terms(percent("10%")))))
    command = ["--program", str(tmp_path / "program.json"), "--facts", str(where), "--summary", "--progress"]
    assert main(command) == 0
    told = capsys.readouterr().err
    assert f"read {len(facts)} rows" in told
    assert "30 conversions" in told
