"""Folders of Parquet files read column by column give the tables that reading them row by row gives, or nothing."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench._settlement_world import write_world
from goodword.domain.settlement import FactReader, instant, read_program
from goodword.domain.settlement.fields import parse_instant
from goodword.domain.settlement.rules.prepare import prepare
from goodword.server.fact_columns import Columns, Count, prepare_folders
from goodword.server.fact_files import read_fact_files
from tests.domain.test_settlement_properties import PROGRAM, some_facts
from tests.domain.worlds import (
    agreement,
    at,
    credit,
    event,
    line,
    partner,
    percent,
    program,
    rate,
    refund,
    sale,
    terms,
    touch,
)

MONEY = {"amount", "tax", "shipping", "discount", "fees", "cost", "value"}
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
WHEN = [{"product": "a"}, {"country": "DE"}, {"properties.n": {"gt": 3}}, {"category": "x"}, {"kind": "new"}]
DOCUMENT = program(terms(*(percent("1%", f"k{i}", when=when) for i, when in enumerate(WHEN))), self_referral="block")


def write(folder, facts, *, native=False, parts=1, types=None):
    """The facts as Parquet files, in `parts` parts each."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    kinds = {}
    for fact in facts:
        kinds.setdefault(fact["fact"], []).append({name: value for name, value in fact.items() if name != "fact"})
    for kind, rows in kinds.items():
        names = list(dict.fromkeys(name for row in rows for name in row))
        given_ = {name: (types or {}).get((kind, name)) for name in names}
        columns = {name: column(name, [row.get(name) for row in rows], given_[name], native=native) for name in names}
        table = pa.table(columns)
        if parts == 1:
            pq.write_table(table, folder / f"{kind}.parquet")
            continue
        (folder / f"{kind}.parquet").mkdir()
        size = -(-len(rows) // parts)
        for i in range(0, len(rows), size):
            pq.write_table(table.slice(i, size), folder / f"{kind}.parquet" / f"{i:04}.parquet", row_group_size=2)


def column(name, values, kind, *, native):
    if kind is not None:
        return pa.array(values, kind)
    if native and name in {"at", "until"}:
        moments = [None if value is None else parse_instant(value) for value in values]
        return pa.array(moments, pa.timestamp("us", "UTC"))
    if native and name in MONEY:
        return pa.array([None if value is None else Decimal(value) for value in values], pa.decimal128(18, 2))
    return pa.array(values)


def moment(text):
    return None if text is None else instant(parse_instant(at(text)))


def by_rows(document, folder, as_of=None):
    read = read_program(document)
    reader = FactReader(read.currency, read.timezone, read.terms)
    read_fact_files(reader, [str(folder)])
    return prepare(read, reader.finish(), moment(as_of))


def by_columns(document, folder, as_of=None):
    return prepare_folders(read_program(document), [str(folder)], moment(as_of))


def assert_same(one, other):
    for mine, theirs in zip(one.names, other.names, strict=True):
        assert listed(mine) == listed(theirs)
    assert (one.notices, one.exact_rates, one.as_of) == (other.notices, other.exact_rates, other.as_of)
    for name, mine, theirs in zip(one.facts._fields, one.facts, other.facts, strict=True):
        assert mine.dtype == theirs.dtype, name
        np.testing.assert_array_equal(mine, theirs, name)


def listed(names):
    return names.to_pylist() if isinstance(names, pa.Array) else list(names)


def both_equal(document, folder, as_of=None):
    found = by_columns(document, folder, as_of)
    assert found is not None, "read row by row"
    assert_same(found, by_rows(document, folder, as_of))


@few
@given(PROGRAM, some_facts(), st.booleans(), st.sampled_from([1, 2]), st.sampled_from([None, "2026-02-10"]))
def test_worlds_in_columns_are_worlds_in_rows(tmp_path_factory, document, facts, native, parts, as_of):
    folder = tmp_path_factory.getbasetemp() / "world"
    write(folder, facts, native=native, parts=parts)
    both_equal(document, folder, as_of)


@pytest.mark.parametrize("native", [False, True])
def test_the_world_of_the_bench(tmp_path, native):
    document = json.loads(write_world(tmp_path / "world", 4000, native=native).read_text())
    both_equal(document, tmp_path / "world")
    both_equal(document, tmp_path / "world", "2025-08-01")


def rich():
    """Every field of every fact."""
    lines = [line("a", "1.00", category="x", quantity=3), line("é", "2.50")]
    return [
        partner("p", emails=["Sales@P.example", "x@gmail.com"], domains=["ÉTÉ.example"], country="DE", group="g"),
        partner("q", parent="p", emails=["q@q.example"]),
        {**agreement("p", starts="2020-01-01"), "ends": "2025-12-31T10:00:00+02:00", "cause": True},
        agreement("p", starts="2026-01-01"),
        {**agreement("q"), "ends": "2020-01-01"},
        {"fact": "code", "id": "CODE", "partner": "q"},
        {"fact": "customer", "id": "c", "email": "me@ÉTÉ.example", "visitors": ["v", "w", "v"], "country": "AT"},
        {"fact": "customer", "id": "d", "domain": "Q.example", "existing": True, "email": "SALES@p.example"},
        {"fact": "customer", "id": "unseen", "visitors": ["v"]},
        touch("p", visitor="v", id="t1"),
        {**touch("q", visitor="v", id="t2"), "customer": None},
        touch("stranger", customer="d", channel="registration", until=at("2026-06-01"), id="t3"),
        touch("q", customer="d", channel="code", id="t0"),
        touch("q", customer="e", channel="link", until=at("2026-01-02"), id="t4"),
        sale("s1", "12.50", lines=lines, tax="9.00", properties={"n": 4, "t": "x", "f": 1.5, "b": True}, kind="new"),
        sale("s2", "5000", "2026-01-11", "d", currency="JPY", code="CODE", product="a", subscription="sub"),
        sale("s3", "7.00", "2026-01-09T23:59:59.123456-05:00", "e", currency="EUR", code="NONE", discount="1.00"),
        event("e1", "lead", value="3.00", currency="EUR", properties={"n": 2}),
        event("e2", "other", customer="f"),
        refund("s2", "4999", id="r1"),
        refund("s2", "2", id="r2", reason="late"),
        refund("nowhere", "2.2222", id="r3"),
        {"fact": "cancel", "id": "x1", "at": at("2026-03-01"), "sale": "s1"},
        {"fact": "cancel", "id": "x2", "at": at("2026-02-01"), "sale": "s1"},
        {"fact": "cancel", "id": "x3", "at": at("2026-02-01"), "sale": "e1"},
        credit({"q": "50%", "newcomer": "20%"}, conversion="s3", id="cr1"),
        credit({}, customer="d", id="cr2"),
        rate("EUR", "1.1"),
        rate("JPY", "0.0071"),
    ]


def test_every_field_of_every_fact(tmp_path):
    write(tmp_path / "w", rich())
    both_equal(DOCUMENT, tmp_path / "w")
    both_equal(DOCUMENT, tmp_path / "w", "2026-01-10")


def test_two_folders_are_one_world(tmp_path):
    write(tmp_path / "a", [partner("p"), agreement("p"), touch("p"), sale("s1", "12.50")])
    write(tmp_path / "b", [sale("s2", "1.00"), refund("s1", "2.00"), refund("s2", "2.00", id="r2")])
    folders = [str(tmp_path / "a"), str(tmp_path / "b")]
    read = read_program(DOCUMENT)
    reader = FactReader(read.currency, read.timezone, read.terms)
    read_fact_files(reader, folders)
    found = prepare_folders(read, folders, None)
    assert found is not None
    assert_same(found, prepare(read, reader.finish(), None))


def test_columns_of_one_file_are_read_by_threads_at_a_time(tmp_path):
    names, rows = [f"c{n}" for n in range(8)], range(5_000)
    pq.write_table(pa.table({name: [f"{name} {n}" for n in rows] for name in names}), tmp_path / "sale.parquet")
    told = []
    source = Columns([tmp_path / "sale.parquet"], Count(told.append))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(source.column, names * 25))
    assert {column[-1].as_py() for column in found} == {f"{name} 4999" for name in names}
    assert told == [5_000 // 8] * 8


NATIVE = [
    ("sale", "at", pa.timestamp("ns", "UTC"), datetime(2026, 1, 10, 12, tzinfo=UTC)),
    ("sale", "at", pa.timestamp("s", "America/New_York"), datetime(2026, 1, 10, 12, tzinfo=UTC)),
    ("sale", "amount", pa.decimal128(20, 1), Decimal("12.5")),
    ("sale", "customer", pa.large_string(), "c"),
    ("sale", "customer", pa.dictionary(pa.int8(), pa.string()), "c"),
    ("sale", "kind", pa.null(), None),
    ("agreement", "starts", pa.date32(), date(2020, 1, 1)),
    ("agreement", "starts", pa.timestamp("ms", "UTC"), datetime(2020, 1, 1, 5, tzinfo=UTC)),
]


@pytest.mark.parametrize(("kind", "name", "type_", "value"), NATIVE)
def test_types_of_arrow_are_read_fast(tmp_path, kind, name, type_, value):
    facts = [partner("p"), agreement("p"), touch("p"), sale("s1", "12.50"), sale("s2", "1.00")]
    for fact in facts:
        if fact["fact"] == kind:
            fact[name] = value
    write(tmp_path / "w", facts, types={(kind, name): type_})
    both_equal(DOCUMENT, tmp_path / "w")


ODD = [
    ("sale", {"amount": "12.505"}),
    ("sale", {"amount": "-1.00"}),
    ("sale", {"amount": "007.00"}),
    ("sale", {"amount": "1."}),
    ("sale", {"amount": ".5"}),
    ("sale", {"amount": "1e3"}),
    ("sale", {"amount": "10000000000000.00"}),
    ("sale", {"amount": "10000000000000"}),
    ("sale", {"amount": None}),
    ("sale", {"amount": ""}),
    ("sale", {"at": "2026-01-10"}),
    ("sale", {"at": "2026-01-10T12:00:00"}),
    ("sale", {"at": "2026-02-29T12:00:00Z"}),
    ("sale", {"at": "2026-01-10T24:00:00Z"}),
    ("sale", {"at": "2026-01-10T12:00:60Z"}),
    ("sale", {"at": "2026-01-10T12:00:00.1234567Z"}),
    ("sale", {"at": "2026-01-10T12:00:00.Z"}),
    ("sale", {"at": "2026-01-10T12:00:00+24:00"}),
    ("sale", {"at": "2026-01-10 12:00:00Z"}),
    ("sale", {"at": "1899-12-31T12:00:00Z"}),
    ("sale", {"at": "3000-01-01T12:00:00Z"}),
    ("sale", {"currency": "XXX"}),
    ("sale", {"currency": "DEM"}),
    ("sale", {"customer": ""}),
    ("sale", {"customer": "a\x00b"}),
    ("sale", {"id": "s2"}),
    ("sale", {"id": "e"}),
    ("sale", {"surprise": "x"}),
    ("sale", {"lines": [line("a", "1.00")]}),
    ("sale", {"lines": []}),
    ("sale", {"lines": [{"amount": "12.50"}]}),
    ("sale", {"lines": [{"product": "a", "amount": "12.50", "quantity": -1}]}),
    ("sale", {"lines": [{"product": "a", "amount": "12.50", "more": "x"}]}),
    ("sale", {"properties": {"n": float("nan")}}),
    ("sale", {"properties": {"n": "a\x00"}}),
    ("event", {"name": "sale"}),
    ("event", {"name": "assist"}),
    ("event", {"value": "1.005"}),
    ("touch", {"channel": "mail"}),
    ("touch", {"customer": None}),
    ("touch", {"until": "soon"}),
    ("refund", {"amount": "0.001"}),
    ("refund", {"amount": "1.00001"}),
    ("refund", {"sale": None}),
    ("partner", {"parent": "p"}),
    ("partner", {"emails": [""]}),
    ("partner", {"emails": [None]}),
    ("agreement", {"terms": "unknown"}),
    ("agreement", {"starts": "2026-13-01"}),
    ("agreement", {"ends": "2019-01-01"}),
    ("agreement", {"partner": "q"}),
    ("customer", {"visitors": ["v", ""]}),
    ("rate", {"rate": "-1"}),
    ("credit", {"customer": "c"}),
    ("code", {"partner": None}),
]


@pytest.mark.parametrize(("kind", "change"), ODD)
def test_what_is_not_right_is_left_to_the_reader_that_explains(tmp_path, kind, change):
    facts = [
        *(partner("p"), partner("q"), agreement("p"), agreement("q"), touch("p"), event("e", "lead", value="1.00")),
        *(sale("s1", "12.50"), sale("s2", "1.00"), refund("s1", "1.00"), rate("EUR", "1.1")),
        {"fact": "customer", "id": "c", "visitors": ["v"]},
        credit({"p": "50%"}, conversion="s1"),
        {"fact": "code", "id": "C", "partner": "p"},
    ]
    write(tmp_path / "w", facts)
    assert by_columns(DOCUMENT, tmp_path / "w") is not None
    first = next(fact for fact in facts if fact["fact"] == kind)
    first.update(change)
    write(tmp_path / "w", facts)
    assert by_columns(DOCUMENT, tmp_path / "w") is None


def test_a_fact_given_twice_is_left_to_the_reader_that_compares(tmp_path):
    write(tmp_path / "w", [sale("s", "1.00"), sale("s", "1.00")])
    assert by_columns(DOCUMENT, tmp_path / "w") is None
    assert len(by_rows(DOCUMENT, tmp_path / "w").names.conversions) == 1


def test_files_that_are_no_facts_are_left_to_the_reader_that_explains(tmp_path):
    write(tmp_path / "w", [sale("s", "1.00")])
    assert by_columns(DOCUMENT, tmp_path / "w") is not None
    (tmp_path / "w" / "more.jsonl").write_text("")
    assert by_columns(DOCUMENT, tmp_path / "w") is None
    (tmp_path / "w" / "more.jsonl").rename(tmp_path / "w" / "sales.parquet")
    assert by_columns(DOCUMENT, tmp_path / "w") is None
    assert by_columns(DOCUMENT, Path(tmp_path / "nowhere")) is None


def test_ids_in_any_order_and_of_any_length(tmp_path):
    ids = [f"{'x' * (i * 7 % 40)}{i * 37 % 50}" for i in range(50)]
    facts = [sale(id_, "1.00", "2026-01-10", f"{id_}-customer") for id_ in ids]
    facts += [refund(id_, "0.50", id=f"r{i}") for i, id_ in enumerate(ids)]
    facts += [partner("p"), agreement("p"), *(touch("p", "2026-01-01", f"{id_}-customer", id=id_) for id_ in ids)]
    write(tmp_path / "w", facts)
    both_equal(DOCUMENT, tmp_path / "w")


@pytest.mark.parametrize("text", ["2026-01-10T12:00:00z", "2024-02-29t23:59:59.5Z", "2000-02-29T00:00:00.000001+14:00"])
def test_instants_in_every_notation(tmp_path, text):
    write(tmp_path / "w", [{**sale("s", "1.00"), "at": text}])
    found = by_columns(DOCUMENT, tmp_path / "w")
    assert found is not None
    assert found.facts.conversions["at"][0] == instant(parse_instant(text))
