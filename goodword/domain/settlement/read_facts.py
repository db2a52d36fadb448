"""Facts read from parsed JSON objects into records, with every problem of all of them listed at once: of each object
alone, and of the set (conflicting ids, overlapping agreements, parent cycles, unknown terms).
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields as group_fields
from typing import cast

from goodword.domain.currency import decimals
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.money import AMOUNT_LIMIT, to_decimal
from goodword.domain.settlement.calendar import Zone
from goodword.domain.settlement.fact_objects import FINEST, KEYS, READERS, Home
from goodword.domain.settlement.fields import Fields, Problems
from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import (
    FACTS,
    GROUP_OF,
    KIND_OF,
    Agreement,
    Fact,
    FactSet,
    Partner,
    Refund,
    Sale,
    conflict,
    same_content,
)


def read_facts(program: Program, objects: Iterable[object]) -> FactSet:
    """The set of these parsed JSON objects. Raises InvalidInput with every problem (at most 100).

    `line` of a problem is the object's number, from 1. Files, and several of them, are read with `FactReader`.
    """
    reader = FactReader(program.currency, program.timezone, program.terms)
    for line, given in enumerate(objects, start=1):
        reader.add(given, line=line)
    return reader.finish()


class FactReader:
    """Takes facts object by object, remembers where each stood, and gives the set, or all that is wrong with it."""

    def __init__(self, currency: str, timezone: str, terms: Iterable[str], problems: Problems | None = None) -> None:
        self.problems = problems or Problems()
        self._home = Home(currency, Zone(timezone).first_instant)
        self._terms = frozenset(terms)
        self._known: dict[tuple[str, str], tuple[Fact, str, int]] = {}
        self._conversions: dict[str, str] = {}

    def add(self, given: object, *, line: int = 0, file: str = "", kind: str | None = None) -> None:
        """Take one fact; `kind` names it where the object need not (a Parquet file is named by its fact)."""
        problems = self.problems
        problems.file, problems.line, problems.line_of = file, line, None
        if problems.full:
            return
        if not isinstance(given, Mapping):
            problems.add("expected_object", "a fact is one object", value=given, remedy="write it in braces")
            return
        fields = Fields(given, problems)
        named = fields.choice("fact", FACTS, "") if kind is None or "fact" in given else kind
        if kind is None and "fact" not in given:
            fields.required("fact")
        if kind is not None and named not in {"", kind}:
            fields.refuse("conflicting_fields", "fact", f"stands in a file of {kind} facts", "move it to its own file")
        if not named:
            return
        before = len(problems.found)
        fields.only(("fact", *KEYS[named]))
        record = READERS[named](fields, self._home)
        if len(problems.found) == before:
            self._keep(named, record, file, line)

    def finish(self) -> FactSet:
        """The set. Raises InvalidInput when anything was wrong."""
        facts = self.check()
        if self.problems.found:
            raise InvalidInput(self.problems.found)
        return facts

    def check(self) -> FactSet:
        """Check the facts against each other, note what is wrong, and give the set of those that could be read."""
        groups: dict[str, list[Fact]] = {field.name: [] for field in group_fields(FactSet)}
        for record, _, _ in self._known.values():
            groups[GROUP_OF[type(record)]].append(record)
        groups["refunds"] = [fixed for one in groups["refunds"] if (fixed := self._in_currency(cast("Refund", one)))]
        self._check_agreements(cast("list[Agreement]", groups["agreements"]))
        self._check_parents(cast("list[Partner]", groups["partners"]))
        return FactSet(**groups)  # type: ignore[arg-type]

    def _keep(self, kind: str, record: Fact, file: str, line: int) -> None:
        known = self._known.setdefault((kind, record.id), (record, file, line))
        if known[0] is not record and not same_content(known[0], record):
            self.problems.take(conflict(kind, record.id, file=file, line=line, first=_place(known[1], known[2])))
        if kind in {"sale", "event"} and self._conversions.setdefault(record.id, kind) != kind:
            _, first_file, first_line = self._known[self._conversions[record.id], record.id]
            self.problems.take(conflict(kind, record.id, file=file, line=line, first=_place(first_file, first_line)))

    def _in_currency(self, refund: Refund) -> Refund | None:
        """The refund in minor units of its sale's currency; one of an unknown sale is worth nothing yet."""
        sale = self._known.get(("sale", refund.sale))
        if sale is None:
            return refund._replace(amount=0)
        currency = cast("Sale", sale[0]).currency
        minor, rest = divmod(refund.amount, 10 ** (decimals(FINEST) - decimals(currency)))
        if rest:
            message = f"has too many decimals for {currency}, the currency of its sale"
            remedy = f"give at most {decimals(currency)} decimals"
            amount = to_decimal(refund.amount, FINEST)
            self._note(refund, "too_many_decimals", "amount", message, value=amount, remedy=remedy)
            return None
        if minor >= AMOUNT_LIMIT:
            remedy, amount = "amounts stay below 10^15 minor units", to_decimal(refund.amount, FINEST)
            self._note(refund, "out_of_range", "amount", "is too large", value=amount, remedy=remedy)
            return None
        return refund._replace(amount=minor)

    def _check_agreements(self, agreements: list[Agreement]) -> None:
        last: dict[str, Agreement] = {}
        for one in sorted(agreements, key=lambda agreement: (agreement.partner, agreement.starts, agreement.id)):
            if one.terms not in self._terms:
                known = ", ".join(sorted(self._terms)[:10])
                remedy = f"it has: {known}"
                self._note(
                    one, "unknown_terms", "terms", "the program has no such terms", value=one.terms, remedy=remedy
                )
            if one.ends is not None and one.ends <= one.starts:
                continue
            before = last.get(one.partner)
            if before is not None and (before.ends is None or before.ends > one.starts):
                message = f"partner {one.partner!r} has agreement {before.id!r} in force at the same time"
                self._note(
                    one,
                    "overlapping_agreements",
                    "starts",
                    message,
                    value=one.id,
                    remedy="end one before the next starts",
                )
            if before is None or (before.ends is not None and (one.ends is None or one.ends > before.ends)):
                last[one.partner] = one

    def _check_parents(self, partners: list[Partner]) -> None:
        parents = {partner.id: partner.parent for partner in partners}
        cleared: set[str] = set()
        for partner in sorted(partners):
            path: list[str] = []
            at: str | None = partner.id
            while at is not None and at not in cleared and at not in path:
                path.append(at)
                at = parents.get(at)
            if at in path:
                cycle = " → ".join([*path[path.index(at) :], at])
                remedy = "let one of them have no parent"
                self._note(partner, "parent_cycle", "parent", f"recruits itself: {cycle}", value=at, remedy=remedy)
            cleared.update(path)

    def _note(self, record: Fact, code: str, field: str, message: str, *, value: str, remedy: str) -> None:
        _, file, line = self._known[KIND_OF[type(record)], record.id]
        self.problems.take(Problem(code, f"{field}: {message}", field, value[:80], remedy, file, line))


def _place(file: str, line: int) -> str:
    return f"{file} line {line}".strip() if line else file
