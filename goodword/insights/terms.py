"""Terms in plain words for pages: the text comes from the engine's own reading of the document. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goodword.accounts.models import Program
from goodword.domain.terms_text import rule_sentence, terms_sentences
from goodword.insights.offer import TERMS, read_offer, worked_example
from goodword.insights.receipts import ReceiptRow
from goodword.insights.wording import money_text


@dataclass(frozen=True, slots=True)
class Words:
    """Terms as sentences, and one sale reckoned by them."""

    sentences: Sequence[str]
    example: Sequence[ReceiptRow] = ()
    example_title: str = ""


def words_of(program: Program, document: Any) -> Words:
    """The whole text of a terms document, with a worked example."""
    read = read_offer(program, document)
    example = worked_example(program, document)
    title = f"A sale over {money_text(example.sale_minor, program.currency)}, worked out" if example else ""
    return Words(terms_sentences(read, read.terms[TERMS]), example.steps if example else (), title)


def rule_words(program: Program, document: Any, key: str) -> Words:
    """What one rule says."""
    read = read_offer(program, document)
    return Words([rule_sentence(read, rule) for rule in read.terms[TERMS].rules if rule.key == key])
