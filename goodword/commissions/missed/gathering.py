"""What the search for missed credit reads: a few statements for each batch of sales, never one for each sale.

The expressions over e-mail addresses and domains are word for word those of the indexes in migration 0008.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection

from goodword.accounts.models import Program
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.domain.missed_credit import CUSTOMERS_OF_DOMAIN_MAX, Promise, Sign
from goodword.partners.models import Partner
from goodword.referrals.models import Click, Code, Link, Signal

BATCH: Final = 2_000
PROMISES_MAX: Final = 200_000
"""The latest registrations and forms that are held in memory while sales are looked through."""
OUTCOMES: Final = ("no_touch", "outside_window", "existing_customer")
"""Outcomes that a hint can explain. Self-referral, a denied credit or a partner without agreement are decided."""


class Sale(NamedTuple):
    """A sale or event that credited nobody, with what is known of its customer."""

    id: str
    customer: str
    at: datetime
    code: str
    product: str
    lines: Any
    properties: Any
    name: str
    email: str
    domain: str
    visitors: list[str]
    existing: bool
    outcome: str


class Trace(NamedTuple):
    """A partner's first trace with a customer of the same address or domain; `sharing`: how many customers have it."""

    other: str
    partner: str
    at: datetime
    sharing: int


class Lost(NamedTuple):
    """A click of a customer that was stored and does not count."""

    partner: str
    at: datetime
    why: str


_SALES = """
    SELECT sale.external_id, sale.customer, sale.at, sale.code, sale.product, sale.lines, sale.properties,
           coalesce(known.name, ''), coalesce(known.email, ''), coalesce(known.domain, ''),
           coalesce(known.visitors, '{}'), coalesce(known.existing, false), given.outcome
      FROM commissions_outcome given
      JOIN referrals_conversion sale ON sale.program_id = given.program_id
       AND sale.external_id = given.conversion AND sale.retracted_at IS NULL
      LEFT JOIN referrals_customer known ON known.program_id = given.program_id
       AND known.external_id = sale.customer AND known.retracted_at IS NULL
     WHERE given.program_id = %s AND given.outcome = ANY (%s)
"""
_OTHERS = """
    SELECT wanted.key, other.external_id, other.visitors, other.sharing
      FROM unnest(%(keys)s::text[]) AS wanted (key)
     CROSS JOIN LATERAL (
        SELECT external_id, visitors, count(*) OVER () AS sharing FROM (
            SELECT external_id, visitors FROM referrals_customer
             WHERE program_id = %(program)s AND retracted_at IS NULL AND {same} LIMIT %(most)s) AS few) AS other
"""
# One statement for each way: lists of plain values are looked up by index whatever the statistics say.
_OF_CUSTOMERS = """
    SELECT customer, partner_id::text, min(at) FROM referrals_touch
     WHERE program_id = %s AND customer = ANY (%s) AND retracted_at IS NULL GROUP BY 1, 2
"""
_OF_BROWSERS = """
    SELECT visitor, partner_id::text, min(at) FROM referrals_touch
     WHERE program_id = %s AND visitor = ANY (%s) AND retracted_at IS NULL GROUP BY 1, 2
"""
_BY_CODES = """
    SELECT sale.customer, code.partner_id::text, min(sale.at) FROM referrals_conversion sale
      JOIN referrals_code code ON code.program_id = sale.program_id AND code.key = sale.code
     WHERE sale.program_id = %s AND sale.customer = ANY (%s) AND sale.code <> '' AND sale.retracted_at IS NULL
     GROUP BY 1, 2
"""
_SAME = {
    "email": "lower(email) = wanted.key AND email <> ''",
    "domain": "lower(coalesce(nullif(domain, ''), split_part(email, '@', 2))) = wanted.key"
    " AND (email <> '' OR domain <> '')",
}
_PROMISES = """
    SELECT partner_id::text, customer, at FROM referrals_touch
     WHERE program_id = %s AND channel IN ('form', 'registration') AND customer <> '' AND retracted_at IS NULL
     ORDER BY at DESC LIMIT %s
"""


def uncredited(program: Program) -> Iterator[list[Sale]]:
    """The sales and events that credited nobody, a batch at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SALES, [program.pk, list(OUTCOMES)])
        while batch := [Sale(*row) for row in cursor.fetchmany(BATCH)]:
            yield batch


def traces(program: Program, same: str, keys: Iterable[str]) -> dict[str, list[Trace]]:
    """Partners of customers with one of these e-mail addresses (or domains), by address (or domain)."""
    found: dict[str, list[Trace]] = defaultdict(list)
    wanted = sorted({key for key in keys if key})
    if not wanted:
        return found
    given: dict[str, Any] = {"program": program.pk, "keys": wanted, "most": CUSTOMERS_OF_DOMAIN_MAX + 1}
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS.format(same=_SAME[same]), given)
        others = cursor.fetchall()
    names = sorted({name for _, name, _, _ in others})
    traced = _traced(program, _OF_CUSTOMERS, names)
    coded = _traced(program, _BY_CODES, names)
    browsed = _traced(program, _OF_BROWSERS, sorted({one for _, _, browsers, _ in others for one in browsers if one}))
    for key, name, browsers, sharing in others:
        ways = [traced[name], coded[name], *(browsed[one] for one in browsers)]
        found[key] += [Trace(name, partner, at, sharing) for way in ways for partner, at in way]
    return found


def _traced(program: Program, statement: str, names: list[str]) -> dict[str, list[tuple[str, datetime]]]:
    """Partners with their first trace, by the customer or browser that has it."""
    found: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    if names:
        with connection.cursor() as cursor:
            cursor.execute(statement, [program.pk, names])
            for name, partner, at in cursor.fetchall():
                found[name].append((partner, at))
    return found


def lost_clicks(program: Program, sales: Sequence[Sale]) -> dict[str, list[Lost]]:
    """Clicks of these customers that were stored and do not count, by customer."""
    owners: dict[str, set[str]] = defaultdict(set)
    for sale in sales:
        for visitor in sale.visitors:
            owners[visitor].add(sale.customer)
    found: dict[str, list[Lost]] = defaultdict(list)
    rows = Click.unscoped.filter(
        program=program, visitor__in=list(owners), not_attributable__in=["inactive", "embedded"]
    )
    for visitor, partner, at, why in rows.values_list("visitor", "partner_id", "at", "not_attributable"):
        for customer in owners[visitor]:
            found[customer].append(Lost(str(partner), at, why))
    for customer, lost in _reused(program, {sale.customer for sale in sales}):
        found[customer].append(lost)
    return found


def _reused(program: Program, customers: set[str]) -> Iterator[tuple[str, Lost]]:
    """Customers who came with a click id that too many others carry: whose click it was."""
    rows = Signal.unscoped.filter(program=program, kind="reused_click", customer__in=customers)
    carried = defaultdict(list)
    for customer, given in rows.values_list("customer", "given"):
        with suppress(MalformedId):
            carried[parse_public_id("touch", given)].append(customer)
    clicks = Click.unscoped.filter(program=program, pk__in=list(carried))
    for key, partner, at in clicks.values_list("id", "partner_id", "at"):
        for customer in carried[key]:
            yield customer, Lost(str(partner), at, "reused_click")


def signs(program: Program) -> Iterator[Sign]:
    """The codes and link keys of the program."""
    for kind, model in (("code", Code), ("link", Link)):
        for partner, key, revoked in model.unscoped.filter(program=program).values_list("partner", "key", "revoked_at"):
            yield Sign(str(partner), kind, key, revoked.date() if revoked else None)


def promises(program: Program) -> Iterator[Promise]:
    """Registrations and forms that named a customer, the latest first."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_PROMISES, [program.pk, PROMISES_MAX])
        for partner, customer, at in cursor:
            yield Promise(partner, customer, at.date())


def partners_in_work(program: Program) -> dict[str, Partner]:
    """Partners that can be credited, by key."""
    rows = Partner.unscoped.filter(program=program, status__in=["active", "paused"])
    return {str(partner.pk): partner for partner in rows}
