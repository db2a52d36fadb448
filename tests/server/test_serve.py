"""`goodword serve` as an operator meets it: up, healed, ended; and the words for what goes wrong."""

import json
import logging
import signal
import socket
import urllib.error
import urllib.request

import psutil
import pytest

from goodword.server.embedded import Cluster
from goodword.server.web import quick_tasks
from tests.server.waiting import goodword, until


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return json.load(answer)["status"] == "ok"
    except OSError:
        return False


@pytest.mark.timeout(600)
def test_serve_starts_everything_heals_it_and_stops_it(tmp_path, port):
    server = goodword("serve", "--data", tmp_path / "data", "--port", port, "--processes", 1)
    cluster = Cluster(tmp_path / "data")
    try:
        until(lambda: ready(port), seconds=300)
        for part in psutil.Process(server.pid).children():
            part.kill()
        cluster.processes()[0].kill()
        until(lambda: not ready(port))
        until(lambda: ready(port), seconds=120)
    finally:
        server.send_signal(signal.SIGTERM)
        printed, told = server.communicate(timeout=120)
    assert server.returncode == 0, told
    assert "experimental" not in printed + told
    for words in ("Database: embedded in", "web ended (signal SIGKILL); starting it again.", "Stopping."):
        assert words in told
    assert cluster.processes() == []


def test_of_the_web_servers_warnings_one_is_left_out_and_every_other_stays(caplog):
    quick_tasks()
    for words in ("Rust task implementation is experimental!", "Rust task implementation is gone!"):
        logging.getLogger("_granian").warning(words)
    assert caplog.messages == ["Rust task implementation is gone!"]


def test_a_taken_port_is_named_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = goodword("serve", "--data", tmp_path / "data", "--port", port)
        _, told = server.communicate(timeout=120)
    assert server.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in told
    assert f"--port {port + 1}" in told
    assert "Traceback" not in told
    assert not (tmp_path / "data").exists()
