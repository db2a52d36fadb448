"""The statements that store events in groups, and the columns they fill. Values are parameters throughout."""

from typing import Final

TURNS: Final = """
SELECT pg_current_xact_id()::text, count(pg_advisory_xact_lock(turn)) FROM unnest($1::bigint[]) AS turn
"""
BECAME: Final = "SELECT pg_xact_status($1::text::xid8)"
TAKEN: Final = """
SELECT external_id FROM referrals_conversion
 WHERE program_id = $1 AND retracted_at IS NULL AND external_id = any($2::varchar[])
UNION ALL
SELECT sale FROM referrals_refund WHERE program_id = $1 AND retracted_at IS NULL AND sale = any($2::varchar[])
"""
CODES: Final = """
SELECT key, partner_id, revoked_at IS NOT NULL FROM referrals_code WHERE program_id = $1 AND key = any($2::varchar[])
"""
CUSTOMERS: Final = """
SELECT external_id, name, email, domain, country, visitors FROM referrals_customer
 WHERE program_id = $1 AND retracted_at IS NULL AND external_id = any($2::varchar[])
"""
CLICKS: Final = """
SELECT c.id, c.visitor FROM unnest($2::uuid[], $3::timestamptz[]) AS named (id, made), LATERAL (
    SELECT id, visitor FROM referrals_click WHERE id = named.id AND program_id = $1
       AND at BETWEEN named.made - interval '1 minute' AND named.made + interval '1 minute' OFFSET 0) c
"""
"""Each by its key (OFFSET keeps the order of the join) and by the time in it, so that one month is looked into.

A click that is not found so is left to the pages.
"""
BROWSERS: Final = "SELECT visitor FROM referrals_knownbrowser WHERE program_id = $1 AND visitor = any($2::varchar[])"
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
SAID: Final = (
    "name", "customer", "at", "currency", "amount_minor", "tax_minor", "shipping_minor", "discount_minor", "fees_minor",
    "cost_minor", "product", "code", "subscription", "kind",
)  # fmt: skip
_FACT: Final = ("id", "program_id", "external_id", "payload_hash", "recorded_at", "source")
CONVERSION: Final = (*_FACT, *SAID, "lines", "properties")
PERSON: Final = ("name", "email", "domain", "country", "existing", "visitors")
CUSTOMER: Final = (*_FACT, *PERSON)
MARK: Final = ("program_id", "customer", "cause", "since", "recorded_at")
