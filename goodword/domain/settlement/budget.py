"""The program's budget (section 6, step 12): the last bound, over commissions, overrides and bonuses alike."""

from collections.abc import Sequence

from goodword.domain.settlement.arithmetic import share_out
from goodword.domain.settlement.calendar import period_of
from goodword.domain.settlement.drafts import Draft
from goodword.domain.settlement.program import Budget


def keep_within(budget: Budget, drafts: Sequence[Draft]) -> None:
    """Lower the amounts of lines (in output order) so that each period stays within the budget."""
    periods: dict[int, list[Draft]] = {}
    for draft in drafts:
        periods.setdefault(period_of(draft.decided.day, budget.per), []).append(draft)
    for lines in periods.values():
        if budget.pro_rata:
            _pro_rata(budget.amount, lines)
        else:
            _first_come(budget.amount, lines)


def _first_come(amount: int, drafts: Sequence[Draft]) -> None:
    spent = 0
    for draft in drafts:
        paid = min(draft.amount, amount - spent)
        if paid < draft.amount:
            draft.stages += (("budget", draft.amount, amount, spent),)
            _lower(draft, paid)
        spent += paid


def _pro_rata(amount: int, drafts: Sequence[Draft]) -> None:
    total = sum(draft.amount for draft in drafts)
    if total <= amount:
        return
    for draft, paid in zip(drafts, share_out(amount, [draft.amount for draft in drafts]), strict=True):
        if paid < draft.amount:
            draft.stages += (("budget_pro_rata", draft.amount, amount, total, paid),)
            _lower(draft, paid)


def _lower(draft: Draft, paid: int) -> None:
    draft.amount = paid
    draft.reasons += ("budget",)
