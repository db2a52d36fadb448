"""A program and facts in columns (as Parquet files have them) turned into the very tables that `prepare` makes of
records, without making records. Kinds of which there are few come as records; what is not plainly right is left to the
reader that explains.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import chain, repeat
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import Credit, FactSet, Instant, Rate
from goodword.domain.settlement.result import Notice
from goodword.domain.settlement.rules.column_conversions import (
    Conversions,
    CustomerNumbers,
    Dated,
    number_customers,
    put_codes,
    put_customers,
    put_figures,
    put_lines,
    put_ons,
    read_conversions,
    sales_of,
)
from goodword.domain.settlement.rules.column_people import (
    by_customer,
    put_touches,
    read_customers,
    read_touches,
    read_whose,
)
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
    refunds: Dated
    cancels: Dated
    credits: list[Credit]
    rates: list[Rate]
    until: Instant


def _prepare(program: Program, few: FactSet, sources: Mapping[str, Source], as_of: Instant | None) -> Prepared:
    """Three things at a time: conversions here, their figures, and aside the people that they are of."""
    rules = rule_tables(program)
    values: dict[int, Sequence[str]] = {}
    with ThreadPoolExecutor(1) as aside, ThreadPoolExecutor(1) as figuring:
        touches: list[Dated] = []
        given = _given(few, sources, as_of, (aside, touches))
        going = _People((program, rules, few), (given, sources), touches, values)
        reading = aside.submit(going.read)
        customers = number_customers(given.sales.rows, given.events.rows)
        meeting = aside.submit(going.meet, customers)
        found, currencies = read_conversions(given.sales, given.events, _asked(given), program)
        put_customers(found, customers.numbers)
        reading.result()
        figures = figuring.submit(put_figures, found)
        ending = aside.submit(going.end, found)
        business = _business((program, rules), given, (found, currencies, figures), values)
        meeting.result()
        people = ending.result()
    return put_together(program, rules, (people, business), values, given.until)


def _given(
    few: FactSet, sources: Mapping[str, Source], as_of: Instant | None, aside: tuple[Executor, list[Dated]]
) -> _Given:
    """All but the touches, which go into the list."""
    rows = [Rows(kind, sources.get(kind)) for kind in ("touch", "sale", "event", "refund", "cancel")]
    reading = [aside[0].submit(one.instants, "at") for one in rows[:1]]
    ats = [one.instants("at") for one in rows[1:]]
    ats = [one.result() for one in reading] + ats
    records: list[Credit | Rate] = [*few.credits, *few.rates]
    latest = [int(at.max()) for at in ats if len(at)] + [one.at for one in records]
    until = max(latest, default=_BEFORE_ALL) if as_of is None else as_of
    bound = min(max(until, -NEVER), NEVER)
    for one, at in zip(rows, ats, strict=True):
        one.keep(at <= bound)
    touches, sales, events, refunds, cancels = (Dated(one, at) for one, at in zip(rows, ats, strict=True))
    aside[1].append(touches)
    return _Given(
        sales=sales,
        events=events,
        refunds=refunds,
        cancels=cancels,
        credits=[one for one in few.credits if one.at <= until],
        rates=[one for one in few.rates if one.at <= until],
        until=until,
    )


def _business(
    known: tuple[Program, RuleTables],
    given: _Given,
    conversions: tuple[Conversions, list[str], Future[None]],
    values: dict[int, Sequence[str]],
) -> Business:
    """Everything about conversions; their figures are put in meanwhile."""
    (program, rules), (found, currencies, figures) = known, conversions
    table = found.table
    put_ons(found, rules)
    lines = put_lines(found, rules, values)
    properties, property_values = put_properties(found, rules.properties)
    found.sales.texts("subscription")
    _put_cancels(given.cancels, found, program.timezone)
    rate_facts = known_rates(given.rates, {name: number for number, name in enumerate(currencies)}, program.currency)
    rates, exact, table["rate"] = rate_table(
        rate_facts, np.where(table["has_value"], table["currency"], 0), table["at"]
    )
    figures.result()
    refunds, notices = _put_refunds(given.refunds, found)
    return Business(
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


class _People:
    """Partners, customers and touches, read in three steps: alone, with the customers, with the conversions."""

    def __init__(
        self,
        known: tuple[Program, RuleTables, FactSet],
        given: tuple[_Given, Mapping[str, Source]],
        touches: list[Dated],
        values: dict[int, Sequence[str]],
    ) -> None:
        self._program, self._rules, self._few = known
        (self._given, self._sources), self._values = given, values
        self._to_read = touches  # taken from a list, as what is recorded: nothing holds them longer than needed

    def read(self) -> None:
        """What asks for nothing else."""
        self._partners = read_partners(Rows("partner", self._sources.get("partner")))
        agreements = Rows("agreement", self._sources.get("agreement"))
        self._agreements = read_agreements(agreements, self._program)
        touches = self._to_read.pop()
        recorded, self._names = read_touches(touches, self._named(), self._rules)
        self._recorded, self._touch_rows = [recorded], touches.rows

    def meet(self, customers: CustomerNumbers) -> None:
        """The customers, and whom touches count for."""
        given = Rows("customer", self._sources.get("customer"))
        may_refer_themselves = self._partners if self._program.blocks_self_referral else []
        self._ids = customers
        self._customers = read_customers(customers.known, given, may_refer_themselves, self._rules, self._values)
        recorded = self._recorded.pop()
        self._touches = by_customer(recorded, *read_whose(self._touch_rows, self._customers))

    def end(self, conversions: Conversions) -> People:
        """Everything, with the credits and the codes of conversions."""
        rules, table, tokens = self._rules, self._customers.table, self._customers.tokens
        decided = _credited(self._given, self._ids.known, conversions)
        strangers = (share.partner for one, _ in decided for share in one.shares if share.ppm)
        partners = Coder(chain(self._names, strangers))
        partner_rows = partner_table(partners, self._partners, rules, self._values)
        agreements, agreement_ids = put_agreements(
            partner_rows, self._agreements, partners, rules, self._program.timezone
        )
        codes = Codes(put_codes(conversions, list(self._few.codes), partners.numbers), conversions.table)
        touches = put_touches(self._touches, table, codes, rules)
        credits_, shares = credit_tables(decided, partners, table, conversions.table)
        put_tokens(partner_rows, list(map(len, tokens.of_partners)), 0)
        own = np.fromiter(chain.from_iterable(tokens.of_partners), np.int32)
        return People(
            partner_names=partners.texts,
            partners=partner_rows,
            agreement_ids=agreement_ids,
            agreements=agreements,
            tokens=np.concatenate((own, self._customers.shared)),
            customer_names=self._ids.names,
            customers=table,
            touches=touches,
            credit_ids=[credit.id for credit, _ in decided],
            credits=credits_,
            credit_shares=shares,
        )

    def _named(self) -> list[str]:
        """The partners that records name, those with a partner fact first."""
        return Coder(
            chain(
                (partner.id for partner in self._partners),
                (partner.parent for partner in self._partners),
                (agreement.partner for agreement in self._agreements),
                (code.partner for code in self._few.codes),
            )
        ).texts


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
