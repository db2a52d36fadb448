"""The statements that store events in groups, and the columns they fill. What others gave us is a parameter always."""

from typing import Final

from goodword.ingest.event_rows import COLUMNS

BEGIN: Final = "BEGIN; SELECT count(pg_advisory_xact_lock(turn)) FROM unnest('{%s}'::bigint[]) AS turn"
"""A transaction that has its turns: in one message. The turns are numbers of ours."""
BECAME: Final = "SELECT pg_xact_status($1::text::xid8)"
LOOK: Final = """
WITH click AS (
    SELECT c.id, c.visitor FROM unnest($5::uuid[], $6::timestamptz[]) AS named (id, made), LATERAL (
        SELECT id, visitor FROM referrals_click WHERE id = named.id AND program_id = $1
           AND at BETWEEN named.made - interval '1 minute' AND named.made + interval '1 minute' OFFSET 0) c
)
SELECT 'number' AS what, pg_current_xact_id()::text AS name, '' AS said, NULL::uuid AS key, NULL::varchar[] AS visitors
 UNION ALL
SELECT 'sale', external_id, '', NULL, NULL FROM referrals_conversion
 WHERE program_id = $1 AND external_id = any($2::varchar[]) AND retracted_at IS NULL
 UNION ALL
SELECT 'sale', sale, '', NULL, NULL FROM referrals_refund
 WHERE program_id = $1 AND sale = any($2::varchar[]) AND retracted_at IS NULL
 UNION ALL
SELECT CASE WHEN c.revoked_at IS NULL THEN 'code' ELSE 'revoked' END, c.key, '', c.partner_id, NULL
  FROM referrals_code c WHERE program_id = $1 AND key = any($3::varchar[])
 UNION ALL
SELECT 'customer', c.external_id, concat_ws(' ', CASE WHEN c.name > '' THEN 'name' END, CASE WHEN c.email > '' THEN
       'email' END, CASE WHEN c.domain > '' THEN 'domain' END, CASE WHEN c.country > '' THEN 'country' END), NULL,
       c.visitors
  FROM referrals_customer c WHERE program_id = $1 AND external_id = any($4::varchar[]) AND retracted_at IS NULL
 UNION ALL
SELECT 'click', visitor, '', id, NULL FROM click
 UNION ALL
SELECT 'browser', visitor, '', NULL, NULL FROM referrals_knownbrowser
 WHERE program_id = $1 AND visitor = any(array(SELECT visitor FROM click) || $7::varchar[])
"""
"""All that the database knows of what these events name, and the transaction's number.

A click by its key and by the time in it, so that one month is looked into (OFFSET keeps the order of the join); one
that is not found so is left to the pages.
"""
KNOW: Final = """
INSERT INTO referrals_knownbrowser (program_id, visitor, look_again) SELECT $1, unnest($2::varchar[]), true
ON CONFLICT (program_id, visitor) DO UPDATE SET look_again = true
"""
CLICKED: Final = """
SELECT c.id, c.at, (SELECT partner_id FROM referrals_link WHERE id = c.link_id AND program_id = $1), c.visitor
  FROM unnest($2::varchar[]) AS known (name), LATERAL (
    SELECT id, at, visitor, link_id FROM referrals_click
     WHERE visitor = known.name AND program_id = $1 AND not_attributable = '' OFFSET 0) c
"""
"""The partner is the link's: clicks have no keys of their own that would keep it right."""
TOUCH: Final = """
INSERT INTO referrals_touch (id, program_id, external_id, payload_hash, recorded_at, source, partner_id, customer,
                             visitor, channel, at, click_id)
SELECT id, $1, name, '', at, 'redirect', partner, '', visitor, 'link', at, id
  FROM unnest($2::uuid[], $3::varchar[], $4::timestamptz[], $5::uuid[], $6::varchar[])
       AS found (id, name, at, partner, visitor)
ON CONFLICT DO NOTHING
"""
_FACT: Final = ("id", "program_id", "external_id", "payload_hash", "recorded_at", "source")
CONVERSION: Final = (*_FACT, *COLUMNS)
PERSON: Final = ("name", "email", "domain", "country", "existing", "visitors")
CUSTOMER: Final = (*_FACT, *PERSON)
MARK: Final = ("program_id", "customer", "cause", "since", "recorded_at")
