"""Serves goodword.js: one small file, compressed once, with an address that changes when the file does."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

_SOURCE = Path(__file__).parent / "script" / "goodword.js"
_A_YEAR = 365 * 24 * 3600
_AN_HOUR = 3600


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


def _etag(request: HttpRequest) -> str:
    return f'W/"{the_script().version}"'


@require_safe
@condition(etag_func=_etag)
def script(request: HttpRequest) -> HttpResponse:
    """The script: for a year under its version, for an hour without or under another one."""
    named = request.GET.get("v") == the_script().version
    compressed = "gzip" in request.headers.get("Accept-Encoding", "")
    body = the_script().compressed if compressed else the_script().text
    response = HttpResponse(body, content_type="text/javascript; charset=utf-8")
    if compressed:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = f"public, max-age={_A_YEAR}, immutable" if named else f"public, max-age={_AN_HOUR}"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
