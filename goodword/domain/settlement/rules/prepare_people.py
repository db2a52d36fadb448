"""Partners, agreements, customers, touches and credits as records, turned into tables."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from goodword.domain.settlement.identity import identity
from goodword.domain.settlement.records import CODE, REGISTRATION, Agreement, Credit, Customer, Partner, Touch
from goodword.domain.settlement.rules import layout
from goodword.domain.settlement.rules.layout import NEVER, NONE, Table
from goodword.domain.settlement.rules.prepare_tables import (
    Agreements,
    Array,
    Ranks,
    Slices,
    Touches,
    agreement_table,
    put,
    slices,
    touch_table,
)
from goodword.domain.settlement.rules.prepare_terms import RuleTables
from goodword.domain.settlement.rules.prepare_texts import Coder, figures, id_ranks, texts


def partner_table(
    partners: Coder, known: Sequence[Partner], rules: RuleTables, values: dict[int, Sequence[str]]
) -> Table:
    """The table of partners, without their agreements and tokens. Those with a partner fact stand first."""
    table = np.zeros(len(partners.texts), layout.Partner)
    table["parent"] = NONE
    n = len(known)
    table["parent"][:n] = partners.of(texts(known, "parent"), n)
    for field, name, column in ((layout.PARTNER_COUNTRY, "country", "country"), (layout.GROUP, "group", "group")):
        if field in rules.looks_at:
            given = Coder(texts(known, name), first=1)
            table[column][:n] = given.of(texts(known, name), n)
            values[field] = given.texts
    return table


def put_agreements(
    table: Table, given: Sequence[Agreement], partners: Coder, rules: RuleTables, timezone: str
) -> tuple[Table, list[str]]:
    """The table of agreements, and their ids."""
    columns = Agreements(
        partners.of(texts(given, "partner"), len(given)),
        np.array([rules.term_rows[one.terms] for one in given], np.int32),
        figures(given, "starts"),
        np.array([NEVER if one.ends is None else one.ends for one in given], np.int64),
        np.array([one.cause for one in given], np.int32),
    )
    ids = texts(given, "id")
    found, order = agreement_table(columns, id_ranks(ids), timezone)
    put(table, "agreement", slices(columns.partner, len(table)))
    return found, [ids[row] for row in order.tolist()]


class Customers(NamedTuple):
    """The customers of conversions, in the order of their numbers, and what is known of them."""

    numbers: Coder
    known: Sequence[Customer | None]
    table: Table


def customer_table(
    numbers: Coder, given: Iterable[Customer], rules: RuleTables, values: dict[int, Sequence[str]]
) -> Customers:
    """The customers with their table, still without touches, tokens and credits."""
    by_id = {customer.id: customer for customer in given}
    known = [by_id.get(id_) for id_ in numbers.texts]
    table = np.zeros(len(known), layout.Customer)
    table["known"] = [customer is not None for customer in known]
    table["existing"] = [customer is not None and customer.existing for customer in known]
    table["credit"] = NONE
    if layout.COUNTRY in rules.looks_at:
        of_each = [None if customer is None else customer.country for customer in known]
        countries = Coder(of_each, first=1)
        table["country"] = countries.of(of_each, len(known))
        values[layout.COUNTRY] = countries.texts
    return Customers(numbers, known, table)


class Codes(NamedTuple):
    """The codes on sales: for each conversion its code's partner or NONE."""

    partner: Array
    conversions: Table


def put_touches(
    touches: Sequence[Touch], customers: Customers, partners: Coder, codes: Codes, rules: RuleTables
) -> Table:
    """The table of touches: recorded ones, each for every customer it counts for, and codes on sales."""
    ranks, columns = _recorded(touches, customers, partners, rules)
    rows = np.flatnonzero(codes.partner != NONE)
    at = codes.conversions["at"][rows]
    on_sales = Touches(
        codes.conversions["customer"][rows],
        at,
        at + rules.channel_windows[CODE],
        codes.partner[rows],
        np.full(len(rows), rules.channel_ranks[CODE], np.int32),
        rows,
    )
    both = Touches(*map(np.concatenate, zip(columns, on_sales, strict=True))) if len(rows) else columns
    put(customers.table, "touch", slices(both.customer, len(customers.table)))
    return touch_table(both, ranks)


def _recorded(
    touches: Sequence[Touch], customers: Customers, partners: Coder, rules: RuleTables
) -> tuple[Ranks, Touches]:
    n = len(touches)
    at, channels = figures(touches, "at"), texts(touches, "channel")
    expires = at + np.fromiter(map(rules.channel_windows.__getitem__, channels), np.int64, n)
    if REGISTRATION in channels:
        for row, touch in enumerate(touches):
            if touch.channel == REGISTRATION and touch.until is not None:
                expires[row] = touch.until
    partner = partners.of(texts(touches, "partner"), n)
    rank = np.fromiter(map(rules.channel_ranks.__getitem__, channels), np.int32, n)
    rows, customer = _whose(touches, customers.numbers, customers.known)
    ranks = id_ranks(texts(touches, "id"))
    whose_nobody = np.full(len(rows), NONE, np.int32)
    return lambda pairs: ranks(rows[pairs]), Touches(
        customer, at[rows], expires[rows], partner[rows], rank[rows], whose_nobody
    )


def _whose(touches: Sequence[Touch], customers: Coder, known: Sequence[Customer | None]) -> tuple[Array, Array]:
    """Each touch with each customer that it counts for: its own, and those whose visitor it names."""
    own = customers.of(texts(touches, "customer"), len(touches))
    seen_by: dict[str | None, dict[int, None]] = {}
    for number, customer in enumerate(known):
        for visitor in customer.visitors if customer else ():
            seen_by.setdefault(visitor, {})[number] = None
    rows = np.flatnonzero(own != NONE)
    if not seen_by:
        return rows, own[rows]
    found = [
        (row, number)
        for row, visitor in enumerate(texts(touches, "visitor"))
        if visitor in seen_by
        for number in seen_by[visitor]
        if number != own[row]
    ]
    more = np.array(found, np.int64).reshape(-1, 2)
    return np.concatenate((rows, more[:, 0])), np.concatenate((own[rows], more[:, 1]))


class Tokens(NamedTuple):
    """The numbers of partners' e-mail addresses and domains; those of public mail providers have none."""

    emails: Mapping[str, int]
    domains: Mapping[str, int]
    of_partners: Sequence[Sequence[int]]

    def of(self, email: str | None, domain: str | None) -> list[int]:
        """What a customer shares with partners."""
        found = set()
        if email:
            address = email.lower()
            found.add(self.emails.get(address))
            if "@" in address:
                found.add(self.domains.get(address.rpartition("@")[2]))
        if domain:
            found.add(self.domains.get(domain.lower()))
        return sorted(number for number in found if number is not None)


def may_share(customers: Customers) -> bool:
    """Whether anything is known of a customer that a partner could share."""
    return any(one is not None and (one.email or one.domain) for one in customers.known)


def partner_tokens(partners: Sequence[Partner]) -> Tokens:
    """Their e-mail addresses and domains as numbers: addresses first, each by code point."""
    identities = [identity(one.emails, one.domains) for one in partners]
    emails = sorted(set().union(*(emails for emails, _ in identities)))
    domains = sorted(set().union(*(domains for _, domains in identities)))
    by_email = {email: number for number, email in enumerate(emails)}
    by_domain = {domain: number for number, domain in enumerate(domains, start=len(emails))}
    of_partners = [
        sorted([*(by_email[one] for one in mine), *(by_domain[one] for one in its)]) for mine, its in identities
    ]
    return Tokens(by_email, by_domain, of_partners)


def token_table(tokens: Tokens, partners: Table, customers: Customers) -> Table:
    """The tokens of partners, and those that customers share with some partner."""
    theirs: list[list[int]] = []
    if tokens.emails or tokens.domains:
        theirs = [[] if one is None else tokens.of(one.email, one.domain) for one in customers.known]
    put_tokens(partners, list(map(len, tokens.of_partners)), 0)
    put_tokens(customers.table, list(map(len, theirs)), sum(map(len, tokens.of_partners)))
    return np.fromiter(chain.from_iterable(chain(tokens.of_partners, theirs)), np.int32)


def put_tokens(table: Table, counts: Sequence[int] | Array, start: int) -> None:
    """Where each row's tokens stand; rows behind those that are counted have none."""
    n = np.zeros(len(table), np.int64)
    n[: len(counts)] = counts
    put(table, "token", Slices(start + np.cumsum(n) - n, n))


def standing_credits(
    credits_: Iterable[Credit], customers: Mapping[str | None, int], conversions: Mapping[str | None, int]
) -> list[tuple[Credit, int]]:
    """The credits that decide, in (at, id) order, with the row of what they are about."""
    latest: dict[tuple[str, int], Credit] = {}
    for credit in sorted(credits_, key=attrgetter("at", "id")):
        if credit.customer:
            about, row = "customer", customers.get(credit.customer, NONE)
        else:
            about, row = "conversion", conversions.get(credit.conversion, NONE)
        if row != NONE:
            latest.pop((about, row), None)
            latest[about, row] = credit
    return [(credit, row) for (_, row), credit in latest.items()]


def credit_tables(
    given: Sequence[tuple[Credit, int]], partners: Coder, customers: Table, conversions: Table
) -> tuple[Table, Table]:
    """The tables of credits and their shares; customers and conversions learn which is theirs."""
    found = np.zeros(len(given), layout.Credit)
    shares: list[tuple[int, int]] = []
    for row, (credit, about) in enumerate(given):
        (customers if credit.customer else conversions)["credit"][about] = row
        parts = [(partners.numbers[share.partner], share.ppm) for share in credit.shares if share.ppm]
        found[row] = (len(shares), len(parts))
        shares += parts
    return found, np.array(shares, layout.CreditShare)
