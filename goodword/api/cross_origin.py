"""What browsers are told about calls from other sites: only pages on a program's allowed hosts may make them.

This keeps other sites' pages out of a browser that follows the rules; it keeps out nobody else.
"""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

from goodword.accounts.keys import host_of_page
from goodword.accounts.models import Program
from goodword.domain.links import hosts_above, is_allowed_host

PATHS: Final = "/api/v1/track/browser/"
_TWO_HOURS: Final = "7200"


class CrossOriginMiddleware:
    """Adds the headers to answers of the browser's calls, refusals included: a page can then say what was wrong."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith(PATHS):
            patch_vary_headers(response, ["Origin"])
            if _is_welcome(request):
                _let_read(request, response)
        return response


def _is_welcome(request: HttpRequest) -> bool:
    """Whether the page is on a host of the program that calls; before the call nobody knows which, so of any."""
    host = host_of_page(request)
    program = getattr(request, "program", None)
    if program is not None:
        return is_allowed_host(host, program.allowed_hosts)
    rows = Program.objects.filter(allowed_hosts__overlap=hosts_above(host)).values_list("allowed_hosts", flat=True)
    return bool(host) and any(is_allowed_host(host, hosts) for hosts in rows)


def _let_read(request: HttpRequest, response: HttpResponseBase) -> None:
    response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
        response.headers["Access-Control-Max-Age"] = _TWO_HOURS
