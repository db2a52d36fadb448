"""The front with a database and a disk as bad as a test wants: full, slow, away. Nothing is lost silently."""

import asyncio
import errno
import json
import time
from uuid import uuid4

import asyncpg
import pytest

from goodword.ingest import app as module
from goodword.ingest import spool, tracking
from goodword.ingest.app import Front
from goodword.ingest.keys import Key
from goodword.ingest.losses import loss_of
from goodword.server import doctor
from tests.ingest.test_last_known import link
from tests.ingest.test_spool import read
from tests.ingesting import BROWSER, Asked, Told

HEADER = "Bearer of a known key"


class Slow:
    """A connection that does what a test says as soon as the gate is open."""

    def __init__(self):
        self.gate, self.error, self.copied = asyncio.Event(), None, []

    async def copy_to_table(self, _table, *, source, **_):
        await self._pass()
        self.copied += [part async for part in source]

    async def _pass(self, *_, **__):
        await self.gate.wait()
        if self.error is not None:
            raise self.error

    async def execute(self, *_):
        await self._pass()

    async def fetchval(self, *_):
        await self._pass()
        return "1"

    def terminate(self):
        pass


class Answered(Told):
    """An answer whose request has a body."""

    def __init__(self, body=b""):
        super().__init__()
        self.body = body

    async def __call__(self):
        return self.body


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Run a story with a front whose parts are real and whose connection is `Slow`."""
    monkeypatch.setenv("GOODWORD_DATA", str(tmp_path))

    def run(story):
        async def tell():
            front = Front("127.0.0.1:9", tmp_path / "spool")
            front.table.replace_all([link(destination="https://shop.example/")])
            front._set_up(asyncio.get_running_loop())
            front._losses.open()
            front.connection = front._store._connection = front._tracking.store._connection = Slow()
            front._store.up = front._tracking.store.up = True
            front._store._reach = front._store._replay_soon = front._tracking.store.start = lambda: None
            front._tracking._keys._known[HEADER] = Key(uuid4(), "EUR", "UTC", None, time.monotonic() + 60)
            await story(front)

        asyncio.run(tell())

    return run


async def follow(front):
    answer = Answered()
    await front.__rsgi__(Asked("GET", "/r/acme/spring", {"user-agent": BROWSER}), answer)
    return answer


async def sell(front, number):
    sale = {"id": f"s-{number}", "customer": "c", "currency": "EUR", "amount": "1.00", "at": "2026-11-01T09:30:00Z"}
    answer = Answered(json.dumps(sale).encode())
    headers = {"authorization": HEADER, "content-type": "application/json", "content-length": str(len(answer.body))}
    await front.__rsgi__(Asked("POST", "/v1/track/sale", headers), answer)
    return answer


async def answered(asked, count):
    """Wait until so many of them are answered."""
    for one in asyncio.as_completed(asked):
        await one
        count -= 1
        if not count:
            return


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_f12_with_every_disk_full_visitors_go_on_and_the_loss_is_counted_and_told(told, tmp_path, monkeypatch):
    async def story(front):
        front.connection.error = asyncpg.DiskFullError("could not extend file")
        front.connection.gate.set()
        monkeypatch.setattr(spool.os, "pwrite", full)
        answers = await asyncio.gather(*(follow(front) for _ in range(5)))
        assert [(one.status_code, one["location"]) for one in answers] == [(302, "https://shop.example/")] * 5
        assert front._losses.clicks == 5

    told(story)
    monkeypatch.undo()
    # The room for the count was taken before, but this disk takes nothing at all: the log and the memory have it.
    assert loss_of(tmp_path / "clicks-not-kept") is None


def test_f12_a_full_spool_is_a_loss_that_the_doctor_names(told, tmp_path):
    async def story(front):
        front._spool._most = 0
        front._store.up = False
        for _ in range(3):
            assert "gw_click" not in (await follow(front))["location"]

    told(story)
    loss = next(finding for finding in doctor.check_clicks(tmp_path) if finding.name == "clicks")
    assert (loss.level, loss.text.startswith("3 clicks could be kept nowhere")) == ("fail", True)


def test_f12_events_are_refused_while_the_disk_is_full_and_taken_again_without_a_restart(told):
    async def story(front):
        front.connection.error = asyncpg.DiskFullError("could not extend file")
        front.connection.gate.set()
        for number in range(3):
            answer = await sell(front, number)
            assert (answer.status_code, answer["retry-after"]) == (503, "1")
        front.connection.error, front._tracking.store.up = None, True
        front._tracking.store._store = stored
        assert (await sell(front, 9)).status_code == 202

    told(story)


def test_f34_beyond_the_bound_events_wait_outside_and_those_inside_are_answered(told, monkeypatch):
    monkeypatch.setattr(tracking, "EVENTS_WAITING_MAX", 50)

    async def story(front):
        front._tracking.store._store = stored
        asked = [asyncio.ensure_future(sell(front, number)) for number in range(200)]
        await answered(asked, 150)
        busy = [one.result() for one in asked if one.done()]
        assert {(one.status_code, one["retry-after"], json.loads(one.content)["code"]) for one in busy} == {
            (503, "1", "try_again")
        }
        front.connection.gate.set()
        statuses = [one.status_code for one in await asyncio.gather(*asked)]
        assert (statuses.count(202), statuses.count(503)) == (50, 150)
        assert (await sell(front, 999)).status_code == 202

    told(story)


def test_f34_beyond_the_bound_visitors_go_on_and_their_clicks_wait_on_disk(told, monkeypatch):
    monkeypatch.setattr(module, "CLICKS_WAITING_MAX", 20)

    async def story(front):
        asked = [asyncio.ensure_future(follow(front)) for _ in range(35)]
        await answered(asked, 15)
        assert all("gw_click=" in one.result()["location"] for one in asked if one.done())
        spooled = read(front._spool)
        front.connection.gate.set()
        answers = await asyncio.gather(*asked)
        stored = b"".join(front.connection.copied) + spooled
        ids = [one["location"].rpartition("=")[2] for one in answers]
        assert len(set(ids)) == 35
        assert all(_bytes_of(one) in stored for one in ids)
        assert all(_bytes_of(one.result()["location"].rpartition("=")[2]) in spooled for one in asked[20:])

    told(story)


def _bytes_of(click):
    from goodword.domain.ids import parse_public_id

    return parse_public_id("touch", click).bytes


async def stored(requests):
    """In the place of the statements: what they tell."""
    return "1", {id(one): [{"id": "s-1"}] * len(one.events) for one in requests}
