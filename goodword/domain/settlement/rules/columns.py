"""A program and facts in columns (as Parquet files have them) turned into the very tables that `prepare` makes of
records, without making records. Kinds of which there are few come as records; what is not plainly right is left to the
reader that explains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import Credit, FactSet, Instant, Rate
from goodword.domain.settlement.result import Notice
from goodword.domain.settlement.rules.column_conversions import (
    Conversions,
    Dated,
    put_codes,
    put_customers,
    put_lines,
    put_ons,
    read_conversions,
    sales_of,
)
from goodword.domain.settlement.rules.column_people import partner_numbers, put_touches, read_customers
from goodword.domain.settlement.rules.column_properties import put_properties
from goodword.domain.settlement.rules.column_records import read_agreements, read_partners
from goodword.domain.settlement.rules.column_texts import NotPlain, column_of, joined, require, text_ranks, texts_at
from goodword.domain.settlement.rules.layout import NEVER, NONE, Table
from goodword.domain.settlement.rules.local_days import local_days
from goodword.domain.settlement.rules.plain_rows import Rows, Source
from goodword.domain.settlement.rules.prepare_conversions import known_rates
from goodword.domain.settlement.rules.prepare_people import (
    Codes,
    credit_tables,
    partner_table,
    partner_tokens,
    put_agreements,
    put_tokens,
    standing_credits,
)
from goodword.domain.settlement.rules.prepare_tables import Refunds, put, rate_table, refund_table, slices
from goodword.domain.settlement.rules.prepare_terms import RuleTables, rule_tables
from goodword.domain.settlement.rules.prepare_texts import Coder
from goodword.domain.settlement.rules.prepared import Business, People, Prepared, put_together
from goodword.domain.settlement.rules.text_columns import Numbered, looked_up

IN_COLUMNS: Final = ("sale", "event", "touch", "refund", "cancel", "customer", "partner", "agreement")
"""The facts of which there may be very many. The others come as records."""
OF_FEW_KINDS: Final = ("currency", "product", "kind", "name", "channel", "partner", "country", "terms", "group")
"""Columns whose texts are few: best given as dictionaries, where that costs nothing."""
_FINEST_PLACES: Final = 4
_BEFORE_ALL: Final = -(2**80)


def prepare_columns(
    program: Program, few: FactSet, sources: Mapping[str, Source], as_of: Instant | None
) -> Prepared | None:
    """The tables of a program's facts; None when the columns are not plainly right.

    `few`: checked records of the facts that are not IN_COLUMNS. `sources`: the columns of those that are, by fact.
    """
    try:
        return _prepare(program, few, sources, as_of)
    except (NotPlain, ValueError, TypeError, NotImplementedError, OverflowError):
        # Arrow's own errors are among these. The reader of records finds out what is wrong, row by row.
        return None


class _Given(NamedTuple):
    """The columns of each fact, and the records of few; those after `until` do not count."""

    sales: Dated
    events: Dated
    touches: Dated
    refunds: Dated
    cancels: Dated
    credits: list[Credit]
    rates: list[Rate]
    until: Instant


def _prepare(program: Program, few: FactSet, sources: Mapping[str, Source], as_of: Instant | None) -> Prepared:
    few = replace(
        few,
        partners=read_partners(Rows("partner", sources.get("partner"))),
        agreements=read_agreements(Rows("agreement", sources.get("agreement")), program),
    )
    rules, given = rule_tables(program), _given(few, sources, as_of)
    values: dict[int, Sequence[str]] = {}
    found, currencies = read_conversions(given.sales, given.events, _asked(given), program)
    put_ons(found, rules)
    lines = put_lines(found, rules, values)
    properties, property_values = put_properties(found, rules.properties)
    found.sales.texts("subscription")
    customer_numbers, customer_names = put_customers(found)
    people = _people((program, rules, few), (given, found, sources), (customer_numbers, customer_names), values)
    refunds, notices = _put_refunds(given.refunds, found)
    _put_cancels(given.cancels, found, program.timezone)
    table = found.table
    known = known_rates(given.rates, {name: number for number, name in enumerate(currencies)}, program.currency)
    rates, exact, table["rate"] = rate_table(known, np.where(table["has_value"], table["currency"], 0), table["at"])
    business = Business(
        names=found.names,
        conversions=table,
        sale_lines=lines,
        properties=properties,
        property_values=property_values,
        refunds=refunds,
        notices=notices,
        rates=rates,
        exact_rates=exact,
        currencies=currencies,
    )
    return put_together(program, rules, (people, business), values, given.until)


def _given(few: FactSet, sources: Mapping[str, Source], as_of: Instant | None) -> _Given:
    rows = [Rows(kind, sources.get(kind)) for kind in ("sale", "event", "touch", "refund", "cancel")]
    ats = [one.instants("at") for one in rows]
    records: list[Credit | Rate] = [*few.credits, *few.rates]
    latest = [int(at.max()) for at in ats if len(at)] + [one.at for one in records]
    until = max(latest, default=_BEFORE_ALL) if as_of is None else as_of
    bound = min(max(until, -NEVER), NEVER)
    for one, at in zip(rows, ats, strict=True):
        one.keep(at <= bound)
    sales, events, touches, refunds, cancels = (Dated(one, at) for one, at in zip(rows, ats, strict=True))
    return _Given(
        sales=sales,
        events=events,
        touches=touches,
        refunds=refunds,
        cancels=cancels,
        credits=[one for one in few.credits if one.at <= until],
        rates=[one for one in few.rates if one.at <= until],
        until=until,
    )


def _people(
    known: tuple[Program, RuleTables, FactSet],
    given: tuple[_Given, Conversions, Mapping[str, Source]],
    customers: tuple[Numbered, pa.Array],
    values: dict[int, Sequence[str]],
) -> People:
    (program, rules, few), (dated, conversions, sources), (customer_numbers, customer_names) = known, given, customers
    decided = _credited(dated, customer_numbers, conversions)
    touching, names = partner_numbers(dated.touches.rows, _named(few))
    partners = Coder(chain(names, (share.partner for one, _ in decided for share in one.shares if share.ppm)))
    tokens = partner_tokens(list(few.partners) if program.blocks_self_referral else [])
    partner_rows = partner_table(partners, list(few.partners), rules, values)
    agreements, agreement_ids = put_agreements(partner_rows, list(few.agreements), partners, rules, program.timezone)
    found, theirs = read_customers(customer_numbers, Rows("customer", sources.get("customer")), rules, values, tokens)
    codes = Codes(put_codes(conversions, list(few.codes), partners.numbers), conversions.table)
    touches = put_touches(dated.touches, found, touching, codes, rules)
    credits_, shares = credit_tables(decided, partners, found.table, conversions.table)
    put_tokens(partner_rows, list(map(len, tokens.of_partners)), 0)
    own = np.fromiter(chain.from_iterable(tokens.of_partners), np.int32)
    return People(
        partner_names=partners.texts,
        partners=partner_rows,
        agreement_ids=agreement_ids,
        agreements=agreements,
        tokens=np.concatenate((own, theirs)),
        customer_names=customer_names,
        customers=found.table,
        touches=touches,
        credit_ids=[credit.id for credit, _ in decided],
        credits=credits_,
        credit_shares=shares,
    )


def _asked(given: _Given) -> pa.Array:
    """The conversions that other facts name."""
    credited = pa.array([credit.conversion for credit in given.credits if credit.conversion], pa.string())
    refunded, ended = (one.rows.all_texts("sale", required=True) for one in (given.refunds, given.cancels))
    return joined(joined(refunded, ended), credited)


def _credited(given: _Given, customers: Numbered, conversions: Conversions) -> list[tuple[Credit, int]]:
    """The credits that decide, with the row of what they are about."""
    whose = pa.array([credit.customer for credit in given.credits if credit.customer], pa.string())
    which = pa.array([credit.conversion for credit in given.credits if credit.conversion], pa.string())
    rows = conversions.asked.row_of[conversions.asked.numbers(which)]
    by_customer = zip(whose.to_pylist(), looked_up(customers, column_of(whose)).tolist(), strict=True)
    return standing_credits(given.credits, dict(by_customer), dict(zip(which.to_pylist(), rows.tolist(), strict=True)))


def _named(few: FactSet) -> list[str]:
    """The partners that records name, those with a partner fact first."""
    return Coder(
        chain(
            (partner.id for partner in few.partners),
            (partner.parent for partner in few.partners),
            (agreement.partner for agreement in few.agreements),
            (code.partner for code in few.codes),
        )
    ).texts


def _put_refunds(refunds: Dated, conversions: Conversions) -> tuple[Table, list[Notice]]:
    """The table of refunds, and what is odd about some."""
    given, table = refunds.rows, conversions.table
    ids = given.ids()
    given.texts("reason")
    numbers, rows = sales_of(conversions, given)
    fine = given.amounts("amount", np.array([_FINEST_PLACES]), required=True)
    assert fine is not None
    places = conversions.places if len(conversions.places) == 1 else np.append(conversions.places, 0)[numbers]
    units = 10 ** (_FINEST_PLACES - places)
    require(not np.any((fine % units)[numbers != NONE]))
    rows, at, amount = given.kept(rows), given.kept(refunds.at), given.kept(fine // units)
    of = given.kept_texts(given.all_texts("sale", required=True))
    known, unknown = np.flatnonzero(rows != NONE), np.flatnonzero(rows == NONE)
    known_ids = ids.take(pa.array(known))
    found, odd = refund_table(Refunds(rows[known], at[known], amount[known]), text_ranks(known_ids), table["amount"])
    put(table, "refund", slices(rows[known], len(table)))
    notices: list[Notice] = []
    for which, notice in ((unknown, "unmatched"), (known[odd], "quarantined")):
        notices += map(Notice, texts_at(ids, which), texts_at(of, which), repeat(notice))
    return found, sorted(notices)


def _put_cancels(cancels: Dated, conversions: Conversions, timezone: str) -> None:
    """The day of the earliest cancel of each sale."""
    given = cancels.rows
    given.ids()
    _, rows = sales_of(conversions, given)
    rows, at = given.kept(rows), given.kept(cancels.at)
    order = np.lexsort((at, rows))
    ended, first = np.unique(rows[order], return_index=True)
    known = ended != NONE
    days = local_days(timezone, at[order][first[known]])
    conversions.table["cancel_day"][ended[known]] = days
