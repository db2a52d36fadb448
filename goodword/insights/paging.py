"""Keyset paging: a page is what comes after (or before) a row, so that it stays fast and skips nothing."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet

T = TypeVar("T")
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursors of the pages beside them (empty: there is none)."""

    rows: Sequence[T]
    next: str = ""
    previous: str = ""


def keyset_page(
    rows: QuerySet[Any], *, order: Sequence[str], after: str = "", before: str = "", size: int = PAGE_SIZE
) -> Page[Any]:
    """The page after (or before) a cursor in this order. The last field of the order must be unique.

    A cursor that somebody made up or that belongs to another order shows the first page.
    """
    backwards = bool(before)
    ordering = [_reverse(field) for field in order] if backwards else list(order)
    edge = _decode(before or after, rows, ordering)
    if edge is None:
        backwards, ordering = False, list(order)
    found = list(rows.order_by(*ordering).filter(beyond(ordering, edge))[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    has_next, has_previous = (True, more) if backwards else (more, edge is not None)
    return Page(
        rows=found,
        next=_encode(found[-1], order) if found and has_next else "",
        previous=_encode(found[0], order) if found and has_previous else "",
    )


def page_of(request: Any, rows: QuerySet[Any], *, order: Sequence[str], size: int = PAGE_SIZE) -> Page[Any]:
    """The page that this request asks for."""
    return keyset_page(
        rows, order=order, after=request.GET.get("after", ""), before=request.GET.get("before", ""), size=size
    )


def _reverse(field: str) -> str:
    return field[1:] if field.startswith("-") else f"-{field}"


def _value(row: Any, field: str) -> Any:
    name = field.lstrip("-")
    return row[name] if isinstance(row, Mapping) else getattr(row, name)


def _encode(row: Any, order: Sequence[str]) -> str:
    values = [plain(_value(row, field)) for field in order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def plain(value: Any) -> Any:
    """A value of a row as JSON holds it."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value


def _decode(cursor: str, rows: QuerySet[Any], order: Sequence[str]) -> list[Any] | None:
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(order) or None in values:
            return None
        return [_field(rows, name).to_python(value) for name, value in zip(order, values, strict=True)]
    except (binascii.Error, ValueError, ValidationError, TypeError, RecursionError):
        return None


def _field(rows: QuerySet[Any], ordered: str) -> Any:
    name = ordered.lstrip("-")
    if name in rows.query.annotations:
        return rows.query.annotations[name].output_field
    model: type[Model] = rows.model
    try:
        found = model._meta.get_field(name)  # noqa: SLF001  (public in all but name)
    except FieldDoesNotExist as error:
        raise AssertionError(f"{name} is no field to page by") from error
    assert isinstance(found, Field)
    return found


def beyond(order: Sequence[str], edge: list[Any] | None) -> Q:
    """What comes after a row in this order; the row is given by the values of the fields of the order."""
    if edge is None:
        return Q()
    first, *_ = order
    # The outer bound lets the database walk the index of the first field; the alternatives decide ties.
    bound = Q(**{f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}": edge[0]})
    alternatives, equal = Q(), Q()
    for field, value in zip(order, edge, strict=True):
        name = field.lstrip("-")
        alternatives |= equal & Q(**{f"{name}__{'lt' if field.startswith('-') else 'gt'}": value})
        equal &= Q(**{name: value})
    return bound & alternatives
