"""The front while the database is away: links go on as they were last known, and every click arrives once."""

import json
import re
from types import SimpleNamespace

import pytest
from django.utils import timezone

from goodword.domain.ids import parse_public_id
from goodword.referrals.models import Click, Link
from tests import cast, fronting, wire
from tests.ingest.asking import ask, followed
from tests.server.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def away(tmp_path):
    """A data folder that outlives fronts, a wire to the database, and a way to start a front on both."""
    cast.link(cast.acme().alder, key="spring", destination="https://shop.example/new?a=1#top")
    with wire.strung() as strung:

        def front(**variables):
            return fronting.before(
                "http://127.0.0.1:9", DATABASE_URL=strung.url, GOODWORD_DATA=str(tmp_path), **variables
            )

        yield SimpleNamespace(wire=strung, folder=tmp_path, front=front, file=tmp_path / "links.last-known")


def after_an_earlier_run(away):
    with away.front() as front:
        followed(front)
    assert away.file.exists()


def test_a_front_that_starts_without_its_database_follows_the_links_it_last_knew(away):
    after_an_earlier_run(away)
    away.wire.cut()
    with away.front() as front:
        status, headers, _ = ask(f"{front}/r/acme/spring", **{"User-Agent": "Mozilla/5.0 Firefox/140.0"})
        location = headers["Location"]
        assert (status, location.startswith("https://shop.example/new?a=1&gw_click=tch_")) == (302, True)
        assert "Max-Age=" in headers["Set-Cookie"]
        assert ask(f"{front}/r/acme/unheard-of")[0] == 503
        click = parse_public_id("touch", re.search(r"tch_[0-9a-z]{26}", location)[0])
        assert not Click.unscoped.filter(pk=click).exists()
        away.wire.mend()
        until(lambda: Click.unscoped.filter(pk=click).count())
    assert Click.unscoped.filter(pk=click).count() == 1
    assert list((away.folder / "spool").iterdir()) == []


def test_what_changed_meanwhile_counts_as_soon_as_the_database_answers(away):
    after_an_earlier_run(away)
    away.wire.cut()
    with away.front() as front:
        assert followed(front)
        Link.unscoped.update(revoked_at=timezone.now())
        away.wire.mend()
        until(lambda: ask(f"{front}/r/acme/spring")[0] == 200)
    assert json.loads(away.file.read_bytes().partition(b"\n")[2])[0][5] is True


@pytest.mark.parametrize("damage", ["torn", "foreign"])
def test_a_torn_or_foreign_file_is_not_used_and_said_so(away, damage, capfd):
    after_an_earlier_run(away)
    content = away.file.read_bytes()
    away.file.write_bytes(content[: len(content) // 2] if damage == "torn" else b"something else\n")
    away.wire.cut()
    with away.front() as front:
        assert ask(f"{front}/r/acme/spring")[0] == 503
        away.wire.mend()
        until(lambda: ask(f"{front}/r/acme/spring")[0] == 302)
        until(lambda: away.file.read_bytes().startswith(b'{"kind":'))
    assert "links.last-known is not used" in capfd.readouterr().err


def test_the_file_is_for_this_user_alone_and_holds_no_secret(away, settings):
    after_an_earlier_run(away)
    assert away.file.stat().st_mode & 0o777 == 0o600
    assert settings.SECRET_KEY not in away.file.read_text()
