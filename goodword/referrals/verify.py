"""What must hold of clicks, for `goodword verify`: their links, their touches, and what is counted of them.

Only clicks that have been counted are looked at; those that came a moment ago wait for the worker. Of what is counted,
the last weeks are: what is older was looked at before and changes no more.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from goodword.ledger.invariants import Examined, invariant

_LOOK_BACK: Final = timedelta(days=35)
_COUNTED: Final = "c.batch < held.upto AND c.batch <> ALL (held.but)"


@invariant("I51", "Every click is one of a link of its program and of that link's partner")
def strange_clicks(at: Examined) -> Iterator[str]:
    rows = at.rows("""SELECT c.id, c.link_id FROM referrals_click c LEFT JOIN referrals_link link
           ON link.id = c.link_id AND link.program_id = c.program_id AND link.partner_id = c.partner_id
         WHERE c.program_id = %(program)s AND link.id IS NULL ORDER BY 1 LIMIT 100""")
    yield from (f"click {click} names link {link}, which is none of this program and partner" for click, link in rows)


@invariant("I52", "Every click that may earn, of a visitor who turned out to be a customer, is a touch")
def clicks_without_touch(at: Examined) -> Iterator[str]:
    rows = at.rows(f"""SELECT c.id, c.visitor FROM referrals_clickcursor held, referrals_knownbrowser known
          JOIN referrals_click c ON c.visitor = known.visitor AND c.program_id = known.program_id
          LEFT JOIN referrals_touch touch ON touch.click_id = c.id
         WHERE known.program_id = %(program)s AND NOT known.look_again AND c.not_attributable = ''
           AND touch.id IS NULL AND {_COUNTED} ORDER BY 1 LIMIT 100""")  # noqa: S608
    yield from (f"click {click} of visitor {visitor} has no touch" for click, visitor in rows)


@invariant("I53", "What is counted of the clicks of the last weeks is what clicks there are")
def miscounted_days(at: Examined) -> Iterator[str]:
    rows = at.rows(_MISCOUNTED, since=at.now - _LOOK_BACK)
    yield from (
        f"link {link} on {day}: counted {counted}, there are {there} (people, by QR, repeated, machines)"
        for link, day, counted, there in rows
    )


_MISCOUNTED: Final = f"""
SELECT link_id, day, counted.sums, there.sums FROM (
    SELECT link_id, day, ARRAY[people, by_qr, repeated, machines] AS sums FROM referrals_clicksbyday
     WHERE program_id = %(program)s AND aspect = '' AND day > (%(since)s AT TIME ZONE 'UTC')::date
) counted FULL JOIN (
    SELECT c.link_id, (c.at AT TIME ZONE 'UTC')::date AS day, ARRAY[
        count(*) FILTER (WHERE not_attributable = '' AND NOT repeated),
        count(*) FILTER (WHERE not_attributable = '' AND NOT repeated AND via_qr),
        count(*) FILTER (WHERE not_attributable = '' AND repeated),
        count(*) FILTER (WHERE not_attributable <> '')] AS sums
      FROM referrals_clickcursor held, referrals_click c
      JOIN referrals_link link ON link.id = c.link_id AND link.program_id = c.program_id
     WHERE c.program_id = %(program)s AND c.at >= %(since)s AND {_COUNTED}
       AND (c.at AT TIME ZONE 'UTC')::date > (%(since)s AT TIME ZONE 'UTC')::date GROUP BY 1, 2
) there USING (link_id, day) WHERE counted.sums IS DISTINCT FROM there.sums ORDER BY 1, 2 LIMIT 100
"""  # noqa: S608
