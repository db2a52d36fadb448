"""What the fold is given: the tables of a program and its facts, and the texts behind their numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from goodword.domain.currency import decimals
from goodword.domain.settlement.arithmetic import Ratio
from goodword.domain.settlement.calendar import Zone
from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import Instant
from goodword.domain.settlement.result import Notice
from goodword.domain.settlement.rules.layout import NEVER, Facts, Table
from goodword.domain.settlement.rules.prepare_terms import RuleTables, Values, truths


class Names(NamedTuple):
    """The texts behind the numbers: the text of number n stands at n."""

    partners: Sequence[str]
    conversions: Sequence[str]
    customers: Sequence[str]
    rule_keys: Sequence[str]
    bonus_keys: Sequence[str]
    terms: Sequence[str]
    agreements: Sequence[str]
    credits: Sequence[str]
    currencies: Sequence[str]
    """The program's first."""
    ons: Sequence[str]
    """What conversions can be: `sale`, `assist`, and the events that rules are on."""


class Prepared(NamedTuple):
    """A program and its facts, ready for the fold."""

    facts: Facts
    names: Names
    notices: list[Notice]
    exact_rates: list[Ratio]
    """The rates of `facts.rates` without bounds."""
    as_of: Instant
    zone: Zone


class People(NamedTuple):
    """Partners and customers, and what is between them."""

    partner_names: Sequence[str]
    partners: Table
    agreement_ids: Sequence[str]
    agreements: Table
    tokens: Table
    customer_names: Sequence[str]
    customers: Table
    touches: Table
    credit_ids: Sequence[str]
    credits: Table
    credit_shares: Table


class Business(NamedTuple):
    """Conversions and what belongs to them."""

    names: Sequence[str]
    conversions: Table
    sale_lines: Table
    properties: Table
    property_values: Sequence[Sequence[Any]]
    refunds: Table
    notices: list[Notice]
    rates: Table
    exact_rates: list[Ratio]
    currencies: Sequence[str]


def put_together(
    program: Program,
    rules: RuleTables,
    parts: tuple[People, Business],
    values: Mapping[int, Sequence[str]],
    as_of: Instant,
) -> Prepared:
    """Everything, with the conditions tabulated for the values that the facts have."""
    people, business = parts
    conditions, holds = truths(rules, Values(values, business.property_values))
    program_row = rules.program.copy()
    program_row["as_of"] = min(max(as_of, -NEVER), NEVER)
    tables = Facts(
        program=program_row,
        terms=rules.terms,
        rules=rules.rules,
        keys=rules.keys,
        conditions=conditions,
        operands=rules.operands,
        truths=holds,
        schedules=rules.schedules,
        steps=rules.steps,
        tails=rules.tails,
        overrides=rules.overrides,
        bonuses=rules.bonuses,
        partners=people.partners,
        agreements=people.agreements,
        tokens=people.tokens,
        customers=people.customers,
        touches=people.touches,
        conversions=business.conversions,
        sale_lines=business.sale_lines,
        properties=business.properties,
        refunds=business.refunds,
        rates=business.rates,
        places=np.array([decimals(currency) for currency in business.currencies], np.int32),
        credits=people.credits,
        credit_shares=people.credit_shares,
    )
    return Prepared(
        tables, _names(rules, people, business), business.notices, business.exact_rates, as_of, Zone(program.timezone)
    )


def _names(rules: RuleTables, people: People, business: Business) -> Names:
    return Names(
        people.partner_names,
        business.names,
        people.customer_names,
        rules.rule_keys,
        rules.bonus_keys,
        rules.term_names,
        people.agreement_ids,
        people.credit_ids,
        business.currencies,
        list(rules.ons),
    )
