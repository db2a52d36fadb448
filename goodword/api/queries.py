"""What the address asks for: query parameters read strictly, and pages by signed cursors."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest

from goodword.accounts.models import Program
from goodword.api.problems import Refusal
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.fields import Field, Refused, Shape, choice, identifier, read_object
from goodword.domain.moments import instant
from goodword.insights.paging import beyond, plain

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200
IDS_MAX: Final = 100
CURSOR_SECONDS: Final = 24 * 3600
_SIGNER: Final = "goodword.api.cursor"
_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def _limit(value: Any) -> int:
    if not _NUMBER.fullmatch(value):
        raise Refused("wrong_type", f"{value[:20]!r} is not a whole number", f"from 1 to {LIMIT_MAX}")
    if not 1 <= int(value) <= LIMIT_MAX:
        raise Refused("out_of_range", f"{value} is out of range", f"from 1 to {LIMIT_MAX}")
    return int(value)


def _ids(value: Any) -> list[str]:
    names = value.split(",")
    if len(names) > IDS_MAX:
        raise Refused("too_many_values", f"{len(names)} ids are too many", f"at most {IDS_MAX}")
    return [identifier()(name) for name in names]


def text_filter(about: str, limit: int = 200) -> Field:
    """A filter by one exact text."""
    return Field(identifier(limit), {"type": "string", "maxLength": limit, "description": about})


def choice_filter(about: str, *allowed: str) -> Field:
    """A filter by one of some words."""
    return Field(choice(*allowed), {"type": "string", "enum": list(allowed), "description": about})


_MOMENT = {"type": "string", "format": "date-time"}
LIMIT = Field(_limit, {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT})
CURSOR = Field(identifier(1000), {"type": "string", "description": "`next` of the page before"})
ID = Field(_ids, {"type": "string", "description": f"ids, parted by commas; at most {IDS_MAX}"})
AT_FROM = Field(instant, {**_MOMENT, "description": "at or after this moment"})
AT_TO = Field(instant, {**_MOMENT, "description": "before this moment"})


def page_query(**filters: Field) -> Shape:
    """The parameters of a list: its filters, `limit` and `cursor`."""
    return Shape("this address", {**filters, "limit": LIMIT, "cursor": CURSOR})


def read_query(request: HttpRequest, shape: Shape) -> dict[str, Any]:
    """The parameters, checked: each at most once, none unknown."""
    given: dict[str, Any] = {}
    for name, values in request.GET.lists():
        if len(values) > 1:
            raise Refusal(
                "repeated_parameter",
                f"{name[:40]} stands {len(values)} times in the address",
                field=name[:40],
                remedy="give each parameter once; several ids are parted by commas",
            )
        given[name] = values[0]
    problems: list[Problem] = []
    found = read_object(shape, given, problems)
    if problems:
        raise InvalidInput([_as_parameter(problem) for problem in problems])
    return found


def _as_parameter(problem: Problem) -> Problem:
    code = {"unknown_field": "unknown_parameter", "too_long": "parameter_too_long"}.get(problem.code, problem.code)
    return Problem(code, problem.message, problem.field, problem.value, problem.remedy)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of the page after them (empty: that was all)."""

    rows: Sequence[Any]
    next: str


class Asking(Protocol):
    """A request for a list."""

    program: Program
    path: str
    asked: dict[str, Any]


def page_of(request: Asking, rows: QuerySet[Any], *, order: Sequence[str]) -> Page:
    """The page that is asked for, by keyset: what comes after a row, so that nothing is skipped or shown twice."""
    asked = request.asked
    limit = asked.get("limit", LIMIT_DEFAULT)
    bound = _bound_to(request)
    edge = _opened(asked["cursor"], bound, rows, order) if "cursor" in asked else None
    found = list(rows.order_by(*order).filter(beyond(order, edge))[: limit + 1])
    more = len(found) > limit
    return Page(found[:limit], _sealed(found[limit - 1], bound, order) if more else "")


def _bound_to(request: Asking) -> str:
    """A cursor serves its own program, list and filters, nothing else."""
    filters = sorted((name, str(value)) for name, value in request.asked.items() if name not in {"limit", "cursor"})
    said = json.dumps([str(request.program.pk), request.path, filters])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _sealed(row: Any, bound: str, order: Sequence[str]) -> str:
    values = [plain(getattr(row, name.lstrip("-"))) for name in order]
    return signing.dumps([bound, values], salt=_SIGNER, compress=True)


def _opened(cursor: str, bound: str, rows: QuerySet[Any], order: Sequence[str]) -> list[Any]:
    try:
        found, values = signing.loads(cursor, salt=_SIGNER, max_age=CURSOR_SECONDS)
    except signing.SignatureExpired:
        raise _invalid_cursor("the cursor has expired") from None
    except (signing.BadSignature, ValueError):
        raise _invalid_cursor("the cursor is not one of ours") from None
    if found != bound:
        raise _invalid_cursor("the cursor belongs to another list or other filters")
    fields = [rows.model._meta.get_field(name.lstrip("-")) for name in order]  # noqa: SLF001
    return [field.to_python(value) for field, value in zip(fields, values, strict=True)]


def _invalid_cursor(why: str) -> Refusal:
    return Refusal("invalid_cursor", why, field="cursor", remedy="start again without a cursor")
