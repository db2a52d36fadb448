"""One version of terms read from its document: rules, pay, caps, overrides, bonuses, tail, with every problem noted."""

import re
from typing import Any, Literal, cast

from goodword.domain.settlement.conditions import read_conditions
from goodword.domain.settlement.fields import Fields
from goodword.domain.settlement.program import (
    NET,
    Base,
    Bonus,
    Caps,
    Lasts,
    Measure,
    Override,
    Pay,
    Period,
    Rule,
    ScheduleStep,
    TailStep,
    Terms,
    Tiers,
    TierStep,
)

PERIODS = ("month", "quarter", "year", "lifetime")
TIER_PERIODS = (*PERIODS, "conversion", "trailing_12m")
MEASURES = ("volume", "count", "customers")
PAY_PERCENT_MAX = 1000
_TERMS = ("rules", "choose", "overrides", "bonuses", "clawback", "tail")
_RULE = ("key", "on", "when", "pay", "base", "lasts", "cap", "floor", "adds", "hold_days", "lapsed_days")
_PAY = ("percent", "flat", "schedule", "tiers")


def read_terms(name: str, given: Fields, currency: str) -> Terms:
    """The terms of a document; problems are noted in `given.problems`."""
    given.only(_TERMS)
    rules = tuple(_rule(i, rule, currency) for i, rule in enumerate(given.children("rules")))
    _refuse_twice(given, "rules", [rule.key for rule in rules], "duplicate_key", "key")
    overrides = tuple(_override(one, currency) for one in given.children("overrides"))
    _refuse_twice(given, "overrides", [str(one.level) for one in overrides if one.level], "duplicate_level", "level")
    bonuses = tuple(_bonus(one, currency) for one in given.children("bonuses"))
    _refuse_twice(given, "bonuses", [bonus.key for bonus in bonuses], "duplicate_key", "key")
    clawback = given.child("clawback") or Fields({}, given.problems, given.at("clawback"))
    clawback.only(("days", "graded_months"))
    return Terms(
        name=name,
        rules=rules,
        choose=cast("Literal['first', 'best', 'sum']", given.choice("choose", ("first", "best", "sum"), "first")),
        overrides=overrides,
        bonuses=bonuses,
        clawback_days=clawback.integer("days"),
        graded_months=clawback.integer("graded_months", low=1),
        tail=tuple(_tail_step(step) for step in given.children("tail")),
        chosen_on=_by_on(tuple(rule for rule in rules if not rule.adds)),
        has_conditions=any(rule.conditions for rule in rules),
        adding_on=_by_on(tuple(rule for rule in rules if rule.adds)),
    )


def _by_on(rules: tuple[Rule, ...]) -> dict[str, tuple[Rule, ...]]:
    return {on: tuple(rule for rule in rules if rule.on == on) for on in {rule.on for rule in rules}}


def _refuse_twice(given: Fields, name: str, keys: list[str], code: str, field: str) -> None:
    for i, key in enumerate(keys):
        if key and key in keys[:i]:
            path = given.at(f"{name}[{i}].{field}")
            given.problems.add(code, "stands twice in these terms", field=path, value=key, remedy="use each once")


def _rule(index: int, given: Fields, currency: str) -> Rule:
    given.only(_RULE)
    lapsed_days = given.integer("lapsed_days")
    return Rule(
        key=given.needed("key"),
        on=_on(given),
        index=index,
        pay=_pay(given, currency),
        conditions=read_conditions(given.child("when"), currency),
        lapsed_days=lapsed_days,
        base=_base(given),
        lasts=_lasts(given),
        caps=_caps(given, currency),
        floor=given.money("floor", currency),
        adds=given.flag("adds"),
        hold_days=given.integer("hold_days"),
    )


def _on(given: Fields) -> str:
    if "on" in given.values:
        return given.needed("on")
    return "sale"


def _base(given: Fields) -> Base:
    base = given.child("base")
    if base is None:
        return NET
    base.only(("less", "plus"))
    less = _words(base, "less", ("tax", "shipping", "fees", "cost"))
    plus = _words(base, "plus", ("discount",))
    return Base(Base().less if less is None else less, plus or frozenset())


def _words(given: Fields, name: str, known: tuple[str, ...]) -> frozenset[str] | None:
    if not given.has(name):
        return None
    items = given.items(name)
    words = [
        Fields({f"{name}[{i}]": word}, given.problems, given.path).choice(f"{name}[{i}]", known, known[0])
        for i, word in enumerate(items)
    ]
    return frozenset(words)


def _lasts(given: Fields) -> Lasts:
    lasts = given.child("lasts")
    if lasts is None:
        return Lasts()
    lasts.only(("payments", "months"))
    return Lasts(lasts.integer("payments"), lasts.integer("months"))


def _caps(given: Fields, currency: str) -> Caps | None:
    cap = given.child("cap")
    if cap is None:
        return None
    cap.only(("sale", "customer", "period"))
    period = cap.child("period")
    sale, customer = cap.money("sale", currency), cap.money("customer", currency)
    if period is None:
        return Caps(sale, customer)
    period.only(("amount", "per"))
    per = period.choice("per", PERIODS, "month")
    return Caps(sale, customer, period.money("amount", currency, required=True), cast("Period", per))


def _pay(given: Fields, currency: str) -> Pay:
    given.required("pay")
    pay = given.child("pay")
    if pay is None:
        return Pay("percent")
    pay.only((*_PAY, "each"))
    kinds = [name for name in _PAY if pay.has(name)]
    if len(kinds) != 1:
        message = "names no way to pay" if not kinds else f"names several ways to pay: {', '.join(kinds)}"
        given.refuse(
            "required" if not kinds else "conflicting_fields", "pay", message, f"give one of: {', '.join(_PAY)}"
        )
        return Pay("percent")
    if kinds[0] != "flat" and "each" in pay.values:
        pay.refuse("unknown_field", "each", "goes with flat only", "remove it")
    if kinds[0] == "percent":
        return Pay("percent", ppm=pay.percent("percent", most=PAY_PERCENT_MAX))
    if kinds[0] == "flat":
        each = pay.has("each") and pay.choice("each", ("unit",), "unit") == "unit"
        return Pay("flat", flat=pay.money("flat", currency) or 0, each_unit=each)
    if kinds[0] == "schedule":
        return Pay("schedule", schedule=_schedule(pay))
    tiers = pay.child("tiers")
    return Pay("tiers", tiers=_tiers(tiers, currency) if tiers else None)


def _schedule(pay: Fields) -> tuple[ScheduleStep, ...]:
    steps = []
    children = pay.children("schedule")
    if not children and isinstance(pay.values["schedule"], list):
        pay.refuse("required", "schedule", "has no step", "give at least one step")
    for i, step in enumerate(children):
        step.only(("months", "percent"))
        months = step.integer("months", low=1)
        if not step.has("months") and i + 1 < len(children):
            step.refuse("required", "months", "is missing: only the last step may go on for ever", "give its months")
        steps.append(ScheduleStep(months, step.percent("percent", most=PAY_PERCENT_MAX)))
    return tuple(steps)


def _tiers(given: Fields, currency: str) -> Tiers:
    given.only(("measure", "per", "mode", "steps", "refunds"))
    measure = given.choice("measure", MEASURES, "volume")
    per = given.choice("per", TIER_PERIODS, "month")
    mode = given.choice("mode", ("marginal", "before", "after", "whole"), "marginal")
    if per == "trailing_12m" and mode != "before":
        given.refuse("conflicting_fields", "mode", "trailing_12m looks only at earlier months", 'use "mode": "before"')
    children = given.children("steps")
    if not children:
        given.refuse("required", "steps", "has no step", 'give at least one, from "0"')
    flats = not (mode == "marginal" and measure == "volume")
    before = len(given.problems.found)
    steps = tuple(_tier_step(step, measure, currency, flats=flats) for step in children)
    ordered = steps if len(given.problems.found) == before else ()
    for i, step in enumerate(ordered):
        if (i == 0 and step.start != 0) or (i > 0 and step.start <= steps[i - 1].start):
            children[i].refuse(
                "out_of_order", "from", "steps start at 0 and ascend", "put the steps in ascending order"
            )
    reduce = given.choice("refunds", ("keep", "reduce"), "keep") == "reduce"
    return Tiers(cast("Measure", measure), cast("Period", per), cast("Any", mode), steps, reduce)


def _tier_step(given: Fields, measure: str, currency: str, *, flats: bool) -> TierStep:
    given.only(("from", "percent", "flat"))
    start = _total(given, "from", measure, currency)
    if given.has("flat") == given.has("percent"):
        path = given.path
        given.problems.add(
            "conflicting_fields", "needs either percent or flat", field=path, remedy="give one of the two"
        )
        return TierStep(start, 0)
    if given.has("percent"):
        return TierStep(start, given.percent("percent", most=PAY_PERCENT_MAX))
    if not flats:
        given.refuse(
            "conflicting_fields", "flat", "cannot be sliced by volume", "use percent, or another mode or measure"
        )
    return TierStep(start, 0, given.money("flat", currency))


def _total(given: Fields, name: str, measure: str, currency: str) -> int:
    """A total in the unit of its measure: money for volume, a whole number (in quotes) for the others."""
    if measure == "volume":
        return given.money(name, currency, required=True) or 0
    value = given.text(name, required=True)
    if value is None:
        return 0
    if not re.fullmatch(r"0|[1-9][0-9]{0,14}", value, re.ASCII):
        given.refuse("not_a_number", name, "must be a whole number", 'write a whole number in quotes, such as "10"')
        return 0
    return int(value)


def _override(given: Fields, currency: str) -> Override:
    given.only(("level", "percent", "of", "flat", "lasts"))
    level = given.integer("level", low=1, high=100) if given.required("level") else None
    of_sale = given.choice("of", ("commission", "sale"), "commission") == "sale"
    lasts = _lasts(given)
    if given.has("flat") == given.has("percent"):
        given.problems.add(
            "conflicting_fields", "needs either percent or flat", field=given.path, remedy="give one of the two"
        )
        return Override(level or 0)
    if given.has("flat"):
        if "of" in given.values:
            given.refuse("conflicting_fields", "of", "goes with percent only", "remove it")
        return Override(level or 0, flat=given.money("flat", currency) or 0, lasts=lasts)
    return Override(level or 0, given.percent("percent"), of_sale, None, lasts)


def _bonus(given: Fields, currency: str) -> Bonus:
    given.only(("key", "on", "measure", "reaches", "per", "flat", "if_undone"))
    measure = given.choice("measure", MEASURES, "count")
    return Bonus(
        key=given.needed("key"),
        on=_on(given),
        measure=cast("Measure", measure),
        reaches=_total(given, "reaches", measure, currency),
        per=cast("Period", given.choice("per", PERIODS, "lifetime")),
        flat=given.money("flat", currency, required=True) or 0,
        reverse=given.choice("if_undone", ("reverse", "keep"), "reverse") == "reverse",
    )


def _tail_step(given: Fields) -> TailStep:
    given.only(("months", "percent"))
    months = given.integer("months", low=1) if given.required("months") else None
    return TailStep(months or 0, given.percent("percent"))
