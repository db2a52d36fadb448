"""`goodword settle --engine spark`: facts in parts, settled anywhere, are the whole; and so on a cluster of Spark."""

import json
import os
import shutil

import pytest

from bench._settlement_world import write_world
from goodword.domain.settlement import read_program
from goodword.server.cli import app
from goodword.server.fact_columns import files_of
from goodword.server.line_files import writer_to
from goodword.server.settle_progress import Progress
from goodword.server.settle_spark import Job, _latest, _together, settle_part
from goodword.server.spark_parts import NotParted, part_facts
from tests.domain.worlds import agreement, credit, partner, percent, program, sale, terms, touch
from tests.oracle.worlds import world
from tests.server.test_settle_paths import in_columns, whole


def missing():
    """What of Spark this machine lacks."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "the package pyspark is not installed (goodword[spark])"
    return "" if shutil.which("java") or os.environ.get("JAVA_HOME") else "there is no Java"


def in_parts(folder, document, facts, most):
    """Settle the parts one by one, in this process."""
    files = files_of([str(in_columns(folder / "facts", facts))])
    parts = part_facts(read_program(document), files, folder / "parts", most)
    done = [settle_part(Job(document, str(part), _latest(files))) for part in parts.folders]
    assert None not in done
    with writer_to(str(folder / "lines.jsonl")) as writer:
        _together(parts.folders, done, writer, Progress())
        writer.place()
    return (folder / "lines.jsonl").read_text(encoding="utf-8"), parts


def shop(name, partners, *more):
    people = [part for who in partners for part in (partner(f"{name}-{who}"), agreement(f"{name}-{who}"))]
    touches = [touch(f"{name}-{who}", customer=f"{name}-c") for who in partners]
    return [*people, *touches, sale(f"{name}-s", "100.01", customer=f"{name}-c"), *more]


def test_groups_that_share_nothing_are_settled_apart(tmp_path):
    facts = [fact for name in "abcdef" for fact in shop(name, "pq")]
    document = program(terms(percent("10%")), attribution={"model": "linear"})
    text, parts = in_parts(tmp_path, document, facts, 4)
    assert (parts.groups, len(parts.folders)) == (6, 4)
    assert text == whole(document, facts)[0]


@pytest.mark.parametrize(
    ("tie", "groups"),
    [
        ([], 2),
        ([touch("a-p", customer="b-c")], 1),
        ([partner("x", parent="a-p"), partner("y", parent="x"), touch("y", customer="b-c")], 1),
        ([credit({"a-p": "50%"}, conversion="b-s")], 1),
        ([credit({"a-p": "50%"}, customer="b-c")], 1),
        ([{"fact": "code", "id": "CODE", "partner": "a-p"}, sale("s", "5.00", customer="b-c", code="CODE")], 1),
        ([{"fact": "customer", "id": "a-c", "visitors": ["v"]}, {**touch("b-p"), "visitor": "v", "customer": None}], 1),
    ],
)
def test_what_partners_share_keeps_them_together(tmp_path, tie, groups):
    facts = shop("a", "p") + shop("b", "p") + [{key: x for key, x in fact.items() if x is not None} for fact in tie]
    document = program(terms(percent("10%"), overrides=[{"level": 1, "percent": "5%"}]))
    text, parts = in_parts(tmp_path, document, facts, 8)
    assert parts.groups == groups
    assert text == whole(document, facts)[0]


def test_a_budget_keeps_all_in_one_part(tmp_path):
    facts = shop("a", "p") + shop("b", "p")
    document = program(terms(percent("10%")), budget={"amount": "15.00"})
    text, parts = in_parts(tmp_path, document, facts, 8)
    assert len(parts.folders) == 1
    assert text == whole(document, facts)[0]


def test_twins_are_left_to_who_reads_them_one_by_one(tmp_path):
    facts = shop("a", "p")
    files = files_of([str(in_columns(tmp_path / "facts", [*facts, facts[-1]]))])
    with pytest.raises(NotParted):
        part_facts(read_program(program(terms(percent("10%")))), files, tmp_path / "parts", 2)


def test_parts_of_mixed_worlds_are_the_whole(tmp_path):
    parted = 0
    for seed in range(0, 600, 6):
        document, facts, as_of = world(seed)
        if as_of is not None or in_columns(tmp_path / "look", facts) is None:
            continue
        files = files_of([str(tmp_path / "look")])
        try:
            parts = part_facts(read_program(document), files, tmp_path / f"parts-{seed}", 3)
        except NotParted:
            continue
        done = [settle_part(Job(document, str(part), _latest(files))) for part in parts.folders]
        if None in done:
            continue
        with writer_to(str(tmp_path / "lines.jsonl")) as writer:
            _together(parts.folders, done, writer, Progress())
            writer.place()
        assert (tmp_path / "lines.jsonl").read_text(encoding="utf-8") == whole(document, facts)[0], seed
        parted += len(parts.folders) > 1
    assert parted > 2


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_cluster_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    document = write_world(tmp_path / "facts", 3_000, groups=5)
    command = ["settle", "--program", str(document), "--facts", str(tmp_path / "facts"), "--out"]
    spark = ["--engine", "spark", "--master", "local[2]", "--work", str(tmp_path)]
    assert app([*command, str(tmp_path / "here.jsonl")], standalone_mode=False) == 0
    assert app([*command, str(tmp_path / "there.jsonl"), *spark], standalone_mode=False) == 0
    assert (tmp_path / "here.jsonl").read_bytes() == (tmp_path / "there.jsonl").read_bytes()
    assert json.loads((tmp_path / "here.jsonl").read_text().splitlines()[0])["line"]


def test_without_pyspark_the_remedy_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    facts = in_columns(tmp_path / "facts", shop("a", "p"))
    (tmp_path / "program.json").write_text(json.dumps(program(terms(percent("10%")))))
    command = ["settle", "--program", str(tmp_path / "program.json"), "--facts", str(facts), "--engine", "spark"]
    with pytest.raises(RuntimeError, match=r"install goodword\[spark\]"):
        app(command, standalone_mode=False)
