"""Whom a change can touch: the partners tied to some customers, and every customer of those partners.

A partner's lines hang together (tiers, caps, the n-th sale), so a partner is always settled whole. Partners hang
together only where the program says so: then everything is settled.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from goodword.accounts.models import Program
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.partners.models import TermsVersion
from goodword.referrals.models import Credit

SPLITTING_MODELS = frozenset({"linear", "position", "decay"})
"""Attribution models that share one conversion among several partners."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The partners to settle and the customers whose facts that takes; `changed` are the customers it began with."""

    partners: frozenset[UUID]
    customers: frozenset[str]
    changed: frozenset[str]


def ties_partners(program: Program) -> bool:
    """Whether one partner's commission can move another's: shared limits, split credit, or overrides."""
    attribution = program.attribution or {}
    if program.guardrail or program.budget or attribution.get("assist"):
        return True
    if attribution.get("model", "last") in SPLITTING_MODELS:
        return True
    documents = TermsVersion.unscoped.filter(program=program).values_list("document", flat=True)
    return any(document.get("overrides") for document in documents)


def scope_of(program: Program, changed: Iterable[str]) -> Scope | None:
    """The scope that these customers open; none: settle the whole program."""
    if ties_partners(program):
        return None
    customers = frozenset(changed)
    partners = _with_those_who_share(program, _partners_of(program, customers))
    return Scope(partners, customers | customers_of(program, partners), customers)


def _with_those_who_share(program: Program, partners: frozenset[UUID]) -> frozenset[UUID]:
    """Partners whom a person's decision made share a conversion are rounded together: they come along."""
    shared = [parties for parties in map(_parties, _shares(program)) if len(parties) > 1]
    while more := {key for parties in shared if parties & partners for key in parties} - partners:
        partners |= more
    return partners


def _shares(program: Program) -> list[list[dict[str, str]]]:
    return list(Credit.unscoped.filter(program=program, retracted_at=None).values_list("shares", flat=True))


def _parties(shares: list[dict[str, str]]) -> set[UUID]:
    found = set()
    for share in shares:
        try:
            found.add(parse_public_id("partner", share["partner"]))
        except MalformedId:  # nobody we could pay
            continue
    return found


def _partners_of(program: Program, customers: frozenset[str]) -> frozenset[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_PARTNERS_OF, {"program": program.pk, "customers": list(customers)})
        keys = {row[0] for row in cursor.fetchall()}
        cursor.execute(_SHARES_OF, {"program": program.pk, "customers": list(customers)})
        rows = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]
    return frozenset(keys.union(*map(_parties, rows)))


def customers_of(program: Program, partners: frozenset[UUID]) -> frozenset[str]:
    """The customers whose facts it takes to settle these partners."""
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMERS_OF, {"program": program.pk, "partners": list(partners)})
        found = {row[0] for row in cursor.fetchall()}
    credited = [
        (conversion, customer)
        for conversion, customer, shares in Credit.unscoped.filter(program=program).values_list(
            "conversion", "customer", "shares"
        )
        if _parties(shares) & partners
    ]
    with connection.cursor() as cursor:
        cursor.execute(_BUYERS, {"program": program.pk, "conversions": [c for c, _ in credited if c]})
        found |= {row[0] for row in cursor.fetchall()}
    return frozenset(found | {customer for _, customer in credited if customer})


# Retracted facts are read too: what they led to is still booked.
_PARTNERS_OF = """
    SELECT partner_id FROM referrals_touch WHERE program_id = %(program)s AND customer = ANY (%(customers)s)
    UNION
    SELECT touch.partner_id FROM referrals_customer known
      JOIN referrals_touch touch ON touch.program_id = known.program_id AND touch.visitor = ANY (known.visitors)
     WHERE known.program_id = %(program)s AND known.external_id = ANY (%(customers)s) AND touch.visitor <> ''
    UNION
    SELECT code.partner_id FROM referrals_conversion sale
      JOIN referrals_code code ON code.program_id = sale.program_id AND code.key = sale.code
     WHERE sale.program_id = %(program)s AND sale.customer = ANY (%(customers)s) AND sale.code <> ''
    UNION
    SELECT partner_id FROM commissions_line WHERE program_id = %(program)s AND customer = ANY (%(customers)s)
"""
_SHARES_OF = """
    SELECT shares FROM referrals_credit WHERE program_id = %(program)s AND (customer = ANY (%(customers)s)
        OR conversion IN (SELECT external_id FROM referrals_conversion
                           WHERE program_id = %(program)s AND customer = ANY (%(customers)s)))
"""
_CUSTOMERS_OF = """
    SELECT customer FROM referrals_touch
     WHERE program_id = %(program)s AND partner_id = ANY (%(partners)s) AND customer <> ''
    UNION
    SELECT known.external_id FROM referrals_touch touch
      JOIN referrals_customer known ON known.program_id = touch.program_id AND touch.visitor = ANY (known.visitors)
     WHERE touch.program_id = %(program)s AND touch.partner_id = ANY (%(partners)s) AND touch.visitor <> ''
    UNION
    SELECT sale.customer FROM referrals_code code
      JOIN referrals_conversion sale ON sale.program_id = code.program_id AND sale.code = code.key
     WHERE code.program_id = %(program)s AND code.partner_id = ANY (%(partners)s)
    UNION
    SELECT customer FROM commissions_line WHERE program_id = %(program)s AND partner_id = ANY (%(partners)s)
"""
_BUYERS = """
    SELECT customer FROM referrals_conversion WHERE program_id = %(program)s AND external_id = ANY (%(conversions)s)
"""
