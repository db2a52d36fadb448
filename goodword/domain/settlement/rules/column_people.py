"""Customers and touches in columns turned into tables."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goodword.domain.settlement.records import CHANNELS, CODE, REGISTRATION, Partner
from goodword.domain.settlement.rules import layout
from goodword.domain.settlement.rules.bytes_in_place import fetch_place, start_of
from goodword.domain.settlement.rules.column_conversions import Dated
from goodword.domain.settlement.rules.column_texts import column_of, require, text_ranks, texts_at
from goodword.domain.settlement.rules.compiling import entry
from goodword.domain.settlement.rules.layout import NONE, Table
from goodword.domain.settlement.rules.plain_rows import FURTHEST, Rows
from goodword.domain.settlement.rules.prepare_people import Codes, Tokens, partner_tokens, put_tokens
from goodword.domain.settlement.rules.prepare_tables import Array, Touches, in_order, put, slices, touch_table
from goodword.domain.settlement.rules.prepare_terms import RuleTables
from goodword.domain.settlement.rules.text_columns import (
    FETCHED_AHEAD,
    Numbered,
    hosts,
    in_order_met,
    looked_up,
    lower,
    numbered,
)
from goodword.domain.settlement.rules.text_values import MISSING


class Customers(NamedTuple):
    """The customers of conversions: their numbers and their table, their visitors, and the tokens of everybody."""

    known: Numbered
    table: Table
    visitors: "Visitors"
    tokens: Tokens
    shared: Table
    """The tokens that each shares with some partner."""


class Visitors(NamedTuple):
    """Visitors that are customers of conversions: visitor n is `customers[lo[n] : lo[n] + n[n]]`."""

    known: Numbered
    lo: Array
    n: Array
    customers: Array


def read_customers(
    known: Numbered, given: Rows, partners: Sequence[Partner], rules: RuleTables, values: dict[int, Sequence[str]]
) -> Customers:
    """The customers, their table still without touches and credits. `partners`: those that may refer themselves."""
    ids = column_of(given.ids())
    numbers = looked_up(known, ids)
    count = len(known.first_rows)
    rows = np.full(count, NONE, np.int64)
    met = np.flatnonzero(numbers != NONE)
    rows[numbers[met]] = met
    table = np.zeros(count, layout.Customer)
    table["known"], table["credit"] = rows != NONE, NONE
    table["existing"] = _at(given.flags("existing"), rows)
    countries = given.kinds("country")
    if layout.COUNTRY in rules.looks_at:
        by_customer = np.append(countries.numbers, np.int32(NONE))[rows]
        found_countries, met_countries = in_order_met(by_customer, len(countries.texts))
        table["country"], values[layout.COUNTRY] = found_countries + 1, texts_at(countries.texts, met_countries)
    email, domain = (_taken(given.texts(name), rows) for name in ("email", "domain"))
    asked = email.null_count < count or domain.null_count < count
    tokens = partner_tokens(partners if asked else [])
    return Customers(known, table, _visitors(given, numbers, count), tokens, _shared((email, domain), table, tokens))


def _at(flags: Array, rows: Array) -> Array:
    found: Array = np.append(flags, False)[rows]
    return found


def _taken(texts: pa.Array, rows: Array) -> pa.Array:
    return texts.take(pa.array(rows, mask=rows == NONE))


def _shared(of_each: tuple[pa.Array, pa.Array], table: Table, tokens: Tokens) -> Table:
    """What each customer shares with partners, by customer."""
    if not (tokens.emails or tokens.domains):
        return np.zeros(0, np.int32)
    require("" not in tokens.domains)
    email, domain = (lower(column_of(_lowered(texts))) for texts in of_each)
    by_email, by_domain = (numbered(column_of(pa.array(list(names), pa.string())))[0] for names in tokens[:2])
    whose_host = looked_up(by_domain, hosts(email))
    found = np.stack((looked_up(by_email, email), whose_host, looked_up(by_domain, domain)))
    found[1:][found[1:] != NONE] += len(tokens.emails)
    found[2][found[2] == found[1]] = NONE
    found.sort(axis=0)
    shared = found != NONE
    start = sum(map(len, tokens.of_partners))
    put_tokens(table, np.count_nonzero(shared, axis=0), start)
    tokens_of_each: Array = found.T[shared.T].astype(np.int32)
    return tokens_of_each


def _lowered(texts: pa.Array) -> pa.Array:
    """The texts, those beyond ASCII in lower case as Python has it."""
    odd = pc.fill_null(pc.invert(pc.string_is_ascii(texts)), False)
    if not pc.any(odd).as_py():
        return texts
    return pc.replace_with_mask(
        texts, odd, pa.array([text.lower() for text in texts.filter(odd).to_pylist()], texts.type)
    )


def _visitors(given: Rows, numbers: Array, count: int) -> Visitors:
    counts, visitors = given.lists("visitors")
    of_customer = np.repeat(numbers, counts)
    known, which = numbered(column_of(visitors))
    counted = of_customer != NONE
    pairs = np.unique(which[counted].astype(np.int64) * count + of_customer[counted])
    lo, n = slices(pairs // count if count else pairs, len(known.first_rows))
    return Visitors(known, lo, n, (pairs % count if count else pairs).astype(np.int32))


class Recorded(NamedTuple):
    """Touches as they were recorded, whomever they count for."""

    at: Array
    expires: Array
    partner: Array
    rank: Array
    ids: pa.Array


def read_touches(touches: Dated, names: Sequence[str], rules: RuleTables) -> tuple[Recorded, list[str]]:
    """The touches; and all partners: the names given, then those that only touches name."""
    given = touches.rows
    ids = given.ids()
    channel, texts = given.kinds("channel", required=True)
    channels = texts.to_pylist()
    require(set(channels) <= set(CHANNELS))
    channel = given.kept(channel.astype(np.int8))
    at = given.kept(touches.at)
    windows = np.array([*(rules.channel_windows[name] for name in channels), 0], np.int64)
    expires = at + windows[channel]
    until = given.kept(given.instants("until", required=False, latest=FURTHEST))
    if REGISTRATION in channels:
        protected = (channel == channels.index(REGISTRATION)) & (until != MISSING)
        expires[protected] = until[protected]
    ranks = np.array([*(rules.channel_ranks[name] for name in channels), 0], np.int8)
    partner, everybody = _partner_numbers(given, names)
    return Recorded(at, expires, partner, ranks[channel], ids), everybody


class Counted(NamedTuple):
    """Recorded touches as a table in its order, each for a customer that it counts for, and where the id of each is."""

    customer: Array
    table: Table
    ids: pa.Array
    id_rows: Array


def by_customer(recorded: Recorded, rows: Array, customer: Array) -> Counted:
    """These rows of touches, each for the customer beside it."""
    ranks = text_ranks(recorded.ids)
    order = in_order(recorded.at[rows], lambda tied: ranks(rows[tied]), customer)
    id_rows = rows[order]
    table = np.empty(len(order), layout.Touch)
    _put_rows(table, id_rows, recorded.at, recorded.expires, recorded.partner, recorded.rank)
    return Counted(customer[order], table, recorded.ids, id_rows)


@entry
def _put_rows(table: Table, rows: Array, at: Array, expires: Array, partner: Array, rank: Array) -> None:
    columns = start_of(at), start_of(expires), start_of(partner), start_of(rank)
    for i in range(len(rows)):
        soon = rows[min(i + FETCHED_AHEAD, len(rows) - 1)]
        fetch_place(columns[0], soon)
        fetch_place(columns[1], soon)
        fetch_place(columns[2], soon)
        fetch_place(columns[3], soon)
        row, touch = rows[i], table[i]
        touch.at, touch.expires, touch.partner, touch.rank = at[row], expires[row], partner[row], rank[row]
        touch.conversion = NONE


def put_touches(counted: Counted, table: Table, codes: Codes, rules: RuleTables) -> Table:
    """The table of touches: recorded ones and codes on sales."""
    coded_rows = np.flatnonzero(codes.partner != NONE)
    if not len(coded_rows):
        put(table, "touch", slices(counted.customer, len(table)))
        return counted.table
    recorded = Touches(counted.customer, *(counted.table[name] for name in Touches._fields[1:]))
    used_at = codes.conversions["at"][coded_rows]
    on_sales = Touches(
        codes.conversions["customer"][coded_rows],
        used_at,
        used_at + rules.channel_windows[CODE],
        codes.partner[coded_rows],
        np.full(len(coded_rows), rules.channel_ranks[CODE], np.int8),
        coded_rows.astype(np.int32),
    )
    found = Touches(*map(np.concatenate, zip(recorded, on_sales, strict=True)))
    put(table, "touch", slices(found.customer, len(table)))
    ranks = text_ranks(counted.ids)
    return touch_table(found, lambda tied: ranks(counted.id_rows[tied]))


def read_whose(given: Rows, customers: Customers) -> tuple[Array, Array]:
    """Each touch with each customer that it counts for: its own, and those whose visitor it names."""
    whose, visitor = given.all_texts("customer"), given.all_texts("visitor")
    require(
        not (whose.null_count and visitor.null_count) or pc.all(pc.or_(whose.is_valid(), visitor.is_valid())).as_py()
    )
    own = looked_up(customers.known, column_of(given.kept_texts(whose)))
    rows = np.flatnonzero(own != NONE)
    known, lo, n, of_visitor = customers.visitors
    if not len(of_visitor) or visitor.null_count == len(visitor):
        return rows, own[rows]
    which = looked_up(known, column_of(given.kept_texts(visitor)))
    naming = np.flatnonzero(which != NONE)
    which = which[naming]
    each = n[which]
    ends = np.cumsum(each)
    customer = of_visitor[np.arange(int(each.sum())) - np.repeat(ends - each - lo[which], each)]
    naming = np.repeat(naming, each)
    others = customer != own[naming]
    return np.concatenate((rows, naming[others])), np.concatenate((own[rows], customer[others]))


def _partner_numbers(given: Rows, names: Sequence[str]) -> tuple[Array, list[str]]:
    kinds = given.kinds("partner", required=True)
    known, _ = numbered(column_of(pa.array(names, pa.string())))
    by_kind, numbers = looked_up(known, column_of(kinds.texts)), given.kept(kinds.numbers)
    found = by_kind[numbers]
    strangers = np.flatnonzero(found == NONE)
    if not len(strangers):
        return found, list(names)
    which, met = in_order_met(numbers[strangers], len(kinds.texts))
    found[strangers] = which + len(names)
    return found, [*names, *texts_at(kinds.texts, met)]
