"""Where compiled rules are kept between runs: a folder named by the text of all rules and the version of the compiler.

A compiled rule contains those it calls, so a change in any file of the rules makes all of them anew.
"""

import hashlib
import os
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import numba

_settings: Any = numba.config
_RULES = Path(__file__).parent
_DAY_SECONDS = 86_400


def keep_compiled_rules() -> None:
    """Tell the compiler where to keep its work: beside the rules, or in the user's cache where that is read-only."""
    name = f"rules-{rules_hash()}"
    for home in (_RULES / "__pycache__", _user_cache(), Path(tempfile.gettempdir()) / f"goodword-{os.getuid()}"):
        folder = home / name
        if _writable(folder):
            _settings.CACHE_DIR = str(folder)
            _forget_others(home, name)
            return


@cache
def rules_hash() -> str:
    """A name for the text of all rules and the version of the compiler."""
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=10)
    for path in sorted(_RULES.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "goodword"


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _forget_others(home: Path, name: str) -> None:
    """Remove what earlier versions of these rules left, but not what a process that still runs may read and write."""
    if home == _RULES / "__pycache__":
        for other in home.glob("rules-*"):
            if other.name != name and time.time() - _changed(other) > _DAY_SECONDS:
                shutil.rmtree(other, ignore_errors=True)


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return time.time()
