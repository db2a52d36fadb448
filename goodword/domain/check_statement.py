"""Checks an exported statement: redoes the sums of every line and says which line and which figure differs, in words.

This file stands alone. It needs Python 3.10 or later and nothing else, so anybody who gets a statement can run it:

    python check_statement.py STATEMENT

STATEMENT is a CSV or JSON-lines file: lines as `goodword settle --out` writes them, the commissions that the partner
pages offer with their steps, or a month's statement. Exit code 0: every sum is right. 1: some figure differs.
2: the file cannot be checked; what is wrong with it is said.

A sum is taken as it stands: what a partner sold before (the total that a tier looks at) and what others got are figures
that the file gives and this program cannot know better.
"""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TextIO

RIGHT, DIFFERENT, UNREADABLE = 0, 1, 2
SHOWN = 100
"""So many differences are shown; all are counted."""
_DEEPEST = 40
_LONGEST_TEXT = 100_000
_LONGEST_CELL = 10_000_000
_NUMBER = r"\d+(?:\.\d+)?(?:/\d+)?%?"
_NUMBERS = re.compile(_NUMBER, re.ASCII)
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>{_NUMBER})(?: (?P<label>[A-Za-z]+(?: [A-Za-z]+)*))?|(?P<call>min|max)\(|(?P<sign>[-+*/(),]))",
    re.ASCII,
)
_NOTE = re.compile(r", (rounded (?:half up|half even|down)|largest remainder (?:up|down))$")
_AMOUNT = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


class BadStatement(Exception):
    """A file, or a place in it, that cannot be checked: why, in words."""


@dataclass
class Report:
    """What checking a statement found."""

    lines: int
    """Lines whose sums were redone."""
    differences: list[str]


class Sum(NamedTuple):
    """What the text of a sum comes to, how its result was brought to whole units, and the figures it names."""

    value: Fraction
    note: str
    figures: list[Fraction]


def check_file(path: str | Path) -> Report:
    """Redo every sum of a statement. Raises BadStatement where the file is none."""
    try:
        with Path(path).open("rb") as raw:
            if raw.read(4) == b"PAR1":
                raise BadStatement("is a Parquet file; export the statement as CSV or JSON lines")
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return check_text(file)
    except OSError as error:
        raise BadStatement(f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise BadStatement(f"is not UTF-8 text (byte {error.start + 1} of a part of it)") from None


def check_text(file: TextIO) -> Report:
    """The same for an open file of text."""
    first = file.readline(_LONGEST_CELL)
    if not first.strip():
        raise BadStatement("is empty, or begins with an empty line")
    lines = _with_first(first, file)
    if first.lstrip().startswith("{"):
        return _check_lines(_json_rows(lines))
    return _check_csv(lines)


def _with_first(first: str, file: TextIO) -> Iterator[str]:
    yield first
    yield from file


# Rows of a file. A line has an amount and steps; it is known by its place in the file.


def _json_rows(lines: Iterator[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            raise BadStatement(f"line {number} is not JSON") from None
        if not isinstance(row, dict):
            raise BadStatement(f"line {number} is no JSON object")
        if "steps" in row or "outcome" not in row:  # a conversion that earned nothing has an outcome and no sums
            yield number, row


def _check_csv(lines: Iterator[str]) -> Report:
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader(lines)
    header = _cells(rows, 1)
    assert header is not None, "there is a first line"
    names = [name.strip() for name in header]
    if "steps" in names and "amount" in names:
        return _check_lines(_csv_rows(rows, names))
    if {"what", "amount"} <= set(names):
        return _check_month(_csv_rows(rows, names))
    raise BadStatement(
        "has neither a column 'steps' nor the columns of a month's statement; the columns are: "
        + ", ".join(name[:40] for name in names[:20])
    )


def _csv_rows(rows: Any, names: Sequence[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    while True:
        number = rows.line_num + 1
        cells = _cells(rows, number)
        if cells is None:
            return
        if len(cells) != len(names):
            raise BadStatement(f"line {number} has {len(cells)} cells, the header has {len(names)}")
        row: dict[str, Any] = dict(zip(names, cells, strict=True))
        if "steps" in row:
            row["steps"] = _steps_of(row["steps"], number)
        if "reasons" in row:
            row["reasons"] = row["reasons"].split()
        if "conversion" not in row and "sale" in row:
            row["conversion"] = row["sale"]
        yield number, row


def _cells(rows: Any, number: int) -> list[str] | None:
    try:
        while True:
            cells: list[str] | None = next(rows, None)
            if cells != []:
                return cells
    except csv.Error as error:
        raise BadStatement(f"line {number} is no row of a CSV file: {error}") from None


def _steps_of(text: str, number: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadStatement(f"line {number}: the cell of 'steps' is not JSON") from None


# A month: what was owed before, every change, what is owed after.


def _check_month(rows: Iterator[tuple[int, Mapping[str, Any]]]) -> Report:
    found = [(number, str(row["what"]), _amount(row["amount"], f"line {number}")) for number, row in rows]
    if len(found) < 2 or "before" not in found[0][1] or "after" not in found[-1][1]:
        raise BadStatement(
            "is no month's statement: it must begin with what was owed before and end with what is after"
        )
    owed = sum((amount for _, _, amount in found[:-1]), Fraction(0))
    number, what, after = found[-1]
    if owed == after:
        return Report(len(found), [])
    text = f"line {number}: the changes come to {_text(owed)}, but {what!r} says {_text(after)}{_by(after, owed)}"
    return Report(len(found), [text])


# Lines with steps.


def _check_lines(rows: Iterator[tuple[int, Mapping[str, Any]]]) -> Report:
    report = Report(0, [])
    for number, row in rows:
        report.lines += 1
        named = " ".join(str(row[name])[:60] for name in ("conversion", "rule") if row.get(name))
        place = f"line {number}" + (f" ({named})" if named else "")
        report.differences += [f"{place}: {text}" for text in differences(row, place)]
    return report


def differences(row: Mapping[str, Any], place: str = "this line") -> list[str]:
    """What is wrong with the sums of one line, in words; nothing when all is right.

    Raises BadStatement when the line is not one.
    """
    steps = row.get("steps")
    if not isinstance(steps, list) or not all(_is_step(step) for step in steps):
        raise BadStatement(f"{place}: 'steps' is no list of steps, each with a text for 'do', 'from' and 'is'")
    amount = _amount(row.get("amount"), f"{place}: the amount")
    basis = None if row.get("basis") is None else _amount(row["basis"], f"{place}: the basis")
    check = _Check(row, Fraction(1, 10 ** len(str(row["amount"]).partition(".")[2])))
    for step in steps:
        check.take(step["do"], step["from"], step["is"])
    check.finish(amount, basis)
    return check.found


def _is_step(step: Any) -> bool:
    texts = [step.get(name) for name in ("do", "from", "is")] if isinstance(step, dict) else [None]
    return all(isinstance(text, str) and len(text) <= _LONGEST_TEXT for text in texts)


_LIMITS = ("budget", "guardrail", "cap per period", "cap per customer", "cap per sale", "floor")
"""What raises or lowers an amount, the latest first."""
_REASONS = {
    "floor": "floor",
    "cap per sale": "capped_sale",
    "cap per customer": "capped_customer",
    "cap per period": "capped_period",
    "guardrail": "guardrail",
    "budget": "budget",
}
_GOES_ON_FROM = {
    "split": ("basis",),
    "rate": (),
    "tail": ("rate",),
    "round": ("tail", "rate"),
    "part": ("round",),
    **{limit: (*_LIMITS[at + 1 :], "part", "round") for at, limit in enumerate(_LIMITS)},
    "budget": (*_LIMITS[1:], "part", "round", "bonus", "rate"),
    "amount": (*_LIMITS, "part", "round", "bonus", "rate"),
}
"""The earlier steps whose result a step begins with: the first of them that was there."""
_NEEDED = {
    "commission": ("share", "basis", "rate", "round", "amount"),
    "override": ("override", "rate", "amount"),
    "bonus": ("total", "bonus", "amount"),
}
_SHARES_IN_WORDS = ("decided by ", "kept from ", "assisted", "first touch", "last touch")
_IN_WORDS = ("agreement", "rule", "override")


class _Check:
    """Redoes the steps of one line in order and follows the money from one to the next."""

    def __init__(self, row: Mapping[str, Any], unit: Fraction) -> None:
        self._row, self._unit = row, unit
        self._results: dict[str, Fraction] = {}
        self._texts: dict[str, str] = {}
        self._sums: dict[str, Sum] = {}
        self.found: list[str] = []

    def take(self, do: str, source: str, result: str) -> None:
        """Redo one step."""
        if do in self._texts:
            self.found.append(f"{do}: there are two such steps")
        self._texts[do] = result
        if do in _IN_WORDS:
            return
        try:
            if do in ("tier", "schedule"):
                self._look_up(do, source, result)
            elif do in ("total", "bonus"):
                self._results[do] = _number(result)
                self._texts[f"{do} from"] = source
            elif do == "share" and source.startswith(_SHARES_IN_WORDS):
                self._results[do] = _number(result)
            else:
                self._redo(do, source, result)
        except (ValueError, ZeroDivisionError, RecursionError) as error:
            self.found.append(f"{do}: {_short(source)!r} = {_short(result)!r} cannot be redone: {error}")

    def _look_up(self, do: str, source: str, result: str) -> None:
        """A figure picked the rate out of a table of the terms; only that it is one can be seen."""
        if not _NUMBERS.search(source) or not _NUMBERS.search(result):
            raise ValueError("a figure is missing")
        self._texts[do] = result

    def _redo(self, do: str, source: str, result: str) -> None:
        made, stated = read_sum(source), _number(result)
        unit = Fraction(1, 1_000_000) if do == "share" else self._unit
        right = _brought(made, unit)
        self._sums[do], self._results[do] = made, stated
        if right != stated:
            self.found.append(f"{do}: {source} is {_like(right, result)}, not {result}{_by(stated, right, result)}")
        elif made.note and made.value == stated:
            self.found.append(f"{do}: {source} is exactly {result}; there is nothing to round")
        self._follow(do, source, made)

    def _follow(self, do: str, source: str, made: Sum) -> None:
        """A step goes on from what the steps before it came to."""
        before = next((self._results[name] for name in _GOES_ON_FROM.get(do, ()) if name in self._results), None)
        if do == "round" and "together" in source:
            before = None  # the figures of the others are not in this line
        if before is not None and before not in made.figures:
            self.found.append(f"{do}: {source} does not go on from {_text(before)}")
        if do == "part" and len(made.figures) > 1:
            self._follow_part(source, made)
        if do == "rate" and self._basis() is not None and "%" in source:
            self._follow_rate(source, made)

    def _follow_part(self, source: str, made: Sum) -> None:
        """A part is of the sum that was rounded together, by what this line alone came to."""
        own = self._results.get("tail", self._results.get("rate"))
        together = self._sums["round"].value if "round" in self._sums else None
        for wanted in (own, together):
            if wanted is not None and wanted not in made.figures:
                self.found.append(f"part: {source} does not name {_text(wanted)}")

    def _follow_rate(self, source: str, made: Sum) -> None:
        """A percent is taken of the basis, or slices of it that add up to what is rated."""
        basis = self._basis()
        slices = sum(made.figures[1::2], Fraction(0)) if " + " in source and "(" not in source else basis
        flat = "share" in source
        if not flat and basis not in made.figures and slices != basis:
            self.found.append(f"rate: {source} is not of the basis {_text(basis or Fraction(0))}")

    def _basis(self) -> Fraction | None:
        return self._results.get("split", self._results.get("basis"))

    def finish(self, amount: Fraction, basis: Fraction | None) -> None:
        """The steps end in the line's own figures, and show what the line says."""
        kind = str(self._row.get("kind") or "commission")
        needed = _NEEDED.get(kind, ("amount",))
        if kind == "override" and "%" in str(self._row.get("rate")):
            needed = ("basis", "round", *needed)
        lost = [do for do in needed if do not in self._texts]
        if lost:
            self.found.append(f"the steps do not show: {', '.join(lost)}")
        self._compare("amount", self._results.get("amount"), amount)
        if basis is not None:
            self._compare("basis", self._basis() or Fraction(0), basis)
        if kind == "commission" and "share" in self._results and self._row.get("share_ppm") not in (None, ""):
            self._compare_share(str(self._row["share_ppm"]))
        self._compare_reasons()
        if kind == "bonus":
            self._check_bonus()
        if self._row.get("rate"):
            self._compare_rate(str(self._row["rate"]))

    def _compare(self, what: str, shown: Fraction | None, stated: Fraction) -> None:
        if shown is not None and shown != stated:
            self.found.append(
                f"the steps end in {_text(shown)}, but the {what} says {_text(stated)}{_by(stated, shown)}"
            )

    def _compare_share(self, stated: str) -> None:
        share = self._results["share"] * 1_000_000
        if not _AMOUNT.fullmatch(stated) or Fraction(stated) != share:
            self.found.append(
                f"the steps show a share of {_text(share)} millionths, but the line says {_short(stated)}"
            )

    def _compare_reasons(self) -> None:
        stated = self._row.get("reasons")
        shown = [reason for do, reason in _REASONS.items() if do in self._texts]
        if isinstance(stated, list) and stated != shown:
            said = ", ".join(map(str, stated)) or "none"
            self.found.append(f"the steps show the limits: {', '.join(shown) or 'none'}; the reasons are: {said}")

    def _check_bonus(self) -> None:
        """The total was below what the bonus asks for, and now is not."""
        reaches = _NUMBERS.search(self._texts.get("bonus from", ""))
        before = _NUMBERS.search(self._texts.get("total from", ""))
        if reaches is None or before is None or "total" not in self._results:
            self.found.append("bonus: the totals are missing")
        elif not _number(before[0]) < _number(reaches[0]) <= self._results["total"]:
            self.found.append(f"bonus: from {before[0]} to {self._texts['total']} the total does not pass {reaches[0]}")

    def _compare_rate(self, stated: str) -> None:
        shown = self._texts.get("tier", self._texts.get("schedule", self._texts.get("bonus", stated)))
        if shown != stated:
            self.found.append(f"the steps show the rate {shown}, but the line says {_short(stated)}")
        made, rates = self._sums.get("rate"), _NUMBERS.findall(stated)
        figures = made.figures[: 1 if len(rates) == 1 else None] if made else []  # one rate stands first in its sum
        missing = [text for text in rates if made and _number(text) not in figures]
        if missing:
            self.found.append(f"rate: the sum does not name {', '.join(missing)}, the line's rate")


# Arithmetic.


def _brought(made: Sum, unit: Fraction) -> Fraction:
    """The value after what the note says is done to it."""
    if made.note == "":
        return made.value
    exact = made.value / unit
    whole = exact // 1
    if made.note == "rounded half up":
        return (exact + Fraction(1, 2)) // 1 * unit
    if made.note == "rounded half even":
        return round(exact) * unit
    return (whole + (made.note == "largest remainder up" and whole != exact)) * unit


def read_sum(text: str) -> Sum:
    """Read and work out a sum: numbers, percents and fractions, + - * / ( ), min and max; words only name a figure.

    Raises ValueError where a calculator could not.
    """
    note = _NOTE.search(text)
    tokens = list(_tokens(text[: note.start()] if note else text))
    figures = [token for token in tokens if isinstance(token, Fraction)]
    tokens.reverse()
    value = _added(tokens, 0)
    if tokens:
        raise ValueError(f"there is something after the sum: {tokens[-1]}")
    return Sum(value, note[1] if note else "", figures)


def _tokens(text: str) -> Iterator[Fraction | str]:
    text, at = text.strip(), 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"it is no sum from {text[at : at + 20]!r} on")
        at = found.end()
        yield _number(found["number"]) if found["number"] else (found["call"] or "") + (found["sign"] or "(")


@lru_cache(maxsize=1 << 14)
def _number(text: str) -> Fraction:
    """`12.50`, `12.5%` or `200/9`."""
    if not _NUMBERS.fullmatch(text) or len(text) > 200:
        raise ValueError(f"{_short(text)!r} is no figure")
    over, _, under = text.rstrip("%").partition("/")
    whole, _, places = over.partition(".")
    return Fraction(int(whole + places), 10 ** len(places) * int(under or 1) * (100 if text.endswith("%") else 1))


def _next(tokens: list[Fraction | str], *signs: str) -> str:
    """Take the next sign off, if it is one of these."""
    if tokens and isinstance(tokens[-1], str) and tokens[-1] in signs:
        return str(tokens.pop())
    return ""


def _added(tokens: list[Fraction | str], depth: int) -> Fraction:
    value = _multiplied(tokens, depth)
    while sign := _next(tokens, "+", "-"):
        more = _multiplied(tokens, depth)
        value = value + more if sign == "+" else value - more
    return value


def _multiplied(tokens: list[Fraction | str], depth: int) -> Fraction:
    value = _figure(tokens, depth)
    while sign := _next(tokens, "*", "/"):
        other = _figure(tokens, depth)
        value = value * other if sign == "*" else value / other
    return value


_CALLS: dict[str, Callable[[list[Fraction]], Fraction]] = {"(": lambda of: of[0], "min(": min, "max(": max}


def _figure(tokens: list[Fraction | str], depth: int) -> Fraction:
    opened = _next(tokens, *_CALLS)
    if not opened:
        if not tokens or not isinstance(tokens[-1], Fraction):
            raise ValueError("a figure is missing")
        return tokens.pop()  # type: ignore[return-value]
    if depth == _DEEPEST:
        raise ValueError(f"brackets stand more than {_DEEPEST} deep")
    values = [_added(tokens, depth + 1)]
    while _next(tokens, ","):
        values.append(_added(tokens, depth + 1))
    if not _next(tokens, ")"):
        raise ValueError("a bracket is not closed")
    return _CALLS[opened](values)


# Words.


def _amount(given: Any, what: str) -> Fraction:
    text = str(given) if type(given) in (str, int) else ""
    if not _AMOUNT.fullmatch(text) or len(text) > 60:
        raise BadStatement(f"{what} is no amount such as 12.50: {_short(str(given))!r}")
    return Fraction(text)


def _like(value: Fraction, text: str) -> str:
    """A value as the text of another is written."""
    return _text(value * 100) + "%" if text.endswith("%") else _text(value)


def _text(value: Fraction) -> str:
    """A decimal where it ends, else a fraction."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return str(value)
    places = 2 if value.denominator != 1 else 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs(value.numerator * 10**places // value.denominator)).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def _by(stated: Fraction, right: Fraction, like: str = "") -> str:
    """By how much a figure differs."""
    word = "too much" if stated > right else "too little"
    return f" ({_like(abs(stated - right), like)} {word})"


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the file that the arguments name, and say what was found."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1 or given[0] in ("-h", "--help"):
        sys.stderr.write("use: python check_statement.py STATEMENT  (a .csv or .jsonl file)\n")
        return UNREADABLE
    try:
        report = check_file(given[0])
    except BadStatement as problem:
        sys.stderr.write(f"{given[0]}: {problem}\n")
        return UNREADABLE
    sys.stdout.write("".join(f"{text}\n" for text in _told(report)))
    return DIFFERENT if report.differences else RIGHT


def _told(report: Report) -> list[str]:
    """The differences, not all where they are very many, and what they come to."""
    count = len(report.differences)
    more = [f"... and {count - SHOWN} more"] if count > SHOWN else []
    said = f"{count} difference{'s' * (count != 1)}" if count else "every sum is right"
    return [*report.differences[:SHOWN], *more, f"{report.lines} line{'s' * (report.lines != 1)} checked: {said}"]


if __name__ == "__main__":
    sys.exit(main())
