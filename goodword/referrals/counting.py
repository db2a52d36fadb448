"""Takes the clicks that were stored since it last looked, once each: counts them and makes touches of some.

Everything happens in one transaction, in sets, by one process at a time. Killed anywhere, it leaves all or nothing;
run again, it does nothing twice. Which clicks are new is told by the transactions that stored them: those that were
not yet committed when it last looked. So a click whose commit came late is never passed over, and nobody waits for it.
"""

# ruff: noqa: S608 - the statements are put together from constants of this file; every value is a parameter

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from goodword.referrals.stitching import Found, by_index, look_again, make_touches

REPEATED_WITHIN: Final = timedelta(seconds=10)
"""The same visitor follows the same link again so soon: a double click, or a page that loads twice."""
CLICKS_MAX: Final = 50_000
_TURN: Final = 5_150_668
# Below the server's deadlock_timeout: where two wait for one another, it is this process that gives way.
_WAIT: Final = "500ms"


@dataclass(frozen=True, slots=True)
class Window:
    """Transactions to take clicks from: from `since` on and those in `late`, below `upto` and not those in `but`."""

    since: int
    late: tuple[int, ...]
    upto: int
    but: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one run took: clicks, touches made, and whether more wait already."""

    clicks: int
    touches: int
    more: bool


def count_clicks(*, clicks_max: int = CLICKS_MAX) -> Counted:
    """Count what was stored since the last run, about `clicks_max` at most; nothing while another process does it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_TURN])
        if not cursor.fetchone()[0]:
            return Counted(0, 0, more=False)
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_WAIT])
        with by_index(cursor):
            return count_window(cursor, _window(cursor, clicks_max), clicks_max)


def hold_counting() -> None:
    """Wait until nobody counts, and let nobody count until this transaction ends."""
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])


def count_window(cursor: Any, window: Window, clicks_max: int = CLICKS_MAX) -> Counted:
    """Count the clicks of these transactions, and remember that."""
    values = _values(window)
    cursor.execute(_HOW_MANY, values)
    clicks, values["first"], values["last"] = cursor.fetchone()
    made = look_again(cursor)
    if clicks:
        values["moved"] = _mark_repeated(cursor, values)
        cursor.execute(_BY_HOUR, values)
        cursor.execute(_BY_DAY, values)
        cursor.execute(_OF_CUSTOMERS, values)
        made += make_touches(cursor, [Found(*row) for row in cursor.fetchall()])
        cursor.execute("UPDATE referrals_clickcursor SET upto = %(upto)s::xid8, but = %(but)s::text[]::xid8[]", values)
    return Counted(clicks, made, more=clicks >= clicks_max)


def _window(cursor: Any, clicks_max: int) -> Window:
    cursor.execute(_CURSOR)
    since, late, upto, but = cursor.fetchone()
    if int(since) > int(upto):  # a restored database: its transactions were those of another server
        cursor.execute("SELECT referrals_click_renumber()")
        return _window(cursor, clicks_max)
    cursor.execute("SELECT batch::text FROM referrals_click WHERE batch >= %s::xid8 ORDER BY batch LIMIT 1 OFFSET %s",
                   [since, clicks_max])  # fmt: skip
    far = cursor.fetchone()
    end = min(int(upto), int(far[0]) + 1) if far else int(upto)
    return Window(int(since), tuple(map(int, late)), end, tuple(one for one in map(int, but) if one < end))


def _mark_repeated(cursor: Any, values: dict[str, Any]) -> list[UUID]:
    """Mark what was clicked twice; those of them that had been counted as a visit before."""
    cursor.execute(_REPEATED, values)
    later = [row[0] for row in cursor.fetchall()]
    if not later:
        return []
    cursor.execute(_MARK_REPEATED, values | {"later": later})
    return [key for key, before in cursor.fetchall() if before]


def _values(window: Window) -> dict[str, Any]:
    return {
        "since": str(window.since),
        "late": [str(one) for one in window.late],
        "upto": str(window.upto),
        "but": [str(one) for one in window.but],
        "within": REPEATED_WITHIN,
        "moved": list[UUID](),
    }


_CURSOR: Final = """
SELECT held.upto::text, held.but::text[], pg_snapshot_xmax(now)::text, ARRAY(SELECT pg_snapshot_xip(now))::text[]
  FROM referrals_clickcursor held, pg_current_snapshot() now
"""
_DONE: Final = "{0}.batch < %(upto)s::xid8 AND {0}.batch <> ALL (%(but)s::text[]::xid8[])"
_FRESH: Final = f"""(SELECT * FROM referrals_click c WHERE c.batch >= %(since)s::xid8 AND {_DONE.format("c")}
    UNION ALL SELECT * FROM referrals_click c WHERE c.batch = ANY (%(late)s::text[]::xid8[])
        AND c.batch < %(since)s::xid8 AND {_DONE.format("c")})"""
_HOW_MANY: Final = f"SELECT count(*), min(at), max(at) FROM {_FRESH} fresh"
# Of two clicks of one visitor on one link that are close together, the later one is a repetition, whichever came to us
# first: one that was counted before may turn out to be one now.
_NEAR: Final = "{0}.at > %(first)s - %(within)s AND {0}.at < %(last)s + %(within)s"
_REPEATED: Final = f"""
WITH fresh AS MATERIALIZED (SELECT id, at, link_id, visitor FROM {_FRESH} c WHERE not_attributable = ''),
later AS (
    SELECT DISTINCT CASE WHEN (near.at, near.id) < (fresh.at, fresh.id) THEN fresh.id ELSE near.id END AS id,
           greatest(near.at, fresh.at) AS at
      FROM fresh, LATERAL (
        SELECT c.id, c.at FROM referrals_click c WHERE c.visitor = fresh.visitor AND c.not_attributable = ''
           AND c.link_id = fresh.link_id AND c.id <> fresh.id AND {_DONE.format("c")}
           AND c.at > fresh.at - %(within)s AND c.at < fresh.at + %(within)s
           AND {_NEAR.format("c")} OFFSET 0
      ) near
)
SELECT id FROM later
"""
_MARK_REPEATED: Final = f"""
UPDATE referrals_click c SET repeated = true
 WHERE c.id = ANY (%(later)s) AND NOT c.repeated AND {_NEAR.format("c")}
RETURNING c.id, c.batch < %(since)s::xid8 AND c.batch <> ALL (%(late)s::text[]::xid8[])
"""
# What a click counts as; one that was counted as a person's before (`moved`) is taken back from there.
_COUNTS: Final = """
    sum(CASE WHEN not_attributable <> '' OR repeated THEN 0 ELSE 1 END - moved) AS people,
    sum(CASE WHEN NOT via_qr THEN 0 WHEN moved = 1 THEN -1 WHEN not_attributable <> '' OR repeated THEN 0 ELSE 1 END)
        AS by_qr,
    sum(CASE WHEN not_attributable = '' AND repeated THEN 1 ELSE 0 END) AS repeated,
    sum(CASE WHEN not_attributable <> '' THEN 1 ELSE 0 END) AS machines"""
_TAKEN: Final = f"""(SELECT *, 0 AS moved FROM {_FRESH} fresh
    UNION ALL SELECT *, 1 FROM referrals_click c WHERE c.id = ANY (%(moved)s)
        AND {_NEAR.format("c")})"""
_ADD: Final = ", ".join(f"{one} = held.{one} + excluded.{one}" for one in ("people", "by_qr", "repeated", "machines"))
_BY_HOUR: Final = f"""
INSERT INTO referrals_clicksbyhour AS held
    (program_id, partner_id, link_id, hour, people, by_qr, repeated, machines)
SELECT link.program_id, link.partner_id, link.id, hour, people, by_qr, repeated, machines FROM (
    SELECT program_id, link_id, date_trunc('hour', at, 'UTC') AS hour, {_COUNTS} FROM {_TAKEN} taken GROUP BY 1, 2, 3
) counted JOIN referrals_link link ON link.id = counted.link_id AND link.program_id = counted.program_id
ON CONFLICT (link_id, hour) DO UPDATE SET {_ADD}
"""
_BY_DAY: Final = f"""
INSERT INTO referrals_clicksbyday AS held
    (program_id, partner_id, link_id, day, aspect, value, people, by_qr, repeated, machines)
SELECT link.program_id, link.partner_id, link.id, day, aspect, value, people, by_qr, repeated, machines FROM (
    SELECT program_id, link_id, (at AT TIME ZONE 'UTC')::date AS day, aspect, value, {_COUNTS} FROM {_TAKEN} taken,
        LATERAL (VALUES ('', ''), ('sub', sub_id), ('host', referrer_host), ('source', utm_source),
                        ('campaign', utm_campaign), ('why', not_attributable)) AS of (aspect, value)
     WHERE aspect = '' OR value <> '' GROUP BY 1, 2, 3, 4, 5
) counted JOIN referrals_link link ON link.id = counted.link_id AND link.program_id = counted.program_id
ON CONFLICT (link_id, day, aspect, value) DO UPDATE SET {_ADD}
"""
_OF_CUSTOMERS: Final = f"""
SELECT c.id, c.at, c.program_id, link.partner_id, c.visitor FROM {_FRESH} c
  JOIN referrals_knownbrowser known ON known.program_id = c.program_id AND known.visitor = c.visitor
  JOIN referrals_link link ON link.id = c.link_id AND link.program_id = c.program_id
 WHERE c.not_attributable = ''
"""
