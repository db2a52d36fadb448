"""`goodword demo` as a newcomer meets it: loaded, served, told where to look; started over only where that is safe."""

import io
import signal
import urllib.request

import psycopg
import pytest
from rich.console import Console
from rich.progress import Progress

from goodword.server.database import provided
from goodword.server.demo.command import _Bars
from goodword.server.demo_serving import NotEmptied, empty
from goodword.server.embedded import Cluster
from tests.server.test_serve import port, ready  # noqa: F401 - a fixture
from tests.server.waiting import goodword, until


def test_one_command_loads_serves_and_tells_where_to_look(tmp_path, port, monkeypatch):  # noqa: F811
    monkeypatch.delenv("DATABASE_URL", raising=False)
    data = tmp_path / "data"
    server = goodword("demo", "--customers", 100, "--data", data, "--port", port, "--processes", 1)
    try:
        until(lambda: ready(port), seconds=240)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/programs/harbour-lane/", timeout=30) as answer:
            assert "The sales are real" in answer.read().decode()
    finally:
        server.send_signal(signal.SIGTERM)
        _, told = server.communicate(timeout=60)
    assert server.returncode == 0, told
    assert "maya@harbour-lane.example" in told
    assert f"http://127.0.0.1:{port}/portal/harbour-lane/" in told
    assert Cluster(data).processes() == []
    with provided(data) as database:
        empty(database)
        with psycopg.connect(database.url) as connection:
            assert connection.execute("select to_regclass('accounts_program')").fetchone() == (None,)


def test_a_database_that_is_not_ours_is_never_emptied(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with provided(tmp_path) as database, pytest.raises(NotEmptied, match="only the embedded database"):
        empty(database)


def test_the_bar_of_a_settlement_shows_each_part_with_its_own_count():
    shown = Progress(console=Console(file=io.StringIO()))
    bars = _Bars(shown)
    bars.begin("Settle", 500)
    seen = []
    for doing, done, total in (("reading", 0, 0), ("posting", 0, 400), ("posting", 100, 400), ("posting", 300, 400)):
        bars.part(doing, done, total)
        seen += [(task.description, task.completed, task.total) for task in shown.tasks if task.visible]
    bars.reach(500)
    bars.end()
    postings = [("Settle: posting", done, 400) for done in (0, 100, 300)]
    assert seen == [("Settle: reading", 0, None), *postings]
    assert [(task.description, task.completed, task.total) for task in shown.tasks] == [("Settle", 500, 500)]
