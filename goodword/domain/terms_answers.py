"""A terms document as the answers of a form, without loss: what `terms_sheet` writes, read back."""

from collections.abc import Mapping
from typing import Any

from goodword.domain.money import to_decimal, to_minor
from goodword.domain.settlement.conditions import FIELDS
from goodword.domain.sheets import Sheet
from goodword.domain.terms_sheet import LESS, NEW_RULE, ON, PROPERTY, WORDLESS, document_of
from goodword.domain.typed_text import parts_shown, percent_shown, text_shown, value_shown


def sheet_of(document: Mapping[str, Any], currency: str) -> Sheet:
    """The answers that say what a valid terms document says."""
    clawback = document.get("clawback") or {}
    return {
        "choose": document.get("choose") or "first",
        "clawback_days": _number(clawback.get("days")),
        "graded_months": _number(clawback.get("graded_months")),
        "rules": [_rule_sheet(rule, currency) for rule in document.get("rules") or ()],
        "overrides": [_override_sheet(one, currency) for one in document.get("overrides") or ()],
        "bonuses": [_bonus_sheet(one, currency) for one in document.get("bonuses") or ()],
        "tail": [_stretch_sheet(one) for one in document.get("tail") or ()],
    }


def _number(value: Any) -> str:
    return "" if value is None else str(value)


def _money(value: Any, currency: str) -> str:
    return "" if value is None else to_decimal(to_minor(value, currency), currency)


def _tick(flag: Any) -> str:
    return ON if flag else ""


def _on_sheet(on: Any) -> Sheet:
    named = on or "sale"
    is_event = named not in {"sale", "assist"}
    return {"on": "event" if is_event else named, "event": text_shown(named) if is_event else ""}


def _lasts_sheet(lasts: Mapping[str, Any] | None) -> Sheet:
    return {name: _number((lasts or {}).get(name)) for name in ("payments", "months")}


def _stretch_sheet(step: Mapping[str, Any]) -> Sheet:
    return {"months": _number(step.get("months")), "percent": percent_shown(step["percent"])}


def _rule_sheet(rule: Mapping[str, Any], currency: str) -> Sheet:
    base, cap = rule.get("base") or {}, rule.get("cap") or {}
    less = base.get("less")
    less = ("tax", "shipping") if less is None else less
    period = cap.get("period") or {}
    return {
        **NEW_RULE,
        "key": text_shown(rule["key"]),
        **_on_sheet(rule.get("on")),
        **_pay_sheet(rule["pay"], currency),
        "conditions": _conditions(rule.get("when") or {}, currency),
        "lapsed_days": _number(rule.get("lapsed_days")),
        **{f"less_{name}": _tick(name in less) for name in LESS},
        "plus_discount": _tick("discount" in (base.get("plus") or ())),
        **_lasts_sheet(rule.get("lasts")),
        "cap_sale": _money(cap.get("sale"), currency),
        "cap_customer": _money(cap.get("customer"), currency),
        "cap_period": _money(period.get("amount"), currency),
        "cap_per": period.get("per") or "month",
        "floor": _money(rule.get("floor"), currency),
        "adds": _tick(rule.get("adds")),
        "hold_days": _number(rule.get("hold_days")),
    }


def _pay_sheet(pay: Mapping[str, Any], currency: str) -> Sheet:
    """The chosen way to pay; the other ways keep a new rule's blanks."""
    if pay.get("percent") is not None:
        return {"pay": "percent", "percent": percent_shown(pay["percent"])}
    if pay.get("flat") is not None:
        return {"pay": "flat", "flat": _money(pay["flat"], currency), "unit_each": _tick(pay.get("each"))}
    if pay.get("schedule") is not None:
        return {"pay": "schedule", "schedule": [_stretch_sheet(step) for step in pay["schedule"]]}
    tiers = pay["tiers"]
    measure = tiers.get("measure") or "volume"
    return {
        "pay": "tiers",
        "measure": measure,
        "per": tiers.get("per") or "month",
        "mode": tiers.get("mode") or "marginal",
        "refunds": tiers.get("refunds") or "keep",
        "steps": [_step_sheet(step, measure, currency) for step in tiers["steps"]],
    }


def _step_sheet(step: Mapping[str, Any], measure: str, currency: str) -> Sheet:
    start = _money(step["from"], currency) if measure == "volume" else step["from"]
    if step.get("flat") is not None:
        return {"from": start, "unit": "flat", "value": _money(step["flat"], currency)}
    return {"from": start, "unit": "percent", "value": percent_shown(step["percent"])}


def _conditions(when: Mapping[str, Any], currency: str) -> list[Sheet]:
    found = []
    for name, tests in when.items():
        for operator, operand in (tests if isinstance(tests, Mapping) else {"eq": tests}).items():
            found.append(_condition_sheet(name, operator, operand, currency))
    return found


def _condition_sheet(name: str, operator: str, operand: Any, currency: str) -> Sheet:
    is_property = name.startswith(PROPERTY)
    field = "property" if is_property else name
    prop = text_shown(name.removeprefix(PROPERTY)) if is_property else ""
    row = {"field": field, "property": prop, "op": operator, "value": ""}
    for op, wordless in WORDLESS.items():
        if operator == wordless[0] and operand == wordless[1] and type(operand) is type(wordless[1]):
            return row | {"op": op}
    kind = FIELDS.get(name, "property")
    if operator in {"in", "not_in"}:
        return row | {"value": parts_shown([_shown(one, kind, currency) for one in operand])}
    return row | {"value": _shown(operand, kind, currency)}


def _shown(value: Any, kind: str, currency: str) -> str:
    if kind == "money":
        return _money(value, currency)
    if kind == "text":
        return text_shown(value)
    return value_shown(value) if kind in {"flag", "property"} else str(value)


def _override_sheet(override: Mapping[str, Any], currency: str) -> Sheet:
    flat = override.get("flat")
    return {
        "level": _number(override.get("level")),
        "kind": "percent" if flat is None else "flat",
        "percent": percent_shown(override["percent"]) if flat is None else "",
        "of": override.get("of") or "commission",
        "flat": _money(flat, currency),
        **_lasts_sheet(override.get("lasts")),
    }


def _bonus_sheet(bonus: Mapping[str, Any], currency: str) -> Sheet:
    measure = bonus.get("measure") or "count"
    return {
        "key": text_shown(bonus["key"]),
        **_on_sheet(bonus.get("on")),
        "measure": measure,
        "reaches": _money(bonus["reaches"], currency) if measure == "volume" else bonus["reaches"],
        "per": bonus.get("per") or "lifetime",
        "flat": _money(bonus["flat"], currency),
        "if_undone": bonus.get("if_undone") or "reverse",
    }


def normal_form(document: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """One spelling for all documents that say the same: what a form writes of a valid document."""
    return document_of(sheet_of(document, currency), currency).document
