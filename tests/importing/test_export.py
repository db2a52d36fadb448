"""What is exported is what settlement sees: the same facts, read back from the files, one by one."""

import json
from dataclasses import fields

import pytest

from goodword.domain.settlement import read_facts, read_program, settle
from goodword.referrals.export import export_facts, program_document, settlement_facts
from goodword.referrals.models import Conversion
from goodword.referrals.services import create_code, record_facts
from tests import cast

pytestmark = pytest.mark.django_db
AT = "2026-09-01T10:00:00Z"


@pytest.fixture
def program():
    attribution = {"model": "last", "window_days": 90, "windows": {"code": 0}}
    return cast.program(currency="USD", timezone="America/New_York", attribution=attribution)


@pytest.fixture
def partner(program):
    found = cast.partner(
        program,
        email="ann@alder.example",
        emails=["office@alder.example"],
        domains=["alder.example"],
        country="DE",
        group=cast.group(program, key="gold"),
        parent=cast.partner(program),
    )
    cast.agreement(found)
    return found


def record(program, kind, *items):
    return record_facts(program, kind, items, source="api", actor=cast.actor(), now=cast.NOW)


@pytest.fixture
def everything(program, partner):
    """One fact of every kind, with every field it can have."""
    key = partner.public_id
    create_code(program, partner, key="alder10", actor=cast.actor())
    record(program, "customer", {"id": "c-1", "email": "c@x.example", "country": "US", "visitors": ["v1", "v2"]})
    record(program, "customer", {"id": "c-2", "domain": "x.example", "existing": True})
    touch = {"at": "2026-08-31T10:00:00.5Z", "partner": key, "visitor": "v1", "channel": "link"}
    record(program, "touch", {"id": "t-1", **touch})
    registered = {"channel": "registration", "until": "2026-12-01T00:00:00+01:00"}
    record(program, "touch", {"id": "t-2", "at": AT, "partner": key, "customer": "c-1", **registered})
    parts = {"amount": "123.45", "tax": "3.45", "shipping": "20.00", "discount": "1.00", "fees": "2.00", "cost": "9.99"}
    lines = [{"product": "a", "category": "b", "amount": "60.00", "quantity": 3}, {"product": "c", "amount": "40.00"}]
    words = {"code": "alder10", "subscription": "s", "kind": "first", "properties": {"n": 3, "ok": True, "w": "x"}}
    sale = {"customer": "c-1", "at": AT, "currency": "USD"}
    record(program, "sale", {"id": "s-1", **sale, **parts, "lines": lines, **words})
    record(program, "sale", {"id": "s-2", **sale, "currency": "JPY", "amount": "1200", "product": "p"})
    record(program, "event", {"id": "e-1", "at": AT, "name": "lead", "customer": "c-1", "value": "5.00"})
    record(program, "event", {"id": "e-2", "at": AT, "name": "signup", "customer": "c-2"})
    record(
        program, "refund", {"id": "r-1", "at": "2026-09-02T10:00:00Z", "sale": "s-1", "amount": "10.00", "reason": "x"}
    )
    record(program, "refund", {"id": "r-2", "at": "2026-09-02T10:00:00Z", "sale": "s-2", "amount": "100"})
    record(program, "cancel", {"id": "k-1", "at": "2026-09-03T10:00:00Z", "sale": "s-1"})
    record(program, "rate", {"id": "f-1", "at": AT, "from": "JPY", "to": "USD", "rate": "0.00671"})
    shares = [{"partner": key, "percent": "62.5%"}]
    record(program, "credit", {"id": "d-1", "at": AT, "conversion": "s-2", "shares": shares, "reason": "they called"})
    record(program, "credit", {"id": "d-2", "at": AT, "customer": "c-2", "shares": [], "reason": "nobody"})
    return program


def read_back(folder):
    document = json.loads((folder / "program.json").read_text())
    lines = [line for path in (folder / "facts").iterdir() for line in path.read_text().splitlines()]
    program = read_program(document)
    return program, read_facts(program, [json.loads(line) for line in lines])


def by_id(facts):
    return {field.name: {fact.id: fact for fact in getattr(facts, field.name)} for field in fields(facts)}


def test_every_field_of_every_fact_comes_back_from_the_files(everything, tmp_path):
    counts = export_facts(everything, tmp_path)
    _, facts = read_back(tmp_path)
    assert all(counts.values())
    assert by_id(facts) == by_id(settlement_facts(everything))


def test_files_and_rows_settle_to_the_same_lines(everything, tmp_path):
    export_facts(everything, tmp_path)
    program, facts = read_back(tmp_path)
    ours = settle(read_program(program_document(everything)), settlement_facts(everything))
    theirs = settle(program, facts)
    assert [line[:-1] for line in theirs.lines] == [line[:-1] for line in ours.lines]
    assert len(ours.lines) == 2
    assert theirs.outcomes == ours.outcomes


def test_a_narrow_load_brings_all_that_concerns_the_customer_and_nothing_else(everything):
    facts = by_id(settlement_facts(everything, ["c-1"]))
    assert {name: sorted(group) for name, group in facts.items() if name not in {"partners", "agreements"}} == {
        "codes": ["alder10"],
        "customers": ["c-1"],
        "touches": ["t-1", "t-2"],
        "sales": ["s-1", "s-2"],
        "events": ["e-1"],
        "refunds": ["r-1", "r-2"],
        "cancels": ["k-1"],
        "credits": ["d-1"],
        "rates": ["f-1"],
    }


def test_retracted_facts_are_left_out_and_an_empty_file_goes(everything, tmp_path):
    export_facts(everything, tmp_path)
    assert (tmp_path / "facts" / "event.jsonl").exists()
    Conversion.unscoped.exclude(name="sale").update(retracted_at=cast.NOW)
    export_facts(everything, tmp_path)
    assert not (tmp_path / "facts" / "event.jsonl").exists()


def test_a_failed_export_leaves_the_old_file_whole(everything, tmp_path, monkeypatch):
    export_facts(everything, tmp_path)
    before = (tmp_path / "facts" / "sale.jsonl").read_bytes()
    monkeypatch.setattr("goodword.referrals.export.fact_to_json", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_facts(everything, tmp_path)
    assert (tmp_path / "facts" / "sale.jsonl").read_bytes() == before
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]
