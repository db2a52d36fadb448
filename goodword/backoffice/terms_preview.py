"""What the terms editor shows beside the form: text, changes, sample sales, the last 30 days. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from goodword.accounts.models import Program
from goodword.backoffice.terms_editor import Editor, Row
from goodword.domain.currency import decimals
from goodword.domain.errors import DomainError
from goodword.domain.money import OutOfRange, to_decimal, to_minor
from goodword.domain.sheets import Sheet
from goodword.domain.terms_problems import rates_over_whole
from goodword.domain.terms_samples import Sample, Worked
from goodword.domain.typed_text import amount_typed
from goodword.insights.receipts import ReceiptRow, receipt_rows
from goodword.insights.terms import changes_of, samples_of, sentences_of
from goodword.insights.terms_effect import Effect, terms_effect
from goodword.partners.models import Terms, TermsVersion
from goodword.referrals.models import Conversion

SAMPLES: Final = 3
_UNITS: Final = (50, 120, 500)
_LOOKED_AT: Final = 200


@dataclass(frozen=True, slots=True)
class SampleShown:
    """A sample sale with what it earns: as the last version has it (None: there is none), and with the draft."""

    row: Row
    was: int | None = None
    now: int | None = None
    receipts: Sequence[Sequence[ReceiptRow]] = ()


@dataclass(slots=True)
class Preview:
    """The side of the editor. Empty where the draft has problems, apart from those."""

    problems: int = 0
    sentences: Sequence[str] = ()
    changes: Sequence[str] = ()
    has_last: bool = False
    samples: Sequence[SampleShown] = ()
    over_whole: Sequence[str] = ()
    too_large: str = ""
    effect: Effect | None = None
    effect_failed: str = ""
    rows: Sequence[Row] = field(default_factory=list)


def preview_of(editor: Editor, last: TermsVersion | None, now: datetime) -> Preview:
    """The text, the changes and the samples of what the editor holds; it must have been checked."""
    shown = Preview(problems=len(editor.problems), has_last=last is not None)
    shown.samples = [SampleShown(row) for row in editor.rows("samples")]
    if editor.terms is None or editor.problems:
        return shown
    program, document = editor.program, editor.document
    shown.sentences = sentences_of(program, document)
    shown.changes = changes_of(program, last.document, document) if last else ()
    shown.over_whole = rates_over_whole(editor.terms)
    try:
        shown.samples = _samples(editor, last, now)
    except OutOfRange as refused:
        shown.too_large = refused.message
    return shown


def _samples(editor: Editor, last: TermsVersion | None, now: datetime) -> list[SampleShown]:
    rows = editor.rows("samples")
    read = [(row, sample) for row in rows if (sample := _sample(row.answers, editor.currency))]
    samples = [sample for _, sample in read]
    drafted = samples_of(editor.program, editor.document, samples, now)
    before: list[Worked | None] = [None] * len(samples)
    if last:
        before = list(samples_of(editor.program, last.document, samples, now))
    results = {
        row.path: SampleShown(row, was.amount if was else None, draft.amount, _receipts(draft))
        for (row, _), was, draft in zip(read, before, drafted, strict=True)
    }
    return [results.get(row.path, SampleShown(row)) for row in rows]


def _receipts(worked: Worked) -> list[list[ReceiptRow]]:
    return [receipt_rows(rows) for rows in worked.receipts]


def _sample(answers: Sheet, currency: str) -> Sample | None:
    """A sample as it was typed; None where its amount cannot be read."""
    try:
        amount = to_minor(amount_typed(answers.get("amount", ""), currency), currency)
    except DomainError:
        return None
    product, on = answers.get("product", "").strip(), answers.get("on", "").strip() or "sale"
    returning = answers.get("customer") == "existing"
    return Sample(amount, product or None, returning, on) if amount >= 0 else None


def first_samples(program: Program, events: Sequence[str] = ()) -> list[Sheet]:
    """Three sales to begin with: a small, a usual and a large one of those the program had, else round sums."""
    rows = Conversion.unscoped.filter(program=program, retracted_at=None, name="sale", currency=program.currency)
    found = list(rows.order_by("-at").values_list("amount_minor", "product")[:_LOOKED_AT])
    amounts = sorted(amount or 0 for amount, _ in found)
    unit = 10 ** decimals(program.currency)
    sizes = [amounts[len(amounts) * n // 20] for n in (5, 10, 18)] if amounts else [n * unit for n in _UNITS]
    products: list[Any] = sorted({name for _, name in found if name}, key=[name for _, name in found].count)[::-1]
    return [
        {
            "amount": to_decimal(size, program.currency),
            "product": products[i % len(products)] if products else "",
            "customer": "existing" if i == 1 else "new",
            "on": events[0] if i == 0 and events else "sale",
        }
        for i, size in enumerate(sizes)
    ]


def with_effect(shown: Preview, editor: Editor, terms: Terms, now: datetime) -> Preview:
    """The same with the last 30 days settled anew."""
    if editor.terms is not None and not editor.problems:
        try:
            shown.effect = terms_effect(editor.program, terms, editor.document, now)
        except OutOfRange as refused:
            shown.effect_failed = refused.message
    return shown
