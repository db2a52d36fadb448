"""The facts that settling on from a checkpoint needs: what came after it, and what is still needed of what came before.

Only reading lives here, by the statements of `fact_rows.py`.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is a parameter

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final
from uuid import UUID

from django.db import connection

from goodword.accounts.models import Program
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.domain.settlement import moment, records
from goodword.domain.settlement.records import FactSet, Instant
from goodword.referrals.fact_rows import SOURCES, named

_BEFORE_ALL: Final = datetime(1, 1, 2, tzinfo=UTC)


def facts_after(
    program: Program,
    customers: Mapping[str, Instant | None],
    *,
    conversions: Iterable[str] = (),
    partners: Iterable[str] = (),
) -> FactSet:
    """What these customers bought after an instant (None: ever), and what bears on it.

    Of before only sales with codes, and the `conversions` named. With the partners of their touches, codes and credits,
    and the `partners` named (public ids); with the ancestors of all these.
    """
    lasts = [_BEFORE_ALL if last is None else moment(last) for last in customers.values()]
    values = {"program": program.pk, "customers": list(customers), "lasts": lasts, "conversions": list(conversions)}
    sales = list(_found(records.Sale, _AFTER, values))
    events = list(_found(records.Event, _AFTER, values))
    values["sold"] = [each.id for group in (sales, events) for each in group]
    credits_ = list(_found(records.Credit, "(customer = any(%(customers)s) or conversion = any(%(sold)s))", values))
    values["codes"] = [sale.code for sale in sales if sale.code]
    shares = (share.partner for credit in credits_ for share in credit.shares)
    values |= named(_partner_keys(values, chain(partners, shares)))
    foreign = {each.currency for group in (sales, events) for each in group} - {program.currency, None}
    return FactSet(
        partners=list(_found(records.Partner, "", values)),
        agreements=list(_found(records.Agreement, "", values)),
        codes=list(_found(records.Code, "c.key = any(%(codes)s)", values)),
        customers=list(_found(records.Customer, SOURCES[records.Customer].narrow, values)),
        touches=list(_found(records.Touch, SOURCES[records.Touch].narrow, values)),
        sales=sales,
        events=events,
        refunds=list(_found(records.Refund, "sale = any(%(sold)s)", values)),
        cancels=list(_found(records.Cancel, "sale = any(%(sold)s)", values)),
        credits=credits_,
        rates=list(_found(records.Rate, "", values)) if foreign else [],
    )


def _found(kind: type[records.Fact], narrow: str, values: Mapping[str, Any]) -> Iterator[Any]:
    source = SOURCES[kind]
    with connection.cursor() as cursor:  # they are few
        cursor.execute(f"{source.sql} and {narrow}" if narrow else source.sql, values)
        return map(source.read, cursor.fetchall())


def _partner_keys(values: Mapping[str, Any], more: Iterable[str]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_PARTNERS, {**values, "more": list(_keys(more))})
        return [row[0] for row in cursor.fetchall()]


def _keys(names: Iterable[str]) -> Iterator[UUID]:
    for name in set(names):
        try:
            yield parse_public_id("partner", name)
        except MalformedId:  # nobody we could pay
            continue


_AFTER: Final = """customer = any(%(customers)s) and exists (
    select from unnest(%(customers)s::text[], %(lasts)s::timestamptz[]) as since(name, last)
     where since.name = customer and (at > since.last or code <> '' or external_id = any(%(conversions)s)))"""
_PARTNERS: Final = f"""
    with recursive found(id) as (
        select partner_id from (
            select t.partner_id from referrals_touch t
             where {SOURCES[records.Touch].narrow} and t.program_id = %(program)s
               and t.retracted_at is null
            union select partner_id from referrals_code where program_id = %(program)s and key = any(%(codes)s)
            union select unnest(%(more)s::uuid[])) named
        union select partner.parent_id from found join partners_partner partner on partner.id = found.id
               where partner.parent_id is not null)
    select partner.id from partners_partner partner join found using (id) where partner.program_id = %(program)s
"""
