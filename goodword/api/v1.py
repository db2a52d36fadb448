"""Version 1 of the REST API: its routers put together, and its description (OpenAPI 3.1) completed."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from pydantic.json_schema import models_json_schema

from goodword.api import (
    applications,
    browser,
    connections,
    facts,
    missed,
    money,
    page_leads,
    partners,
    sharing,
    track,
    webhooks,
)
from goodword.api.problems import MEDIA_TYPE
from goodword.objects.schemas import ProblemDocument

ABOUT = """Everything a company's systems need to run a partner program. Send the header
`Authorization: Bearer <key>`; amounts are decimal strings, moments are RFC 3339 with an offset. Refusals are problem
documents (RFC 9457) with a stable `code`. See docs/api.md."""
_READING = {
    "400": "The address is malformed: a repeated parameter, a key in it, a cursor that is not ours",
    "401": "No usable API key",
    "403": "The key lacks the scope",
    "404": "There is nothing here",
    "422": "Parameters or fields are wrong; every problem is named",
    "429": "Too many calls with this key; see Retry-After",
}
_WRITING = {
    **_READING,
    "400": "The body is not clean JSON, or the idempotency key cannot be used",
    "408": "The body came too slowly",
    "409": "It contradicts what is stored, or the same request is being carried out",
    "411": "The body has no length",
    "413": "The body, or the batch, is too large",
    "415": "The body is not JSON in UTF-8",
}

api = NinjaAPI(
    title="Goodword",
    version="1.0.0",
    description=ABOUT,
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
)
for _router in (
    facts.router,
    track.router,
    browser.router,
    page_leads.router,
    partners.router,
    applications.router,
    sharing.router,
    money.router,
    connections.router,
    missed.router,
    webhooks.router,
):
    api.add_router("", _router)


def openapi(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The description of this API, for everybody."""
    return JsonResponse(description())


def description() -> dict[str, Any]:
    """The OpenAPI document: what ninja knows, and the problem documents that every operation may answer with."""
    document: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="/api/v1/"))
    document["paths"] = {path: _operations(item) for path, item in document["paths"].items()}
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    _, problem = models_json_schema([(ProblemDocument, "serialization")], ref_template="#/components/schemas/{model}")
    schemas.update(problem["$defs"])
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]
    return document


def _operations(item: dict[str, Any]) -> dict[str, Any]:
    return {method: _completed(method, operation) for method, operation in item.items()}


def _completed(method: str, operation: dict[str, Any]) -> dict[str, Any]:
    errors = _READING if method == "get" else _WRITING
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
    operation["responses"].update({code: {"description": text, "content": content} for code, text in errors.items()})
    if operation["operationId"].endswith("_qr"):
        picture = {"schema": {"type": "string"}}
        operation["responses"]["200"] = {
            "description": "The picture",
            "content": {"image/svg+xml": picture, "image/png": picture},
        }
    return operation
