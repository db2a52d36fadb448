"""A table that a person can search, filter, sort, page and download: what the request asked for, ready to be drawn."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest

from goodword.insights.paging import Page, page_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head. `sort` is the name this order has in the address; empty: not sortable."""

    label: str
    sort: str = ""
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One chip of a filter."""

    value: str
    label: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as chips: its name in the address, what is chosen, what can be chosen (the first is usually all)."""

    key: str
    label: str
    value: str
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Head:
    """A column as it is drawn: with the address that sorts by it, and how it is sorted now."""

    label: str
    numeric: bool
    sort_to: str = ""
    sorted: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One view of a table."""

    heads: Sequence[Head]
    page: Page[Any]
    filters: Sequence[Filter]
    text: str
    total: int | None
    ordered: QuerySet[Any]

    @property
    def narrowed(self) -> bool:
        """Whether words or filters leave something out: an empty table then says so."""
        return bool(self.text) or any(f.value and f.value != f.choices[0].value for f in self.filters)


def searched(request: HttpRequest) -> str:
    """The words that somebody looks for, cut to a sensible length."""
    return request.GET.get("q", "").strip().replace("\x00", "")[:100]


def chosen(request: HttpRequest, key: str, choices: Sequence[Choice]) -> str:
    """The value of a filter, or the first choice when the address holds none or nonsense."""
    value = request.GET.get(key, "")
    return value if any(choice.value == value for choice in choices) else choices[0].value


def listing(
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    columns: Sequence[Column],
    orders: Mapping[str, Sequence[str]],
    default: str,
    filters: Sequence[Filter] = (),
    count: bool = True,
) -> Listing:
    """The page of rows that a request asks for. `orders` names the sorts; each ends in a unique field."""
    sort = request.GET.get("sort", default)
    if sort.removeprefix("-") not in orders:
        sort = default
    order = list(orders[sort.removeprefix("-")])
    if sort.startswith("-"):
        order = [field.removeprefix("-") if field.startswith("-") else f"-{field}" for field in order]
    return Listing(
        heads=[_head(column, sort) for column in columns],
        page=page_of(request, rows, order=order),
        filters=filters,
        text=searched(request),
        total=rows.count() if count else None,
        ordered=rows.order_by(*order),
    )


def sorted_table(
    request: HttpRequest,
    rows: Iterable[T],
    *,
    columns: Sequence[Column],
    keys: Mapping[str, Callable[[T], Any]],
    default: str,
) -> tuple[Sequence[Head], list[T]]:
    """The heads and rows of a table that stands on one page whole. `keys` name the sorts, and say what they compare."""
    sort = request.GET.get("sort", default)
    if sort.removeprefix("-") not in keys:
        sort = default
    ordered = sorted(rows, key=keys[sort.removeprefix("-")], reverse=sort.startswith("-"))
    return [_head(column, sort) for column in columns], ordered


def _head(column: Column, sort: str) -> Head:
    if not column.sort:
        return Head(column.label, column.numeric)
    here = sort.removeprefix("-") == column.sort
    down = sort.startswith("-")
    first = f"-{column.sort}" if column.numeric else column.sort
    return Head(
        label=column.label,
        numeric=column.numeric,
        sort_to=(column.sort if down else f"-{column.sort}") if here else first,
        sorted=("descending" if down else "ascending") if here else "",
    )
