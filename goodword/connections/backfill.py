"""Catching up: events that no webhook brought are read from Stripe's list, stored and judged like the others."""

import json
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from goodword.connections.judging import judge
from goodword.connections.listing_events import ListNotRead, events_between, promotion_code
from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.services import BACKFILL_DAYS_MAX
from goodword.connections.storing import Arrival, store
from goodword.connections.vault import api_key_of
from goodword.domain.errors import InvalidInput, Problem

OVERLAP: Final = timedelta(hours=1)
"""Every catch-up begins so long before the end of the last one: an event may appear late in the list."""
QUIET: Final = timedelta(minutes=2)
"""Events as young as this are left to the webhook that is on its way."""


def checked_range(since: datetime, until: datetime, now: datetime) -> tuple[datetime, datetime]:
    """A time that can be read; raises InvalidInput with what is wrong about it."""
    problems = []
    if since >= until:
        problems.append(Problem("out_of_range", "The end must come after the beginning.", "until"))
    if since < now - timedelta(days=BACKFILL_DAYS_MAX):
        words = f"Stripe lists the last {BACKFILL_DAYS_MAX} days; import older sales from a file."
        problems.append(Problem("out_of_range", "That is too long ago.", "since", "", words))
    if problems:
        raise InvalidInput(problems)
    return since, min(until, now)


def read_range(connection: Connection, since: datetime, until: datetime, now: datetime) -> int:
    """Store and judge every event of a time that is not here yet; says how many there were. Raises ListNotRead.

    They are stored first, the oldest first, and then judged: none waits for one that is in the same list.
    """
    key = api_key_of(connection)
    if not key:
        raise ListNotRead("There is no key to read Stripe's list with.", remedy="Give a restricted key.")
    found = sorted(events_between(key, since, until), key=lambda event: str(event.get("created")).rjust(20))
    fresh = [event for one in found if (event := _store(connection, one, now)) is not None]
    for event in fresh:
        if event.outcome == "received":
            judge(event.pk, now)
    return len(fresh)


def _store(connection: Connection, content: dict[str, object], now: datetime) -> ReceivedEvent | None:
    event, is_new = store(connection, Arrival(json.dumps(content).encode(), {}, now, "list"))
    return event if is_new else None


def catch_up(connection: Connection, now: datetime) -> int:
    """Read what the list has since the last time. A failure is kept for the page, and tried again next time."""
    since = max((connection.caught_up_to or connection.created_at) - OVERLAP, now - timedelta(days=BACKFILL_DAYS_MAX))
    until = now - QUIET
    try:
        count = read_range(connection, since, until, now)
    except ListNotRead as refused:
        Connection.unscoped.filter(pk=connection.pk).update(catch_up_problem=refused.message[:300])
        return 0
    Connection.unscoped.filter(pk=connection.pk).update(caught_up_to=until, catch_up_problem="")
    return count


def look_up_codes(connection: Connection, now: datetime) -> int:
    """Ask Stripe for promotion codes that sales wait for; says how many were found."""
    key = api_key_of(connection)
    waiting = ReceivedEvent.unscoped.filter(connection=connection, outcome="waiting", reason="promotion_code")
    names = {link for links in waiting.values_list("links", flat=True) for link in links if link.startswith("promo_")}
    found = 0
    for name in sorted(names) if key else ():
        try:
            told = promotion_code(key, name)
        except ListNotRead:
            continue
        content = {
            "id": f"lookup:{name}", "object": "event", "type": "promotion_code.created",
            "created": int(now.timestamp()),
            "livemode": told.get("livemode") is True, "data": {"object": told},
        }  # fmt: skip
        with transaction.atomic():
            event = _store(connection, content, now)
        if event is not None:
            judge(event.pk, now)
            found += 1
    return found
