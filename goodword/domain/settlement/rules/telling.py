"""Has lines put into words: gives the compiled words room, gives them more when they ask, and does by hand what 64 bits
cannot. Which words is decided in `words.py` alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from goodword.domain.settlement.rules import tables
from goodword.domain.settlement.rules.compiling import ByHand, WorldByHand, uncompiled, world_of
from goodword.domain.settlement.rules.layout import BY_HAND, DONE, NEVER, U_LINES, Table
from goodword.domain.settlement.rules.sheet import (
    AT_FROM,
    AT_LINE,
    AT_RATE,
    AT_RESULT,
    AT_STEP,
    BASES,
    SHEET,
    Page,
)
from goodword.domain.settlement.rules.texts import Texts, joined
from goodword.domain.settlement.rules.words import write_lines

_SPARE = 1 << 14


class Written(NamedTuple):
    """The names that stand in steps: all kinds in one table of texts, where each kind begins in it, ids of conversions;
    and the length of the longest.
    """

    names: Texts
    bases: Table
    ids: Texts
    longest: int


def written(names: Any, ids: Texts) -> Written:
    """The names of a prepared settlement, as words read them."""
    texts, bases = joined([getattr(names, name) for name in BASES.names or ()])
    return Written(texts, np.array([tuple(bases)], BASES), ids, max(texts.longest(), ids.longest()))


class Source(NamedTuple):
    """What lines are told from: a run's world and tables (of `lines` those in use), its exact rates, and names."""

    world: Table
    tables: Mapping[str, Table]
    exact_rates: Sequence[Any]
    names: Written


def source_of(run: Mapping[str, Table], exact_rates: Sequence[Any], names: Written) -> Source:
    """The lines in use of a run's tables, and what they are told from."""
    found = {name: run[name] for name in tables.ROWS}
    found["lines"] = found["lines"][: run["used"]["value"][U_LINES]]
    return Source(world_of(found, tables.WORLD), found, exact_rates, names)


def tell(source: Source, lo: int, hi: int, *, compiled: bool = True) -> Page:
    """The words of the lines of rows lo to hi."""
    names = source.names
    page, at = _page(hi - lo, names.longest), lo
    while at < hi:
        stop = BY_HAND
        if compiled:
            stop, at = write_lines(source.world, _sheet(page, names), at, hi, names.longest)
        if stop == BY_HAND:
            page = _by_hand(source, page, at)
            at += 1
        elif stop != DONE:
            page = _enlarged(page, at - lo, hi - lo, source)
    return page


def _sheet(page: Page, names: Written) -> Table:
    sheet: Table = world_of(
        page._asdict()
        | {
            "bases": names.bases,
            "names": names.names.data,
            "starts": names.names.starts,
            "ids": names.ids.data,
            "id_starts": names.ids.starts,
        },
        SHEET,
    )
    return sheet


def _page(lines: int, longest: int) -> Page:
    spare = _SPARE + 16 * longest
    return Page(
        pen=np.zeros(5, np.int64),
        does=np.empty(lines * 8 + 64, np.uint8),
        froms=np.empty(lines * 192 + spare, np.uint8),
        from_ends=np.zeros(lines * 8 + 65, np.int32),
        results=np.empty(lines * 64 + spare, np.uint8),
        result_ends=np.zeros(lines * 8 + 65, np.int32),
        rates=np.empty(lines * 8 + spare, np.uint8),
        rate_ends=np.zeros(lines + 1, np.int32),
        step_ends=np.zeros(lines + 1, np.int32),
    )


_USED = {"does": AT_STEP, "froms": AT_FROM, "results": AT_RESULT, "rates": AT_RATE}


def _enlarged(page: Page, done: int, lines: int, source: Source) -> Page:
    """The same page with room for what the lines left over will take, if they are like those that are written."""
    spare = 2 * _SPARE + 16 * source.names.longest
    longest = source.tables["lines"]["pick_n"].max(initial=0) + source.tables["rules"]["step_n"].max(initial=0)
    spare += 128 * int(longest)
    longer = {}
    for name, used in _USED.items():
        buffer, written = getattr(page, name), int(page.pen[used])
        likely = written * lines // max(done, 1) * 9 // 8 + spare
        longer[name] = _longer(buffer, max(likely, len(buffer)), written)
    steps = int(page.pen[AT_STEP]) + 1
    for name in ("from_ends", "result_ends"):
        longer[name] = _longer(getattr(page, name), len(longer["does"]) + 1, steps)
    return page._replace(**longer)


def _longer(buffer: Table, length: int, used: int) -> Table:
    longer = np.empty(length, buffer.dtype)
    longer[:used] = buffer[:used]
    return longer


class _Growing(list[int]):
    """A buffer without bounds, for the uncompiled words."""

    def __setitem__(self, at: Any, value: Any) -> None:
        while len(self) <= at:
            self.append(0)
        super().__setitem__(at, int(value))


def _by_hand(source: Source, page: Page, at: int) -> Page:
    """Write one line with Python's integers and add it to the page."""
    world: dict[str, Any] = {name: ByHand(table) for name, table in source.tables.items()}
    if len(source.exact_rates):
        world["rates"] = source.exact_rates
    names = source.names
    own = Page([0] * 5, *(_Growing([0]) for _ in range(8)))  # type: ignore[arg-type]
    sheet = WorldByHand(
        own._asdict()
        | {
            "bases": ByHand(names.bases),
            "names": names.names.data,
            "starts": names.names.starts,
            "ids": names.ids.data,
            "id_starts": names.ids.starts,
        }
    )
    vars(sheet).update(dict.fromkeys(("froms_n", "results_n", "rates_n", "does_n"), NEVER))
    stop, _ = uncompiled(write_lines)([WorldByHand(world)], [sheet], at, at + 1, names.longest)
    assert stop == DONE, "Python's integers and lists have no bounds"
    page = _with_room(page, own)
    pen, step = page.pen, int(page.pen[AT_STEP])
    steps, line = own.pen[AT_STEP], int(pen[AT_LINE]) + 1
    page.does[step : step + steps] = own.does[:steps]
    page.from_ends[step + 1 : step + 1 + steps] = pen[AT_FROM] + np.array(own.from_ends[1 : steps + 1])
    page.result_ends[step + 1 : step + 1 + steps] = pen[AT_RESULT] + np.array(own.result_ends[1 : steps + 1])
    for name in ("froms", "results", "rates"):
        start, size = pen[_USED[name]], own.pen[_USED[name]]
        getattr(page, name)[start : start + size] = getattr(own, name)[:size]
    for place in (AT_FROM, AT_RESULT, AT_STEP, AT_RATE):
        pen[place] += own.pen[place]
    page.step_ends[line], page.rate_ends[line], pen[AT_LINE] = pen[AT_STEP], pen[AT_RATE], line
    return page


def _with_room(page: Page, own: Page) -> Page:
    longer = {}
    for name, used in _USED.items():
        buffer, written = getattr(page, name), int(page.pen[used])
        needed = written + int(own.pen[used]) + 1
        longer[name] = buffer if needed <= len(buffer) else _longer(buffer, 2 * needed, written)
    steps = int(page.pen[AT_STEP]) + 1
    for name in ("from_ends", "result_ends"):
        buffer = getattr(page, name)
        length = len(longer["does"]) + 1
        longer[name] = buffer if length == len(buffer) else _longer(buffer, length, steps)
    return page._replace(**longer)
