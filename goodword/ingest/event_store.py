"""Events of many requests into the database: in sets, in one transaction, with customers and what those clicked.

Only what is plain is stored here: new events, of customers who are new or about whom nothing new is said. A request
with anything else in it, such as a known id, is given back, and `referrals/tracking.py` carries it out.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from goodword.domain.fact_rules import Known, Reading, read_facts
from goodword.domain.ids import public_id, uuid7, uuid7_texts
from goodword.domain.moments import Clock
from goodword.domain.turns import turns_of
from goodword.ingest import event_statements as sql
from goodword.ingest.database import BY_INDEX, BadRow, Trouble, connect
from goodword.ingest.event_rows import Event
from goodword.ingest.events import Request

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
    customers: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
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
        if not requests:
            return {}
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
            try:
                number, answers = await self._store(requests)
            except BadRow:
                await self._connection.execute("ROLLBACK")
                raise
            await self._connection.execute("COMMIT")
        except BadRow:
            raise
        except Exception as error:
            self._lose(error)  # whatever it was: a transaction that is not finished must not meet the next group
            if number is None or not await self._was_committed(number):
                raise Away from error
        return answers

    async def _store(self, requests: Sequence[Request]) -> tuple[str, dict[int, Answer]]:
        parts: dict[UUID, _Part] = {}
        for request in requests:
            parts.setdefault(request.program, _Part(request.program)).requests.append(request)
        await self._connection.execute(sql.BEGIN % ",".join(map(str, _turns(parts.values()))))
        answers: dict[int, Answer] = {}
        for part in parts.values():
            number = await _look(self._connection, part)
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
        _log.warning("events are not stored: %s", error, exc_info=not isinstance(error, Trouble))
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
        names = {name for event in part.events() for name in (event.id, event.click, event.visitor) if name}
        turns.update(turns_of(part.program, names if len(names) < ALL_TURNS_FROM else None))
    return sorted(turns)


async def _look(connection: Any, part: _Part) -> str:
    """Read what the database knows of the things that these events name; the number of the transaction."""
    events = list(part.events())
    keys = [event.click_key for event in events if event.click_key]
    rows = await connection.fetch(
        sql.LOOK,
        part.program,
        [event.id for event in events],
        list({event.code for event in events if event.code}),
        list({event.customer for event in events if event.click or event.visitor or event.person}),
        keys,
        list(map(_moment_of, keys)),
        [event.visitor for event in events if event.visitor],
    )
    number = ""
    for what, name, said, key, visitors in rows:
        match what:
            case "click":
                part.clicks[key] = name
            case "customer":
                part.customers[name] = said, visitors
            case "browser":
                part.browsers.add(name)
            case "sale":
                part.taken.add(name)
            case "code":
                part.codes[name] = key
            case "revoked":
                part.revoked.add(name)
            case "number":
                number = name
    return number


def _moment_of(key: UUID) -> datetime:
    """When a click id was made: its month is the click's, give or take."""
    milliseconds = min(key.int >> 80, 253_000_000_000_000)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _take(part: _Part, request: Request) -> Answer:
    """What is told of a request's events when all of them are plain; they are then to be stored."""
    answers = []
    people: dict[str, tuple[Event, str]] = {}
    for event in request.events:
        if event.id in part.taken or event.code in part.revoked:
            return None
        browser = part.clicks.get(event.click_key) if event.click_key else event.visitor
        if event.click_key and browser is None:
            return None
        if (browser or event.person) and not _is_plain_person(part, people, event, browser or ""):
            return None
        answers.append(_told(part, event))
    part.new_people |= people
    part.taken.update(event.id for event in request.events)
    return answers


def _is_plain_person(part: _Part, people: dict[str, tuple[Event, str]], event: Event, browser: str) -> bool:
    """Whether the customer is there already with all that is said, or is new, like the browser."""
    held = part.customers.get(event.customer)
    if held is not None:
        said, visitors = held
        return (not browser or browser in visitors) and (not event.person or event.person.keys() <= set(said.split()))
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
    told: dict[str, Any] = {"id": event.id, "replayed": False, "customer": event.customer}
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
    events = [event for request in requests for event in request.events]
    keys, program = uuid7_texts(len(events)), part.program
    await connection.copy_records_to_table(
        "referrals_conversion",
        records=[
            (key, program, event.id, event.payload_hash, now, SOURCE, *event.said)
            for key, event in zip(keys, events, strict=True)
        ],
        columns=sql.CONVERSION,
    )
    if part.new_people:
        await _insert_people(connection, part, now)
    await connection.copy_records_to_table(
        "referrals_unsettledfact", records=list(_marks(part, events, now)), columns=sql.MARK
    )


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


def _marks(part: _Part, events: Sequence[Event], now: datetime) -> Iterable[tuple[Any, ...]]:
    """One mark for each customer: settle what it bought from the first of these on; everything, if it is new."""
    since: dict[str, datetime] = {}
    for event in events:
        first = since.get(event.customer)
        if first is None or event.at < first:
            since[event.customer] = event.at
    return ((part.program, name, "sale", None if name in part.new_people else at, now) for name, at in since.items())
