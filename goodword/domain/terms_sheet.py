"""Terms as a form: what the form holds, and how its answers become a terms document. The way back is `terms_answers`.

What is typed is only brought into the notation of documents here. Whether it makes sense is decided by the engine's own
reader of terms; `Written.fields` says beside which field each of its problems belongs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from goodword.domain.errors import Problem
from goodword.domain.money import to_minor
from goodword.domain.settlement.conditions import FIELDS, OPERATORS
from goodword.domain.sheets import Lists, Sheet
from goodword.domain.typed_text import (
    TRUTHS,
    amount_typed,
    parts_typed,
    percent_typed,
    text_typed,
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
WORDLESS: Final = {"known": ("exists", True), "unknown": ("exists", False), "in_none": ("in", []),
                    "not_in_none": ("not_in", [])}  # fmt: skip
SHEET_OPERATORS: Final = (*(op for op in OPERATORS if op != "exists"), *WORDLESS)

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
    if op in WORDLESS:
        return WORDLESS[op]
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


def unused_key(rows: Sequence[Sheet], stem: str) -> str:
    """A name for a new rule or bonus that none of the others has: `rule-3`."""
    taken = {row.get("key", "").strip() for row in rows}
    return next(name for n in range(len(rows) + 1, len(rows) + ROOM) if (name := f"{stem}-{n}") not in taken)


ROOM: Final = 1_000
