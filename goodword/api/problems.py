"""Problem documents (RFC 9457): one form for every refusal of the API, with stable codes and all problems at once."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from goodword.domain.errors import DomainError, Problem

PROBLEMS_MAX = 100
MEDIA_TYPE = "application/problem+json"
# What the address or the envelope got wrong, before anything was read as data.
_STATUS = {
    **dict.fromkeys(
        (
            "invalid_json",
            "duplicate_key",
            "too_deep",
            "repeated_parameter",
            "invalid_cursor",
            "invalid_idempotency_key",
            "parameter_too_long",
        ),
        400,
    ),
    "body_timeout": 408,
    "length_required": 411,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
    "headers_too_large": 431,
}
# What contradicts the state of things, rather than being wrong in itself.
_CONFLICTS = frozenset(
    (
        "idempotency_mismatch",
        "in_progress",
        "currency_mismatch",
        "code_too_similar",
        "external_id_taken",
        "key_taken",
        "already_applied",
        "partner_not_active",
        "overlapping_agreements",
        "no_default_terms",
        "same_terms",
        "second_person_needed",
        "wrong_partner_state",
        "application_decided",
        "nothing_to_pay",
        "payouts_blocked",
        "agreement_not_in_force",
        "endpoint_off",
        "endpoint_on",
        "too_many_endpoints",
        "url_taken",
        "suggestion_decided",
        "credited_meanwhile",
        "lead_decided",
    )
)


class Refusal(DomainError):
    """A refusal of the edge itself, with its code; `headers` go with the answer."""

    def __init__(
        self, code: str, message: str, *, field: str = "", value: str = "", remedy: str = "", headers: Any = None
    ) -> None:
        self.code = code
        self.headers: dict[str, str] = dict(headers or {})
        super().__init__(message, field=field, value=value, remedy=remedy)


def status_of(problems: Sequence[Problem]) -> int:
    """The HTTP status that says it best; anything wrong in itself outranks a conflict."""
    codes = {problem.code for problem in problems}
    edge = [_STATUS[code] for code in codes if code in _STATUS]
    if edge:
        return min(edge)
    if codes == {"too_many_items"} and all(problem.field == "items" for problem in problems):
        return 413
    return 409 if codes <= _CONFLICTS else 422


def answer(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The refusal as a problem document."""
    response = document(request, error.problems[:PROBLEMS_MAX], code=error.code)
    for name, value in getattr(error, "headers", {}).items():
        response.headers[name] = value
    return response


def document(request: HttpRequest, problems: Sequence[Problem], *, code: str) -> HttpResponse:
    """A problem document about these problems; the first one's words stand at the top."""
    status, codes = status_of(problems), {problem.code for problem in problems}
    first = problems[0]
    several = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": codes.pop() if len(codes) == 1 else code,
        "detail": f"{first.message}{several}",
        "field": first.field,
        "errors": [_shown(problem) for problem in problems],
        "request_id": getattr(request, "id", ""),
    }
    response = HttpResponse(json.dumps(body), status=status, content_type=MEDIA_TYPE)
    add_never_cache_headers(response)
    return response


def _shown(problem: Problem) -> dict[str, str]:
    shown = {
        "code": problem.code,
        "field": problem.field,
        "detail": problem.message,
        "value": problem.value,
        "remedy": problem.remedy,
    }
    return {name: text for name, text in shown.items() if text or name == "field"}
