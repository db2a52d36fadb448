"""From stored rows to the engine's typed records: the one loader, used by the worker and by the export alike.

Only reading lives here: one SQL statement per kind, its columns in the order of the record's fields, so that a row
becomes a record without a step between. Retracted facts are left out.
"""

# ruff: noqa: S608 - the statements are put together from constants of this file; every value is a parameter

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from goodword.accounts.models import Program
from goodword.domain.ids import public_id
from goodword.domain.money import to_minor
from goodword.domain.settlement import records
from goodword.domain.settlement.records import Fact, FactSet

Row = tuple[Any, ...]
BATCH: Final = 10_000


def settlement_facts(program: Program, customers: Sequence[str] | None = None) -> FactSet:
    """The program's facts as the engine's records; with `customers` (external ids) only what concerns these.

    What concerns a customer: its own fact, its touches and those of its visitors, its conversions, and the refunds,
    cancels and credits of those. Partners, agreements, codes and rates always come whole.
    """
    groups = {records.GROUP_OF[kind]: list(fact_records(program, kind, customers)) for kind in SOURCES}
    return FactSet(**groups)


def fact_records(
    program: Program, kind: type[Fact], customers: Sequence[str] | None = None, *, ordered: bool = False
) -> Iterator[Any]:
    """The records of one kind, a batch of rows at a time; `ordered` by id."""
    source = SOURCES[kind]
    for rows in _batches(source, program, customers, ordered=ordered):
        yield from map(source.read, rows)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a kind stands and how its rows read. `narrow` is the further condition for some customers only."""

    sql: str
    read: Callable[[Row], Any]
    narrow: str = ""


def _batches(
    source: Source, program: Program, customers: Sequence[str] | None, *, ordered: bool
) -> Iterator[list[Row]]:
    sql = source.sql + (f" and {source.narrow}" if customers is not None and source.narrow else "")
    if ordered:
        sql = f'select * from ({sql}) as found(id) order by id collate "C"'
    keys = partner_keys(program) if "%(keys)s" in sql else []
    values: dict[str, Any] = {"program": program.pk, "customers": list(customers or ()), **named(keys)}
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(BATCH):
            yield rows


def partner_keys(program: Program) -> list[UUID]:
    """The keys of all partners of a program."""
    with connection.cursor() as cursor:
        cursor.execute("select id from partners_partner where program_id = %s", [program.pk])
        return [row[0] for row in cursor.fetchall()]


def named(keys: Sequence[UUID]) -> dict[str, Any]:
    """Partners with their public ids, as the statements of SOURCES want them; of others they tell nothing."""
    return {"keys": list(keys), "names": [public_id("partner", key) for key in keys]}


def _partner(row: Row) -> records.Partner:
    key, parent, group, email, emails, domains, country = row
    addresses = sorted({address for address in (email, *emails) if address})
    return records.Partner(key, parent, group, tuple(addresses), tuple(sorted(set(domains))), country)


def _agreement(row: Row) -> records.Agreement:
    return records.Agreement._make((public_id("agreement", UUID(row[0])), *row[1:]))


def _customer(row: Row) -> records.Customer:
    return records.Customer._make((*row[:-1], tuple(row[-1])))


def _sale(row: Row) -> records.Sale:
    if row[10] is None and row[15] is None:
        return records.Sale._make((*row[:10], (), *row[11:15], records.NO_PROPERTIES))
    lines = tuple(_sale_line(line, row[3]) for line in _json(row[10]) or ())
    return records.Sale._make((*row[:10], lines, *row[11:15], _properties(row[15])))


def _sale_line(line: dict[str, Any], currency: str) -> records.SaleLine:
    amount = to_minor(line["amount"], currency)
    return records.SaleLine(line.get("product"), amount, line.get("category"), line.get("quantity", 1))


def _event(row: Row) -> records.Event:
    return records.Event._make((*row[:-1], _properties(row[-1])))


def _credit(row: Row) -> records.Credit:
    key, at, shares, reason, conversion, customer = row
    parts = tuple(records.Share(share["partner"], _ppm(share["percent"])) for share in _json(shares))
    return records.Credit(key, at, parts, reason, conversion, customer)


def _ppm(percent: str) -> int:
    return int(Decimal(percent.removesuffix("%")) * 10_000)


def _rate(row: Row) -> records.Rate:
    value = Fraction(row[-1])
    return records.Rate._make((*row[:-1], value.numerator, value.denominator))


def _json(value: Any) -> Any:
    return json.loads(value, parse_float=Decimal) if isinstance(value, str) else value


def _properties(value: Any) -> Any:
    """Stored properties are text, numbers, true or false; nothing is nested (see `domain.fields.properties`)."""
    return _json(value) or records.NO_PROPERTIES


_LIVE: Final = "program_id = %(program)s and retracted_at is null"
_NAMED: Final = "join unnest(%(keys)s::uuid[], %(names)s::text[]) as named(key, name)"
_CONVERSIONS: Final = f"(select external_id from referrals_conversion where {_LIVE} and customer = any(%(customers)s))"


def _micros(column: str) -> str:
    return f"(extract(epoch from {column}) * 1000000)::bigint"


SOURCES: Final[dict[type[Fact], Source]] = {
    records.Partner: Source(
        f"""select named.name, parent.name, g.key, p.email, p.emails, p.domains, nullif(p.country, '')
        from partners_partner p {_NAMED} on named.key = p.id
        left {_NAMED.replace("named", "parent")} on parent.key = p.parent_id
        left join partners_group g on g.id = p.group_id where p.program_id = %(program)s""",
        _partner,
    ),
    records.Agreement: Source(
        f"""select a.id::text, named.name, t.key || '@' || v.number, {_micros("a.starts_at")}, {_micros("a.ends_at")},
        a.for_cause from partners_agreement a {_NAMED} on named.key = a.partner_id
        join partners_termsversion v on v.id = a.terms_version_id join partners_terms t on t.id = v.terms_id
        where a.program_id = %(program)s and (a.ends_at is null or a.ends_at > a.starts_at)""",
        _agreement,
    ),
    # A revoked code stays: the sales it brought before are facts. The door refuses it on new ones.
    records.Code: Source(
        f"""select c.key, named.name from referrals_code c {_NAMED} on named.key = c.partner_id
        where c.program_id = %(program)s""",
        records.Code._make,
    ),
    records.Customer: Source(
        f"""select external_id, nullif(email, ''), nullif(domain, ''), nullif(country, ''), existing, visitors
        from referrals_customer where {_LIVE}""",
        _customer,
        narrow="external_id = any(%(customers)s)",
    ),
    records.Touch: Source(
        f"""select t.external_id, {_micros("t.at")}, named.name, t.channel, nullif(t.customer, ''),
        nullif(t.visitor, ''), {_micros("t.until")}
        from referrals_touch t {_NAMED} on named.key = t.partner_id where {_LIVE}""",
        records.Touch._make,
        narrow=f"""(t.customer = any(%(customers)s) or t.visitor in (select unnest(visitors) from referrals_customer
            where {_LIVE} and external_id = any(%(customers)s)))""",
    ),
    records.Sale: Source(
        f"""select external_id, {_micros("at")}, customer, currency, amount_minor, tax_minor, shipping_minor,
        discount_minor, fees_minor, cost_minor, lines, nullif(product, ''), nullif(code, ''), nullif(subscription, ''),
        nullif(kind, ''), properties from referrals_conversion where {_LIVE} and name = 'sale'""",
        _sale,
        narrow="customer = any(%(customers)s)",
    ),
    records.Event: Source(
        f"""select external_id, {_micros("at")}, name, customer, amount_minor, nullif(currency, ''), properties
        from referrals_conversion where {_LIVE} and name <> 'sale'""",
        _event,
        narrow="customer = any(%(customers)s)",
    ),
    records.Refund: Source(
        f"""select external_id, {_micros("at")}, sale, amount_minor, nullif(reason, '')
        from referrals_refund where {_LIVE}""",
        records.Refund._make,
        narrow=f"sale in {_CONVERSIONS}",
    ),
    records.Cancel: Source(
        f"select external_id, {_micros('at')}, sale from referrals_cancel where {_LIVE}",
        records.Cancel._make,
        narrow=f"sale in {_CONVERSIONS}",
    ),
    records.Credit: Source(
        f"""select external_id, {_micros("at")}, shares, reason, nullif(conversion, ''), nullif(customer, '')
        from referrals_credit where {_LIVE}""",
        _credit,
        narrow=f"(customer = any(%(customers)s) or conversion in {_CONVERSIONS})",
    ),
    records.Rate: Source(
        f"select external_id, {_micros('at')}, from_currency, to_currency, rate from referrals_rate"
        f" where {_LIVE} and approval in ('', 'approved')",
        _rate,
    ),
}
