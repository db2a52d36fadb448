"""Terms as a form: a terms document becomes the answers of a form, and answers become a document, without loss.

What is typed is only brought into the notation of documents here. Whether it makes sense is decided by the engine's own
reader of terms; `Written.fields` says beside which field each of its problems belongs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from goodword.domain.errors import Problem
from goodword.domain.money import to_decimal, to_minor
from goodword.domain.settlement.conditions import FIELDS, OPERATORS
from goodword.domain.sheets import Lists, Sheet
from goodword.domain.typed_text import (
    TRUTHS,
    amount_typed,
    parts_shown,
    parts_typed,
    percent_shown,
    percent_typed,
    text_shown,
    text_typed,
    value_shown,
    value_typed,
    whole_typed,
)

LISTS: Final[Lists] = {
    "rules": {"conditions": {}, "schedule": {}, "steps": {}},
    "overrides": {},
    "bonuses": {},
    "tail": {},
    "samples": {},
}
ON: Final = "on"
"""What a ticked box holds; one that is not ticked holds nothing."""
LESS: Final = ("tax", "shipping", "fees", "cost")
PROPERTY: Final = "properties."
# Operators of a document that a form tells apart by what follows.
_WORDLESS: Final = {"known": ("exists", True), "unknown": ("exists", False), "in_none": ("in", []),
                    "not_in_none": ("not_in", [])}  # fmt: skip
SHEET_OPERATORS: Final = (*(op for op in OPERATORS if op != "exists"), *_WORDLESS)

NEW_RULE: Final[Sheet] = {
    "key": "", "on": "sale", "event": "", "pay": "percent", "percent": "", "flat": "", "unit_each": "",
    "schedule": [{"months": "12", "percent": ""}, {"months": "", "percent": ""}],
    "measure": "volume", "per": "month", "mode": "marginal", "refunds": "keep",
    "steps": [{"from": "0", "unit": "percent", "value": ""}, {"from": "", "unit": "percent", "value": ""}],
    "conditions": [], "lapsed_days": "",
    "less_tax": ON, "less_shipping": ON, "less_fees": "", "less_cost": "", "plus_discount": "",
    "payments": "", "months": "",
    "cap_sale": "", "cap_customer": "", "cap_period": "", "cap_per": "month", "floor": "",
    "adds": "", "hold_days": "",
}  # fmt: skip
NEW_ROWS: Final[Mapping[str, Sheet]] = {
    "rules": NEW_RULE,
    "schedule": {"months": "", "percent": ""},
    "steps": {"from": "", "unit": "percent", "value": ""},
    "overrides": {"level": "", "kind": "percent", "percent": "", "of": "commission", "flat": "", "payments": "",
                  "months": ""},
    "bonuses": {"key": "", "on": "sale", "event": "", "measure": "count", "reaches": "", "per": "lifetime",
                "flat": "", "if_undone": "reverse"},
    "tail": {"months": "", "percent": ""},
}  # fmt: skip


@dataclass(slots=True)
class Written:
    """A document made from a sheet, what could not be written at all, and the field behind each path."""

    document: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    def field_of(self, path: str) -> str:
        """The name of the form's field that a path of the document was written from; empty for the form as a whole."""
        while path:
            if path in self.fields:
                return self.fields[path]
            cut = max(path.rfind("."), path.rfind("["))
            path = path[: max(cut, 0)]
        return ""


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a sheet on its way into the document: its answers, where it stands, and where it is written."""

    answers: Sheet
    name: str
    path: str
    currency: str
    written: Written

    def text(self, name: str) -> str:
        value = self.answers.get(name, "")
        return value if isinstance(value, str) else ""

    def given(self, name: str) -> bool:
        return bool(self.text(name).strip())

    def at(self, path: str, name: str) -> None:
        """Problems at this path of the document belong beside this field."""
        self.written.fields[f"{self.path}{'.' if self.path and path[:1] != '[' else ''}{path}"] = self.name + name

    def amount(self, name: str, path: str) -> str:
        self.at(path, name)
        return amount_typed(self.text(name), self.currency)

    def percent(self, name: str, path: str) -> str:
        self.at(path, name)
        return percent_typed(self.text(name))

    def whole(self, name: str, path: str) -> Any:
        self.at(path, name)
        return whole_typed(self.text(name))

    def word(self, name: str, path: str) -> str:
        self.at(path, name)
        return text_typed(self.text(name))

    def choice(self, name: str, path: str, default: str) -> str:
        self.at(path, name)
        return self.text(name).strip() or default

    def rows(self, name: str, path: str) -> list["_Row"]:
        """The rows of a list inside this row."""
        found = self.answers.get(name) or []
        inside = f"{self.path}.{path}" if self.path else path
        return [
            _Row(row, f"{self.name}{name}-{i}-", f"{inside}[{i}]", self.currency, self.written)
            for i, row in enumerate(found if isinstance(found, list) else [])
        ]

    def moved(self, path: str) -> "_Row":
        """The same answers, written at another path."""
        return _Row(self.answers, self.name, path, self.currency, self.written)

    def problem(self, name: str, message: str, remedy: str) -> None:
        """Something that no document can say."""
        problem = Problem("invalid_value", message, self.name + name, self.text(name)[:80], remedy)
        self.written.problems.append(problem)


def document_of(sheet: Sheet, currency: str) -> Written:
    """The terms document that a form says. What is wrong with it is for the engine's reader to find."""
    written = Written()
    top = _Row(sheet, "", "", currency, written)
    document = written.document
    document["rules"] = [_rule(row) for row in top.rows("rules", "rules")]
    document["choose"] = top.choice("choose", "choose", "first")
    for name, write in (("overrides", _override), ("bonuses", _bonus), ("tail", _tail)):
        if rows := top.rows(name, name):
            document[name] = [write(row) for row in rows]
    clawback = {
        key: top.whole(name, f"clawback.{key}")
        for key, name in (("days", "clawback_days"), ("graded_months", "graded_months"))
        if top.given(name)
    }
    if clawback:
        document["clawback"] = clawback
    return written


def _rule(row: _Row) -> dict[str, Any]:
    rule: dict[str, Any] = {"key": row.word("key", "key"), "on": _on(row)}
    if when := _when(row):
        rule["when"] = when
    if row.given("lapsed_days"):
        rule["lapsed_days"] = row.whole("lapsed_days", "lapsed_days")
    rule["pay"] = _pay(row)
    if base := _base(row):
        rule["base"] = base
    if lasts := _lasts(row):
        rule["lasts"] = lasts
    if cap := _cap(row):
        rule["cap"] = cap
    if row.given("floor"):
        rule["floor"] = row.amount("floor", "floor")
    if row.given("adds"):
        rule["adds"] = True
    if row.given("hold_days"):
        rule["hold_days"] = row.whole("hold_days", "hold_days")
    return rule


def _on(row: _Row) -> str:
    """What a rule or bonus is for: a sale, an assisted sale, or an event by its name."""
    on = row.choice("on", "on", "sale")
    if on != "event":
        return on
    name = row.word("event", "on")
    if name in {"sale", "assist"}:
        row.problem("event", f"an event cannot be named {name}", "choose it above, or give the event another name")
    return name


def _pay(row: _Row) -> dict[str, Any]:
    kind = row.choice("pay", "pay", "percent")
    if kind == "percent":
        return {"percent": row.percent("percent", "pay.percent")}
    if kind == "flat":
        each = {"each": "unit"} if row.given("unit_each") else {}
        return {"flat": row.amount("flat", "pay.flat")} | each
    if kind == "schedule":
        return {"schedule": [_stretch(one) for one in row.rows("schedule", "pay.schedule")]}
    if kind == "tiers":
        return {"tiers": _tiers(row)}
    return {kind: ""}


def _stretch(row: _Row) -> dict[str, Any]:
    row.at("months", "months")
    months = {"months": row.whole("months", "months")} if row.given("months") else {}
    return months | {"percent": row.percent("percent", "percent")}


def _tiers(row: _Row) -> dict[str, Any]:
    measure = row.choice("measure", "pay.tiers.measure", "volume")
    tiers: dict[str, Any] = {"measure": measure, "per": row.choice("per", "pay.tiers.per", "month")}
    tiers["mode"] = row.choice("mode", "pay.tiers.mode", "marginal")
    rows = row.rows("steps", "pay.tiers.steps")
    starts = [_total(one, "from", "from", measure) if i else "0" for i, one in enumerate(rows)]
    order = sorted(range(len(rows)), key=lambda i: _size(starts[i], measure, row.currency))
    row.at("pay.tiers.steps", "measure")
    tiers["steps"] = [
        _step(rows[i].moved(f"{row.path}.pay.tiers.steps[{place}]"), starts[i]) for place, i in enumerate(order)
    ]
    if row.text("refunds") == "reduce":
        tiers["refunds"] = "reduce"
    return tiers


def _size(start: str, measure: str, currency: str) -> tuple[bool, int]:
    """Steps go up whatever the order they were typed in; one that is no number goes last, to be refused there."""
    try:
        return (False, to_minor(start, currency) if measure == "volume" else int(start))
    except Exception:  # noqa: BLE001  (whatever is wrong with it, the reader says it)
        return (True, 0)


def _total(row: _Row, name: str, path: str, measure: str) -> str:
    """A total in the unit of its measure, as a text: money, or a whole number."""
    return row.amount(name, path) if measure == "volume" else str(row.whole(name, path))


def _step(row: _Row, start: str) -> dict[str, Any]:
    row.at("from", "from")
    kind = "flat" if row.text("unit") == "flat" else "percent"
    paid = row.amount("value", "flat") if kind == "flat" else row.percent("value", "percent")
    return {"from": start, kind: paid}


def _base(row: _Row) -> dict[str, Any]:
    less = [name for name in LESS if row.given(f"less_{name}")]
    base: dict[str, Any] = {} if set(less) == {"tax", "shipping"} else {"less": less}
    return base | ({"plus": ["discount"]} if row.given("plus_discount") else {})


def _lasts(row: _Row) -> dict[str, Any]:
    return {name: row.whole(name, f"lasts.{name}") for name in ("payments", "months") if row.given(name)}


def _cap(row: _Row) -> dict[str, Any]:
    cap: dict[str, Any] = {
        name: row.amount(f"cap_{name}", f"cap.{name}") for name in ("sale", "customer") if row.given(f"cap_{name}")
    }
    if row.given("cap_period"):
        amount = row.amount("cap_period", "cap.period.amount")
        cap["period"] = {"amount": amount, "per": row.choice("cap_per", "cap.period.per", "month")}
    return cap


def _override(row: _Row) -> dict[str, Any]:
    override: dict[str, Any] = {"level": row.whole("level", "level")}
    if row.text("kind") == "flat":
        override["flat"] = row.amount("flat", "flat")
    else:
        override["percent"] = row.percent("percent", "percent")
        override["of"] = row.choice("of", "of", "commission")
    if lasts := _lasts(row):
        override["lasts"] = lasts
    return override


def _bonus(row: _Row) -> dict[str, Any]:
    measure = row.choice("measure", "measure", "count")
    return {
        "key": row.word("key", "key"),
        "on": _on(row),
        "measure": measure,
        "reaches": _total(row, "reaches", "reaches", measure),
        "per": row.choice("per", "per", "lifetime"),
        "flat": row.amount("flat", "flat"),
        "if_undone": row.choice("if_undone", "if_undone", "reverse"),
    }


def _tail(row: _Row) -> dict[str, Any]:
    return {"months": row.whole("months", "months"), "percent": row.percent("percent", "percent")}


def _when(row: _Row) -> dict[str, Any]:
    """The conditions of a rule, those of one field together; one plain "is" stands bare."""
    found: dict[str, dict[str, Any]] = {}
    for one in row.rows("conditions", "when"):
        name = _condition_field(one)
        operator, operand = _operand(one, name)
        tests = found.setdefault(name, {})
        if operator in tests:
            one.problem("op", "this condition stands twice", "remove one of the two")
        tests[operator] = operand
        plain = one.moved(f"{row.path}.when")
        plain.at(f"{name}.{operator}", "value")
        plain.at(name, "property" if name.startswith(PROPERTY) and name == PROPERTY else "value")
    return {name: tests["eq"] if set(tests) == {"eq"} else tests for name, tests in found.items()}


def _condition_field(row: _Row) -> str:
    name = row.text("field").strip()
    if name != "property":
        return name
    prop = text_typed(row.text("property"))
    if not prop:
        row.problem("property", "no property is named", "write its name as your system sends it, e.g. plan")
    return PROPERTY + prop


def _operand(row: _Row, name: str) -> tuple[str, Any]:
    op, text, kind = row.text("op").strip() or "eq", row.text("value"), FIELDS.get(name, "property")
    if op in _WORDLESS:
        return _WORDLESS[op]
    if op not in {"in", "not_in"}:
        return op, _value(text, kind, row.currency)
    parts = parts_typed(text, grouped=kind in {"money", "number"})
    if not parts:
        row.problem("value", "nothing is listed", "write one or more values with commas between them")
    return op, [_value(part, kind, row.currency) for part in parts]


def _value(text: str, kind: str, currency: str) -> Any:
    if kind == "money":
        return amount_typed(text, currency)
    if kind == "number":
        return whole_typed(text)
    if kind == "flag":
        return TRUTHS.get(text.strip().lower(), text)
    if kind in {"age", "date"}:
        return text.strip()
    return text_typed(text) if kind == "text" else value_typed(text)


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
    for op, wordless in _WORDLESS.items():
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


def unused_key(rows: Sequence[Sheet], stem: str) -> str:
    """A name for a new rule or bonus that none of the others has: `rule-3`."""
    taken = {row.get("key", "").strip() for row in rows}
    return next(name for n in range(len(rows) + 1, len(rows) + ROOM) if (name := f"{stem}-{n}") not in taken)


ROOM: Final = 1_000
