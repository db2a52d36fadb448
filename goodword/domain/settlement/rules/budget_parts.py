"""A budget that is shared pro rata: what each line of a period gets when all of them come to more."""

from typing import NamedTuple

import numpy as np

from goodword.domain.settlement.arithmetic import share_out
from goodword.domain.settlement.rules.dates import period_of
from goodword.domain.settlement.rules.layout import BUDGET, NONE, Facts, Table


class BudgetParts(NamedTuple):
    """For all lines in order: what each gets, and what those of its period come to; NONE where that is no more than
    the budget.
    """

    paid: Table
    spent: Table


def is_pro_rata(facts: Facts) -> bool:
    """Whether there is such a budget."""
    program = facts.program[0]
    return bool(program["budget_pro_rata"] and program["budget"] != NONE)


def parts_of_budget(facts: Facts, conversions: Table, amounts: Table) -> BudgetParts:
    """Where the lines of a period come to more than its budget, each gets its part of it, by the largest remainder.

    `conversions`, `amounts`: of all lines, the amounts before the budget.
    """
    program = facts.program[0]
    parts = BudgetParts(np.full(len(amounts), NONE), np.full(len(amounts), NONE))
    for rows in _by_period(facts.conversions["day"][conversions], int(program["budget_per"])):
        weights = amounts[rows].tolist()
        total = sum(weights)
        if total > program["budget"]:
            parts.paid[rows] = share_out(int(program["budget"]), weights)
            parts.spent[rows] = total
    return parts


def _by_period(days: Table, per: int) -> list[Table]:
    """The rows of each period, in order."""
    distinct, which = np.unique(days, return_inverse=True)
    periods = np.array([period_of(day, per) for day in distinct.tolist()], np.int64)[which]
    order = np.argsort(periods, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(periods[order])) + 1)


def put_parts(lines: Table, parts: BudgetParts, first: int = 0) -> None:
    """Give lines their parts; those of the first one stand at `first`."""
    paid, spent = (column[first : first + len(lines)] for column in parts)
    over = spent != NONE
    cut = over & (paid < lines["unbudgeted"])
    lines["amount"][over] = paid[over]
    lines["spent"][over] = spent[over]
    lines["reasons"][cut] |= 1 << BUDGET
