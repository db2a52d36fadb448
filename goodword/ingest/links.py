"""The links of all programs in memory: which address leads where. Filled and kept fresh by `watching.py`.

A link is prepared once for the millions of times it is followed: what never changes between two visits is text here.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.utils.encoding import iri_to_uri

from goodword.domain.errors import DomainError
from goodword.domain.links import checked_destination, link_window_days
from goodword.ingest.clicks import packed_link
from goodword.ingest.visitors import attributes_of

CLICK_PARAMETER: Final = "gw_click"
MISSES_MAX: Final = 10_000
MISS_SECONDS: Final = 1.0

COLUMNS: Final = """
SELECT link.id, link.key, link.destination, link.partner_id, program.id AS program_id, program.slug,
       link.revoked_at IS NOT NULL OR partner.status <> 'active' OR program.status <> 'live' AS inactive,
       program.allowed_hosts, program.attribution::text
  FROM referrals_link link
  JOIN partners_partner partner ON partner.id = link.partner_id
  JOIN accounts_program program ON program.id = link.program_id
"""


@dataclass(frozen=True, slots=True)
class Place:
    """An address to send people to, ready to take a click id: what stands before and after it."""

    plain: str
    before: str
    after: str
    own: frozenset[str]

    def with_click(self, click: str) -> str:
        """The address with this click id."""
        return f"{self.before}{click}{self.after}"

    def with_campaign(self, campaign: Mapping[str, str], click: str = "") -> str:
        """The address with what the link's address said of a campaign, unless it says so itself."""
        more = {name: value for name, value in campaign.items() if name not in self.own}
        if click:
            more[CLICK_PARAMETER] = click
        if not more:
            return self.plain
        joined = self.before.removesuffix(f"{CLICK_PARAMETER}=")
        return f"{joined}{urlencode(more)}{self.after}"


@dataclass(frozen=True, slots=True)
class Link:
    """One link as it is followed. `row` is the part of a click's row that all its clicks share."""

    id: UUID
    program: UUID
    partner: UUID
    slug: str
    key: str
    inactive: bool
    place: Place
    hosts: tuple[str, ...]
    window_days: int
    cookie: str
    row: bytes

    @property
    def address(self) -> str:
        """How the table finds it: what follows `/r/`."""
        return f"{self.slug}/{self.key}"

    def deep(self, wanted: str) -> Place | None:
        """The page that a deep link asks for, where the program allows its host; else None."""
        return _deep(wanted, self.place.plain, self.hosts)


def link_of(row: Mapping[str, Any]) -> Link:
    """A link from a row of `COLUMNS`."""
    days = link_window_days(json.loads(row["attribution"]))
    return Link(
        id=row["id"],
        program=row["program_id"],
        partner=row["partner_id"],
        slug=row["slug"],
        key=row["key"],
        inactive=row["inactive"],
        place=place_of(row["destination"]),
        hosts=tuple(row["allowed_hosts"]),
        window_days=days,
        cookie=attributes_of(row["slug"], days),
        row=packed_link(row["program_id"], row["partner_id"], row["id"]),
    )


@lru_cache(maxsize=8192)
def place_of(stored: str) -> Place:
    """A stored address, prepared. What it says itself stays, except a click id of somebody."""
    parts = urlsplit(stored)
    own = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] != CLICK_PARAMETER]
    bare = urlunsplit(parts._replace(query="", fragment=""))
    query, after = "&".join(own), f"#{parts.fragment}" if parts.fragment else ""
    asked = f"{bare}?{query}" if query else bare
    joined = f"{asked}&" if query else f"{bare}?"
    return Place(
        plain=iri_to_uri(f"{asked}{after}") or "",
        before=f"{iri_to_uri(joined)}{CLICK_PARAMETER}=",
        after=iri_to_uri(after) or "",
        own=frozenset(pair.partition("=")[0] for pair in own),
    )


@lru_cache(maxsize=8192)
def _deep(wanted: str, stored: str, hosts: tuple[str, ...]) -> Place | None:
    if wanted.startswith("/"):
        parts = urlsplit(stored)
        wanted = f"{parts.scheme}://{parts.netloc}{wanted}" if not wanted.startswith("//") else wanted
    try:
        checked = checked_destination(wanted, allowed_hosts=hosts, own_hosts=own_hosts())
    except DomainError:
        return None
    return place_of(checked)


def own_hosts() -> set[str]:
    """The hosts that this server answers at: a destination there that is a link again would be a loop."""
    named = {urlsplit(address).hostname for address in (settings.BASE_URL, settings.LINKS_URL) if address}
    return {host for host in named if host} | {host for host in settings.ALLOWED_HOSTS if host != "*"}


@dataclass(slots=True)
class LinkTable:
    """Links by address. Reading is one look into a dictionary; only `watching.py` and `last_known.py` write.

    `edition` grows with every change.
    """

    edition: int = 0
    by_address: dict[str, Link] = field(default_factory=dict)
    _by_id: dict[UUID, Link] = field(default_factory=dict)
    _misses: dict[str, float] = field(default_factory=dict)

    def find(self, address: str) -> Link | None:
        """The link at `<program>/<key>`; the key counts in any case."""
        found = self.by_address.get(address)
        if found is None:
            slug, slash, key = address.partition("/")
            found = self.by_address.get(f"{slug}{slash}{key.lower()}")
        return found

    def replace_all(self, links: Iterable[Link]) -> None:
        """These links and no others."""
        by_id = {link.id: link for link in links}
        self._by_id, self.by_address = by_id, {link.address: link for link in by_id.values()}
        self._misses.clear()
        self.edition += 1

    def links(self) -> list[Link]:
        """All of them, as they are at this moment."""
        return list(self._by_id.values())

    def renew(self, links: Iterable[Link], *, gone: Callable[[Link], bool]) -> None:
        """Put these links in the place of all those that `gone` names."""
        for old in [link for link in self._by_id.values() if gone(link)]:
            self._forget(old)
        for link in links:
            if (known := self._by_id.get(link.id)) is not None:
                self._forget(known)
            self._by_id[link.id] = self.by_address[link.address] = link
        self._misses.clear()
        self.edition += 1

    def _forget(self, link: Link) -> None:
        self._by_id.pop(link.id, None)
        if self.by_address.get(link.address) is link:
            del self.by_address[link.address]

    def is_known_miss(self, address: str) -> bool:
        """Whether somebody asked the database for this address a moment ago, in vain."""
        until = self._misses.get(address)
        return until is not None and until > time.monotonic()

    def note_miss(self, address: str) -> None:
        """Remember for a moment that there is no such link: guessed addresses do not become queries."""
        if len(self._misses) >= MISSES_MAX:
            self._misses.clear()
        self._misses[address] = time.monotonic() + MISS_SECONDS
