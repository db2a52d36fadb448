"""The arithmetic of a commission as a receipt: label left, sum in the middle, result right."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goodword.domain.settlement import Explanation, explain_steps


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One row of a receipt."""

    label: str
    how: str
    result: str


def receipt(steps: Sequence[dict[str, Any]], currency: str, *, without: Sequence[str] = ()) -> list[ReceiptRow]:
    """The steps stored with a line as rows, the amount last; `without` names steps that are told elsewhere."""
    return [_row(row) for row in explain_steps([step for step in steps if step["do"] not in without], currency)]


def _row(row: Explanation) -> ReceiptRow:
    """The result stands in its own column, so the sum does not repeat it."""
    how = re.sub(rf" = {re.escape(row.result)}(?=$| \()", "", row.arithmetic)
    return ReceiptRow(row.label, "" if how == row.result else how, row.result)
