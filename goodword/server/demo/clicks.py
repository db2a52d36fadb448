"""Clicks of the demo's last weeks: people, the same people again, and machines, on the links of every partner.

Invented and the same for every load of one day. They are nobody's: the demo's sales have their own touches.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from goodword.accounts.models import Program
from goodword.referrals.counting import count_clicks
from goodword.referrals.models import Link

DAYS: Final = 75
_PER_DAY: Final = 5
_HOSTS: Final = ("www.youtube.com", "www.instagram.com", "news.example", "blog.example", "t.co", "www.reddit.com", "")
_SUBS: Final = ("footer", "newsletter", "video", "podcast", "", "", "", "")
_CAMPAIGNS: Final = ("autumn", "gift-guide", "", "", "", "")
_MACHINES: Final = ("bot", "bot", "bot", "prefetch", "head")
_AGENTS: Final = ("Chrome on Android", "Safari on iOS", "Chrome on Windows", "Firefox on Windows", "Safari on macOS")
_COLUMNS: Final = (
    "id, at, program_id, partner_id, link_id, visitor, not_attributable, via_qr, privacy_signal, sub_id, "
    "referrer_host, utm_campaign, agent"
)


def store_clicks(program: Program, now: datetime) -> int:
    """Store the clicks of the last weeks; how many. Counting them is the worker's work, or `count_all`'s."""
    stored, links = 0, _links()  # read before: a connection that copies answers no query
    with connection.cursor() as cursor:
        cursor.execute("SELECT referrals_click_months(%s, %s)", [now - timedelta(days=DAYS), now])
        with cursor.copy(f"COPY referrals_click ({_COLUMNS}) FROM STDIN") as copy:
            for row in _rows(program, links, now):
                copy.write_row(row)
                stored += 1
    return stored


def count_all() -> None:
    """Count what is stored, as a worker would."""
    while count_clicks().more:
        pass


def _links() -> list[tuple[UUID, UUID]]:
    links = Link.objects.filter(revoked_at=None, partner__status="active").order_by("partner__external_id", "pk")
    return list(links.values_list("pk", "partner_id"))


def _rows(program: Program, links: list[tuple[UUID, UUID]], now: datetime) -> Iterator[tuple[Any, ...]]:
    rng = random.Random(f"clicks {now.date()}")  # noqa: S311 - a story, no secret
    for place, (link, partner) in enumerate(links):
        liking = rng.choice((0.2, 0.5, 1.0, 1.0, 1.6, 3.0)) * (3 if place < 4 else 1)
        for back in range(DAYS):
            day = now - timedelta(days=back)
            weekend = 0.6 if day.weekday() > 4 else 1.0
            for _ in range(int(rng.gauss(_PER_DAY, 2) * liking * weekend)):
                yield from _visit(rng, (program.pk, partner, link), day - timedelta(seconds=rng.randrange(86_400)))


def _visit(rng: random.Random, whose: tuple[UUID, UUID, UUID], at: datetime) -> Iterator[tuple[Any, ...]]:
    machine = rng.random() < 0.14
    row = (
        *whose,
        f"{rng.getrandbits(128):032x}",
        rng.choice(_MACHINES) if machine else "",
        not machine and rng.random() < 0.08,
        rng.random() < 0.03,
        rng.choice(_SUBS),
        "" if machine else rng.choice(_HOSTS),
        rng.choice(_CAMPAIGNS),
        "" if machine else rng.choice(_AGENTS),
    )
    yield _key(rng, at), at, *row
    if not machine and rng.random() < 0.04:
        again = at + timedelta(seconds=rng.randrange(1, 8))
        yield _key(rng, again), again, *row


def _key(rng: random.Random, at: datetime) -> UUID:
    """A key of that moment (UUIDv7), always the same for the same story."""
    moment = int(at.timestamp() * 1000) << 80
    return UUID(int=moment | 0x7 << 76 | rng.getrandbits(12) << 64 | 0b10 << 62 | rng.getrandbits(62))
