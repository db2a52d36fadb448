"""Which database a command works on: the one that DATABASE_URL names, else the embedded one of the data folder.

Fills the environment that the settings read; must run before Django is set up.
"""

import os
import secrets
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from goodword.server.embedded import LIMITED_ROLE, Cluster, Lease, data_folder

SECRET_KEY_LENGTH_MIN = 32
SETTINGS = "goodword.server.settings"


@dataclass(frozen=True)
class Provided:
    """The database in use, as its owner reaches it; `lease` is there when it is the embedded one."""

    url: str
    folder: Path
    lease: Lease | None


@contextmanager
def provided(data: Path | None = None, *, say: Callable[[str], None] = lambda _: None) -> Iterator[Provided]:
    """Start or adopt the embedded database unless DATABASE_URL names a server; give it back at the end."""
    folder = data_folder(data)
    os.environ["GOODWORD_DATA"] = str(folder)
    if url := os.environ.get("DATABASE_URL"):
        keep_secret_key(folder)
        limit_rights(url)
        yield Provided(os.environ.get("GOODWORD_OWNER_URL") or url, folder, None)
        return
    with Cluster(folder, say=say).lease() as lease:
        keep_secret_key(folder)
        os.environ.update(DATABASE_URL=lease.limited_url, GOODWORD_OWNER_URL=lease.url)
        try:
            yield Provided(lease.url, folder, lease)
        finally:
            del os.environ["DATABASE_URL"], os.environ["GOODWORD_OWNER_URL"]


def limit_rights(url: str) -> None:
    """Work as the application's role where the login of `url` owns the tables and may put that role on."""
    os.environ["GOODWORD_ROLE_IN_USE"] = role_to_put_on(url)


def app_role() -> str:
    """The role that the application works as; empty when the operator wants none."""
    return os.environ.get("GOODWORD_APP_ROLE", LIMITED_ROLE)


def role_to_put_on(url: str) -> str:
    """The role of the application, where the login of `url` may put it on and it has its rights; else nothing."""
    import psycopg

    role = app_role()
    if not role or not url:
        return ""
    try:
        with psycopg.connect(url, connect_timeout=5) as asked:
            found = asked.execute(_MAY_PUT_ON, {"role": role}).fetchone()
    except psycopg.OperationalError:
        return role  # nobody answers now: whoever answers later is not to meet the owner of the tables
    return role if found and found[0] else ""


_MAY_PUT_ON = """
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s AND rolname <> session_user
                  AND pg_has_role(session_user, oid, 'MEMBER')
                  AND has_table_privilege(oid, to_regclass('django_migrations'), 'SELECT'))
"""


def hold() -> None:
    """Wait until somebody ends this process with a signal, then return."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    import django

    django.setup()


def keep_secret_key(folder: Path) -> None:
    """The key that signs sessions: the operator's own, else one that is made once and kept in the data folder."""
    if os.environ.get("GOODWORD_SECRET_KEY") or os.environ.get("GOODWORD_SECRET_KEY_FILE"):
        return
    path = secret_key_path(folder)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(50) + "\n")
        # A link fails when another process was first: then its key is the one that counts.
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    os.environ["GOODWORD_SECRET_KEY_FILE"] = str(path)


def secret_key_path(folder: Path) -> Path:
    return folder / "secret-key"


def is_private(path: Path) -> bool:
    return not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
