"""Sales and events as records, with their refunds, cancels, rates and lines, turned into tables."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from goodword.domain.settlement.arithmetic import Ratio
from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import (
    Cancel,
    Code,
    Event,
    PropertyValue,
    Rate,
    Refund,
    Sale,
)
from goodword.domain.settlement.result import Notice
from goodword.domain.settlement.rules import layout
from goodword.domain.settlement.rules.layout import NONE, Table
from goodword.domain.settlement.rules.local_days import local_days
from goodword.domain.settlement.rules.prepare_tables import (
    Array,
    KnownRate,
    Refunds,
    in_order,
    minor_rate,
    put,
    rate_table,
    refund_table,
    slices,
)
from goodword.domain.settlement.rules.prepare_terms import RuleTables
from goodword.domain.settlement.rules.prepare_texts import Coder, figures, id_ranks, property_table, texts


class Conversions(NamedTuple):
    """Sales and events as they were given, the rows that they have in the table, and the table, which fills up."""

    sales: Sequence[Sale]
    events: Sequence[Event]
    sale_rows: Array
    event_rows: Array
    ids: list[str]
    """By row."""
    table: Table


def conversion_table(sales: Sequence[Sale], events: Sequence[Event], timezone: str) -> Conversions:
    """The conversions in (at, id) order, with their figures.

    Records are read in the order given, which is how they lie in memory, and put in order as numbers.
    """
    ids = texts(sales, "id") + texts(events, "id")
    at = np.concatenate((figures(sales, "at"), figures(events, "at")))
    order = in_order(at, id_ranks(ids))
    rows = np.empty(len(order), np.int64)
    rows[order] = np.arange(len(order))
    table = np.zeros(len(order), layout.Conversion)
    table["at"] = at[order]
    table["day"] = local_days(timezone, table["at"])
    table["property_row"] = table["cancel_day"] = table["credit"] = NONE
    found = Conversions(
        sales, events, rows[: len(sales)], rows[len(sales) :], [ids[row] for row in order.tolist()], table
    )
    _put_sales(table, found.sale_rows, sales)
    if events:
        _put_events(table, found.event_rows, events)
    return found


def _put_sales(table: Table, rows: Array, sales: Sequence[Sale]) -> None:
    for name in ("amount", "tax", "shipping", "discount", "fees", "cost"):
        table[name][rows] = figures(sales, name)
    table["is_sale"][rows] = table["has_value"][rows] = 1


def _put_events(table: Table, rows: Array, events: Sequence[Event]) -> None:
    table["amount"][rows] = [event.value or 0 for event in events]
    table["has_value"][rows] = [event.value is not None for event in events]


def put_customers(conversions: Conversions) -> Coder:
    """Whose each conversion is; the customers."""
    sales, events = texts(conversions.sales, "customer"), texts(conversions.events, "customer")
    customers = Coder(chain(sales, events))
    conversions.table["customer"][conversions.sale_rows] = customers.of(sales, len(sales))
    conversions.table["customer"][conversions.event_rows] = customers.of(events, len(events))
    return customers


def put_ons(conversions: Conversions, rules: RuleTables) -> None:
    """What each conversion is."""
    names = texts(conversions.events, "name")
    conversions.table["on"][conversions.event_rows] = [rules.ons.get(name, rules.other_on) for name in names]


def put_codes(conversions: Conversions, codes: Iterable[Code], partners: Coder) -> Array:
    """Which sales carried a code; for each conversion the code's partner, or NONE."""
    given = texts(conversions.sales, "code")
    found = np.full(len(conversions.table), NONE, np.int32)
    if set(given) <= {None}:
        return found
    conversions.table["has_code"][conversions.sale_rows] = [code is not None for code in given]
    owners: Mapping[str | None, str] = {code.id: code.partner for code in codes}
    found[conversions.sale_rows] = partners.of((owners.get(code) for code in given), len(given))
    return found


def put_lines(conversions: Conversions, rules: RuleTables, values: dict[int, Sequence[str]]) -> Table:
    """The lines of sales; and the products, categories and kinds that conditions look at."""
    table, sales, rows = conversions.table, conversions.sales, conversions.sale_rows
    by_sale = texts(sales, "lines")
    n = np.fromiter(map(len, by_sale), np.int64, len(by_sale))
    table["line_lo"][rows], table["line_n"][rows] = np.cumsum(n) - n, n
    lines = list(chain.from_iterable(by_sale))
    found = np.zeros(len(lines), layout.SaleLine)
    found["amount"], found["quantity"] = figures(lines, "amount"), figures(lines, "quantity")
    if layout.PRODUCT in rules.looks_at:
        whole, parts = texts(sales, "product"), texts(lines, "product")
        products = Coder(chain(whole, parts), first=1)
        table["product"][rows], found["product"] = products.of(whole, len(whole)), products.of(parts, len(parts))
        values[layout.PRODUCT] = products.texts
    if layout.CATEGORY in rules.looks_at:
        categories = Coder(texts(lines, "category"), first=1)
        found["category"] = categories.of(texts(lines, "category"), len(lines))
        values[layout.CATEGORY] = categories.texts
    if layout.KIND in rules.looks_at:
        kinds = Coder(texts(sales, "kind"), first=1)
        table["kind"][rows] = kinds.of(texts(sales, "kind"), len(sales))
        values[layout.KIND] = kinds.texts
    return found


def put_properties(conversions: Conversions, rules: RuleTables) -> tuple[Table, list[list[PropertyValue]]]:
    """The properties that conditions look at, and their values."""
    if not rules.properties:
        return np.zeros((0, 0), np.int32), []
    given = texts(conversions.sales, "properties") + texts(conversions.events, "properties")
    rows, found, values = property_table(given, rules.properties)
    conversions.table["property_row"][conversions.sale_rows] = rows[: len(conversions.sales)]
    conversions.table["property_row"][conversions.event_rows] = rows[len(conversions.sales) :]
    return found, values


def put_refunds(
    conversions: Conversions, refunds: Sequence[Refund], rows: Mapping[str | None, int]
) -> tuple[Table, list[Notice]]:
    """The table of refunds, and what is odd about some."""
    table = conversions.table
    sale = np.array([rows.get(refund.sale, NONE) for refund in refunds], np.int64)
    if len(table):
        sale[table["is_sale"][sale] == 0] = NONE
    notices = [Notice(refunds[row].id, refunds[row].sale, "unmatched") for row in np.flatnonzero(sale == NONE).tolist()]
    known = [refunds[row] for row in np.flatnonzero(sale != NONE).tolist()]
    given = Refunds(sale[sale != NONE], figures(known, "at"), figures(known, "amount"))
    found, odd = refund_table(given, id_ranks(texts(known, "id")), table["amount"])
    put(table, "refund", slices(given.sale, len(table)))
    notices += [Notice(known[row].id, known[row].sale, "quarantined") for row in odd.tolist()]
    return found, sorted(notices)


def put_cancels(
    conversions: Conversions, cancels: Iterable[Cancel], rows: Mapping[str | None, int], timezone: str
) -> None:
    """The day of the earliest cancel of each sale."""
    first: dict[int, int] = {}
    for cancel in cancels:
        row = rows.get(cancel.sale, NONE)
        if row != NONE and conversions.table["is_sale"][row]:
            first[row] = min(cancel.at, first.get(row, cancel.at))
    ended = np.array(list(first), np.int64)
    conversions.table["cancel_day"][ended] = local_days(timezone, np.array(list(first.values()), np.int64))


def put_rates(
    conversions: Conversions, rates: Iterable[Rate], program: Program
) -> tuple[Table, list[Ratio], list[str]]:
    """The rates that conversions need, exactly as well, and the currencies, the program's first."""
    table, home = conversions.table, program.currency
    of_sales, of_events = texts(conversions.sales, "currency"), texts(conversions.events, "currency")
    currencies = Coder(chain([home], of_sales, of_events))
    if len(currencies.texts) > 1:
        table["currency"][conversions.sale_rows] = currencies.of(of_sales, len(of_sales))
        found_of_events = currencies.of(of_events, len(of_events))
        table["currency"][conversions.event_rows] = np.where(found_of_events == NONE, 0, found_of_events)
    known = known_rates(rates, currencies.numbers, home)
    found, exact, rows = rate_table(known, np.where(table["has_value"], table["currency"], 0), table["at"])
    table["rate"] = rows
    return found, exact, currencies.texts


def known_rates(rates: Iterable[Rate], currencies: Mapping[str | None, int], home: str) -> list[KnownRate]:
    """The rates to the program's currency from those that conversions are in."""
    return [
        KnownRate(
            currencies[rate.source],
            rate.at,
            rate.id,
            minor_rate(rate.numerator, rate.denominator, rate.source, home),
        )
        for rate in rates
        if rate.target == home and rate.source in currencies and rate.source != home
    ]
