"""How an operation of the API is declared: what it reads, what it answers, and how it refuses.

A handler gets a `Call` whose query and body are already read and checked, and returns what its answer is made from.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any, Final, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpResponse, HttpResponseBase
from ninja import Router, Schema

from goodword.accounts.access import ApiRequest, find
from goodword.accounts.models import ProgramOwned
from goodword.accounts.refusals import not_found
from goodword.api.idempotency import Answer, once
from goodword.api.json_body import read_object_of
from goodword.api.limits import refuse_large_headers, refuse_too_many
from goodword.api.problems import answer
from goodword.api.queries import Page, read_query
from goodword.domain.errors import DomainError, InvalidInput, Problem
from goodword.domain.fact_shapes import object_schema
from goodword.domain.fields import Shape, read_object
from goodword.objects.shown import as_json

BATCH_MAX: Final = 1000
_NOTHING: Final = Shape("this address", {})
Handler = Callable[["Call"], Any]
P = TypeVar("P", bound=ProgramOwned)


class Call(ApiRequest):
    """A request that has been read: `target` is the object of the address, `asked` its query, `given` its body."""

    asked: dict[str, Any]
    given: dict[str, Any]
    target: Any


@dataclass(frozen=True, slots=True)
class Body:
    """What an operation reads. `batch`: `{"items": [...]}`; `raw`: fields are judged by the handler, not here.

    `nulls` keeps a null of a field that may be left out: it empties what was there.
    """

    shape: Shape
    batch: bool = False
    raw: bool = False
    required: bool = True
    nulls: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its address, what it does, reads and answers. Its scopes stand in `accounts/policy.py`.

    `target` finds the object that the address names, before anything else of the request is looked at: what is not
    there, or not the caller's, is a 404 whatever else is wrong.
    """

    method: str
    path: str
    name: str
    summary: str
    answers: type[Schema] | None
    status: int = 200
    body: Body | None = None
    query: Shape = _NOTHING
    target: Callable[..., Any] | None = None
    tags: Sequence[str] = ()
    media: str = "application/json"


def serve(router: Router, operation: Operation, handler: Handler) -> None:
    """Put an operation on a router."""
    view = _view(operation, handler)
    router.add_api_operation(
        operation.path,
        [operation.method],
        view,
        operation_id=operation.name.replace("-", "_"),
        url_name=operation.name,
        summary=operation.summary,
        tags=list(operation.tags),
        response={operation.status: operation.answers} if operation.answers else None,
        openapi_extra=_described(operation),
    )


def _view(operation: Operation, handler: Handler) -> Callable[..., HttpResponseBase]:
    names = [part.strip("{}").split(":")[-1] for part in operation.path.split("/") if part.startswith("{")]

    def view(request: Call, **parts: str) -> HttpResponseBase:
        try:
            refuse_too_many(request)
            refuse_large_headers(request)
            request.target = _target(operation, request, parts)
            request.asked = read_query(request, operation.query)
            request.given = _body(request, operation.body) if operation.body else {}
            answered = once(request, request.given, lambda: _act(operation, handler, request))
        except DomainError as error:
            return answer(request, error)
        except Http404:
            return not_found(request)
        return _response(operation, answered)

    view.__signature__ = _signature(names)  # type: ignore[attr-defined]
    view.__name__ = operation.name.replace("-", "_")
    return view


def by_id(model: type[P]) -> Callable[[Call, str], P]:
    """A target that is named by its public id."""
    return lambda _request, name: find(model, name)


def _signature(names: Sequence[str]) -> Any:
    keyword = [Parameter(name, Parameter.KEYWORD_ONLY, annotation=str) for name in names]
    return Signature([Parameter("request", Parameter.POSITIONAL_OR_KEYWORD), *keyword])


def _target(operation: Operation, request: Call, parts: Mapping[str, str]) -> Any:
    if not all(part.isprintable() and len(part) <= 200 for part in parts.values()):
        raise Http404
    return operation.target(request, *parts.values()) if operation.target else None


def _act(operation: Operation, handler: Handler, request: Call) -> Answer:
    found = handler(request)
    if isinstance(found, Answer):
        return found
    if isinstance(found, HttpResponseBase):
        return Answer(found.status_code, found)
    return Answer(operation.status, shown(operation.answers, found))


def shown(schema: type[Schema] | None, found: Any) -> Any:
    """What is found, as the schema says it: the fields it declares and no other, absent ones left out."""
    if schema is None:
        return None
    if isinstance(found, Page):
        found = {"items": found.rows, "next": found.next or None}
    return as_json(schema, found)


def _response(operation: Operation, answered: Answer) -> HttpResponseBase:
    if isinstance(answered.body, HttpResponseBase):
        return answered.body
    text = json.dumps(answered.body, cls=DjangoJSONEncoder)
    response = HttpResponse(text, status=answered.status, content_type=operation.media)
    response.headers["Cache-Control"] = "no-store"
    if answered.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _body(request: Call, body: Body) -> dict[str, Any]:
    if not body.required and request.headers.get("Content-Length", "0") in {"", "0"}:
        return {}
    found = read_object_of(request)
    if body.batch:
        return _items(found)
    if body.raw:
        return found
    problems: list[Problem] = []
    values = read_object(body.shape, found, problems)
    if problems:
        raise InvalidInput(problems)
    emptied = {name: None for name, value in found.items() if value is None and name in body.shape.fields}
    return values | emptied if body.nulls else values


def _items(found: dict[str, Any]) -> dict[str, Any]:
    problems = [
        Problem("unknown_field", f"a batch has no field {name[:40]}", name[:40], remedy='send {"items": [...]}')
        for name in found
        if name != "items"
    ]
    items = found.get("items")
    if items is None or items == []:
        problems.append(Problem("required", "there are no items", "items", remedy='send {"items": [...]}'))
    elif not isinstance(items, list):
        problems.append(Problem("wrong_type", "items is not a list", "items", remedy='send {"items": [...]}'))
    elif len(items) > BATCH_MAX:
        message = f"{len(items)} items are too many"
        problems = [Problem("too_many_items", message, "items", str(len(items)), f"at most {BATCH_MAX} in one batch")]
    if problems:
        raise InvalidInput(problems)
    return found


def _described(operation: Operation) -> dict[str, Any]:
    """What ninja cannot know of our own readers: parameters and bodies."""
    described: dict[str, Any] = {}
    described["parameters"] = [
        {
            "name": name,
            "in": "query",
            "required": one.required,
            "description": one.schema.get("description", ""),
            "schema": {key: value for key, value in one.schema.items() if key != "description"},
        }
        for name, one in operation.query.fields.items()
    ]
    if operation.method == "POST":
        described["parameters"].append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
                "description": "the request is carried out once, however often it is sent with this key",
            }
        )
    if operation.body:
        described["requestBody"] = {
            "required": operation.body.required,
            "content": {"application/json": {"schema": _body_schema(operation.body)}},
        }
    return described


def _body_schema(body: Body) -> dict[str, Any]:
    one = object_schema(body.shape)
    if not body.batch:
        return one
    items = {"type": "array", "items": one, "minItems": 1, "maxItems": BATCH_MAX}
    return {"type": "object", "properties": {"items": items}, "required": ["items"], "additionalProperties": False}
