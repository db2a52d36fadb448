"""Folders of the embedded database: one with a short name, one as its owner sees it, one given to that owner."""

import os
import re
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from goodword.server.errors import EmbeddedError
from goodword.server.postgres_install import Owner

# Other characters mean something to the shell commands of pg_ctl or to a connection address.
PLAIN_PATH = re.compile(r"[\w/.+=@~ -]+")


def private_folder() -> Path:
    """A folder with a short name that nobody else can have laid there for us."""
    folder = Path(tempfile.gettempdir() if len(tempfile.gettempdir()) < 40 else "/tmp") / f"goodword-{os.geteuid()}"  # noqa: S108
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise EmbeddedError(f"{folder} is not private to you. Remove it, or name a data folder with a shorter path.")
    return folder


def seen_by(owner: Owner, folder: Path) -> Path:
    """The folder's name for `owner`, who may not be let into the folders above it (root's home, say).

    PostgreSQL's programs start with that folder as their working directory, and Linux knows a way to one's own working
    directory that leads through no other folder. It also spares us the quoting of odd names in their shell commands.
    """
    if PLAIN_PATH.fullmatch(str(folder)) and (owner.is_me or owner.can("test", "-x", folder)):
        return folder
    if not sys.platform.startswith("linux"):
        raise EmbeddedError(
            f"{owner.name}, who runs the database, cannot reach {folder}. Name another one with --data."
        )
    return Path("/proc/self/cwd")


def give(path: Path, owner: Owner) -> None:
    path.chmod(0o700 if path.is_dir() else 0o600)
    if not owner.is_me:
        os.chown(path, owner.uid, owner.gid)
