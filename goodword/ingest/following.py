"""A visit to a referral link, decided: the row to store, where to send the person, and which cookie to set.

The destination comes from the stored link; a request can choose only among pages on the program's own hosts.
Pure: the table and the ids are given, nothing is written here.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from goodword.ingest.clicks import ClickIds, Sender, packed, packed_visit
from goodword.ingest.links import Link, Place
from goodword.ingest.visitors import COOKIE, cookie_for, new_visitor, visitor_of
from goodword.ingest.visits import DEEP_NAME, Header, asked_of, referrer_host, wants_privacy, why_not_a_person

SEALED: Final = (
    ("cache-control", "no-store"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("x-robots-tag", "noindex, nofollow"),
)
"""No cache may answer for us, no search engine lists us, and the partner's page address stays private."""


class Visit(NamedTuple):
    """What is to be done: the row, the way on (empty: a page instead), the way without a click id, the cookie."""

    row: bytes
    location: str
    without_click: str
    cookie: str


def follow(  # noqa: PLR0917 - called for every click: a record around these would cost more than they do
    link: Link, method: str, query: str, header: Header, sender: str, ids: ClickIds, keeping: Sender, now_ns: int
) -> Visit:
    """Decide one visit to this link."""
    asked = asked_of(query)
    privacy = wants_privacy(header)
    machine = "inactive" if link.inactive else why_not_a_person(method, header)
    # Cookies of somebody who sends a privacy signal are neither read nor set: the click stands alone.
    cookies = None if privacy else header("cookie")
    visitor = (visitor_of(cookies) if cookies and COOKIE in cookies else None) or new_visitor()
    key, public = ids.next(now_ns)
    place, dropped, campaign = link.place, asked.dropped, asked.campaign
    if asked.deep:
        deep = link.deep(asked.deep)
        place, dropped = (place, (*dropped, DEEP_NAME)) if deep is None else (deep, dropped)
    referrer = header("referer")
    host = referrer_host(referrer) if referrer else ""
    source, name = campaign.get("utm_source", ""), campaign.get("utm_campaign", "")
    row = packed(
        key,
        link.row,
        visitor,
        now_ns,
        packed_visit(asked.via_qr, machine, privacy, asked.sub_id, host, dropped, source, name),
        keeping.of_address(sender),
        keeping.of_agent(header("user-agent") or ""),
    )
    if link.inactive:
        return Visit(row, "", "", "")
    cookie = "" if privacy or machine else cookie_for(visitor, link.cookie)
    return Visit(row, *_ways_on(place, campaign, "" if machine else public), cookie)


def _ways_on(place: Place, campaign: Mapping[str, str], click: str) -> tuple[str, str]:
    """Where to send the person, and where if the click cannot be kept: an id that nobody knows is given to nobody."""
    if campaign:
        plain = place.with_campaign(campaign)
        return (place.with_campaign(campaign, click), plain) if click else (plain, plain)
    return place.with_click(click) if click else place.plain, place.plain
