"""What the stores do when the database fails at the worst moment: nothing acknowledged is lost, nothing doubled."""

import asyncio
from types import SimpleNamespace

import asyncpg
import pytest

from goodword.domain.ids import uuid7
from goodword.ingest import event_store
from goodword.ingest.clicks import key_of
from goodword.ingest.event_store import Away, EventStore
from goodword.ingest.losses import Losses, loss_of
from goodword.ingest.spool import Spool
from goodword.ingest.store import ClickStore
from tests.ingest.test_spool import click, read


class Connection:
    """A connection whose statements fail as a test says: `fails` maps a word of the call to an error."""

    def __init__(self, **fails):
        self.fails, self.copied, self.ended = fails, [], False

    async def copy_to_table(self, _table, *, source, **_):
        stream = b"".join([part async for part in source])
        for word, error in self.fails.items():
            if word == "copy" or bytes.fromhex(word) in stream:
                raise error
        self.copied.append(stream)

    def terminate(self):
        self.ended = True


def with_clicks(connection, folder, story):
    async def run():
        loop = asyncio.get_running_loop()
        spool = Spool(folder)
        store = ClickStore(loop, spool, None, Losses(folder / "lost"))
        store._connection, store.up = connection, True
        store._reach = lambda: None
        await story(store)
        return spool

    return asyncio.run(run())


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.AdminShutdownError("terminating connection"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        TimeoutError(),
    ],
    ids=["f12-disk-full", "f08-restart", "f23-lost-in-commit", "too-slow"],
)
def test_a_click_that_the_database_does_not_take_is_kept_in_the_spool(tmp_path, error):
    rows = [click(), click(1)]

    async def story(store):
        assert await store.write(rows) == frozenset()
        assert not store.up

    assert read(with_clicks(Connection(copy=error), tmp_path, story)) == b"".join(rows)


def test_f12_with_the_spool_full_as_well_the_click_is_named_as_not_kept(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    async def story(store):
        monkeypatch.setattr(Spool, "append", full)
        row = click()
        assert await store.write([row]) == {key_of(row)}

    with_clicks(Connection(copy=asyncpg.DiskFullError("full")), tmp_path, story)
    assert loss_of(tmp_path / "lost").clicks == 1


def test_one_bad_row_spoils_no_other(tmp_path):
    good, bad = [click(), click(1)], click(2)
    connection = Connection(**{key_of(bad).hex(): asyncpg.CharacterNotInRepertoireError("bad")})

    async def story(store):
        assert await store.write([good[0], bad, good[1]]) == {key_of(bad)}

    with_clicks(connection, tmp_path, story)
    assert len(connection.copied) == 2
    assert loss_of(tmp_path / "lost").clicks == 1


class Transactional(Connection):
    """A connection of the event store whose COMMIT is lost."""

    def transaction(self):
        async def nothing():
            return None

        async def lost():
            raise asyncpg.ConnectionDoesNotExistError("closed in the middle of COMMIT")

        return SimpleNamespace(start=nothing, rollback=nothing, commit=lost)


@pytest.mark.parametrize("became", ["committed", "aborted"])
def test_f23_after_a_lost_commit_the_database_is_asked_what_became_of_it(monkeypatch, became):
    class Asked(Connection):
        async def fetchval(self, statement, number):
            assert (statement, number) == (event_store.sql.BECAME, "4711")
            return became

    async def answered(*_):
        return Asked()

    async def stored(_self, requests):
        return "4711", {id(one): [{"id": "s-1"}] for one in requests}

    async def run():
        store = EventStore(asyncio.get_running_loop())
        store._connection, store.up, store.start = Transactional(), True, lambda: None
        request = SimpleNamespace(program=uuid7())
        return (await store.write([request]))[id(request)]

    monkeypatch.setattr(event_store, "connect", answered)
    monkeypatch.setattr(EventStore, "_store", stored)
    if became == "committed":
        assert asyncio.run(run()) == [{"id": "s-1"}]
    else:
        with pytest.raises(Away):
            asyncio.run(run())


def test_f01_without_a_database_nothing_is_promised():
    async def run():
        await EventStore(asyncio.get_running_loop()).write([SimpleNamespace()])

    with pytest.raises(Away):
        asyncio.run(run())
