"""Serves goodword.js: one small file, compressed once, with an address that changes when the file does."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

from goodword.insights.tracking_script import script_address, the_script

__all__ = ["script", "script_address", "the_script"]
_A_YEAR = 365 * 24 * 3600
_AN_HOUR = 3600


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
