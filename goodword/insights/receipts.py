"""The arithmetic of a commission as a receipt: label left, sum in the middle, result right."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goodword.domain.money import money
from goodword.domain.settlement import Explanation, explain_steps
from goodword.insights.wording import money_text

_MONEY = re.compile(r"[A-Z]{3} -?[0-9]+(\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One row of a receipt."""

    label: str
    how: str
    result: str


def receipt(steps: Sequence[dict[str, Any]], currency: str, *, without: Sequence[str] = ()) -> list[ReceiptRow]:
    """The steps stored with a line as rows, the amount last; `without` names steps that are told elsewhere."""
    return [_row(row) for row in explain_steps([step for step in steps if step["do"] not in without], currency)]


def receipt_rows(rows: Sequence[Explanation]) -> list[ReceiptRow]:
    """Rows of a worked example: it has no agreement and one rule, so these are not told."""
    return [_row(row) for row in rows if row.label not in ("Agreement", "Rule")]


def _row(row: Explanation) -> ReceiptRow:
    """The result stands in its own column, so the sum does not repeat it."""
    how = re.sub(rf" = {re.escape(row.result)}(?=$| \()", "", row.arithmetic)
    return ReceiptRow(row.label, "" if how == row.result else how, _shown(row.result))


def _shown(result: str) -> str:
    """`USD 12.00` as every page writes it."""
    if not _MONEY.fullmatch(result):
        return result
    amount = money(result)
    return money_text(amount.minor, amount.currency)
