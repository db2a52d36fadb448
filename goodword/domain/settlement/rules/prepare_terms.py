"""A program's rules as tables. What depends on the program alone is made once and kept; whether a condition holds for a
product, a country or a property's value is tabulated for each set of facts, by the condition's own test.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from goodword.domain.currency import decimals
from goodword.domain.settlement.calendar import DAY
from goodword.domain.settlement.program import FOR_EVER, NET, Condition, Lasts, Program, Rule, Terms
from goodword.domain.settlement.rules import layout
from goodword.domain.settlement.rules.layout import NONE, Table

_FIELDS: Final[Mapping[str, int]] = {
    "product": layout.PRODUCT,
    "category": layout.CATEGORY,
    "kind": layout.KIND,
    "country": layout.COUNTRY,
    "partner_country": layout.PARTNER_COUNTRY,
    "group": layout.GROUP,
    "code": layout.CODE_USED,
    "customer": layout.AGE,
    "amount": layout.AMOUNT,
    "nth": layout.NTH,
    "customer_nth": layout.CUSTOMER_NTH,
    "customer_months": layout.CUSTOMER_MONTHS,
    "partner_days": layout.PARTNER_DAYS,
    "at": layout.AT,
}
_OPERATORS: Final = ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "exists")
_ROUNDING: Final = ("half_up", "half_even", "down")
_MODELS: Final = ("last", "first", "linear", "position", "decay")
_EXISTING: Final = ("exclude", "count", "assist")
_CHOOSE: Final = ("first", "best", "sum")
_PAY: Final = ("percent", "flat", "schedule", "tiers")
_MEASURES: Final = ("volume", "count", "customers")
_PERIODS: Final = ("month", "quarter", "year", "lifetime", "conversion", "trailing_12m")
_MODES: Final = ("marginal", "before", "after", "whole")
_LESS: Final = {"tax": layout.TAX, "shipping": layout.SHIPPING, "fees": layout.FEES, "cost": layout.COST}
_PROPERTY: Final = "properties."


class RuleTables(NamedTuple):
    """What a program's document says, as tables, and what it wants to know of facts."""

    program: Table
    terms: Table
    rules: Table
    keys: Table
    conditions: Table
    operands: Table
    schedules: Table
    steps: Table
    tails: Table
    overrides: Table
    bonuses: Table
    term_names: tuple[str, ...]
    term_rows: Mapping[str, int]
    rule_keys: tuple[str, ...]
    bonus_keys: tuple[str, ...]
    ons: Mapping[str, int]
    """The code of each name that a rule or bonus is on; any other event has `other_on`."""
    other_on: int
    channel_ranks: Mapping[str, int]
    channel_windows: Mapping[str, int]
    tested: tuple[tuple[int, Condition], ...]
    """The rows of conditions that look at codes, with the conditions."""
    looks_at: frozenset[int]
    """The fields that conditions look at."""
    properties: tuple[str, ...]
    """The properties that conditions look at: the columns of the table of properties."""


class Values(NamedTuple):
    """The distinct values behind codes: the value of code n stands at n - 1, code 0 is a missing one."""

    fields: Mapping[int, Sequence[str]]
    properties: Sequence[Sequence[Any]]


class _Same:
    """A program as a key of a cache: equal to itself alone, and kept as long as the key."""

    __slots__ = ("program",)

    def __init__(self, program: Program) -> None:
        self.program = program

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.program is self.program

    def __hash__(self) -> int:
        return id(self.program)


def rule_tables(program: Program) -> RuleTables:
    """The tables of a program's rules; made once for each program object."""
    return _rule_tables(_Same(program))


def truths(tables: RuleTables, values: Values) -> tuple[Table, Table]:
    """The conditions, and for those that look at codes whether they hold for each code."""
    conditions = tables.conditions.copy()
    found: list[bool] = []
    for row, condition in tables.tested:
        field = int(conditions["field"][row])
        if field == layout.AGE:
            holds = [condition.test(age, condition.operand) for age in ("new", "existing")]
        elif field == layout.CODE_USED:
            holds = [condition.test(used, condition.operand) for used in (False, True)]
        else:
            known = values.properties[conditions["column"][row]] if field == layout.PROPERTY else values.fields[field]
            missing = condition.operator == "exists" and not condition.operand
            holds = [missing, *(condition.test(value, condition.operand) for value in known)]
        conditions["lo"][row], conditions["n"][row] = len(found), len(holds)
        found += holds
    return conditions, np.array(found, np.int8)


@lru_cache(maxsize=64)
def _rule_tables(same: _Same) -> RuleTables:
    program = same.program
    every = tuple(program.terms.values())
    rule_keys = tuple(sorted({rule.key for terms in every for rule in terms.rules}))
    bonus_keys = tuple(sorted({bonus.key for terms in every for bonus in terms.bonuses}))
    names = {rule.on for terms in every for rule in terms.rules} | {b.on for terms in every for b in terms.bonuses}
    events = sorted(names - {"sale", "assist"})
    ons = {"sale": layout.SALE, "assist": layout.ASSIST}
    ons |= {name: code for code, name in enumerate(events, start=layout.FIRST_EVENT)}
    writer = _Writer(rule_keys, bonus_keys, ons)
    for row, terms in enumerate(every):
        writer.add(row, terms)
    ranks = {channel: i for i, names in enumerate(program.attribution.priority) for channel in names}
    channels = ("link", "code", "form", "registration", "manual")
    last = len(program.attribution.priority)
    return RuleTables(
        program=_program(program, len(ons) + 1),
        **writer.tables(),
        keys=_keys(rule_keys, every),
        term_names=tuple(program.terms),
        term_rows={name: row for row, name in enumerate(program.terms)},
        rule_keys=rule_keys,
        bonus_keys=bonus_keys,
        ons=ons,
        other_on=len(ons),
        channel_ranks={channel: ranks.get(channel, last) for channel in channels},
        channel_windows={channel: program.attribution.window_of(channel) * DAY for channel in channels},
        tested=tuple(writer.tested),
        looks_at=frozenset(writer.fields),
        properties=tuple(writer.properties),
    )


def _program(program: Program, ons: int) -> Table:
    attribution, budget = program.attribution, program.budget
    levels = [override.level for terms in program.terms.values() for override in terms.overrides]
    return _row(
        layout.Program,
        half_life=attribution.half_life_days * DAY,
        guardrail=program.guardrail_ppm,
        budget=None if budget is None else budget.amount,
        lock_months=attribution.lock_months,
        hold_days=program.hold_days,
        model=_MODELS.index(attribution.model),
        locks=attribution.locks,
        existing=_EXISTING.index(attribution.existing_customers),
        assist=attribution.assist,
        blocks_self=program.blocks_self_referral,
        at_credit=program.terms_at == "credit",
        budget_per=0 if budget is None else _PERIODS.index(budget.per),
        budget_pro_rata=budget is not None and budget.pro_rata,
        rounding=_ROUNDING.index(program.rounding),
        ons=ons,
        levels=max(levels, default=0),
        places=decimals(program.currency),
    )


def _keys(rule_keys: Sequence[str], every: Iterable[Terms]) -> Table:
    """What is to be counted for each rule key, over all terms."""
    table = np.zeros(len(rule_keys), layout.Key)
    ranks = {key: rank for rank, key in enumerate(rule_keys)}
    for rule in (rule for terms in every for rule in terms.rules):
        row, tiers, caps = table[ranks[rule.key]], rule.pay.tiers, rule.caps
        if tiers is not None and tiers.per != "conversion":
            row["tallies"] |= 1 << _PERIODS.index("month" if tiers.per == "trailing_12m" else tiers.per)
            row["trailing"] |= tiers.per == "trailing_12m" and tiers.measure == "customers"
        if caps is not None and caps.customer is not None:
            row["paid_customer"] = 1
        if caps is not None and caps.period is not None:
            row["paid_periods"] |= 1 << _PERIODS.index(caps.per)
        row["starts"] |= rule.lasts != FOR_EVER or rule.pay.kind == "schedule"
    return table


class _Writer:
    """Writes terms, one after the other, into rows of all their tables."""

    def __init__(self, rule_keys: Sequence[str], bonus_keys: Sequence[str], ons: Mapping[str, int]) -> None:
        self._rule_ranks = {key: rank for rank, key in enumerate(rule_keys)}
        self._bonus_ranks = {key: rank for rank, key in enumerate(bonus_keys)}
        self._ons = ons
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _TABLES}
        self._operands: list[int] = []
        self.tested: list[tuple[int, Condition]] = []
        self.fields: set[int] = set()
        self.properties: list[str] = []

    def tables(self) -> dict[str, Table]:
        """The tables by name."""
        tables = {name: np.array(self._rows[name], row) for name, row in _TABLES.items()}
        return tables | {"operands": np.array(self._operands, np.int64)}

    def add(self, row: int, terms: Terms) -> None:
        """Write one version of terms."""
        starts = {name: len(self._rows[name]) for name in ("rules", "tails", "bonuses", "overrides")}
        for rule in terms.rules:
            self._rule(row, rule)
        for step in terms.tail:
            self._write("tails", months=step.months, ppm=step.ppm)
        for bonus in terms.bonuses:
            self._write(
                "bonuses",
                reaches=bonus.reaches,
                flat=bonus.flat,
                key=self._bonus_ranks[bonus.key],
                on=self._ons[bonus.on],
                measure=_MEASURES.index(bonus.measure),
                per=_PERIODS.index(bonus.per),
                reverse=bonus.reverse,
            )
        for one in terms.overrides:
            lasts = {"payments": one.lasts.payments, "months": one.lasts.months}
            self._write("overrides", flat=one.flat, level=one.level, ppm=one.ppm, of_sale=one.of_sale, **lasts)
        self._write(
            "terms",
            clawback=None if terms.clawback_days is None else terms.clawback_days * DAY,
            graded=terms.graded_months or 0,
            choose=_CHOOSE.index(terms.choose),
            has_conditions=any(rule.conditions for rule in terms.rules),
            **_slice("rule", starts["rules"], len(terms.rules)),
            **_slice("tail", starts["tails"], len(terms.tail)),
            **_slice("bonus", starts["bonuses"], len(terms.bonuses)),
            **_slice("override", starts["overrides"], len(terms.overrides)),
        )

    def _rule(self, row: int, rule: Rule) -> None:
        pay, tiers = rule.pay, rule.pay.tiers
        condition_lo = len(self._rows["conditions"])
        for condition in rule.conditions:
            self._condition(condition)
        schedule_lo, step_lo = len(self._rows["schedules"]), len(self._rows["steps"])
        for stretch in pay.schedule:
            self._write("schedules", months=stretch.months, ppm=stretch.ppm)
        for step in tiers.steps if tiers else ():
            self._write("steps", start=step.start, ppm=step.ppm, flat=step.flat)
        self._write(
            "rules",
            terms=row,
            key=self._rule_ranks[rule.key],
            on=self._ons[rule.on],
            pay=_PAY.index(pay.kind),
            ppm=pay.ppm,
            flat=pay.flat,
            each_unit=pay.each_unit,
            measure=_MEASURES.index(tiers.measure) if tiers else 0,
            per=_PERIODS.index(tiers.per) if tiers else 0,
            mode=_MODES.index(tiers.mode) if tiers else 0,
            reduce=tiers is not None and tiers.reduce,
            floor=rule.floor,
            lapsed_days=rule.lapsed_days,
            less=sum(_LESS[name] for name in rule.base.less),
            discount="discount" in rule.base.plus,
            net=rule.base == NET,
            adds=rule.adds,
            hold_days=rule.hold_days,
            listed=rule.index,
            **_bounds(rule),
            **_lasts(rule.lasts),
            **_slice("condition", condition_lo, len(rule.conditions)),
            **_slice("schedule", schedule_lo, len(pay.schedule)),
            **_slice("step", step_lo, len(tiers.steps) if tiers else 0),
        )

    def _condition(self, condition: Condition) -> None:
        name, operator, operand = condition.field, condition.operator, condition.operand
        field = layout.PROPERTY if name.startswith(_PROPERTY) else _FIELDS[name]
        column = 0
        self.fields.add(field)
        if field == layout.PROPERTY:
            name = name.removeprefix(_PROPERTY)
            if name not in self.properties:
                self.properties.append(name)
            column = self.properties.index(name)
        lo = n = 0
        if field < layout.AMOUNT:
            self.tested.append((len(self._rows["conditions"]), condition))
        elif operator == "exists":
            n = int(operand)
        else:
            operands = operand if operator in {"in", "not_in"} else (operand,)
            lo, n = len(self._operands), len(operands)
            self._operands += operands
        self._write("conditions", field=field, op=_OPERATORS.index(operator), lo=lo, n=n, column=column)

    def _write(self, table: str, **values: int | None) -> None:
        names = _TABLES[table].names
        assert names is not None
        assert names.__len__() == len(values)
        self._rows[table].append(tuple(_given(values[name]) for name in names))


_TABLES: Final[Mapping[str, np.dtype[Any]]] = {
    "terms": layout.Terms,
    "rules": layout.Rule,
    "conditions": layout.Condition,
    "schedules": layout.Schedule,
    "steps": layout.Step,
    "tails": layout.Schedule,
    "overrides": layout.Override,
    "bonuses": layout.Bonus,
}


def _row(kind: np.dtype[Any], **values: int | None) -> Table:
    table = np.zeros(1, kind)
    for name, value in values.items():
        table[name] = _given(value)
    return table


def _given(value: int | None) -> int:
    return NONE if value is None else int(value)


def _slice(name: str, lo: int, n: int) -> dict[str, int]:
    return {f"{name}_lo": lo, f"{name}_n": n}


def _lasts(lasts: Lasts) -> dict[str, int | None]:
    return {"payments": lasts.payments, "months": lasts.months}


def _bounds(rule: Rule) -> dict[str, int | None]:
    caps = rule.caps
    if caps is None:
        return {"cap_sale": None, "cap_customer": None, "cap_period": None, "cap_per": 0}
    per = _PERIODS.index(caps.per)
    return {"cap_sale": caps.sale, "cap_customer": caps.customer, "cap_period": caps.period, "cap_per": per}
