"""Reading untrusted JSON objects field by field: every problem is noted with its place, none stops the reading.

Knows types and notations (money, percents, instants, dates), not programs or facts.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from goodword.domain.currency import ACTIVE, RETIRED
from goodword.domain.errors import DomainError, Problem
from goodword.domain.money import AMOUNT_LIMIT, to_minor
from goodword.domain.settlement.calendar import instant
from goodword.domain.settlement.records import Instant
from goodword.domain.settlement.strict_json import text_problem

PROBLEMS_MAX = 100
NUMBER_MAX = 100_000
_PERCENT = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?%", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)


class Problems:
    """What is wrong with an input so far, at most 100, and where the reader stands."""

    def __init__(self, file: str = "") -> None:
        self.found: list[Problem] = []
        self.file = file
        self.line = 0
        self.line_of: Callable[[str], int] | None = None

    @property
    def full(self) -> bool:
        """Whether there is no use in reading on."""
        return len(self.found) >= PROBLEMS_MAX

    def add(self, code: str, message: str, *, field: str = "", value: Any = "", remedy: str = "") -> None:
        """Note one problem at the current place."""
        if not self.full:
            line = self.line_of(field) if self.line_of else self.line
            shown = value if isinstance(value, str) else str(value) if isinstance(value, Decimal) else repr(value)
            self.found.append(
                Problem(
                    code=code,
                    message=_writable(f"{field}: {message}" if field else message),
                    field=_writable(field),
                    value=_writable(shown)[:80],
                    remedy=remedy,
                    file=self.file,
                    line=line,
                )
            )

    def take(self, problem: Problem) -> None:
        """Note a problem that already knows its place."""
        if not self.full:
            self.found.append(problem)


def _writable(text: str) -> str:
    """A text that may hold half a character (a lone surrogate), so that it can be written out."""
    return text.encode("utf-8", "backslashreplace").decode()


class Fields:
    """One JSON object at a path. A reader returns the value, or the default after noting what is wrong."""

    def __init__(self, values: Mapping[str, Any], problems: Problems, path: str = "") -> None:
        self.values = values
        self.problems = problems
        self.path = path

    def at(self, name: str) -> str:
        """The full path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def refuse(self, code: str, name: str, message: str, remedy: str) -> None:
        """Note a problem with a field's value."""
        self.problems.add(code, message, field=self.at(name), value=self.values.get(name, ""), remedy=remedy)

    def only(self, known: Iterable[str]) -> None:
        """Refuse every key that is not known, naming the nearest one that is."""
        if self.values.keys() <= set(known):
            return
        known = list(known)
        for name in self.values:
            if name not in known:
                near = get_close_matches(str(name), known, n=1)
                remedy = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
                self.problems.add(
                    "unknown_field", "is not known here", field=self.at(str(name)), value=name, remedy=remedy
                )

    def has(self, name: str) -> bool:
        """Whether the field is given and not null."""
        return self.values.get(name) is not None

    def required(self, name: str) -> bool:
        """Whether the field is given; notes it when not."""
        if self.has(name):
            return True
        self.problems.add("required", "is missing", field=self.at(name), remedy=f"give {name!r}")
        return False

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A text that is not empty."""
        if not (self.required(name) if required else self.has(name)):
            return None
        value = self.values[name]
        if not isinstance(value, str):
            self.refuse("wrong_type", name, "must be a text", "write it in double quotes")
            return None
        if value == "":
            self.refuse(
                "required", name, "is empty", "give a value, or leave the field out" if not required else "give a value"
            )
            return None
        if broken := text_problem(value):
            self.refuse("invalid_text", name, f"contains {broken}", "remove it")
            return None
        return value

    def needed(self, name: str) -> str:
        """A required text; empty after a problem."""
        return self.text(name, required=True) or ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty when not given."""
        return tuple(
            text
            for i in range(len(self.items(name)))
            if (
                text := Fields({f"{name}[{i}]": self.values[name][i]}, self.problems, self.path).text(
                    f"{name}[{i}]", required=True
                )
            )
        )

    def items(self, name: str) -> Sequence[Any]:
        """A list; empty when not given."""
        if not self.has(name):
            return ()
        value = self.values[name]
        if isinstance(value, list | tuple):
            return value
        self.refuse("wrong_type", name, "must be a list", "write it in square brackets")
        return ()

    def child(self, name: str) -> "Fields | None":
        """A nested object; None when not given."""
        if not self.has(name):
            return None
        value = self.values[name]
        if isinstance(value, Mapping):
            return Fields(value, self.problems, self.at(name))
        self.refuse("wrong_type", name, "must be an object", "write it in braces")
        return None

    def children(self, name: str) -> list["Fields"]:
        """A list of nested objects; empty when not given."""
        found = []
        for i, value in enumerate(self.items(name)):
            if isinstance(value, Mapping):
                found.append(Fields(value, self.problems, self.at(f"{name}[{i}]")))
            else:
                path = self.at(f"{name}[{i}]")
                self.problems.add(
                    "wrong_type", "must be an object", field=path, value=value, remedy="write it in braces"
                )
        return found

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        if not self.has(name):
            return default
        if isinstance(value := self.values[name], bool):
            return value
        self.refuse("wrong_type", name, "must be true or false", "write true or false, without quotes")
        return default

    def choice(self, name: str, options: Sequence[str], default: str) -> str:
        """One of some words."""
        if name not in self.values:
            return default
        value = self.values[name]
        if isinstance(value, str) and value in options:
            return value
        near = get_close_matches(value, options, n=1) if isinstance(value, str) else []
        code = "unknown_value" if isinstance(value, str) else "wrong_type"
        remedy = f"did you mean {near[0]!r}? " if near else ""
        self.refuse(code, name, "is not one of the known words", f"{remedy}choose one of: {', '.join(options)}")
        return default

    def integer(self, name: str, *, low: int = 0, high: int = NUMBER_MAX) -> int | None:
        """A whole number in a range; None when not given."""
        if not self.has(name):
            return None
        value = self.values[name]
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse("wrong_type", name, "must be a whole number", "write it without quotes and without a point")
            return None
        if not low <= value <= high:
            self.refuse("out_of_range", name, "is out of range", f"give a whole number from {low} to {high}")
            return None
        return value

    def count(self, name: str, default: int, *, low: int = 0) -> int:
        """A whole number with a default; an explicit null is refused."""
        if name in self.values and not self.required(name):
            return default
        value = self.integer(name, low=low)
        return default if value is None else value

    def money(self, name: str, currency: str, *, required: bool = False, limit: int = AMOUNT_LIMIT) -> int | None:
        """An amount of 0 or more, in minor units, below a limit."""
        if not (self.required(name) if required else self.has(name)):
            return None
        value = self.values[name]
        if not isinstance(value, str):
            self.refuse("wrong_type", name, "must be a decimal in quotes", 'write an amount such as "120.00"')
            return None
        try:
            minor = to_minor(value, currency, limit=limit)
        except DomainError as error:
            self.refuse(error.code, name, error.message[:200], error.problem.remedy)
            return None
        if minor < 0:
            self.refuse(
                "amount_must_be_positive",
                name,
                "is below 0",
                "give an amount of 0 or more; refunds are facts of their own",
            )
            return None
        return minor

    def percent(self, name: str, *, most: int = 100, required: bool = True) -> int:
        """A percent with at most 4 decimals, in millionths."""
        if not (self.required(name) if required else self.has(name)):
            return 0
        value = self.values[name]
        match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            code = "not_a_number" if isinstance(value, str) else "wrong_type"
            self.refuse(code, name, "is not a percent", 'write a percent such as "12.5%"')
            return 0
        sign, whole, fraction = match[1], match[2], match[3] or ""
        if len(fraction) > 4:
            self.refuse("too_many_decimals", name, "has more than 4 decimals", "give at most 4 decimals")
            return 0
        ppm = int((whole + fraction.ljust(4, "0"))[:24])
        if (sign and ppm) or ppm > most * 10_000:
            self.refuse("out_of_range", name, "is out of range", f"give a percent from 0% to {most}%")
            return 0
        return ppm

    def currency(self, name: str, *, on: Instant | None = None, required: bool = True) -> str | None:
        """An ISO 4217 code that was money on that day."""
        value = self.text(name, required=required)
        if value is None or value in ACTIVE:
            return value
        if value not in RETIRED:
            near = get_close_matches(value.strip().upper(), sorted(ACTIVE), n=1)
            remedy = f"did you mean {near[0]!r}?" if near else "give an ISO 4217 code such as USD"
            self.refuse("unknown_currency", name, "is no currency", remedy)
            return None
        last = instant(datetime.combine(RETIRED[value] + timedelta(days=1), datetime.min.time(), UTC))
        if on is not None and on >= last:
            self.refuse("retired_currency", name, f"ended on {RETIRED[value]}", "give the currency that replaced it")
            return None
        return value

    def instant(self, name: str, *, required: bool = False, latest: int = 2999) -> Instant | None:
        """An RFC 3339 instant with its offset."""
        if not (self.required(name) if required else self.has(name)):
            return None
        value = self.values[name]
        if not isinstance(value, str):
            self.refuse("wrong_type", name, "must be a text", 'write it as "2026-05-01T10:00:00Z"')
            return None
        return self._checked(
            name, parse_instant(value), latest, 'write RFC 3339 with an offset: "2026-05-01T10:00:00Z"'
        )

    def boundary(self, name: str, first_instant: Callable[[int], Instant], *, required: bool = False) -> Instant | None:
        """An instant, or a date that stands for its first instant."""
        value = self.values.get(name)
        if not isinstance(value, str) or len(value) > 10:
            return self.instant(name, required=required, latest=9999)
        day = parse_date(value)
        at = None if day is None or not day.year >= 1900 else first_instant(day.toordinal())
        remedy = 'write a date "2026-05-01", or RFC 3339 with an offset: "2026-05-01T10:00:00Z"'
        if at is None:
            self.refuse("invalid_date" if day is None else "implausible_date", name, "is not a usable date", remedy)
        return at

    def _checked(self, name: str, moment: datetime | None, latest: int, remedy: str) -> Instant | None:
        if moment is None:
            self.refuse("invalid_date", name, "is not an instant", remedy)
            return None
        if not 1900 <= moment.year <= latest:
            self.refuse("implausible_date", name, f"lies before 1900 or after {latest}", "check the year")
            return None
        return instant(moment)


def parse_date(text: str) -> date | None:
    """The date of `2026-05-01`, or None."""
    match = _DATE.fullmatch(text)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def parse_instant(text: str) -> datetime | None:
    """The moment of an RFC 3339 text with an offset and at most 6 digits of a second, or None."""
    match = _INSTANT.fullmatch(text)
    if match is None or len(fraction := match[7] or "") > 6:
        return None
    offset = UTC
    if match[8]:
        hours, minutes = int(match[9]), int(match[10])
        if hours > 23 or minutes > 59:
            return None
        away = timedelta(hours=hours, minutes=minutes)
        offset = timezone(-away if match[8] == "-" else away)
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    try:
        return datetime(year, month, day, hour, minute, second, int(fraction.ljust(6, "0")), offset)
    except ValueError:
        return None


def exact_number(value: object) -> bool:
    """Whether a value is a number (true and false are none)."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
