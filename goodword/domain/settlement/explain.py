"""A line put into words: its steps as rows that a person would write ("20% of 180.00 = 36.00")."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from goodword.domain.settlement.result import Line, Step

_LABELS = {
    "share": "Share of the credit",
    "agreement": "Agreement",
    "rule": "Rule",
    "basis": "Basis",
    "split": "Part of the basis",
    "schedule": "Place in the schedule",
    "tier": "Tier",
    "rate": "Commission",
    "tail": "After the agreement ended",
    "round": "Rounded",
    "part": "Part of the rounded sum",
    "floor": "At least",
    "cap per sale": "At most per sale",
    "cap per customer": "At most per customer",
    "cap per period": "At most per period",
    "limit on all": "Most for all partners of this sale",
    "guardrail": "Part of that",
    "budget": "What the budget had left",
    "override": "For a recruited partner",
    "total": "Counted so far",
    "bonus": "Bonus",
    "amount": "Amount",
}
_STATEMENTS = {
    "last touch": "the last to refer this customer",
    "first touch": "the first to refer this customer",
    "assisted, beside the credit": "helped; another partner has the credit",
}
_PERCENT_OF = re.compile(r"^(\d[\d.]*%) \* (\S+)$")
_PERCENT_TIMES = re.compile(r"(\d[\d.]*%) \* (\d[\d.]*)")


class Explanation(NamedTuple):
    """One row: a label, the arithmetic, and its result."""

    label: str
    arithmetic: str
    result: str


def explain(line: Line) -> list[Explanation]:
    """The rows that explain a line, the amount last."""
    return explain_steps(line.steps, line.currency)


def explain_steps(steps: Sequence[Step], currency: str) -> list[Explanation]:
    """The rows of steps as they were stored with a line."""
    rows = []
    for step in steps:
        do, source, result = step["do"], step["from"], step["is"]
        if do == "amount":
            rows.append(Explanation(_LABELS["amount"], "", f"{currency} {result}"))
        elif not (do == "round" and source == result):
            rows.append(Explanation(_LABELS.get(do, do.capitalize()), _in_words(source, result), result))
    return rows


def _in_words(source: str, result: str) -> str:
    """The arithmetic as it is said: percent "of", × for times, and "=" before the result of a sum."""
    if source in _STATEMENTS:
        return _STATEMENTS[source]
    if not re.match(r"\d|\(|min\(|max\(", source):
        return source
    said, comma, how = source.partition(", ") if not source.startswith(("min(", "max(")) else (source, "", "")
    said = _PERCENT_OF.sub(r"\1 of \2", said)
    said = _PERCENT_TIMES.sub(r"\1 of \2", said)
    said = said.replace(" * ", " × ").replace(" - ", " − ")
    said = re.sub(r"^min\((.*)\)(.*)$", r"the smaller of \1\2", said)
    said = re.sub(r"^max\((.*)\)(.*)$", r"the larger of \1\2", said)
    if said == result:
        return said
    return f"{said} = {result}" + (f" ({how})" if comma else "")
