"""The text of goodword.js and the address that other sites load it from. Serving it is `site/script.py`'s work."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

_SOURCE = Path(__file__).parents[1] / "site" / "script" / "goodword.js"


@dataclass(frozen=True, slots=True)
class Script:
    """The file as it is served, and the short name of exactly this text."""

    text: bytes
    compressed: bytes
    version: str


@cache
def the_script() -> Script:
    """The script and its version, read once."""
    text = _SOURCE.read_bytes()
    return Script(text, gzip.compress(text, 9, mtime=0), hashlib.sha256(text).hexdigest()[:12])


def script_address() -> str:
    """Where other sites load the script from: this server, this version, kept by browsers for a year."""
    return f"{settings.BASE_URL}/goodword.js?v={the_script().version}"
