"""A program and its facts as records, turned into the tables that the compiled rules work on: texts become numbers,
facts after `as_of` are left out, and what is left is put in order. Nothing is decided.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from operator import attrgetter
from typing import Any, Final, NamedTuple

from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import (
    Cancel,
    Credit,
    Event,
    FactSet,
    Instant,
    Rate,
    Refund,
    Sale,
    Touch,
)
from goodword.domain.settlement.rules.layout import NEVER
from goodword.domain.settlement.rules.prepare_conversions import (
    conversion_table,
    put_cancels,
    put_codes,
    put_customers,
    put_lines,
    put_ons,
    put_properties,
    put_rates,
    put_refunds,
)
from goodword.domain.settlement.rules.prepare_people import (
    Codes,
    credit_tables,
    customer_table,
    may_share,
    partner_table,
    partner_tokens,
    put_agreements,
    put_touches,
    standing_credits,
    token_table,
)
from goodword.domain.settlement.rules.prepare_terms import rule_tables
from goodword.domain.settlement.rules.prepare_texts import Coder, figures
from goodword.domain.settlement.rules.prepared import Business, Names, People, Prepared, put_together

__all__ = ["Names", "Prepared", "prepare"]

_BEFORE_ALL: Final = -(2**80)


class _Dated(NamedTuple):
    """The facts that happened at some instant, none later than `as_of`."""

    touches: list[Touch]
    sales: list[Sale]
    events: list[Event]
    refunds: list[Refund]
    cancels: list[Cancel]
    credits: list[Credit]
    rates: list[Rate]
    as_of: Instant


def prepare(program: Program, facts: FactSet, as_of: Instant | None) -> Prepared:
    """The tables of a program's facts at or before `as_of` (None: the latest `at` of any fact)."""
    rules, timezone, dated = rule_tables(program), program.timezone, _dated(facts, as_of)
    values: dict[int, Sequence[str]] = {}
    found = conversion_table(dated.sales, dated.events, timezone)
    conversions, by_id = found.table, _by_id(found.ids, dated)
    customer_ids = put_customers(found)
    decided = standing_credits(dated.credits, customer_ids.numbers, by_id)
    partners = _partners(facts, dated, [credit for credit, _ in decided])

    known_partners = list(facts.partners)
    partner_rows = partner_table(partners, known_partners, rules, values)
    agreements, agreement_ids = put_agreements(partner_rows, list(facts.agreements), partners, rules, timezone)
    customers = customer_table(customer_ids, facts.customers, rules, values)
    tokens = partner_tokens(known_partners if program.blocks_self_referral and may_share(customers) else [])
    token_rows = token_table(tokens, partner_rows, customers)
    codes = Codes(put_codes(found, facts.codes, partners), conversions)
    touches = put_touches(dated.touches, customers, partners, codes, rules)
    credits_, shares = credit_tables(decided, partners, customers.table, conversions)
    people = People(
        partner_names=partners.texts,
        partners=partner_rows,
        agreement_ids=agreement_ids,
        agreements=agreements,
        tokens=token_rows,
        customer_names=customer_ids.texts,
        customers=customers.table,
        touches=touches,
        credit_ids=[credit.id for credit, _ in decided],
        credits=credits_,
        credit_shares=shares,
    )

    put_ons(found, rules)
    lines = put_lines(found, rules, values)
    refunds, notices = put_refunds(found, dated.refunds, by_id)
    put_cancels(found, dated.cancels, by_id, timezone)
    rates, exact, currencies = put_rates(found, dated.rates, program)
    properties, property_values = put_properties(found, rules)
    business = Business(
        names=found.ids,
        conversions=conversions,
        sale_lines=lines,
        properties=properties,
        property_values=property_values,
        refunds=refunds,
        notices=notices,
        rates=rates,
        exact_rates=exact,
        currencies=currencies,
    )
    return put_together(program, rules, (people, business), values, dated.as_of)


def _dated(facts: FactSet, as_of: Instant | None) -> _Dated:
    groups = (facts.touches, facts.sales, facts.events, facts.refunds, facts.cancels, facts.credits, facts.rates)
    listed: list[list[Any]] = [list(group) for group in groups]
    ats = [figures(group, "at") for group in listed]
    latest = max((int(at.max()) for at in ats if len(at)), default=_BEFORE_ALL)
    until = latest if as_of is None else as_of
    if latest > until:
        bound = max(min(until, NEVER), -NEVER)
        listed = [list(compress(group, at <= bound)) for group, at in zip(listed, ats, strict=True)]
    touches, sales, events, refunds, cancels, credits_, rates = listed
    return _Dated(touches, sales, events, refunds, cancels, credits_, rates, until)


def _by_id(ids: Sequence[str], dated: _Dated) -> Mapping[str | None, int]:
    """The rows of conversions, where anything asks for them."""
    asked = dated.refunds or dated.cancels or dated.credits
    return {id_: row for row, id_ in enumerate(ids)} if asked else {}


def _partners(facts: FactSet, dated: _Dated, credits_: Iterable[Credit]) -> Coder:
    """Every partner that is named somewhere, those with a partner fact first."""
    return Coder(
        chain(
            (partner.id for partner in facts.partners),
            (partner.parent for partner in facts.partners),
            (agreement.partner for agreement in facts.agreements),
            (code.partner for code in facts.codes),
            map(attrgetter("partner"), dated.touches),
            (share.partner for credit in credits_ for share in credit.shares if share.ppm),
        )
    )
