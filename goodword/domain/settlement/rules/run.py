"""Runs the fold over prepared facts: gives it room, gives it more when it asks, and does by hand what 64 bits cannot.

What a conversion is worth is decided in the rules alone.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from goodword.domain.settlement.rules import layout, tables
from goodword.domain.settlement.rules.budget_parts import BudgetParts, is_pro_rata, parts_of_budget, put_parts
from goodword.domain.settlement.rules.cells import rehash
from goodword.domain.settlement.rules.compiling import ByHand, Unbounded, WorldByHand, uncompiled, world_of
from goodword.domain.settlement.rules.fold import fold
from goodword.domain.settlement.rules.layout import BY_HAND, DONE, MORE_ROOM, NONE, VOLUME_TOO_LARGE, Facts, Table

_GROWS = {
    layout.U_SHARES: "shares",
    layout.U_TIES: "ties",
    layout.U_NODES: "nodes",
    layout.U_TALLIES: "tallies",
    layout.U_MEMBERS: "members",
    layout.U_PAID: "paid",
    layout.U_RECRUITED: "recruited",
    layout.U_REACHED: "reached",
    layout.U_BUDGET: "budget",
    layout.U_LINES: "lines",
    layout.U_STAGES: "stages",
    layout.U_PICKS: "picks",
}
_FIRST_ROOM = 1 << 12
_OUT = (layout.U_LINES, layout.U_STAGES, layout.U_PICKS)
_HASHED = ("tallies", "members", "paid", "recruited", "reached", "budget", "finals")
_SCRATCH = ("weights", "parts", "rests", "numerators", "denominators", "kepts", "kept_ofs")
LINES_AT_ONCE: Final = 1 << 15
"""After so many lines, they are taken away where somebody takes them: their words then stay near the processor."""


class TooLarge(Exception):
    """A conversion (its row) comes to an amount, or a period with it to a volume, beyond the contract's limits."""

    def __init__(self, conversion: int, *, volume: bool) -> None:
        super().__init__(conversion, volume)
        self.conversion = conversion
        self.volume = volume


class Run:
    """One settlement of prepared facts: the tables that grow, and the lines that came of it so far."""

    def __init__(
        self,
        facts: Facts,
        exact_rates: Sequence[Any] = (),
        *,
        compiled: bool = True,
        lines_at_once: int = LINES_AT_ONCE,
    ) -> None:
        self.facts = facts
        self._rates = exact_rates
        self._forgotten = _OUT if facts.program[0]["locks"] else (*_OUT, layout.U_SHARES)
        self._compiled = compiled
        self.next = 0
        self.tables: dict[str, Table] = {name: _rows(name, table) for name, table in facts._asdict().items()}
        self.tables["columns"] = _numbers(facts.properties.shape[1] if facts.properties.ndim == 2 else 0)
        self.tables["ons"] = _numbers(int(facts.program[0]["ons"]))
        self.tables |= {
            "lines": np.zeros(max(1, min(2 * len(facts.conversions), lines_at_once)), layout.Line),
            "stages": np.zeros(_room_for(facts), layout.Stage),
            "picks": _numbers(_room_for(facts)),
            "outcomes": _rows("outcomes", np.zeros(len(facts.conversions), np.int8)),
        }
        self.tables |= _scratch(facts, 64)
        self._begin()

    @property
    def used(self) -> Any:
        """How many rows of each table that grows are in use, by its number in `layout`."""
        return self.tables["used"]["value"]

    @property
    def outcomes(self) -> Any:
        """The code of each conversion's outcome, HAS_LINES included."""
        return self.tables["outcomes"]["value"]

    def _begin(self) -> None:
        """Nothing has been seen yet."""
        finals = self.tables.get("finals")
        self.tables |= _state(self.facts)
        if finals is not None:
            self.tables["finals"] = finals
        self.next = 0
        self.fit()

    def totals(self) -> None:
        """Take all conversions only to learn the final totals of every period; then begin anew, knowing them."""
        self._take(len(self.facts.conversions), only_totals=True)
        self.tables["finals"] = self.tables["tallies"]
        self._begin()

    def again(self) -> None:
        """Begin anew, with final totals still known."""
        self._begin()

    def lines(self, stop: int | None = None, *, drain: Callable[[], None] | None = None) -> None:
        """Take the conversions up to `stop`. With `drain`, it is called when the lines are many; it takes them away."""
        self._take(len(self.facts.conversions) if stop is None else stop, drain=drain)

    def only(self, rows: Sequence[int]) -> None:
        """Take these conversions (their rows, ascending) and no others."""
        for place, row in enumerate(rows):
            if place == 0 or rows[place - 1] != row - 1:
                self.next = row
            if place + 1 == len(rows) or rows[place + 1] != row + 1:
                self._take(row + 1)

    def drained(self) -> dict[str, Table]:
        """The tables with the lines put out so far, which stay as they are: the run goes on in new ones."""
        tables = {**self.tables, "used": self.tables["used"].copy()}
        for at in self._forgotten:
            name = _GROWS[at]
            tables[name] = self.tables[name][: self.used[at]]
            self.tables[name] = np.empty_like(self.tables[name])
            self.used[at] = 0
        self.fit()
        return tables

    def _take(self, stop: int, *, only_totals: bool = False, drain: Callable[[], None] | None = None) -> None:
        while self.next < stop:
            if self._compiled:
                self.next, status = fold(self._world, self.next, stop, only_totals)
            else:
                self.next, status = self._by_hand(only_totals=only_totals)
            if status == BY_HAND:
                self.next, status = self._by_hand(only_totals=only_totals)
            if status == MORE_ROOM:
                if drain is not None and self.used[layout.U_LINES] and self._is_full(layout.U_LINES):
                    drain()
                self._grow()
            elif status != DONE:
                raise TooLarge(self.next, volume=status == VOLUME_TOO_LARGE)

    def _by_hand(self, *, only_totals: bool) -> tuple[int, int]:
        """Take the next conversion uncompiled."""
        wrapped: dict[str, Any] = {name: ByHand(table) for name, table in self.tables.items()}
        room = len(self.tables["weights"])
        wrapped |= {name: Unbounded(["value"], room) for name in _SCRATCH}
        if len(self._rates):
            wrapped["rates"] = self._rates
        result: tuple[int, int] = uncompiled(fold)([WorldByHand(wrapped)], self.next, self.next + 1, only_totals)
        return result

    def _grow(self) -> None:
        """Give every table that is too small at least twice its room."""
        wanted = self.tables["wanted"]["value"]
        for at, name in _GROWS.items():
            while self.used[at] + wanted[at] > self._room(name):
                if name in _HASHED:
                    self.tables[name] = _rehashed(self.tables[name], 2 * len(self.tables[name]))
                else:
                    self.tables[name] = _longer(self.tables[name])
        if wanted[layout.U_COMPONENTS] > self.tables["sizes"]["value"][layout.U_COMPONENTS]:
            self.tables |= _scratch(self.facts, int(2 * wanted[layout.U_COMPONENTS]))
        self.fit()

    def _is_full(self, at: int) -> bool:
        return bool(self.used[at] + self.tables["wanted"]["value"][at] > self._room(_GROWS[at]))

    def _room(self, name: str) -> int:
        return len(self.tables[name]) // 2 if name in _HASHED else len(self.tables[name])

    def fit(self) -> None:
        """Tell the fold where its tables are, and how much room there is."""
        for at, name in _GROWS.items():
            self.tables["sizes"]["value"][at] = self._room(name)
        self._world = world_of({name: self.tables[name] for name in tables.ROWS}, tables.WORLD)


def _rows(name: str, table: Any) -> Table:
    """A table as rows of the type that the rules read."""
    kind = tables.ROWS[name]
    if table.dtype.names:
        if table.dtype != kind:
            raise TypeError(f"table {name} has other columns than the rules read")
        return table
    return np.ascontiguousarray(table.ravel(), kind["value"]).view(kind)


def _numbers(rows: int, fill: int = 0) -> Table:
    return _rows("picks", np.full(rows, fill, np.int64))


def _state(facts: Facts) -> dict[str, Table]:
    customers, ons = len(facts.customers), int(facts.program[0]["ons"])
    histories = np.zeros(customers, layout.History)
    histories["seen_lo"] = facts.customers["touch_lo"]
    histories["lock_conversion"] = histories["tie"] = histories["last"] = NONE
    return {
        "used": _numbers(layout.U_COMPONENTS + 1),
        "histories": histories,
        "customer_nth": _rows("customer_nth", np.zeros(customers * ons, np.int32)),
        "partner_nth": _rows("partner_nth", np.zeros(len(facts.partners) * ons, np.int32)),
        "partner_last": _rows("partner_last", np.full(len(facts.partners), NONE, np.int32)),
        "shares": np.zeros(max(64, customers), layout.Share),
        "ties": np.zeros(_room_for(facts), layout.Tie),
        "nodes": np.zeros(_room_for(facts), layout.Node),
        **{name: _cells(_room_for(facts)) for name in _HASHED},
    }


def _room_for(facts: Facts) -> int:
    """The rows to begin with of a table that grows: to grow it again and again takes longer than to settle a few."""
    return 1 << min(max(len(facts.conversions), 64), _FIRST_ROOM).bit_length()


def _scratch(facts: Facts, components: int) -> dict[str, Table]:
    """Room for the conversion with the most touches, shares and lines."""
    touches = int(facts.customers["touch_n"].max(initial=0)) + int(facts.credits["share_n"].max(initial=0)) + 2
    return {
        "case": np.zeros(1, layout.Case),
        "parties": np.zeros(touches, layout.Party),
        "candidates": _numbers(touches),
        "line_rules": _numbers(int(facts.conversions["line_n"].max(initial=0)) + 1),
        "stamps": _numbers(len(facts.partners), NONE),
        "slots": _numbers(len(facts.partners)),
        **{name: _numbers(touches + components) for name in _SCRATCH},
        "spare": np.zeros(1, layout.Line),
        "wanted": _numbers(layout.U_COMPONENTS + 1),
        "sizes": _rows("sizes", np.array([0] * layout.U_COMPONENTS + [components], np.int64)),
    }


def _cells(rows: int) -> Table:
    cells = np.zeros(rows, layout.Cell)
    cells["key"] = NONE
    return cells


def _longer(table: Table) -> Table:
    longer = np.zeros(2 * len(table), table.dtype)
    longer[: len(table)] = table
    return longer


def hashed(table: Table) -> Table:
    """Cells, wherever they stand, as a hash table with as much room again."""
    return _rehashed(table, max(64, 1 << (4 * len(table)).bit_length()))


def _rehashed(table: Table, rows: int) -> Table:
    wider = _cells(rows)
    two = dict.fromkeys(tables.ROWS, np.zeros(1, np.int8)) | {"tallies": table, "members": wider}
    rehash(world_of(two, tables.WORLD)[0], tables.TALLIES, tables.MEMBERS)
    return wider


def settle_tables(facts: Facts, exact_rates: Sequence[Any] = (), *, compiled: bool = True) -> Run:
    """The whole settlement of prepared facts, all lines in memory."""
    run = Run(facts, exact_rates, compiled=compiled)
    if needs_totals(facts):
        run.totals()
    run.lines()
    if is_pro_rata(facts):
        lines = run.tables["lines"][: run.used[layout.U_LINES]]
        put_parts(lines, parts_of_budget(facts, lines["conversion"], lines["unbudgeted"]))
    return run


def settle_in_pieces(run: Run, take: Callable[[dict[str, Table]], None]) -> None:
    """The whole settlement, its lines given away whenever they are many. What `take` is given stays as it is."""
    if needs_totals(run.facts):
        run.totals()
    parts, given = _parts_beforehand(run) if is_pro_rata(run.facts) else None, 0

    def give() -> None:
        nonlocal given
        tables = run.drained()
        if parts is not None:
            put_parts(tables["lines"], parts, given)
        given += len(tables["lines"])
        take(tables)

    run.lines(drain=give)
    if run.used[layout.U_LINES]:
        give()


def _parts_beforehand(run: Run) -> "BudgetParts":
    """The parts of all lines, for which all have to be known: they are put out twice."""
    known: list[tuple[Table, Table]] = []

    def learn() -> None:
        lines = run.drained()["lines"]
        known.append((lines["conversion"].copy(), lines["unbudgeted"].copy()))

    run.lines(drain=learn)
    learn()
    run.again()
    conversions, amounts = (np.concatenate(columns) for columns in zip(*known, strict=True))
    return parts_of_budget(run.facts, conversions, amounts)


def needs_totals(facts: Facts) -> bool:
    """Whether some rule's tiers look at the final total of a period."""
    return bool(((facts.rules["pay"] == layout.TIERS) & (facts.rules["mode"] == layout.WHOLE)).any())
