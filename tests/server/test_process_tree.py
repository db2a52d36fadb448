"""The tree of processes: a dead part lives again, the parts end in order, nobody outlives a killed parent."""

import os
import signal
import sys
import threading

import psutil
import pytest

from goodword.server.process_tree import Part, ProcessTree
from tests.server.waiting import python, until

NOTES_ITS_END = """
import signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2] + " ")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
open(sys.argv[3], "w").close()
signal.pause()
"""


def part(tmp_path, name):
    return Part(name, [sys.executable, "-c", NOTES_ITS_END, str(tmp_path / "ends"), name, str(tmp_path / name)])


def run(tree, then):
    """Run the tree here (it owns the signals) while `then` acts in a thread; the exit code."""
    failures = []

    def act():
        try:
            then()
        except Exception as error:  # noqa: BLE001 - told below, in the test's own thread
            failures.append(error)
        finally:
            tree.stop()

    thread = threading.Thread(target=act)
    thread.start()
    code = tree.run()
    thread.join()
    assert not failures, failures
    return code


def test_the_parts_end_one_after_the_other_in_their_order(tmp_path):
    tree = ProcessTree([part(tmp_path, "web"), part(tmp_path, "worker")], say=lambda _: None)
    code = run(tree, lambda: until(lambda: (tmp_path / "web").exists() and (tmp_path / "worker").exists()))
    assert code == 0
    assert (tmp_path / "ends").read_text() == "web worker "


def test_a_dead_part_is_started_again(tmp_path):
    said = []
    web = part(tmp_path, "web")

    def kill_once():
        until((tmp_path / "web").exists)
        first = web.process
        first.kill()
        until(lambda: web.process not in {None, first} and web.process.poll() is None)

    assert run(ProcessTree([web], say=said.append), kill_once) == 0
    assert said[0] == "web ended (signal SIGKILL); starting it again."


def test_a_part_that_cannot_live_ends_the_tree_with_a_reason(monkeypatch):
    monkeypatch.setattr("goodword.server.process_tree.PAUSE_SECONDS_MAX", 0.0)
    said = []
    assert ProcessTree([Part("web", [sys.executable, "-c", "exit(3)"])], say=said.append).run() == 1
    assert said[-1] == "web ended 6 times in a row (exit code 3). See its messages above."


def test_a_part_that_will_not_end_is_forced(tmp_path):
    deaf = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w'); signal.pause()"
    web = Part("web", [sys.executable, "-c", deaf, str(tmp_path / "up")], stop_seconds_max=0.1)
    assert run(ProcessTree([web], say=lambda _: None), lambda: until((tmp_path / "up").exists)) == 0
    assert web.process.returncode == -signal.SIGKILL


def test_a_signal_ends_the_tree(tmp_path):
    tree = ProcessTree([part(tmp_path, "web")], say=lambda _: None)

    def send():
        until((tmp_path / "web").exists)
        os.kill(os.getpid(), signal.SIGTERM)
        until(tree.stopping.is_set)

    assert run(tree, send) == 0
    assert (tmp_path / "ends").read_text() == "web "


PARENT = """
import subprocess, sys, os
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], env={**os.environ, "GOODWORD_PARENT": str(os.getpid())})
print(child.pid, flush=True)
child.wait()
"""
CHILD = "from goodword.server.process_tree import end_with_parent; import signal; end_with_parent(); signal.pause()"


def test_a_part_does_not_outlive_a_killed_parent():
    parent = python(PARENT, CHILD)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


@pytest.fixture(autouse=True)
def signals_are_given_back():
    before = signal.getsignal(signal.SIGTERM)
    yield
    assert signal.getsignal(signal.SIGTERM) is before
