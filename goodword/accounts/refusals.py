"""How the product says no: error pages for people, problem documents (RFC 9457) for programs.

Nothing here may depend on whether an object exists: the answer to a foreign id is the answer to an invented one.
"""

import json
from collections.abc import Iterable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

TITLES = {
    400: "This request could not be understood",
    403: "You cannot do this",
    404: "There is nothing here",
    405: "This address does not work that way",
    500: "Something went wrong on our side",
}


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def problem(status: int, code: str, detail: str, **extra: object) -> HttpResponse:
    """A problem document with a stable code."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    response = HttpResponse(json.dumps(body | extra), status=status, content_type="application/problem+json")
    add_never_cache_headers(response)
    return response


def refuse(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """The refusal in the caller's form: a problem document for the API, else a page."""
    if is_api(request):
        return problem(status, code, detail)
    context = {"status": status, "title": TITLES[status], "detail": detail}
    response = render(request, "errors/refusal.html", context, status=status)
    add_never_cache_headers(response)
    return response


def method_not_allowed(request: HttpRequest, allowed: Iterable[str]) -> HttpResponse:
    names = ", ".join(sorted(allowed))
    response = refuse(request, 405, "method_not_allowed", f"This address takes {names}.")
    response.headers["Allow"] = names
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    return refuse(request, 400, "bad_request", "The request is malformed. Go back, reload the page and try again.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    detail = str(exception or "") or "Your role does not allow this."
    return refuse(request, 403, "forbidden", detail)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    detail = "The form was too old, or it came from another site. Go back, reload the page and send it again."
    return refuse(request, 403, "csrf_failed", detail)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    detail = "The address is wrong, or what was here is not yours to see."
    return refuse(request, 404, "not_found", detail)


def server_error(request: HttpRequest) -> HttpResponse:
    number = getattr(request, "id", "")
    detail = f"Nothing was changed. Try again; if it stays, tell your administrator this number: {number}"
    if is_api(request):
        return problem(500, "internal_error", detail)
    try:
        return refuse(request, 500, "internal_error", detail)
    except Exception:  # noqa: BLE001  (the page itself may be what is broken)
        return HttpResponse(f"<h1>{TITLES[500]}</h1><p>Nothing was changed.</p>", status=500)
