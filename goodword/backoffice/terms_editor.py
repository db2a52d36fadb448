"""The terms editor: what was typed, as parts of a page, checked as one document. No page is answered here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from goodword.accounts.models import Program
from goodword.backoffice import terms_forms as parts
from goodword.domain.errors import DomainError, InvalidInput, Problem
from goodword.domain.settlement.fields import parse_date
from goodword.domain.settlement.strict_json import pretty_json, read_json, text_problem
from goodword.domain.sheets import Sheet, add_row, flattened, move_row, nested, remove_row, rows_at
from goodword.domain.terms_answers import sheet_of
from goodword.domain.terms_problems import problems_beside, with_subject
from goodword.domain.terms_sheet import LISTS, NEW_ROWS, ON, document_of, unused_key
from goodword.insights.refusals import sentence
from goodword.partners.terms_check import checked_terms

if TYPE_CHECKING:
    from goodword.domain.settlement import Terms

NOTE_MAX: Final = 300
_PUBLISH: Final = ("note", "begins", "effective_on")
Typed = Mapping[str, str]


@dataclass(slots=True)
class Row:
    """A part of the page that can be added, removed or moved: its form and the rows in it."""

    path: str
    form: parts.Part
    number: int
    rows: dict[str, list["Row"]] = field(default_factory=dict)
    answers: Sheet = field(default_factory=dict)

    @property
    def home(self) -> str:
        """The list it stands in: where to go when it is removed."""
        return self.path.rpartition("-")[0]

    @property
    def has_lapse(self) -> bool:
        """Whether it matters after what time a customer counts as new again."""
        asked = any(one.get("field") == "customer" for one in self.answers.get("conditions") or ())
        return asked or bool(self.answers.get("lapsed_days"))

    @property
    def open_parts(self) -> set[str]:
        """The folded parts of a rule that say something, or something wrong."""
        return {part for part, names in _FOLDED.items() if any(self._is_told(name) for name in names)}

    def _is_told(self, name: str) -> bool:
        usual = {"less_tax": ON, "less_shipping": ON}
        says = name not in _ALWAYS and self.answers.get(name, "") != usual.get(name, "")
        return says or name in self.form.errors


_FOLDED: Final = {
    "lasts": ("payments", "months"),
    "limits": ("floor", "cap_sale", "cap_customer", "cap_period", "cap_per"),
    "base": ("less_tax", "less_shipping", "less_fees", "less_cost", "plus_discount"),
    "more": ("adds", "hold_days", "key"),
}
_ORDER: Final = ("rules", "tail", "overrides", "bonuses", "samples")
assert set(_ORDER) == set(LISTS)
_ALWAYS: Final = {"cap_per", "key"}
"""Fields that are never empty: they open their part only when they are wrong."""
_NAMES: Final = {"rules": "Rule", "overrides": "Share for recruiting", "bonuses": "Bonus", "tail": "After the end",
                 "samples": "Sale"}  # fmt: skip


class Shown(NamedTuple):
    """A problem as the top of the page lists it: the field to go to, its name, what is wrong."""

    link: str
    label: str
    text: str


_FORMS: Final[dict[str, type[parts.Part]]] = {
    "rules": parts.RuleForm,
    "conditions": parts.ConditionForm,
    "schedule": parts.StretchForm,
    "steps": parts.StepForm,
    "overrides": parts.OverrideForm,
    "bonuses": parts.BonusForm,
    "tail": parts.StretchForm,
    "samples": parts.SampleForm,
}


class Editor:
    """One state of the editor: all that was typed, by the names of the page's fields."""

    def __init__(self, program: Program, typed: Typed) -> None:
        self.program = program
        self.currency = program.currency
        self.as_document = "document" in typed
        self.sheet = nested(typed, LISTS)
        self.problems: list[Problem] = []
        self.document: Any = None
        self.terms: Terms | None = None
        self.general: list[str] = []
        self._parts: dict[str, parts.Part] = {}
        self._lists: dict[str, list[Row]] = {}

    @classmethod
    def of(cls, program: Program, document: Mapping[str, Any], rest: Typed) -> "Editor":
        """The editor as a form, filled from a valid document; `rest` is what stands beside the document."""
        return cls(program, {**rest, **flattened(sheet_of(document, program.currency))})

    @property
    def typed(self) -> dict[str, str]:
        return flattened(self.sheet)

    @property
    def rest(self) -> dict[str, str]:
        """What is no part of the document: note, dates and samples."""
        return {name: text for name, text in self.typed.items() if name in _PUBLISH or name.startswith("samples-")}

    # What is wrong

    def check(self, *, publishing: bool = False) -> bool:
        """Whether all of it can be published; what is wrong is put beside its field."""
        problems = self._check_document() if self.as_document else self._check_form()
        self.problems = problems + (self._check_publishing() if publishing else [])
        return not self.problems

    def _check_form(self) -> list[Problem]:
        written = document_of(self.sheet, self.currency)
        self.document = written.document
        try:
            self.terms = checked_terms(self.program, written.document)
        except InvalidInput as refused:
            return problems_beside(written, refused.problems)
        return written.problems

    def _check_document(self) -> list[Problem]:
        try:
            self.document = read_json(self.sheet["document"])
        except DomainError as refused:
            return [_at("document", refused.problem)]
        try:
            self.terms = checked_terms(self.program, self.document)
        except InvalidInput as refused:
            return [_at("document", problem, with_path=True) for problem in refused.problems]
        return []

    def _check_publishing(self) -> list[Problem]:
        note, begins, day = (self.sheet.get(name, "").strip() for name in _PUBLISH)
        found = []
        if not note:
            found.append(Problem("required", "nothing is written here", "note", "", "say in one sentence what changes"))
        elif len(note) > NOTE_MAX or text_problem(note):
            found.append(Problem("invalid_text", f"at most {NOTE_MAX} plain characters fit", "note", "", "shorten it"))
        if begins == "day" and parse_date(day) is None:
            remedy = "choose the day, or let partners stay on their version"
            found.append(
                Problem(
                    "invalid_date", "no day is chosen" if not day else "this is no day", "effective_on", day, remedy
                )
            )
        return found

    def show_problems(self) -> None:
        """Put each problem beside its field; what belongs to no field is said above all."""
        parts_here = {form.prefix or "": form for form in self.all_parts()}
        for problem in self.problems:
            where, _, name = problem.field.rpartition("-")
            form = parts_here.get(where)
            if not where:
                form = next((one for one in self.all_parts() if not one.prefix and name in one.fields), None)
            if form is not None and name in form.fields:
                form.add_error(name, sentence(problem))
            else:
                self.general.append(sentence(problem))

    @property
    def shown_problems(self) -> list[Shown]:
        """All that is wrong, in the order of the page."""
        found = [Shown("", "", text) for text in self.general]
        for form in self.all_parts():
            name, _, rest = (form.prefix or "").partition("-")
            place = f"{_NAMES[name]} {int(rest.partition('-')[0]) + 1}, " if name in _NAMES else ""
            for field_name, errors in form.errors.items():
                field = form[field_name]
                label = place + str(field.label).lower() if place else str(field.label)
                found += [Shown(field.id_for_label or field.auto_id, label, str(error)) for error in errors]
        return found

    @property
    def has_several(self) -> bool:
        """Whether two rules could fit one sale."""
        return len(self.rules) > 1 or self.sheet.get("choose", "first") != "first"

    @property
    def samples_wrong(self) -> bool:
        """Whether a sample has no amount, so that its fields should be seen."""
        return any(not row.answers.get("amount") for row in self.samples)

    @property
    def rules(self) -> list[Row]:
        return self.rows("rules")

    @property
    def overrides(self) -> list[Row]:
        return self.rows("overrides")

    @property
    def bonuses(self) -> list[Row]:
        return self.rows("bonuses")

    @property
    def tail(self) -> list[Row]:
        return self.rows("tail")

    @property
    def samples(self) -> list[Row]:
        return self.rows("samples")

    # The parts of the page

    def all_parts(self) -> Iterator[parts.Part]:
        """The forms of the page from its top to its end, which is the order in which problems are listed."""
        if self.as_document:
            yield self.document_form
        for name in _ORDER:
            for row in self.rows(name):
                yield from _forms(row)
            if name == "rules" and not self.as_document:
                yield self.whole
        yield self.publish

    def _part(self, name: str, kind: type[parts.Part]) -> Any:
        if name not in self._parts:
            self._parts[name] = kind(self.typed, currency=self.currency)
        return self._parts[name]

    @property
    def whole(self) -> parts.Part:
        return self._part("whole", parts.WholeForm)  # type: ignore[no-any-return]

    @property
    def publish(self) -> parts.Part:
        return self._part("publish", parts.PublishForm)  # type: ignore[no-any-return]

    @property
    def document_form(self) -> parts.Part:
        return self._part("document", parts.DocumentForm)  # type: ignore[no-any-return]

    def rows(self, name: str) -> list[Row]:
        if name not in self._lists:
            found = self.sheet.get(name) or []
            self._lists[name] = self._rows(name, name, found, LISTS[name], self.typed)
        return self._lists[name]

    def _rows(self, name: str, path: str, found: list[Sheet], inner: Mapping[str, Any], typed: Typed) -> list[Row]:
        rows = []
        for i, answers in enumerate(found):
            here = f"{path}-{i}"
            form = self._form(name, here, typed)
            inside = {one: self._rows(one, f"{here}-{one}", answers.get(one) or [], inner[one], typed) for one in inner}
            rows.append(Row(here, form, i + 1, inside, answers))
        return rows

    def _form(self, name: str, path: str, typed: Typed) -> parts.Part:
        if name == "samples":
            return parts.SampleForm(typed, path, currency=self.currency, events=self.events)
        return _FORMS[name](typed, path, currency=self.currency)

    @property
    def events(self) -> tuple[str, ...]:
        """The events that some rule pays for."""
        rows = [*(self.sheet.get("rules") or []), *(self.sheet.get("bonuses") or [])]
        named = (row.get("event", "").strip() for row in rows if row.get("on") == "event")
        return tuple(dict.fromkeys(name for name in named if name))

    # Changes of rows

    def change(self, verb: str, path: str, chosen: str = "") -> str:
        """Add, remove or move a row; gives the path of the row to go to."""
        self._parts.clear()
        self._lists.clear()
        if verb == "add":
            return self._add(path, chosen)
        where, _, number = path.rpartition("-")
        if verb == "remove":
            remove_row(self.sheet, path)
            return where.rpartition("-")[0].rpartition("-")[0] if "-" in where else ""
        move_row(self.sheet, path, -1 if verb == "up" else 1)
        place = int(number) + (-1 if verb == "up" else 1) if number.isdecimal() and len(number) < 6 else 0
        return f"{where}-{max(place, 0)}"

    def _add(self, path: str, chosen: str) -> str:
        name = path.rpartition("-")[2]
        if name == "conditions":
            return add_row(self.sheet, path, _new_condition(chosen))
        if name == "samples" or name not in NEW_ROWS:
            return ""
        row = _fresh(NEW_ROWS[name])
        rows = rows_at(self.sheet, path) or []
        if name in {"rules", "bonuses"}:
            row["key"] = unused_key(rows, "rule" if name == "rules" else "bonus")
        if name == "overrides":
            taken = {one.get("level") for one in rows}
            row["level"] = next(level for level in map(str, range(1, 101)) if level not in taken or level == "100")
        return add_row(self.sheet, path, row)

    # Form and document

    def as_json(self) -> "Editor":
        """The same as a document; only for one that was checked."""
        return Editor(self.program, {**self.rest, "document": pretty_json(self.document)})

    def as_form(self) -> "Editor":
        """The same as a form; only for one that was checked."""
        return Editor.of(self.program, self.document, self.rest)


def _forms(row: Row) -> Iterator[parts.Part]:
    yield row.form
    for rows in row.rows.values():
        for one in rows:
            yield from _forms(one)


def _fresh(row: Sheet) -> Sheet:
    return {name: [_fresh(one) for one in value] if isinstance(value, list) else value for name, value in row.items()}


def _new_condition(chosen: str) -> Sheet:
    about = chosen if chosen in parts.CONDITIONS else "product"
    op = {"amount": "gte", "at": "gte", "customer_months": "lt", "partner_days": "lt"}.get(about, "eq")
    value = {"customer": "new", "code": "yes"}.get(about, "")
    return {"field": about, "property": "", "op": op, "value": value}


def _at(name: str, problem: Problem, *, with_path: bool = False) -> Problem:
    plain = with_subject(problem)
    message = f"at {problem.field}: {plain}" if with_path and problem.field else plain
    where = f"line {problem.line}: " if problem.line > 1 and not with_path else ""
    return Problem(problem.code, where + message, name, problem.value, problem.remedy)
