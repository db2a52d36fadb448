"""Where words are written: the buffers of the lines of one run, and how a step is begun and closed in them.

Each step is a code of what is done and two texts, `from` and `is`. A line's steps follow each other; so do lines.
"""

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from goodword.domain.settlement.rules.compiling import array, rule, table, world_type
from goodword.domain.settlement.rules.layout import Table
from goodword.domain.settlement.rules.writing import put_money, put_name

DOES: Final = (
    "share", "agreement", "rule", "basis", "split", "schedule", "tier", "rate", "tail", "round", "part", "floor",
    "cap per sale", "cap per customer", "cap per period", "limit on all", "guardrail", "budget", "override", "total",
    "bonus", "amount",
)  # fmt: skip
"""What a step does, by its code."""
(
    SHARE, AGREEMENT, RULE, BASIS, SPLIT, SCHEDULE, TIER, RATE, TAIL, ROUND, PART, FLOOR, CAP_PER_SALE,
    CAP_PER_CUSTOMER, CAP_PER_PERIOD, LIMIT_ON_ALL, GUARDRAIL, BUDGET, OVERRIDE, TOTAL, BONUS, AMOUNT,
) = range(22)  # fmt: skip
AT_FROM, AT_RESULT, AT_STEP, AT_RATE, AT_LINE = range(5)
"""Places in the pen: how far each buffer is written."""
MOST_STEPS: Final = 24
"""No line has more steps."""


class Page(NamedTuple):
    """The buffers. `from_ends`, `result_ends`: where the texts of each step end, after a 0; likewise `step_ends`,
    `rate_ends` by line.
    """

    pen: Table
    does: Table
    froms: Table
    from_ends: Table
    results: Table
    result_ends: Table
    rates: Table
    rate_ends: Table
    step_ends: Table


BASES: Final = np.dtype([(name, np.int32) for name in ("terms", "agreements", "credits", "rule_keys", "currencies")])
"""Where each kind of name begins in `names`."""
_BYTE, _END, _START = np.dtype(np.uint8), np.dtype(np.int32), np.dtype(np.int64)
ITEMS: Final[dict[str, np.dtype[Any]]] = {
    "pen": _START,
    "does": _BYTE,
    "froms": _BYTE,
    "from_ends": _END,
    "results": _BYTE,
    "result_ends": _END,
    "rates": _BYTE,
    "rate_ends": _END,
    "step_ends": _END,
    "bases": BASES,
    "names": _BYTE,
    "starts": _START,
    "ids": _BYTE,
    "id_starts": _START,
}
"""A page's buffers, and the names that are written in them: all kinds in one table of texts, and ids of conversions."""
Sheet: TypeAlias = Any
"""A page and the names, as compiled rules reach them."""
SHEET: Final = world_type(ITEMS)

pen = array("pen", _START, SHEET)
does = array("does", _BYTE, SHEET)
froms = array("froms", _BYTE, SHEET)
from_ends = array("from_ends", _END, SHEET)
results = array("results", _BYTE, SHEET)
result_ends = array("result_ends", _END, SHEET)
rates = array("rates", _BYTE, SHEET)
rate_ends = array("rate_ends", _END, SHEET)
step_ends = array("step_ends", _END, SHEET)
bases = table("bases", BASES, SHEET)
names = array("names", _BYTE, SHEET)
starts = array("starts", _START, SHEET)
ids = array("ids", _BYTE, SHEET)
id_starts = array("id_starts", _START, SHEET)


@rule
def said(p: Sheet, do: int, at: int) -> None:
    """Close the `from` of a step where its text ended."""
    places = pen(p)
    step = places[AT_STEP]
    does(p)[step] = do
    from_ends(p)[step + 1] = at
    places[AT_FROM] = at


@rule
def comes_to(p: Sheet, at: int) -> None:
    """Close a step where its `is` ended."""
    places = pen(p)
    step = places[AT_STEP] + 1
    result_ends(p)[step] = at
    places[AT_RESULT] = at
    places[AT_STEP] = step


@rule
def comes_to_money(p: Sheet, minor: int, decimals: int) -> None:
    """Close a step with an amount."""
    comes_to(p, put_money(results(p), pen(p)[AT_RESULT], minor, decimals))


@rule
def comes_to_name(p: Sheet, code: int) -> None:
    """Close a step with a name."""
    comes_to(p, put_name(results(p), pen(p)[AT_RESULT], names(p), starts(p), code))
