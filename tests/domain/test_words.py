"""Lines as they are published: objects, tables, JSON, ids and totals agree, and so do compiled and uncompiled words."""

import hashlib
import json
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given

from goodword.domain.settlement import (
    instant,
    line_to_json,
    read_facts,
    read_program,
    summary,
)
from goodword.domain.settlement.fields import parse_instant
from goodword.domain.settlement.rules.digests import digest, four_digests
from goodword.domain.settlement.rules.prepare import prepare
from goodword.domain.settlement.rules.publish import Chunk, Publisher, Totals
from goodword.domain.settlement.rules.run import Run, settle_tables
from tests.domain.test_settlement_properties import PROGRAM, few, some_facts
from tests.domain.worlds import flat, percent, program, rate, referred, refund, sale, terms
from tests.oracle.worlds import world


def published(document, facts, as_of=None) -> tuple[Publisher, Chunk, Run]:
    """The lines of some facts, put out by the compiled rules."""
    read = read_program(document)
    until = instant(parse_instant(as_of)) if as_of else None
    prepared = prepare(read, read_facts(read, facts), until)
    run = settle_tables(prepared.facts, prepared.exact_rates)
    publisher = Publisher(prepared)
    return publisher, publisher.publish(run.tables), run


def assert_told_alike(document, facts, as_of=None) -> int:
    """Lines, table, JSON and totals say the same, compiled or not. Gives how many lines there were."""
    publisher, chunk, run = published(document, facts, as_of)
    lines = chunk.lines()
    told = [line_to_json(line) for line in lines]
    by_hand = publisher.publish(run.tables, compiled=False).lines()
    assert [line_to_json(line) for line in by_hand] == told
    assert chunk.table().to_pylist() == told
    assert [line.steps_json for line in lines] == [canonical(line.steps) for line in lines]
    assert [line.line for line in lines] == [id_of(line) for line in lines]
    totals = Totals(publisher)
    chunk.add_to(totals)
    assert totals.totals() == summary(lines)
    return len(lines)


def canonical(steps) -> str:
    return json.dumps(steps, ensure_ascii=False, separators=(",", ":"))


def id_of(line) -> str:
    """The id of a line, from its five parts, by the standard library."""
    texts = (line.conversion, line.partner, line.rule)
    parts = "".join(f"{len(text)}:{text}" for text in texts) + f"{line.kind}{line.level}"
    return "lin_" + hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()


@few
@given(PROGRAM, some_facts())
def test_lines_are_told_alike_with_every_feature(document, facts):
    assert_told_alike(document, facts)


@pytest.mark.parametrize("block", range(4))
def test_lines_of_random_worlds_are_told_alike(block):
    assert sum(assert_told_alike(*world(seed)) for seed in range(block * 25, block * 25 + 25)) > 20


def step(line, do) -> tuple[str, str]:
    return next((one["from"], one["is"]) for one in line.steps if one["do"] == do)


def huge_sale(number, customer="c"):
    return sale(f"s{number}", "9999999999999.97", f"2026-01-{10 + number}", customer)


def test_figures_of_more_than_64_bits_are_written_by_hand():
    small = [sale("a", "12.34"), sale("z", "56.78", "2026-02-01")]
    given_back = [refund("s1", "99999999999.31"), rate("EUR", "1.2345678901")]
    foreign = [sale("e", "1000000.01", "2026-01-21", currency="EUR")]
    document = program(terms(percent("7.7777%"), flat("5000000000.01", "each", adds=True)))
    facts = [*referred(), huge_sale(1), huge_sale(2), *small, *given_back, *foreign]
    assert assert_told_alike(document, facts) == 10
    _, chunk, _ = published(document, facts)
    assert step(chunk.lines()[2], "rate") == ("7.7777% * 9900000000000.66", "769992300000.05133282")


def test_names_may_hold_any_character():
    odd = 'q"\\\n\t\x01é\u2028😀'
    key = "k" * 300
    document = program(terms(percent("10%", key)), terms={odd: terms(percent("5%", odd))})
    people = referred(odd, "c") + referred("p", "d")
    assert_told_alike(document, [*people, sale(odd, "10.00"), sale("s" * 500, "20.00", customer="d")])


def test_buffers_grow_when_texts_are_long():
    document = program(terms(percent("10%", "k" * 5000)))
    assert_told_alike(document, [*referred(), *(sale(f"s{i}" * 100, "10.00", "2026-01-10") for i in range(60))])


def several():
    return program(terms(percent("10%"))), [*referred(), *(sale(f"s{i}", f"{i}.00") for i in range(5))]


def test_a_settlement_in_chunks_is_the_whole_in_pieces():
    publisher, whole, run = published(*several())
    count = len(whole)
    assert count > 3
    chunks = [publisher.publish(run.tables, row, row + 1) for row in range(count)]
    assert pa.concat_tables([chunk.table() for chunk in chunks]).equals(whole.table())


def hashed(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).digest()


def test_ids_are_hashed_as_the_standard_library_does():
    random = Random(7)
    for size in range(301):
        words, found = np.zeros(64, np.uint64), np.zeros(8, np.uint64)
        text = random.randbytes(size)
        words.view(np.uint8)[:size] = np.frombuffer(text, np.uint8)
        digest(words, size, found)
        assert found.tobytes()[:16] == hashed(text)


def test_four_ids_at_a_time_are_hashed_as_the_standard_library_does():
    random = Random(8)
    for _ in range(200):
        texts = [random.randbytes(random.randrange(129)) for _ in range(4)]
        words, sizes, found = np.zeros(4 * 16, np.uint64), np.array(list(map(len, texts))), np.zeros((2, 4), np.uint64)
        for lane, text in enumerate(texts):
            words.view(np.uint8)[128 * lane : 128 * lane + len(text)] = np.frombuffer(text, np.uint8)
        four_digests(words, sizes, found.ravel())
        assert [lane.tobytes() for lane in found.T] == [hashed(text) for text in texts]


@pytest.mark.parametrize("length", [1, 60, 128, 200])
def test_ids_of_any_length_and_number_are_those_of_the_contract(length):
    sales = [sale(f"s{number}" + "x" * (length * number % 190), "60.00") for number in range(11)]
    assert assert_told_alike(program(terms(percent("10%"))), [*referred(), *sales]) == 11
