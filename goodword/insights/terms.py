"""Terms in plain words for pages: the text comes from the engine's own reading of the document. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodword.accounts.models import Program
from goodword.domain import settlement
from goodword.domain.errors import InvalidInput
from goodword.domain.settlement import instant
from goodword.domain.terms_changes import terms_changes
from goodword.domain.terms_samples import Sample, Worked, worked_samples
from goodword.domain.terms_text import program_sentences, rule_sentence, terms_sentences, worked_example
from goodword.insights.receipts import ReceiptRow, receipt_rows
from goodword.referrals.export import document_with

_KEY = "terms"
_OLD = "before"


@dataclass(frozen=True, slots=True)
class Words:
    """Terms as sentences, how the program credits sales, and one sale reckoned by them."""

    sentences: Sequence[str]
    credit: Sequence[str] = ()
    story: str = ""
    example: Sequence[ReceiptRow] = ()


def words_of(program: Program, document: Any) -> Words:
    """The whole text of a terms document, with a worked example."""
    read = _read(program, document)
    terms = read.terms[_KEY]
    example = worked_example(read, terms)
    return Words(
        sentences=terms_sentences(read, terms),
        credit=program_sentences(read),
        story=example.story if example else "",
        example=receipt_rows(example.rows) if example else (),
    )


def changes_of(program: Program, old: Any, new: Any) -> list[str]:
    """What changes from one document to another, in words; empty where they say the same."""
    read = _read(program, new, {_OLD: old})
    return terms_changes(read, read.terms[_OLD], read.terms[_KEY])


def samples_of(program: Program, document: Any, samples: Sequence[Sample], now: datetime) -> list[Worked]:
    """What sample sales earn under a document."""
    read = _read(program, document)
    return worked_samples(read, read.terms[_KEY], samples, instant(now))


def sentences_of(program: Program, document: Any) -> list[str]:
    """The text of a document, without an example."""
    read = _read(program, document)
    return terms_sentences(read, read.terms[_KEY])


def credit_of(program: Program) -> list[str]:
    """How the program decides whose a sale is, and what bounds all partners together."""
    return program_sentences(_read(program, {}))


def rule_words(program: Program, document: Any, key: str) -> str:
    """What one rule says; empty for an override or a bonus, which are no rules."""
    try:
        read = _read(program, document)
    except InvalidInput:
        return ""
    return next((rule_sentence(read, rule) for rule in read.terms[_KEY].rules if rule.key == key), "")


def _read(program: Program, document: Any, others: dict[str, Any] | None = None) -> settlement.Program:
    return settlement.read_program(document_with(program, {_KEY: document, **(others or {})}))
