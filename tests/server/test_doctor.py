"""The doctor's findings: each check is shown a sound and an unsound case."""

import shutil
import socket
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from goodword.server import doctor
from tests.server.waiting import goodword

GOOD_KEY = "k3y-" + "abcdefghij" * 4


class Answers:
    """A database that gives one answer."""

    def __init__(self, *row):
        self.row = row

    def execute(self, *_):
        pass

    def fetchone(self):
        return self.row

    def fetchall(self):
        return [self.row]


@pytest.mark.parametrize(("major", "level"), [(14, "fail"), (15, "ok"), (18, "ok")])
def test_servers_before_15_are_refused(major, level):
    finding = doctor.check_server_version(Answers(major, f"{major}.1"))
    assert finding.level == level


@pytest.mark.django_db
def test_the_real_server_is_new_enough_writable_and_on_time():
    with connection.cursor() as cursor:
        for check in (doctor.check_server_version, doctor.check_write, doctor.check_clock, doctor.check_encoding):
            assert check(cursor).level == "ok"


@pytest.mark.django_db
def test_a_server_that_does_not_flush_is_refused():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        finding = doctor.check_durability(cursor)
    assert finding.level == "fail"
    assert "synchronous_commit" in finding.text
    assert "Set them to on" in finding.remedy


@pytest.mark.django_db
def test_a_read_only_server_is_a_finding_and_no_crash():
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute("SELECT pg_is_in_recovery()")
        finding = doctor._guarded(lambda c: c.execute("CREATE TABLE t (id int)"), cursor)
    assert finding.level == "fail"
    assert "read-only" in finding.text


def test_another_encoding_is_refused():
    assert doctor.check_encoding(Answers("SQL_ASCII")).level == "fail"


@pytest.mark.django_db
@pytest.mark.parametrize(("offset", "level"), [(0, "ok"), (30, "fail"), (-30, "fail")])
def test_a_clock_that_is_off_is_refused(monkeypatch, offset, level):
    real = doctor.time.time
    monkeypatch.setattr(doctor, "time", SimpleNamespace(time=lambda: real() + offset))
    with connection.cursor() as cursor:
        assert doctor.check_clock(cursor).level == level


@pytest.mark.django_db
@pytest.mark.usefixtures("owner")
def test_a_missing_migration_is_named():
    assert [finding.level for finding in doctor.check_schema()] == ["ok"]
    MigrationRecorder(connection).record_unapplied("accounts", "0001_initial")
    [finding] = doctor.check_schema()
    assert finding.level == "fail"
    assert "goodword migrate" in finding.remedy


@pytest.mark.django_db
@pytest.mark.usefixtures("owner")
def test_a_database_of_a_newer_release_is_left_alone():
    MigrationRecorder(connection).record_applied("accounts", "9999_from_the_future")
    [finding] = doctor.check_schema()
    assert "accounts.9999_from_the_future" in finding.text


@pytest.mark.parametrize(("free", "level"), [(500, "ok"), (80, "warn"), (20, "fail")])
def test_a_full_disk_is_seen(monkeypatch, tmp_path, free, level):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=1000 * 10**9, free=free * 10**9))
    assert doctor.check_disk(tmp_path).level == level


def test_an_open_data_folder_is_refused(tmp_path):
    (tmp_path / "postgres").mkdir(mode=0o700)
    assert doctor.check_data_folder(tmp_path).level == "ok"
    (tmp_path / "postgres").chmod(0o755)
    assert doctor.check_data_folder(tmp_path).remedy == f"chmod 700 {tmp_path / 'postgres'}"


@pytest.mark.parametrize(
    ("key", "mode", "level"),
    [(GOOD_KEY, 0o600, "ok"), (GOOD_KEY, 0o644, "fail"), ("short", 0o600, "fail"), ("a" * 60, 0o600, "fail")],
)
def test_the_secret_key_is_long_and_private(monkeypatch, tmp_path, key, mode, level):
    path = tmp_path / "key"
    path.write_text(key)
    path.chmod(mode)
    monkeypatch.setenv("GOODWORD_SECRET_KEY_FILE", str(path))
    assert doctor.check_secret_key(tmp_path).level == level


def test_a_named_secret_key_that_is_not_there_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("GOODWORD_SECRET_KEY_FILE", str(tmp_path / "nowhere"))
    assert doctor.check_secret_key(tmp_path).level == "fail"


def test_a_port_that_somebody_else_has_is_seen():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert doctor.check_port("127.0.0.1", port).level == "warn"
    assert doctor.check_port("127.0.0.1", port).level == "ok"


def test_the_command_fails_when_a_check_fails(tmp_path):
    unreachable = f"postgresql://nobody@/nothing?host={tmp_path}"
    command = goodword("doctor", "--data", tmp_path, DATABASE_URL=unreachable)
    out, _ = command.communicate(timeout=120)
    assert command.returncode == 1
    assert "FAIL  database: nothing at" in out
    assert "Check DATABASE_URL" in out


def test_the_command_looks_without_making_anything(tmp_path):
    command = goodword("doctor", "--data", tmp_path / "data")
    out, _ = command.communicate(timeout=120)
    assert command.returncode == 0, out
    assert "the embedded one is not made yet" in out
    assert list(tmp_path.iterdir()) == []
