"""Lines as the compiled rules publish them: every text the same, byte for byte, as the settlement in plain Python."""

import hashlib
import json
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given

from goodword.domain.settlement import (
    Settlement,
    instant,
    line_to_json,
    read_facts,
    read_program,
    settle,
    summary,
)
from goodword.domain.settlement.fields import parse_instant
from goodword.domain.settlement.rules.line_ids import digest
from goodword.domain.settlement.rules.prepare import prepare
from goodword.domain.settlement.rules.publish import Chunk, Publisher, Totals
from goodword.domain.settlement.rules.run import Run, settle_tables
from goodword.domain.settlement.rules.telling import tell
from tests.domain.test_settlement_properties import PROGRAM, few, some_facts
from tests.domain.worlds import flat, percent, program, rate, referred, refund, sale, terms
from tests.oracle.worlds import world


def both(document, facts, as_of=None) -> tuple[Settlement, Publisher, Chunk, Run]:
    """The same facts settled in plain Python and by the compiled rules."""
    read = read_program(document)
    known = read_facts(read, facts)
    until = instant(parse_instant(as_of)) if as_of else None
    prepared = prepare(read, known, until)
    run = settle_tables(prepared.facts, prepared.exact_rates)
    publisher = Publisher(prepared)
    chunk = publisher.publish(run.tables)
    return settle(read, known, until), publisher, chunk, run


def assert_same(document, facts, as_of=None) -> None:
    settlement, publisher, chunk, run = both(document, facts, as_of)
    wanted = [line_to_json(line) for line in settlement.lines]
    lines = chunk.lines()
    assert [line_to_json(line) for line in lines] == wanted
    assert chunk.table().to_pylist() == wanted
    assert [line.steps_json for line in lines] == [canonical(line.steps) for line in settlement.lines]
    assert publisher.outcomes(run.tables["outcomes"]["value"]) == settlement.outcomes
    totals = Totals(publisher)
    chunk.add_to(totals)
    assert totals.totals() == summary(settlement.lines)


def canonical(steps) -> str:
    return json.dumps(steps, ensure_ascii=False, separators=(",", ":"))


@few
@given(PROGRAM, some_facts())
def test_lines_are_the_same_as_in_plain_python_with_every_feature(document, facts):
    assert_same(document, facts)


@pytest.mark.parametrize("seed", range(0, 400, 4))
def test_lines_of_random_worlds_are_the_same_as_in_plain_python(seed):
    assert_same(*world(seed))


@few
@given(PROGRAM, some_facts())
def test_words_written_by_hand_are_the_same_as_compiled_ones(document, facts):
    _, _, chunk, _ = both(document, facts)
    source, rows = chunk._source, chunk._rows
    by_hand = tell(source, *rows, compiled=False)
    for mine, theirs in zip(chunk.page, by_hand, strict=True):
        assert mine.dtype == theirs.dtype
    chunk.__dict__["page"] = by_hand
    again = Chunk(chunk._publisher, source, *rows)
    assert [chunk.steps(row) for row in range(len(chunk))] == [again.steps(row) for row in range(len(again))]


def huge_sale(number, customer="c"):
    return sale(f"s{number}", "9999999999999.97", f"2026-01-{10 + number}", customer)


def test_figures_of_more_than_64_bits_are_written_by_hand():
    small = [sale("a", "12.34"), sale("z", "56.78", "2026-02-01")]
    given_back = [refund("s1", "99999999999.31"), rate("EUR", "1.2345678901")]
    foreign = [sale("e", "1000000.01", "2026-01-21", currency="EUR")]
    document = program(terms(percent("7.7777%"), flat("5000000000.01", "each", adds=True)))
    assert_same(document, [*referred(), huge_sale(1), huge_sale(2), *small, *given_back, *foreign])


def test_names_may_hold_any_character():
    odd = 'q"\\\n\t\x01é\u2028😀'
    key = "k" * 300
    document = program(terms(percent("10%", key)), terms={odd: terms(percent("5%", odd))})
    people = referred(odd, "c") + referred("p", "d")
    assert_same(document, [*people, sale(odd, "10.00"), sale("s" * 500, "20.00", customer="d")])


def test_buffers_grow_when_texts_are_long():
    document = program(terms(percent("10%", "k" * 5000)))
    assert_same(document, [*referred(), *(sale(f"s{i}" * 100, "10.00", "2026-01-10") for i in range(60))])


def several():
    return program(terms(percent("10%"))), [*referred(), *(sale(f"s{i}", f"{i}.00") for i in range(5))]


def test_a_settlement_in_chunks_is_the_whole_in_pieces():
    _, publisher, whole, run = both(*several())
    count = len(whole)
    assert count > 3
    chunks = [publisher.publish(run.tables, row, row + 1) for row in range(count)]
    assert pa.concat_tables([chunk.table() for chunk in chunks]).equals(whole.table())


def test_ids_are_hashed_as_the_standard_library_does():
    random = Random(7)
    words = np.zeros(64, np.uint64)
    message, found = words.view(np.uint8), np.zeros(8, np.uint64)
    for size in range(301):
        text = random.randbytes(size)
        message[:size] = np.frombuffer(text, np.uint8)
        digest(message, words, size, found)
        assert found.tobytes()[:16] == hashlib.blake2b(text, digest_size=16).digest()
