"""The conditions of a rule in plain words."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from goodword.domain.settlement import Rule
from goodword.domain.settlement.program import Condition

_SUBJECTS = {
    "product": "the product",
    "category": "the category",
    "kind": "the kind of sale",
    "country": "the customer's country",
    "amount": "the amount",
    "nth": "its number among yours",
    "customer_nth": "its number among the customer's",
    "customer_months": "the number of months since the customer's first sale",
    "partner_days": "the age of your agreement in days",
    "partner_country": "your country",
    "group": "your group",
    "at": "its date",
}
_COMPARISONS = {
    "eq": "is {}",
    "ne": "is not {}",
    "gt": "is more than {}",
    "gte": "is at least {}",
    "lt": "is less than {}",
    "lte": "is at most {}",
    "in": "is {}",
    "not_in": "is not {}",
}
_DATES = {"gt": "is after {}", "gte": "is {} or later", "lt": "is before {}", "lte": "is {} or earlier"}


def conditions_text(rule: Rule, money: Callable[[int], str]) -> str:
    """All conditions of a rule, as one phrase that begins with "when"; empty when there are none."""
    phrases = [_phrase(condition, rule, money) for condition in rule.conditions]
    return f"when {listed(phrases, 'and')}" if phrases else ""


def listed(words: Sequence[str], last: str) -> str:
    """Words as a list: "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _phrase(condition: Condition, rule: Rule, money: Callable[[int], str]) -> str:
    name, operator, operand = condition.field, condition.operator, condition.operand
    subject = _SUBJECTS.get(name, name.removeprefix("properties."))
    if operator == "exists":
        return f"{subject} is {'known' if operand else 'not known'}"
    if name == "code":
        truth = operand[0] if isinstance(operand, tuple) else operand
        return "a code was used" if truth is (operator in {"eq", "in"}) else "no code was used"
    if name == "customer":
        return _customer(operator, operand, rule)
    if operator == "eq" and operand == 1 and name in {"nth", "customer_nth"}:
        return "it is your first" if name == "nth" else "it is the customer's first"
    values = [
        money(one) if name == "amount" else _value(condition, one)
        for one in (operand if isinstance(operand, tuple) else (operand,))
    ]
    comparison = (_DATES if name == "at" else {}).get(operator) or _COMPARISONS[operator]
    words = listed(values, "nor" if operator == "not_in" else "or") if values else "anything"
    return f"{subject} {comparison.format(words)}"


def _customer(operator: str, operand: Any, rule: Rule) -> str:
    words = operand if isinstance(operand, tuple) else (operand,)
    is_new = ("new" in words) is (operator in {"eq", "in"})
    if not is_new:
        return "the customer has bought before"
    if rule.lapsed_days is None:
        return "the customer is new"
    return f"the customer is new or has not bought for more than {rule.lapsed_days} days"


def _value(condition: Condition, value: Any) -> str:
    if condition.field == "at":
        day = date.fromordinal(value)
        return f"{day.day} {day:%B %Y}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"“{value}”" if isinstance(value, str) else str(value)
