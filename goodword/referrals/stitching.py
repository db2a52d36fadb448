"""Touches of clicks: made as soon as it is known which customer a visitor is, from whichever side that comes.

A customer that is recorded brings its visitors' clicks with it, in the same transaction, and asks for a second look.
The counting of clicks makes touches of later ones and takes that second look. So of a click and a customer that meet,
whichever is looked at last sees the other. A click becomes one touch under its own id, however often it is looked at.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from goodword.accounts.models import Program
from goodword.domain.ids import public_id

LOOKS_MAX: Final = 5_000
_AT_ONCE: Final = 20_000


class Found(NamedTuple):
    """A click of somebody who turned out to be a customer."""

    id: UUID
    at: datetime
    program_id: UUID
    partner_id: UUID
    visitor: str


def stitch_visitors(program: Program, visitors: Iterable[str]) -> int:
    """Make touches of what these visitors, now known as customers', clicked so far; how many. Asks for a second look.

    To be called in the transaction that records the customers, which marks them for settlement by itself.
    """
    assert connection.in_atomic_block, "a customer and its touches are stored together"
    names, made = sorted({name for name in visitors if name}), 0
    with connection.cursor() as cursor, by_index(cursor):
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            cursor.execute(_KNOW, [program.pk, some])
            made += len(_insert(cursor, _clicks(cursor, [program.pk] * len(some), some)))
    return made


def look_again(cursor: Any) -> int:
    """Take the second look at visitors that were recorded with customers since; how many touches it made.

    Their customers are settled again even if all touches were there: one may have come between two customers.
    """
    cursor.execute(_WAITING, [LOOKS_MAX])
    waiting = cursor.fetchall()
    if not waiting:
        return 0
    programs, visitors = [row[0] for row in waiting], [row[1] for row in waiting]
    found = _clicks(cursor, programs, visitors)
    made = _insert(cursor, found)
    _mark(cursor, found)
    cursor.execute(_LOOKED, [programs, visitors])
    return len(made)


def make_touches(cursor: Any, found: Sequence[Found]) -> int:
    """Make touches of clicks whose visitors are known, and have what their customers bought since settled; how many."""
    made = _insert(cursor, found)
    _mark(cursor, [one for one in found if one.id in made])
    return len(made)


@contextmanager
def by_index(cursor: Any) -> Iterator[None]:
    """Look up clicks by index alone: few are wanted of a table whose statistics are always late."""
    cursor.execute("SELECT current_setting('enable_seqscan'), current_setting('jit')")
    before = cursor.fetchone()
    cursor.execute(_PLANS, ["off", "off"])
    yield
    cursor.execute(_PLANS, before)


def _clicks(cursor: Any, programs: Sequence[UUID], visitors: Sequence[str]) -> list[Found]:
    cursor.execute(_CLICKS, [list(programs), list(visitors)])
    return [Found(*row) for row in cursor.fetchall()]


def _insert(cursor: Any, found: Sequence[Found]) -> set[UUID]:
    """Insert the touches that are not there yet, by order of id, so that two who meet wait for one another."""
    if not found:
        return set()
    ordered = sorted(found)
    columns = zip(*((one.id, public_id("touch", one.id), *one[1:]) for one in ordered), strict=True)
    cursor.execute(_INSERT, [list(column) for column in columns])
    return {row[0] for row in cursor.fetchall()}


def _mark(cursor: Any, found: Sequence[Found]) -> None:
    if found:
        cursor.execute(
            _MARK, [[one.program_id for one in found], [one.visitor for one in found], [one.at for one in found]]
        )


_PLANS: Final = "SELECT set_config('enable_seqscan', %s, true), set_config('jit', %s, true)"
_KNOW: Final = """
INSERT INTO referrals_knownbrowser (program_id, visitor, look_again) SELECT %s, unnest(%s::text[]), true
ON CONFLICT (program_id, visitor) DO UPDATE SET look_again = true
"""
_WAITING: Final = """
SELECT program_id, visitor FROM referrals_knownbrowser WHERE look_again
 ORDER BY program_id, visitor LIMIT %s FOR UPDATE SKIP LOCKED
"""
_LOOKED: Final = """
UPDATE referrals_knownbrowser known SET look_again = false FROM unnest(%s::uuid[], %s::text[]) AS looked (program, name)
 WHERE known.program_id = looked.program AND known.visitor = looked.name
"""
_CLICKS: Final = """
SELECT c.id, c.at, c.program_id, link.partner_id, c.visitor
  FROM unnest(%s::uuid[], %s::varchar[]) AS known (program, name)
  JOIN referrals_click c ON c.visitor = known.name AND c.program_id = known.program AND c.not_attributable = ''
  JOIN referrals_link link ON link.id = c.link_id AND link.program_id = c.program_id
"""
_INSERT: Final = """
INSERT INTO referrals_touch (id, program_id, external_id, payload_hash, recorded_at, source, partner_id, customer,
                             visitor, channel, at, click_id)
SELECT id, program, name, '', at, 'redirect', partner, '', visitor, 'link', at, id
  FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::uuid[], %s::uuid[], %s::text[])
       AS found (id, name, at, program, partner, visitor)
ON CONFLICT DO NOTHING RETURNING id
"""
_MARK: Final = """
INSERT INTO referrals_unsettledfact (program_id, customer, cause, since, recorded_at)
SELECT customer.program_id, customer.external_id, 'touch', min(touched.at), now()
  FROM unnest(%s::uuid[], %s::varchar[], %s::timestamptz[]) AS touched (program, name, at)
  JOIN referrals_customer customer ON customer.program_id = touched.program AND customer.retracted_at IS NULL
   AND customer.visitors @> ARRAY[touched.name]
 GROUP BY 1, 2 ORDER BY 1, 2
"""
