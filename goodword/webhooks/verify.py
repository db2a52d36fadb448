"""What must hold of what is told, for `goodword verify`: each committed change once, and nothing that did not happen.

Looks at the last weeks: older events were looked at before, and go after a while.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from goodword.ledger.invariants import Examined, invariant
from goodword.webhooks.catalog import KINDS
from goodword.webhooks.sources import LEDGER_RECIPES, ONE_BY_ONE

_LOOK_BACK: Final = timedelta(days=35)


@invariant("I45", "Each committed change is told in one event, and each delivery is of one; nothing else is told")
def untold(at: Examined) -> Iterator[str]:
    values = {
        "since": at.now - _LOOK_BACK,
        "actions": sorted(ONE_BY_ONE & KINDS.keys()),
        "recipes": sorted(LEDGER_RECIPES),
    }
    for words, query in _QUERIES.items():
        yield from (words.format(*row) for row in at.rows(query, **values))


_QUERIES: Final = {
    "events {0} to {1} are {2} in number, and the last that was told is {3}": """
        SELECT min(e.number), max(e.number), count(*), r.last_number FROM webhooks_reading r
          JOIN webhooks_event e ON e.program_id = r.program_id WHERE r.program_id = %(program)s GROUP BY r.last_number
        HAVING count(*) <> max(e.number) - min(e.number) + 1 OR max(e.number) <> r.last_number""",
    "event {0} tells of {1}, which was never committed or not yet read": """
        SELECT e.number, e.source FROM webhooks_event e JOIN webhooks_reading r USING (program_id)
         WHERE e.program_id = %(program)s AND e.created_at >= %(since)s AND (
            e.source ~ '^audit:[0-9]+' AND NOT EXISTS (SELECT FROM accounts_auditentry a
                WHERE a.program_id = e.program_id AND a.sequence = split_part(e.source, ':', 2)::bigint
                  AND a.sequence <= r.audit_sequence)
            OR e.source ~ '^ledger:[0-9]+' AND NOT EXISTS (SELECT FROM ledger_transaction t
                WHERE t.program_id = e.program_id AND t.sequence = split_part(e.source, ':', 2)::bigint
                  AND t.sequence <= r.ledger_sequence))
         ORDER BY 1 LIMIT 100""",
    "entry {0} of the trail ({1}) is told in no event": """
        WITH told AS (SELECT kind, object, split_part(source, ':', 2)::bigint AS number FROM webhooks_event
                       WHERE program_id = %(program)s AND source ~ '^audit:[0-9]+')
        SELECT a.sequence, a.action FROM accounts_auditentry a JOIN webhooks_reading r USING (program_id)
         WHERE a.program_id = %(program)s AND a.at >= %(since)s AND a.action = ANY (%(actions)s)
           AND a.sequence > (SELECT min(number) FROM told) AND a.sequence <= r.audit_sequence
           AND NOT EXISTS (SELECT FROM told WHERE number = a.sequence)
           AND NOT EXISTS (SELECT FROM told WHERE object = 'bulk ' || a.action AND number > a.sequence)
         ORDER BY 1 LIMIT 100""",
    "transaction {0} of the ledger ({1}) is told in no event": """
        WITH told AS (SELECT object, split_part(source, ':', 2)::bigint AS number, split_part(source, ':', 3) AS recipe
                        FROM webhooks_event WHERE program_id = %(program)s AND source ~ '^ledger:[0-9]+')
        SELECT t.sequence, t.kind FROM ledger_transaction t JOIN webhooks_reading r USING (program_id)
         WHERE t.program_id = %(program)s AND t.recorded_at >= %(since)s AND t.cause_kind = 'line'
           AND t.kind = ANY (%(recipes)s) AND t.sequence > (SELECT min(number) FROM told)
           AND t.sequence <= r.ledger_sequence
           AND NOT EXISTS (SELECT FROM told WHERE number = t.sequence AND recipe = '')
           AND NOT EXISTS (SELECT FROM told WHERE number >= t.sequence AND recipe = t.kind)
         ORDER BY 1 LIMIT 100""",
    "delivery {0} has number {1}, its event {2}, or another program": """
        SELECT d.id, d.number, e.number FROM webhooks_delivery d JOIN webhooks_event e ON e.id = d.event_id
          JOIN webhooks_endpoint p ON p.id = d.endpoint_id
         WHERE d.program_id = %(program)s AND (d.number <> e.number OR d.object <> e.object
            OR e.program_id <> d.program_id OR p.program_id <> d.program_id) ORDER BY 1 LIMIT 100""",
}
