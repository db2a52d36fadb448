"""The link table follows the database: at once when it is told, soon when the word got lost, anew after a gap."""

import asyncio
import logging
import threading
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from goodword.ingest import database as ingest_database
from goodword.ingest import watching as module
from goodword.ingest.links import LinkTable
from goodword.ingest.watching import CHANNEL, Watch
from goodword.referrals.models import Link
from tests import cast, database, wire
from tests.server.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
NEVER = 3600.0


@pytest.fixture
def link():
    return cast.link(cast.acme().alder, key="spring")


@contextmanager
def watched(monkeypatch, url=""):
    """A table that is being followed in a thread of its own."""
    monkeypatch.setenv("DATABASE_URL", url or database.url())
    table, forgotten, ready = LinkTable(), [], threading.Event()

    async def follow():
        watch = Watch(table, on_key=lambda: forgotten.append(1))
        stop.append((asyncio.get_running_loop(), running := asyncio.ensure_future(watch.run())))
        await watch.ready.wait()
        ready.set()
        await asyncio.wait([running])

    stop = []
    thread = threading.Thread(target=asyncio.run, args=(follow(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield table
    finally:
        loop, running = stop[0]
        loop.call_soon_threadsafe(running.cancel)
        thread.join(timeout=30)


def is_out(table):
    found = table.find("acme/spring")
    return found is None or found.inactive


def revoke(link):
    link.revoked_at = timezone.now()
    link.save()


def revoke_without_a_word(link):
    """The change and its row in the log, as the trigger writes it; the notification never leaves."""
    heard = psycopg.connect(database.url(), autocommit=True)
    heard.execute(f"LISTEN {CHANNEL}")
    with connection.cursor() as cursor, database.as_owner(cursor), transaction.atomic():
        cursor.execute("ALTER TABLE referrals_link DISABLE TRIGGER ingest_tell_changed")
        cursor.execute("UPDATE referrals_link SET revoked_at = now() WHERE id = %s", [link.pk])
        cursor.execute("INSERT INTO ingest_change (kind, target) VALUES ('link', %s)", [link.pk])
        cursor.execute("ALTER TABLE referrals_link ENABLE TRIGGER ingest_tell_changed")
    assert not list(heard.notifies(timeout=0.2, stop_after=1)), "this test must suppress the notification"
    heard.close()


def test_a_revoked_link_is_out_within_a_second_of_the_word(link, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", NEVER)  # only the word can tell
    with watched(monkeypatch) as table:
        assert not is_out(table)
        revoke(link)
        until(lambda: is_out(table), seconds=1)


def test_a_word_that_got_lost_is_healed_by_the_next_look(link, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    with watched(monkeypatch) as table:
        revoke_without_a_word(link)
        until(lambda: is_out(table), seconds=1)


def test_the_next_word_brings_a_change_whose_own_word_got_lost(link, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", NEVER)
    with watched(monkeypatch) as table:
        revoke_without_a_word(link)
        assert not is_out(table)
        cast.link(link.partner, key="winter")
        until(lambda: is_out(table), seconds=5)


def test_a_listener_that_died_silently_is_noticed_and_everything_read_anew(link, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "goodword.ingest")
    monkeypatch.setattr(ingest_database, "COMMAND_SECONDS", 0.4)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    with wire.strung() as strung, watched(monkeypatch, strung.url) as table:
        strung.hold()
        revoke(link)
        until(lambda: "followed again" in caplog.text, seconds=20)
        assert not is_out(table)
        strung.cut()
        strung.mend()
        until(lambda: is_out(table), seconds=20)


def test_a_change_that_a_slow_transaction_commits_late_is_not_skipped(link, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    with watched(monkeypatch) as table, psycopg.connect(database.url()) as slow:
        slow.execute("UPDATE referrals_link SET revoked_at = now() WHERE id = %s", [link.pk])
        cast.link(link.partner, key="later-but-first")
        until(lambda: table.find("acme/later-but-first"))
        assert not is_out(table)
        slow.commit()
        until(lambda: is_out(table), seconds=5)
    assert Link.unscoped.get(pk=link.pk).revoked_at > timezone.now() - timedelta(minutes=5)
