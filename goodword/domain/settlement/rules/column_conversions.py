"""Sales and events in columns, with their refunds, cancels, rates and lines, turned into tables."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goodword.domain.currency import ACTIVE, decimals
from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import Code
from goodword.domain.settlement.rules import layout
from goodword.domain.settlement.rules.column_texts import (
    checked_amounts,
    checked_texts,
    coded,
    column_of,
    indices_of,
    joined,
    require,
    text_ranks,
    texts_at,
)
from goodword.domain.settlement.rules.layout import NONE, Table
from goodword.domain.settlement.rules.local_days import local_days
from goodword.domain.settlement.rules.plain_rows import Kinds, Rows
from goodword.domain.settlement.rules.prepare_tables import Array, in_order
from goodword.domain.settlement.rules.prepare_terms import RuleTables
from goodword.domain.settlement.rules.text_columns import Numbered, all_distinct, in_order_met, looked_up, numbered
from goodword.domain.settlement.rules.text_values import MISSING

_FIGURES = ("amount", "tax", "shipping", "discount", "fees", "cost")
_LINE = {"product", "category", "amount", "quantity"}
_QUANTITY_MAX = 10**9


class Conversions(NamedTuple):
    """The rows of sales and events, where the kept ones stand in the table, and the table, which fills up."""

    sales: Rows
    events: Rows
    sale_rows: Array
    event_rows: Array
    asked: "Asked"
    names: pa.Array
    table: Table
    places: Array
    """The decimals of each sale's currency, kept or not."""


class Asked(NamedTuple):
    """Ids that other facts name, and which of all sales and events, kept or not, sales first, these are."""

    known: Numbered
    number: Array
    row_of: Array
    """The row in the table of each of all of them; NONE when it is not kept."""

    def numbers(self, texts: pa.Array) -> Array:
        """The numbers of the sales and events that are named; NONE: not known."""
        found: Array = self.number[looked_up(self.known, column_of(texts))]
        return found


class Dated(NamedTuple):
    """The rows of a kind of fact and the instants of all of them."""

    rows: Rows
    at: Array


def read_conversions(sales: Dated, events: Dated, asked: pa.Array, program: Program) -> tuple[Conversions, list[str]]:
    """The conversions in (at, id) order, those of sales without their figures; and the currencies, the program's first.

    `asked`: all ids that other facts name.
    """
    of_sales, of_events = (one.rows.all_texts("id", required=True) for one in (sales, events))
    require(all_distinct(column_of(of_sales), column_of(of_events)))
    ids = joined(of_sales, of_events)
    del of_sales, of_events
    named, _ = numbered(column_of(asked))
    number = _places(named, ids)
    kept = np.concatenate((sales.rows.kept_mask(), events.rows.kept_mask()))
    if not kept.all():
        ids = ids.filter(pa.array(kept))
    at = np.concatenate((sales.rows.kept(sales.at), events.rows.kept(events.at)))
    order = in_order(at, text_ranks(ids))
    rows = np.empty(len(order), np.int32)
    rows[order] = np.arange(len(order), dtype=np.int32)
    row_of = np.full(len(kept), NONE, np.int32)
    row_of[kept] = rows
    table = np.zeros(len(order), layout.Conversion)
    table["at"] = at[order]
    table["day"] = local_days(program.timezone, table["at"])
    table["property_row"] = table["cancel_day"] = table["credit"] = NONE
    sale_rows, event_rows = rows[: sales.rows.count], rows[sales.rows.count :]
    names = ids.take(pa.array(order))
    del ids, at, order, kept
    currencies = _Currencies(program.currency)
    places = currencies.put(table, sale_rows, sales.rows, required=True)
    _put_events(table, event_rows, events.rows, currencies)
    given = Asked(named, number, np.append(row_of, np.int32(NONE)))
    table["is_sale"][sale_rows] = table["has_value"][sale_rows] = 1
    return Conversions(sales.rows, events.rows, sale_rows, event_rows, given, names, table, places), currencies.names


def _places(named: Numbered, ids: pa.Array) -> Array:
    """Which row has each of the named ids; one more, NONE, for what is not named."""
    found = looked_up(named, column_of(ids))
    met = np.flatnonzero(found != NONE)
    number = np.full(len(named.first_rows) + 1, NONE, np.int32)
    number[found[met]] = met
    return number


class _Currencies:
    """The currencies met so far, the program's first."""

    def __init__(self, home: str) -> None:
        self.names = [home]

    def put(self, table: Table, rows: Array, given: Rows, *, required: bool) -> Array:
        """Which currency each row has; the decimals of all, kept or not (one figure where they are the same)."""
        numbers, names = given.kinds("currency", required=required)
        texts = names.to_pylist()
        require(set(texts) <= ACTIVE)
        places = np.array([*(decimals(text) for text in texts), decimals(self.names[0])])[numbers]
        if set(texts) <= {self.names[0]}:
            return places[:1] if len(places) else np.array([2])
        kept, met = in_order_met(given.kept(numbers), len(texts))
        self.names += [texts[number] for number in met if texts[number] not in self.names]
        place = {text: number for number, text in enumerate(self.names)}
        table["currency"][rows] = np.array([*(place[texts[number]] for number in met), 0])[kept]
        return places


def _put_events(table: Table, rows: Array, events: Rows, currencies: _Currencies) -> None:
    places = currencies.put(table, rows, events, required=False)
    values = events.amounts("value", places)
    if values is not None:
        kept = events.kept(values)
        table["amount"][rows] = np.where(kept == MISSING, 0, kept)
        table["has_value"][rows] = kept != MISSING


def put_figures(conversions: Conversions) -> None:
    """What sales came to."""
    table, sales, rows = conversions.table, conversions.sales, conversions.sale_rows
    for name in _FIGURES:
        figures = sales.amounts(name, conversions.places, required=name == "amount")
        if figures is not None:
            figures[figures == MISSING] = 0
            table[name][rows] = sales.kept(figures)


class CustomerNumbers(NamedTuple):
    """The customers of conversions, their ids by number, and the number of each sale's and then event's."""

    known: Numbered
    names: pa.Array
    numbers: Array


def number_customers(sales: Rows, events: Rows) -> CustomerNumbers:
    """Whose each conversion is."""
    both = joined(*(rows.texts("customer", required=True) for rows in (sales, events)))
    known, numbers = numbered(column_of(both))
    names = both.take(pa.array(known.first_rows))
    return CustomerNumbers(_compact(known, names), names, numbers)


def put_customers(conversions: Conversions, numbers: Array) -> None:
    """Whose each conversion is."""
    conversions.table["customer"][conversions.sale_rows] = numbers[: conversions.sales.count]
    conversions.table["customer"][conversions.event_rows] = numbers[conversions.sales.count :]


def _compact(known: Numbered, names: pa.Array) -> Numbered:
    """The same with the distinct texts side by side, so that the column they were found in can go."""
    return Numbered(known.table, column_of(names), known.first_rows)


def put_ons(conversions: Conversions, rules: RuleTables) -> None:
    """What each conversion is."""
    numbers, texts = conversions.events.kinds("name", required=True)
    names = texts.to_pylist()
    require({"sale", "assist"}.isdisjoint(names))
    ons = np.array([rules.ons.get(name, rules.other_on) for name in names], np.int32)
    if len(ons):
        conversions.table["on"][conversions.event_rows] = ons[conversions.events.kept(numbers)]


def put_codes(conversions: Conversions, codes: Sequence[Code], partners: Mapping[str | None, int]) -> Array:
    """Which sales carried a code; for each conversion the code's partner, or NONE."""
    found = np.full(len(conversions.table), NONE, np.int32)
    given = conversions.sales.texts("code")
    if given.null_count == len(given):
        return found
    used = column_of(given)
    conversions.table["has_code"][conversions.sale_rows] = used.starts != used.ends
    known, _ = numbered(column_of(pa.array([code.id for code in codes], pa.string())))
    owners = np.array([*(partners[code.partner] for code in codes), NONE], np.int32)
    found[conversions.sale_rows] = owners[looked_up(known, used)]
    return found


def put_lines(conversions: Conversions, rules: RuleTables, values: dict[int, Sequence[str]]) -> Table:
    """The lines of sales; and the products, categories and kinds that conditions look at."""
    table, sales, rows = conversions.table, conversions.sales, conversions.sale_rows
    lines = _Lines(conversions)
    n = sales.kept(lines.counts)
    table["line_lo"][rows], table["line_n"][rows] = np.cumsum(n) - n, n
    found = np.zeros(lines.kept_count, layout.SaleLine)
    found["amount"], found["quantity"] = lines.amount, lines.quantity
    products, kinds = sales.kinds("product"), sales.kinds("kind")
    if layout.PRODUCT in rules.looks_at:
        both = _joined(Kinds(sales.kept(products.numbers), products.texts), _kinds_of(lines.product))
        numbers, values[layout.PRODUCT] = _met(both)
        table["product"][rows], found["product"] = numbers[: sales.count], numbers[sales.count :]
    if layout.CATEGORY in rules.looks_at:
        found["category"], values[layout.CATEGORY] = coded(lines.category, first=1)
    if layout.KIND in rules.looks_at:
        table["kind"][rows], values[layout.KIND] = _met(Kinds(sales.kept(kinds.numbers), kinds.texts))
    return found


def _kinds_of(texts: pa.Array) -> Kinds:
    found = texts.dictionary_encode()
    return Kinds(indices_of(found), found.dictionary)


def _joined(one: Kinds, other: Kinds) -> Kinds:
    """The rows of one and then of the other; a text of both has two numbers."""
    if not len(other.numbers):
        return one
    shifted = np.where(other.numbers == NONE, NONE, other.numbers + len(one.texts))
    texts, numbers = joined(one.texts, other.texts), np.concatenate((one.numbers, shifted))
    distinct = texts.dictionary_encode()
    return Kinds(np.append(indices_of(distinct), np.int32(NONE))[numbers], distinct.dictionary)


def _met(given: Kinds) -> tuple[Array, list[str]]:
    """Numbers from 1 on in the order met (0: missing), and their texts."""
    numbers, met = in_order_met(given.numbers, len(given.texts))
    return numbers + np.int32(1), texts_at(given.texts, met)


class _Lines:
    """The lines of sales, checked; the kept ones in the order of the sales."""

    def __init__(self, conversions: Conversions) -> None:
        sales = conversions.sales
        nothing = np.zeros(0, np.int64)
        self.counts: Array = np.zeros(sales.given, np.int64)
        self.kept_count = 0
        self.amount, self.quantity = nothing, nothing
        self.product = self.category = pa.nulls(0, pa.string())
        if not sales.has("lines"):
            return
        given = sales.column("lines")
        kind = given.type
        require(pa.types.is_list(kind) or pa.types.is_large_list(kind))
        require(pa.types.is_struct(kind.value_type))
        names = [kind.value_type.field(i).name for i in range(kind.value_type.num_fields)]
        require(set(names) <= _LINE and len(set(names)) == len(names))
        self.counts = pc.fill_null(pc.list_value_length(given), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        parts = given.flatten()
        require(not parts.null_count)
        self._take(conversions, parts, names)
        self._check_sums(conversions, given.is_valid().to_numpy(zero_copy_only=False))
        kept = np.repeat(sales.kept_mask(), self.counts)
        self._keep(kept)

    def _take(self, conversions: Conversions, parts: pa.Array, names: Sequence[str]) -> None:
        def field(name: str, kind: pa.DataType) -> pa.Array:
            return pc.struct_field(parts, [name]) if name in names else pa.nulls(len(parts), kind)

        places = conversions.places
        self.product = checked_texts(field("product", pa.string()))
        self.category = checked_texts(field("category", pa.string()))
        require(not self.product.null_count)
        of_each = places if len(places) == 1 else np.repeat(places, self.counts)
        self.amount = checked_amounts(field("amount", pa.string()), of_each, required=True)
        quantity = field("quantity", pa.int64())
        require(pa.types.is_integer(quantity.type))
        self.quantity = pc.fill_null(quantity, 1).to_numpy(zero_copy_only=False).astype(np.int64)
        require(not len(self.quantity) or (self.quantity.min() >= 0 and self.quantity.max() <= _QUANTITY_MAX))

    def _check_sums(self, conversions: Conversions, given: Array) -> None:
        """Lines add up to what was charged without tax and shipping."""
        sales, places = conversions.sales, conversions.places
        net = sales.amounts("amount", places, required=True)
        assert net is not None
        for name in ("tax", "shipping"):
            less = sales.amounts(name, places)
            if less is not None:
                net = net - np.where(less == MISSING, 0, less)
        ends = np.cumsum(self.counts)
        totals = np.concatenate(([0], np.cumsum(self.amount)))
        require(np.array_equal((totals[ends] - totals[ends - self.counts])[given], net[given]))

    def _keep(self, kept: Array) -> None:
        self.kept_count = int(np.count_nonzero(kept))
        if self.kept_count < len(kept):
            self.amount, self.quantity = self.amount[kept], self.quantity[kept]
            self.product, self.category = (texts.filter(pa.array(kept)) for texts in (self.product, self.category))


def sales_of(conversions: Conversions, given: Rows) -> tuple[Array, Array]:
    """What each refund or cancel is of: its number among all sales, kept or not, and its row; NONE when not known."""
    numbers = conversions.asked.numbers(given.all_texts("sale", required=True))
    numbers[numbers >= conversions.sales.given] = NONE
    return numbers, conversions.asked.row_of[numbers]
