"""Events of many requests into the database: in sets, in one transaction, with customers and what those clicked.

Only what is plain is stored here: new events, of customers who are new or about whom nothing new is said. A request
with anything else in it, such as a known id, is given back, and `referrals/tracking.py` carries it out.
"""

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from goodword.domain.fact_rules import FactRow, Known, Reading, read_facts
from goodword.domain.ids import public_id, uuid7, uuid7_texts
from goodword.domain.moments import Clock
from goodword.domain.turns import turns_of
from goodword.ingest import event_statements as sql
from goodword.ingest.database import BY_INDEX, BadRow, Trouble, connect
from goodword.ingest.events import Event, Request

_log = logging.getLogger("goodword.ingest")
SOURCE: Final = "track"
ALL_TURNS_FROM: Final = 12
AGAIN_SECONDS: Final = (0.1, 0.2, 0.5, 1.0)
ASKED_SECONDS: Final = 3.0


class Away(Exception):
    """The database does not take events now, or did not say in time whether it took these: they may be sent again."""


Answer = list[dict[str, Any]] | None
"""What is told of each event of a request; None: it is for the pages to carry out."""


@dataclass(slots=True)
class _Part:
    """What is to be stored for one program, and what is known of it there."""

    program: UUID
    requests: list[Request] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    codes: dict[str, UUID] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    clicks: dict[UUID, str] = field(default_factory=dict)
    browsers: set[str] = field(default_factory=set)
    new_people: dict[str, tuple[Event, str]] = field(default_factory=dict)

    def events(self) -> Iterable[Event]:
        return (event for request in self.requests for event in request.events)


class EventStore:
    """Writes groups of requests on a connection of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.up = False
        self._loop = loop
        self._connection: Any = None
        self._opening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to reach for the database."""
        if self._opening is None or self._opening.done():
            self._opening = self._loop.create_task(self._open())

    async def write(self, requests: list[Request]) -> dict[int, Answer]:
        """Store the requests that are plain: what is told of each, by its place in memory. Raises Away."""
        if not self.up:
            raise Away
        try:
            return await self._together(requests)
        except BadRow as error:
            if len(requests) == 1:
                return {id(requests[0]): None}
            _log.warning("%d requests were refused together (%s): storing each alone", len(requests), error)
            answers: dict[int, Answer] = {}
            for request in requests:
                answers |= await self.write([request])
            return answers

    async def _together(self, requests: Sequence[Request]) -> dict[int, Answer]:
        number = None
        try:
            transaction = self._connection.transaction()
            await transaction.start()
            try:
                number, answers = await self._store(requests)
            except BadRow:
                await transaction.rollback()
                raise
            await transaction.commit()
        except BadRow:
            raise
        except Trouble as error:
            self._lose(error)
            if number is None or not await self._was_committed(number):
                raise Away from error
        return answers

    async def _store(self, requests: Sequence[Request]) -> tuple[str, dict[int, Answer]]:
        parts: dict[UUID, _Part] = {}
        for request in requests:
            parts.setdefault(request.program, _Part(request.program)).requests.append(request)
        number = await self._connection.fetchval(sql.TURNS, _turns(parts.values()))
        answers: dict[int, Answer] = {}
        for part in parts.values():
            await _look(self._connection, part)
            stored = []
            for request in part.requests:
                answers[id(request)] = _take(part, request)
                if answers[id(request)] is not None:
                    stored.append(request)
            await _insert(self._connection, part, stored)
        return number, answers

    async def _was_committed(self, number: str) -> bool:
        """The connection was lost around COMMIT: ask the database, once it answers again, what became of it."""
        try:
            async with asyncio.timeout(ASKED_SECONDS):
                while True:
                    try:
                        connection = await connect()
                        try:
                            return bool(await connection.fetchval(sql.BECAME, number) == "committed")
                        finally:
                            connection.terminate()
                    except Trouble:
                        await asyncio.sleep(AGAIN_SECONDS[0])
        except TimeoutError:
            return False

    def _lose(self, error: BaseException) -> None:
        _log.warning("the database does not take events: %s", error)
        self.up = False
        self._connection.terminate()
        self.start()

    async def _open(self) -> None:
        tries = 0
        while True:
            try:
                self._connection = await connect(BY_INDEX)
                break
            except Trouble:
                await asyncio.sleep(AGAIN_SECONDS[min(tries, len(AGAIN_SECONDS) - 1)])
                tries += 1
        self.up = True

    async def close(self) -> None:
        """Let go of the database."""
        if self._opening is not None:
            self._opening.cancel()
        if self._connection is not None:
            self._connection.terminate()


def _turns(parts: Iterable[_Part]) -> list[int]:
    """The locks of all references in these events, sorted over all programs."""
    turns: set[int] = set()
    for part in parts:
        names = {
            name for event in part.events() for name in (event.row.external_id, event.click, event.visitor) if name
        }
        turns.update(turns_of(part.program, names if len(names) < ALL_TURNS_FROM else None))
    return sorted(turns)


async def _look(connection: Any, part: _Part) -> None:
    """Read what the database knows of the things that these events name."""
    events = list(part.events())
    ids = [event.row.external_id for event in events]
    part.taken = {row[0] for row in await connection.fetch(sql.TAKEN, part.program, ids)}
    if codes := {event.code for event in events if event.code}:
        for key, partner, is_revoked in await connection.fetch(sql.CODES, part.program, list(codes)):
            (part.revoked.add(key) if is_revoked else part.codes.__setitem__(key, partner))
    told = {event.customer for event in events if event.click or event.visitor or event.person}
    if told:
        rows = await connection.fetch(sql.CUSTOMERS, part.program, list(told))
        part.customers = {row["external_id"]: row for row in rows}
    if keys := {event.click_key for event in events if event.click_key}:
        made = [(key, _moment_of(key)) for key in keys]
        rows = await connection.fetch(sql.CLICKS, part.program, *map(list, zip(*made, strict=True)))
        part.clicks = dict(map(tuple, rows))
    if names := {*part.clicks.values(), *(event.visitor for event in events if event.visitor)}:
        part.browsers = {row[0] for row in await connection.fetch(sql.BROWSERS, part.program, list(names))}


def _moment_of(key: UUID) -> datetime:
    """When a click id was made: its month is the click's, give or take."""
    milliseconds = min(key.int >> 80, 253_000_000_000_000)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _take(part: _Part, request: Request) -> Answer:
    """What is told of a request's events when all of them are plain; they are then to be stored."""
    answers = []
    people: dict[str, tuple[Event, str]] = {}
    for event in request.events:
        if event.row.external_id in part.taken or event.code in part.revoked:
            return None
        browser = part.clicks.get(event.click_key) if event.click_key else event.visitor
        if event.click_key and browser is None:
            return None
        if (browser or event.person) and not _is_plain_person(part, people, event, browser or ""):
            return None
        answers.append(_told(part, event))
    part.new_people |= people
    part.taken.update(event.row.external_id for event in request.events)
    return answers


def _is_plain_person(part: _Part, people: dict[str, tuple[Event, str]], event: Event, browser: str) -> bool:
    """Whether the customer is there already with all that is said, or is new, like the browser."""
    held = part.customers.get(event.customer)
    if held is not None:
        return (not browser or browser in held["visitors"]) and all(held[name] for name in event.person)
    fresh = part.new_people.get(event.customer) or people.get(event.customer)
    if fresh is not None:
        return (not browser or browser == fresh[1]) and all(name in fresh[0].person for name in event.person)
    if browser in part.browsers or any(browser == other for _, other in people.values() if browser):
        return False
    people[event.customer] = (event, browser)
    if browser:
        part.browsers.add(browser)
    return True


def _told(part: _Part, event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {"id": event.row.external_id, "replayed": False, "customer": event.customer}
    if event.click:
        told["click"] = {"id": event.click, "found": True}
    if event.code:
        told["code"] = {"key": event.code}
        if partner := part.codes.get(event.code):
            told["code"]["partner"] = public_id("partner", partner)
    return told


async def _insert(connection: Any, part: _Part, requests: Sequence[Request]) -> None:
    if not requests:
        return
    now = datetime.now(UTC)
    rows = [event.row for request in requests for event in request.events]
    keys = uuid7_texts(len(rows))
    await connection.copy_records_to_table(
        "referrals_conversion",
        records=[_conversion(key, part.program, row, now) for key, row in zip(keys, rows, strict=True)],
        columns=sql.CONVERSION,
    )
    if part.new_people:
        await _insert_people(connection, part, now)
    await connection.copy_records_to_table(
        "referrals_unsettledfact", records=list(_marks(part, rows, now)), columns=sql.MARK
    )


def _conversion(key: str, program: UUID, row: FactRow, now: datetime) -> tuple[Any, ...]:
    columns = row.columns
    lines, properties = columns["lines"], columns["properties"]
    return (
        key, program, row.external_id, row.payload_hash, now, SOURCE, *_said(columns),
        None if lines is None else _as_json(lines), None if properties is None else _as_json(properties),
    )  # fmt: skip


_said: Final = itemgetter(*sql.SAID)


_as_json: Final = json.JSONEncoder(default=str).encode


async def _insert_people(connection: Any, part: _Part, now: datetime) -> None:
    """New customers, their browsers, and touches of what those browsers clicked so far; clicks to come are counted."""
    items = [
        {"id": name, **event.person, "visitors": [browser] if browser else []}
        for name, (event, browser) in sorted(part.new_people.items())
    ]
    rows, wrong = read_facts("customer", items, Reading(Clock(now), "", Known()))
    if wrong:
        raise ValueError(wrong[0].message)
    await connection.copy_records_to_table(
        "referrals_customer",
        records=[
            (uuid7(), part.program, row.external_id, row.payload_hash, now, SOURCE,
             *(row.columns[name] for name in sql.PERSON))
            for row in rows
        ],
        columns=sql.CUSTOMER,
    )  # fmt: skip
    browsers = sorted(browser for _, browser in part.new_people.values() if browser)
    if browsers:
        await connection.execute(sql.KNOW, part.program, browsers)
        found = await connection.fetch(sql.CLICKED, part.program, browsers)
        made = [(key, public_id("touch", key), at, partner, visitor) for key, at, partner, visitor in found]
        if made:
            await connection.execute(sql.TOUCH, part.program, *map(list, zip(*sorted(made), strict=True)))


def _marks(part: _Part, rows: Sequence[FactRow], now: datetime) -> Iterable[tuple[Any, ...]]:
    """One mark for each customer: settle what it bought from the first of these on; everything, if it is new."""
    since: dict[str, datetime] = {}
    for row in rows:
        name, at = row.columns["customer"], row.columns["at"]
        since[name] = min(at, since.get(name, at))
    return ((part.program, name, "sale", None if name in part.new_people else at, now) for name, at in since.items())
