"""What a run has put out, as others read it: lines as objects with steps on demand or as an Arrow table, outcomes, and
totals. Nothing is decided here but when a line matures and the id it goes by.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa

from goodword.domain.settlement.result import KINDS, STATES, Line, Outcome, Step, Total
from goodword.domain.settlement.rules.compiling import entry
from goodword.domain.settlement.rules.json_text import steps_texts
from goodword.domain.settlement.rules.layout import BONUS, NONE, OUTCOMES, REASONS, Table
from goodword.domain.settlement.rules.line_columns import (
    REASON_WORDS,
    STEPS,
    WORD,
    coded,
    decimals_of,
    named,
    rates_of,
    reasons_of,
    steps_of,
    strings,
)
from goodword.domain.settlement.rules.line_ids import ID_SIZE, Labels, line_ids
from goodword.domain.settlement.rules.prepared import Prepared
from goodword.domain.settlement.rules.sheet import DOES, Page
from goodword.domain.settlement.rules.telling import Source, source_of, tell, written
from goodword.domain.settlement.rules.texts import Texts, joined, texts_of

_FEW: Final = ("rule", "terms", "kind", "currency", "matures_on", "state")
"""What is said in few words again and again: numbers into a dictionary of them."""
_TYPES: Final = {
    **dict.fromkeys(("line", "conversion", "partner", "rule", "terms", "kind", "currency"), pa.string()),
    "share_ppm": pa.int64(),
    **dict.fromkeys(("basis", "rate", "amount", "matures_on", "state"), pa.string()),
    **dict.fromkeys(_FEW, WORD),
    "reasons": REASON_WORDS,
    "steps": STEPS,
}
SCHEMA: Final = pa.schema([pa.field(name, kind, nullable=False) for name, kind in _TYPES.items()])
"""The columns of lines: as `line_to_json`, money as decimal texts."""
OUTCOME_SCHEMA: Final = pa.schema([("conversion", pa.string()), ("outcome", pa.string())])
_KINDS: Final = texts_of(KINDS)
_OUTCOMES: Final = texts_of(OUTCOMES)
_STATES: Final = texts_of(STATES)
_REASONS_OF: Final = [
    tuple(reason for bit, reason in enumerate(REASONS) if bits >> bit & 1) for bits in range(1 << len(REASONS))
]


class Publisher:
    """Publishes the lines of one prepared settlement, whole or in chunks."""

    def __init__(self, prepared: Prepared) -> None:
        names, facts = prepared.names, prepared.facts
        self.prepared = prepared
        self.ids = texts_of(names.conversions)
        self.partners = texts_of(names.partners)
        self.terms = texts_of(names.terms)
        self.currency = names.currencies[0]
        self.currencies = texts_of([self.currency])
        self.places = int(facts.program[0]["places"])
        self.keys, (_, first_bonus_key) = joined([names.rule_keys, names.bonus_keys])
        longest = sum(texts.longest() for texts in (self.ids, self.partners, self.keys))
        self.labels = Labels(self.ids, self.partners, self.keys, first_bonus_key, longest)
        self.key_names = [*names.rule_keys, *names.bonus_keys]
        self._names = written(names, self.ids)
        self._payable: dict[int, bool] = {}

    def publish(
        self, tables: Mapping[str, Table], lo: int = 0, hi: int | None = None, *, compiled: bool = True
    ) -> "Chunk":
        """The lines of rows lo to hi (None: all) of a run's tables, which must stay as they are until it is read."""
        source = source_of(tables, self.prepared.exact_rates, self._names)
        return Chunk(self, source, lo, len(source.tables["lines"]) if hi is None else hi, compiled=compiled)

    def outcomes(self, codes: Table) -> list[Outcome]:
        """Why conversions have no line, in their order."""
        found = OutcomeRows(self, codes)
        return found.objects(0, len(found))

    def is_payable(self, day: int) -> bool:
        """Whether what matures on this day has matured."""
        found = self._payable.get(day)
        if found is None:
            prepared = self.prepared
            found = self._payable[day] = prepared.as_of >= prepared.zone.first_instant(day)
        return found


class OutcomeRows:
    """Why conversions have no line, in their order. `codes`: of all conversions."""

    def __init__(self, publisher: Publisher, codes: Table) -> None:
        self._publisher, self._codes = publisher, codes
        self._rows = np.flatnonzero(codes)

    def __len__(self) -> int:
        return len(self._rows)

    def objects(self, lo: int, hi: int) -> list[Outcome]:
        """Some of them."""
        rows = self._rows[lo:hi]
        names = _of(self._publisher.prepared.names.conversions, rows)
        return list(map(Outcome, names, _of(OUTCOMES, self._codes[rows])))

    def table(self, lo: int, hi: int) -> pa.Table:
        """Some of them, as an Arrow table of OUTCOME_SCHEMA."""
        rows = self._rows[lo:hi]
        columns = [named(self._publisher.ids, rows), named(_OUTCOMES, self._codes[rows])]
        return pa.Table.from_arrays(columns, schema=OUTCOME_SCHEMA)


class Chunk:
    """Some lines of a settlement, in order."""

    def __init__(self, publisher: Publisher, source: Source, lo: int, hi: int, *, compiled: bool = True) -> None:
        self._compiled = compiled
        self._publisher = publisher
        self._lines = source.tables["lines"][lo:hi]
        self._source = source
        self._rows = (lo, hi)

    def __len__(self) -> int:
        return len(self._lines)

    def lines(self) -> list[Line]:
        """The lines as objects. Their steps are put into words together, when the first is asked for."""
        publisher, lines, names = self._publisher, self._lines, self._publisher.prepared.names
        columns: list[Sequence[Any]] = [
            self._id_texts(),
            _of(names.conversions, lines["conversion"]),
            _of(names.partners, lines["partner"]),
            _of(publisher.key_names, self._keys()),
            _of(names.terms, lines["terms"]),
            _of(KINDS, lines["kind"]),
            lines["level"].tolist(),
            [publisher.currency] * len(lines),
            lines["share_ppm"].tolist(),
            lines["basis"].tolist(),
            rates_of(self.page).to_pylist(),
            lines["amount"].tolist(),
            *self._matured(),
            _of(_REASONS_OF, lines["reasons"]),
            [Trace(self, row) for row in range(len(lines))],
        ]
        return list(map(Line._make, zip(*columns, strict=True)))

    def table(self) -> pa.Table:
        """The lines as an Arrow table of SCHEMA."""
        publisher, lines, page = self._publisher, self._lines, self.page
        ends = np.arange(len(lines) + 1, dtype=np.int32) * ID_SIZE
        columns = [
            strings(ends, self.ids),
            named(publisher.ids, lines["conversion"]),
            named(publisher.partners, lines["partner"]),
            coded(publisher.keys, self._keys()),
            coded(publisher.terms, lines["terms"]),
            coded(_KINDS, lines["kind"]),
            coded(publisher.currencies, np.zeros(len(lines), np.int32)),
            pa.array(lines["share_ppm"].astype(np.int64)),
            decimals_of(lines["basis"], publisher.places),
            rates_of(page),
            decimals_of(lines["amount"], publisher.places),
            *self._maturity_columns(),
            reasons_of(lines["reasons"]),
            steps_of(page),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)

    @cached_property
    def page(self) -> Page:
        """The words of the lines."""
        return tell(self._source, *self._rows, compiled=self._compiled)

    @cached_property
    def ids(self) -> Table:
        """The ids of the lines, each of ID_SIZE bytes."""
        return line_ids(self._source.world, *self._rows, self._publisher.labels)

    @cached_property
    def steps_json(self) -> Texts:
        """The steps of each line as canonical JSON."""
        return steps_texts(self.page)

    def steps(self, row: int) -> list[Step]:
        """The steps of one line."""
        page = self.page
        return [
            {
                "do": DOES[page.does[step]],
                "from": bytes(page.froms[page.from_ends[step] : page.from_ends[step + 1]]).decode(),
                "is": bytes(page.results[page.result_ends[step] : page.result_ends[step + 1]]).decode(),
            }
            for step in range(page.step_ends[row], page.step_ends[row + 1])
        ]

    @cached_property
    def _days(self) -> Table:
        """The day on which each line matures."""
        facts = self._publisher.prepared.facts
        hold = np.where(self._lines["hold_days"] == NONE, facts.program[0]["hold_days"], self._lines["hold_days"])
        return facts.conversions["day"][self._lines["conversion"]] + hold

    @cached_property
    def _maturities(self) -> tuple[Table, list[int]]:
        """The number of the day on which each line matures, and the day of each number."""
        return _numbered(self._days)

    def _matured(self) -> tuple[list[date], list[str]]:
        days = self._days.tolist()
        dates = {day: date.fromordinal(day) for day in set(days)}
        states = {day: STATES[self._publisher.is_payable(day)] for day in dates}
        return [dates[day] for day in days], [states[day] for day in days]

    def _maturity_columns(self) -> Iterator[pa.Array]:
        codes, days = self._maturities
        yield coded(texts_of([date.fromordinal(day).isoformat() for day in days]), codes)
        yield coded(_STATES, np.array([self._publisher.is_payable(day) for day in days], np.int8)[codes])

    def _keys(self) -> Table:
        facts, lines = self._publisher.prepared.facts, self._lines
        bonus = lines["kind"] == BONUS
        keys = facts.rules["key"][np.where(bonus, 0, lines["rule"])] if len(facts.rules) else lines["rule"].copy()
        if bonus.any():
            keys[bonus] = self._publisher.labels.first_bonus_key + facts.bonuses["key"][lines["rule"][bonus]]
        return keys

    def _id_texts(self) -> list[str]:
        text = self.ids.tobytes().decode()
        return [text[at : at + ID_SIZE] for at in range(0, len(text), ID_SIZE)]

    def add_to(self, totals: "Totals") -> None:
        """Add the lines to totals."""
        codes, days = self._maturities
        payable = np.array([self._publisher.is_payable(day) for day in days], np.int8)[codes]
        _add(totals.sums, self._lines, payable)


class Trace:
    """What a line's `steps` are asked of: the words of its chunk."""

    __slots__ = ("_chunk", "_row")

    def __init__(self, chunk: Chunk, row: int) -> None:
        self._chunk, self._row = chunk, row

    def __call__(self) -> list[Step]:
        return self._chunk.steps(self._row)

    def json(self) -> str:
        """The steps as canonical JSON."""
        return self._chunk.steps_json.text(self._row)


class Totals:
    """Sums per partner and state, over all chunks."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self.sums = np.zeros((len(publisher.prepared.names.partners), 2, 3), np.int64)
        """Lines, and the upper and lower part of the sum, which may need more than 64 bits."""

    def totals(self) -> list[Total]:
        """Per partner, currency and state, in that order (pending before payable)."""
        names, currency = self._publisher.prepared.names.partners, self._publisher.currency
        found = [
            Total(str(names[row]), currency, STATES[state], lines, (upper << 32) + lower)
            for row in np.flatnonzero(self.sums[:, :, 0].any(axis=1)).tolist()
            for state, (lines, upper, lower) in enumerate(self.sums[row].tolist())
            if lines
        ]
        return sorted(found, key=lambda total: total.partner)


@entry
def _add(sums: Table, lines: Table, payable: Table) -> None:
    for i in range(len(lines)):
        cell = sums[lines[i].partner, payable[i]]
        cell[0] += 1
        cell[1] += lines[i].amount >> 32
        cell[2] += lines[i].amount & 0xFFFFFFFF


def _numbered(days: Table) -> tuple[Table, list[int]]:
    """Numbers for days, and the day of each number, earliest first."""
    if not len(days):
        return days, []
    first = days.min()
    seen = np.zeros(int(days.max() - first) + 1, bool)
    seen[days - first] = True
    codes = (np.cumsum(seen, dtype=np.int32) - 1)[days - first]
    return codes, (np.flatnonzero(seen) + first).tolist()


def _of(names: Sequence[Any], codes: Table) -> list[Any]:
    if isinstance(names, pa.Array | pa.ChunkedArray):
        found: list[Any] = names.take(pa.array(codes)).to_pylist()
        return found
    return [names[code] for code in codes.tolist()]
