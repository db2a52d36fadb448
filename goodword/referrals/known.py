"""What is already stored and bears on facts about to be recorded: read before the decision, in a few statements.

Facts tied by a reference (a refund to its sale, a browser to its customer) are recorded one after the other, so that
of two that meet the later one always sees the earlier.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from goodword.accounts.models import Program
from goodword.domain.fact_rules import Known
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.domain.turns import turns_of
from goodword.partners.models import Partner
from goodword.referrals import lookups  # noqa: F401 - registers `any_of`
from goodword.referrals.models import Click, Code, Conversion, LiveTest, Refund

_LOOKUP = 20_000
CUSTOMERS_PER_CLICK = 50
"""A family's or a shop counter's browser serves some customers; a click id of more is one sent again and again."""
_ALL_FROM = 500
_TIED_BY: Mapping[str, tuple[str, ...]] = {
    "customer": ("visitors",),
    "touch": ("visitor",),
    "sale": ("id",),
    "event": ("id",),
    "refund": ("sale",),
    "cancel": ("sale",),
    "credit": ("conversion",),
}


def take_turns(program: Program, kind: str, items: Sequence[Any]) -> None:
    """Wait for other transactions that record facts tied to these. Held until the transaction ends.

    References fall into a fixed number of buckets, so that a batch of any size holds few locks.
    """
    names = {text for name in _TIED_BY.get(kind, ()) for text in _texts(items, name)}
    if names:
        turns = turns_of(program.pk, None if len(items) > _ALL_FROM else names)
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(turn) from unnest(%s::bigint[]) as turn", [turns])


def known_of(program: Program, kind: str, items: Sequence[Any]) -> Known:
    """What the decision on these items needs to know."""
    if kind == "touch":
        return Known(
            partners=partners_named(program, _texts(items, "partner")),
            click_visitor=_click_visitors(program, _texts(items, "visitor")),
        )
    if kind == "customer":
        found = _click_visitors(program, _texts(items, "visitors"))
        worn = _worn_out(program, set(found.values()), _texts(items, "id"))
        return Known(click_visitor={given: browser for given, browser in found.items() if browser not in worn})
    if kind == "credit":
        shares = [share for item in items if isinstance(item, dict) for share in _list(item.get("shares"))]
        return Known(partners=partners_named(program, _texts(shares, "partner")))
    if kind == "refund":
        return Known(sale_currency=_currencies(program, _texts(items, "sale")))
    if kind == "sale":
        return Known(
            refund_currency=_refund_currencies(program, _texts(items, "id")), revoked_codes=_revoked_codes(program)
        )
    return Known()


def _texts(items: Iterable[Any], name: str) -> set[str]:
    """What the items say under this name, as far as it is text; the rules judge the rest."""
    found: set[str] = set()
    for item in items:
        value = item.get(name) if isinstance(item, dict) else None
        found.update(one for one in _list(value) or [value] if isinstance(one, str) and "\0" not in one)
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _chunks(names: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(name for name in names if name.isprintable())
    return (ordered[start : start + _LOOKUP] for start in range(0, len(ordered), _LOOKUP))


def partners_named(program: Program, names: Iterable[str]) -> dict[str, UUID]:
    """Partners of the program by what they are called: public id, or the company's own external_id."""
    by_name: dict[str, UUID] = {}
    partners = Partner.unscoped.filter(program=program)
    for chunk in _chunks(names):
        keys = {key: name for name in chunk if (key := _partner_key(name))}
        known = partners.filter(Q(pk__in=keys) | Q(external_id__in=[name for name in chunk if name]))
        for key, external_id in known.values_list("pk", "external_id"):
            if external_id:
                by_name[external_id] = key
            if key in keys:
                by_name[keys[key]] = key
    return by_name


def _partner_key(name: str) -> UUID | None:
    try:
        return parse_public_id("partner", name)
    except MalformedId:
        return None


def _currencies(program: Program, sales: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    known = Conversion.unscoped.filter(program=program, retracted_at=None, name="sale")
    for chunk in _chunks(sales):
        found.update(known.filter(external_id__any_of=chunk).values_list("external_id", "currency"))
    return found


def _refund_currencies(program: Program, sales: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    known = Refund.unscoped.filter(program=program, retracted_at=None)
    if not known.exists():
        return found
    for chunk in _chunks(sales):
        found.update(known.filter(sale__any_of=chunk).values_list("sale", "currency"))
    return found


def _revoked_codes(program: Program) -> dict[str, datetime]:
    revoked = Code.unscoped.filter(program=program, revoked_at__isnull=False)
    return {key: at for key, at in revoked.values_list("key", "revoked_at") if at}


def _click_visitors(program: Program, names: Iterable[str]) -> dict[str, str]:
    """The browser behind each click id of this program. A click id that is no click of ours names nobody."""
    keys: dict[UUID, str] = {}
    for name in names:
        try:
            keys[parse_public_id("touch", name)] = name
        except MalformedId:
            continue
    if not keys:
        return {}
    clicks = Click.unscoped.filter(program=program, pk__in=keys)
    tests = LiveTest.unscoped.filter(program=program, pk__in=keys)
    found = [*clicks.values_list("pk", "visitor"), *tests.values_list("pk", "visitor")]
    return {keys[key]: visitor for key, visitor in found}


_WORN_OUT = """
select browser from unnest(%(browsers)s::varchar[]) as browser
 where (select count(*) from (select 1 from referrals_customer
         where program_id = %(program)s and retracted_at is null and visitors @> array[browser]
           and not external_id = any(%(names)s) limit %(limit)s) as others) >= %(limit)s
"""


def _worn_out(program: Program, browsers: set[str], names: set[str]) -> set[str]:
    """Browsers that so many other customers have already that a click through them proves nothing any more."""
    if not browsers:
        return set()
    asked: dict[str, Any] = {
        "program": program.pk,
        "browsers": sorted(browsers),
        "names": sorted(names),
        "limit": CUSTOMERS_PER_CLICK,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WORN_OUT, asked)
        return {row[0] for row in cursor.fetchall()}
