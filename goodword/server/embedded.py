"""The embedded PostgreSQL: made, adopted, recovered and stopped. Knows nothing of Django or of Goodword's tables.

Every user of the server holds a `Lease`. The last lease to close stops the server, and a lease that dies with its
process (kill -9) counts no more, because the operating system drops its file lock.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psutil

from goodword.server.errors import EmbeddedError
from goodword.server.folders import PLAIN_PATH, give, private_folder, seen_by
from goodword.server.postgres_install import Owner, major_version, owner_of, programs

DEFAULT_FOLDER = "goodword-data"
ROLE = "goodword"
LIMITED_ROLE = "goodword_app"
DATABASE = "goodword"
SUPERUSER = "postgres"
# A path to a socket holds 107 bytes at most on Linux (103 on macOS), and the file's own name is part of it.
SOCKET_FOLDER_LENGTH_MAX = 103 - len("/.s.PGSQL.5432")
RECOVERY_SECONDS_MAX = 3600
STOP_SECONDS_MAX = 120
REFUSED_SECONDS_MAX = 20
ORPHAN_PATIENCE_SECONDS = 5.0

CONFIGURATION = """\
# Written by goodword at every start. Put your own settings at the end of postgresql.conf: they win.
listen_addresses = ''
unix_socket_directories = '.'
unix_socket_permissions = 0700
port = 5432
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_lock_waits = on
"""
# Tables that are new have no statistics, and bad plans, until the database's own housekeeping has been there.
DURABLE = "fsync = on\nfull_page_writes = on\nsynchronous_commit = on\nautovacuum_naptime = 10s\n"
# For the throw-away cluster of the tests only. Nobody may take a database away while autovacuum looks at it.
FAST = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nautovacuum = off\nmax_wal_size = '2GB'\n"
_MAY_LOG_IN = "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolcanlogin"
PEER_RULES = "# Written by goodword at every start. The operating system says who is on the other end of the socket.\n"


def data_folder(option: str | os.PathLike[str] | None = None) -> Path:
    """The data folder: the option, else GOODWORD_DATA, else ./goodword-data."""
    return Path(option or os.environ.get("GOODWORD_DATA") or DEFAULT_FOLDER).expanduser().resolve()


@dataclass(frozen=True)
class Postmaster:
    """What `postmaster.pid` says of the running server."""

    pid: int
    status: str  # starting, ready, stopping


class Lease:
    """A share in a running server. Closing the last one stops it."""

    def __init__(self, cluster: "Cluster", users: int, *, started: bool) -> None:
        self.cluster, self.started, self._users = cluster, started, users

    @property
    def url(self) -> str:
        """The address for the owner of the database: migrations, dumps."""
        return self.cluster.url()

    @property
    def limited_url(self) -> str:
        """The address for the application, whose role owns nothing."""
        return self.cluster.url(role=LIMITED_ROLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._users < 0:
            return
        with self.cluster.alone():
            last = _lock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(self._users)
            self._users = -1
            if last:
                self.cluster.stop()


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL cluster inside a data folder."""

    folder: Path
    durable: bool = True
    say: Callable[[str], None] = lambda _: None

    @property
    def pgdata(self) -> Path:
        return self.folder / "postgres"

    def lease(self) -> Lease:
        """Start the server, or adopt it when it runs, and hold a share in it."""
        self._make_folder()
        with self.alone():
            users = self._open_lock("users")
            try:
                started = self.ensure_running()
                _lock(users, fcntl.LOCK_SH)
            except BaseException:
                os.close(users)
                raise
        return Lease(self, users, started=started)

    def url(self, *, role: str = ROLE, database: str = DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self._socket_folder()), safe='/')}&port=5432"

    def ensure_running(self) -> bool:
        """Bring the server up; True when it was not running before. Callers hold `alone()`."""
        if not self.pgdata.exists():
            self._create()
        self._check_version()
        import psycopg

        started = False
        for last in (False, False, True):
            started = self._bring_up(owner_of(self.pgdata)) or started
            try:
                self._ensure_database()
            except psycopg.OperationalError:
                if last:  # a server killed this moment looks alive until our call finds out: look again, not for ever
                    raise
            else:
                break
        return started

    def postmaster(self) -> Postmaster | None:
        """The living server of this folder, if any. A pid file left by a dead one does not count."""
        try:
            lines = (self.pgdata / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            pid, status = int(lines[0]), (lines[7].strip() if len(lines) > 7 else "starting")
        except (OSError, ValueError, IndexError):
            return None
        return Postmaster(pid, status) if pid in {process.pid for process in self.processes()} else None

    def processes(self) -> list[psutil.Process]:
        """Every living process of this cluster: all of them stand in its folder. Zombies are not alive."""
        found = []
        for process in psutil.process_iter(["name", "status"]):
            name, status = process.info["name"] or "", process.info["status"]
            if name.startswith("postgres") and status != psutil.STATUS_ZOMBIE and self._stands_here(process):
                found.append(process)
        return found

    def stop(self) -> None:
        """Stop the server cleanly: new connections are refused, running transactions rolled back, all is flushed."""
        if self.postmaster() is None:
            return
        owner = owner_of(self.pgdata)
        for mode in ("fast", "immediate"):
            if self._pg_ctl(owner, "stop", "-m", mode, "-t", str(STOP_SECONDS_MAX)) == 0:
                self._drop_link()
                return
        raise EmbeddedError(f"The database in {self.pgdata} did not stop. See the log in {self.pgdata / 'log'}.")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Only one process at a time creates, starts or stops the server."""
        lock = self._open_lock("start")
        try:
            if not _lock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
                self.say("Another goodword process is starting or stopping the database; waiting for it.")
                _lock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    # -- making a cluster

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(
                f"The data folder {self.folder} cannot be made: {error.strerror}. Name another one with --data."
            ) from error
        owner = owner_of(self.pgdata) if self.pgdata.exists() else None
        if owner and not owner.is_me and os.geteuid() != 0:
            raise EmbeddedError(
                f"The data in {self.pgdata} belongs to {owner.name}. Run goodword as {owner.name} or root."
            )
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise EmbeddedError(f"The data folder {self.folder} may not be written. Name another one with --data.")

    def _create(self) -> None:
        """Make the cluster beside its final name, then rename: a half-made one is never taken for a whole one."""
        self.say(f"Creating the database in {self.pgdata}.")
        owner = owner_of(self.folder)
        for leftover in self.folder.glob("postgres.making-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(dir=self.folder, prefix="postgres.making-"))
        give(fresh, owner)
        self._initdb(fresh, owner)
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write("\ninclude = 'goodword.conf'\n# Your own settings below this line win.\n")
        fresh.rename(self.pgdata)

    def _initdb(self, fresh: Path, owner: Owner) -> None:
        options = ["--username", SUPERUSER, "--encoding=UTF8", "--auth=peer", "--no-instructions"]
        # The same order of text on every machine, whatever locales it has.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        options += [] if self.durable else ["--no-sync"]
        with tempfile.TemporaryFile() as log:
            where = seen_by(owner, fresh)
            code = owner.run(programs(owner) / "initdb", "-D", where, *options, cwd=fresh, output=log.fileno())
            log.seek(0)
            told = log.read().decode(errors="replace")
        if code != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise EmbeddedError(f"The database could not be created in {self.folder}:\n{_tail(told)}")

    def _check_version(self) -> None:
        found = (self.pgdata / "PG_VERSION").read_text(encoding="utf-8").strip()
        if found != str(major_version()):
            raise EmbeddedError(
                f"The data in {self.pgdata} was written by PostgreSQL {found}; this installation brings "
                f"{major_version()}. See docs/operations.md, 'A new PostgreSQL'."
            )

    def _configure(self, owner: Owner) -> None:
        people = sorted({"root", owner.name})
        files = {
            "goodword.conf": CONFIGURATION + (DURABLE if self.durable else FAST),
            "pg_hba.conf": PEER_RULES + "local all all peer map=goodword\nlocal replication all peer map=goodword\n",
            "pg_ident.conf": "".join(
                f'goodword "{person}" {role}\n' for person in people for role in (ROLE, LIMITED_ROLE, SUPERUSER)
            ),
        }
        for name, text in files.items():
            path = self.pgdata / name
            path.write_text(text, encoding="utf-8")
            give(path, owner)

    def _ensure_database(self) -> None:
        """The roles and the database, once. No role is superuser: one owns its database, the other, as which the
        application works, has only the rights that `server.rights` gives it.
        """
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url(role=SUPERUSER, database="postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(ROLE)))
                connection.execute(sql.SQL("GRANT pg_monitor TO {}").format(sql.Identifier(ROLE)))
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [LIMITED_ROLE]).fetchone():
                names = sql.Identifier(LIMITED_ROLE), sql.Identifier(ROLE)
                connection.execute(sql.SQL("CREATE ROLE {}").format(names[0]))
                connection.execute(sql.SQL("GRANT pg_monitor TO {}").format(names[0]))
                connection.execute(sql.SQL("GRANT {} TO {}").format(*names))
            if not connection.execute(_MAY_LOG_IN, [LIMITED_ROLE]).fetchone():
                connection.execute(sql.SQL("ALTER ROLE {} LOGIN").format(sql.Identifier(LIMITED_ROLE)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                names = sql.Identifier(DATABASE), sql.Identifier(ROLE)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))

    # -- starting and recovering

    def _bring_up(self, owner: Owner) -> bool:
        """Wait for a living server, wait out or end the children of a dead one, else start."""
        deadline = time.monotonic() + RECOVERY_SECONDS_MAX
        refusals_end = time.monotonic() + REFUSED_SECONDS_MAX
        orphaned_since: float | None = None
        while time.monotonic() < deadline:
            postmaster = self.postmaster()
            if postmaster and postmaster.status == "ready":
                return False
            orphans = [] if postmaster else self.processes()
            if not postmaster and not orphans and self._start(owner, retry=time.monotonic() < refusals_end):
                return True
            orphaned_since = (orphaned_since or time.monotonic()) if orphans else None
            if orphaned_since and time.monotonic() - orphaned_since > ORPHAN_PATIENCE_SECONDS:
                _end(orphans)
            time.sleep(0.1)
        raise EmbeddedError(
            f"The database in {self.pgdata} did not become ready. See the log in {self.pgdata / 'log'}."
        )

    def _start(self, owner: Owner, *, retry: bool) -> bool:
        """True when the server is ready, False when another try may help."""
        # No process of the cluster is alive here, so these can only be a dead server's. PostgreSQL itself would refuse
        # to start while the number in them belongs to anybody at all, such as a dead process nobody collected.
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (self.pgdata / name).unlink(missing_ok=True)
        self._configure(owner)
        log = self.pgdata / "startup.log"
        log.unlink(missing_ok=True)
        limit = str(RECOVERY_SECONDS_MAX)
        if self._pg_ctl(owner, "start", "-l", "startup.log", "-t", limit) == 0:
            return True
        told = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        if retry and ("pre-existing shared memory block" in told or "another postmaster" in told.lower()):
            return False
        raise EmbeddedError(f"The database in {self.pgdata} did not start:\n{_tail(told)}\n{self._last_log()}".rstrip())

    def _pg_ctl(self, owner: Owner, *words: str) -> int:
        where = seen_by(owner, self.pgdata)
        return owner.run(programs(owner) / "pg_ctl", "-D", where, "-w", *words, cwd=self.pgdata)

    def _last_log(self) -> str:
        logs = sorted((self.pgdata / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        return _tail(logs[-1].read_text(encoding="utf-8", errors="replace")) if logs else ""

    def _stands_here(self, process: psutil.Process) -> bool:
        try:
            return Path(process.cwd()).samefile(self.pgdata)
        except (OSError, psutil.Error):
            return False

    # -- files

    def _open_lock(self, name: str) -> int:
        path = self.folder / f".{name}.lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0 and (owner := self.folder.stat()).st_uid != 0:
            os.fchown(lock, owner.st_uid, owner.st_gid)
        return lock

    def _socket_folder(self) -> Path:
        """The folder of the socket; for a long or odd path a short link to it: a socket's path has a bound."""
        if PLAIN_PATH.fullmatch(str(self.pgdata)) and len(os.fsencode(self.pgdata)) <= SOCKET_FOLDER_LENGTH_MAX:
            return self.pgdata
        link = self._link(private_folder())
        if not (link.is_symlink() and link.readlink() == self.pgdata):
            fresh = link.with_suffix(f".{os.getpid()}")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self.pgdata)
            fresh.rename(link)
        return link

    def _link(self, private: Path) -> Path:
        return private / hashlib.sha256(os.fsencode(self.pgdata)).hexdigest()[:16]

    def _drop_link(self) -> None:
        if self._socket_folder() != self.pgdata:
            self._link(private_folder()).unlink(missing_ok=True)


def _end(orphans: list[psutil.Process]) -> None:
    """Children of a dead server that went on with a long query: they may not write any more."""
    for process in orphans:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGQUIT)
    _, alive = psutil.wait_procs(orphans, timeout=5)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        return False
    return True


def _tail(text: str, lines_max: int = 15) -> str:
    return "\n".join(text.strip().splitlines()[-lines_max:])
