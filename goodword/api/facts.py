"""Operations on facts: record one or a batch, read one, list them. The eight kinds differ by their fields alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from ninja import Router, Schema

from goodword.accounts.actors import actor_of
from goodword.accounts.models import Program
from goodword.api.idempotency import Answer
from goodword.api.operations import Body, Call, Operation, serve, shown
from goodword.api.problems import Refusal
from goodword.api.queries import AT_FROM, AT_TO, ID, choice_filter, page_of, page_query, text_filter
from goodword.domain.errors import InvalidInput
from goodword.domain.fact_rules import without_position
from goodword.domain.fact_shapes import CHANNELS, fact_shape
from goodword.domain.fields import Field, Shape
from goodword.domain.moments import Clock
from goodword.objects.schemas import FACTS, answer_of_batch, page_schema
from goodword.objects.shown import fact_shown
from goodword.referrals.known import partners_named
from goodword.referrals.models import Fact
from goodword.referrals.selectors import facts_by_id, facts_of
from goodword.referrals.services import record_facts

router = Router()
_SOME_CLOCK = Clock(datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of fact: its plural, its filters (by column), and the order of its list."""

    name: str
    plural: str
    filters: Mapping[str, Field]
    order: tuple[str, ...] = ("-id",)
    columns: Mapping[str, str] | None = None


_CUSTOMER = text_filter("the customer's id")
_NEWEST = ("-at", "id")
KINDS = (
    _Kind("customer", "customers", {"email": text_filter("exactly as given"), "domain": text_filter("exactly")}),
    _Kind(
        "touch",
        "touches",
        {
            "customer": _CUSTOMER,
            "visitor": text_filter("the browser's id"),
            "partner": text_filter("public id or external_id"),
            "channel": choice_filter("the channel", *CHANNELS),
        },
    ),
    _Kind(
        "sale",
        "sales",
        {
            "customer": _CUSTOMER,
            "code": text_filter("the code it carried", 40),
            "currency": text_filter("ISO 4217"),
            "product": text_filter("the product named on the sale"),
        },
        _NEWEST,
    ),
    _Kind("event", "events", {"customer": _CUSTOMER, "name": text_filter("the event's name")}, _NEWEST),
    _Kind("refund", "refunds", {"sale": text_filter("the sale's id")}),
    _Kind("cancel", "cancels", {"sale": text_filter("the sale's id")}),
    _Kind("credit", "credits", {"customer": _CUSTOMER, "conversion": text_filter("id of the sale or event")}),
    _Kind(
        "rate",
        "rates",
        {"from": text_filter("ISO 4217"), "to": text_filter("ISO 4217")},
        columns={"from": "from_currency", "to": "to_currency"},
    ),
)


def _routes(kind: _Kind) -> None:
    schema, shape = FACTS[kind.name], fact_shape(kind.name, _SOME_CLOCK)
    tags, path = [kind.plural], f"/{kind.plural}"
    query = Shape("this address", {})

    def offer(method: str, where: str, name: str, summary: str, answers: type[Schema], **more: Any) -> None:
        handler: Callable[..., Any] = more.pop("handler")
        serve(router, Operation(method, where, name, summary, answers, tags=tags, **more), handler)

    offer(
        "POST", f"{path}/batch", f"record-{kind.plural}", f"Record up to 1,000 {kind.plural}, all or none",
        answer_of_batch(schema), status=201, body=Body(shape, batch=True), query=query, handler=_batch(kind, schema),
    )  # fmt: skip
    offer(
        "POST", path, f"record-{kind.name}", f"Record one {kind.name}",
        schema, status=201, body=Body(shape, raw=True), query=query, handler=_single(kind, schema),
    )  # fmt: skip
    dated = {} if kind.name == "customer" else {"at_from": AT_FROM, "at_to": AT_TO}
    offer(
        "GET", path, f"list-{kind.plural}", f"List {kind.plural}",
        page_schema(schema), query=page_query(id=ID, **kind.filters, **dated), handler=_list(kind),
    )  # fmt: skip
    one = f"{path}/{{{kind.name}_id}}"
    if kind.name == "customer":
        offer(
            "PUT", one, "replace-customer", "Record a customer, or replace what is known of it",
            schema, body=Body(shape, raw=True), target=_name, handler=_put(kind, schema),
        )  # fmt: skip
    offer(
        "GET", one, f"get-{kind.name}", f"Read one {kind.name} by its id",
        schema, target=_target(kind), handler=lambda request: fact_shown(kind.name, request.target),
    )  # fmt: skip


def _single(kind: _Kind, schema: type[Schema]) -> Callable[[Call], Answer]:
    return lambda request: _record_one(request, kind, schema, request.given)


def _put(kind: _Kind, schema: type[Schema]) -> Callable[[Call], Answer]:
    def put(request: Call) -> Answer:
        name = request.target
        given = {"id": name} | request.given
        if given["id"] != name:
            raise Refusal("id_mismatch", "the id is not the one in the address", field="id", remedy="leave it out")
        is_new = not facts_of(request.program, kind.name).filter(external_id=name).exists()
        return _record_one(request, kind, schema, given)._replace(status=201 if is_new else 200)

    return put


def _name(_request: Call, name: str) -> str:
    return name


def _record_one(request: Call, kind: _Kind, schema: type[Schema], given: Any) -> Answer:
    try:
        return _record(request, kind, [given], lambda found: shown(schema, found[0]))
    except InvalidInput as refused:
        refused.problems = tuple(without_position(problem) for problem in refused.problems)
        raise


def _batch(kind: _Kind, schema: type[Schema]) -> Callable[[Call], Answer]:
    whole = answer_of_batch(schema)
    return lambda request: _record(request, kind, request.given["items"], lambda found: shown(whole, {"items": found}))


def _record(request: Call, kind: _Kind, items: list[Any], show: Callable[[list[dict[str, Any]]], Any]) -> Answer:
    found = record_facts(request.program, kind.name, items, source="api", actor=actor_of(request), now=timezone.now())
    rows = facts_by_id(request.program, kind.name, [stored.external_id for stored in found.rows])
    objects = [fact_shown(kind.name, rows[stored.external_id]) for stored in found.rows]
    status = 202 if any(one.get("approval") == "waiting" for one in objects) else 201
    return Answer(status, show(objects), replayed=not found.new and not found.replaced)


def _target(kind: _Kind) -> Callable[[Call, str], Fact]:
    def found(request: Call, name: str) -> Fact:
        row: Fact | None = facts_of(request.program, kind.name).filter(external_id=name).first()
        if row is None:
            raise Http404
        return row

    return found


def _list(kind: _Kind) -> Callable[[Call], Any]:
    def rows(request: Call) -> Any:
        asked = request.asked
        page = page_of(request, _filtered(request.program, kind, asked), order=kind.order)
        return {"items": [fact_shown(kind.name, row) for row in page.rows], "next": page.next or None}

    return rows


def _filtered(program: Program, kind: _Kind, asked: Mapping[str, Any]) -> QuerySet[Any]:
    rows = facts_of(program, kind.name)
    for name in kind.filters:
        if name not in asked:
            continue
        if name == "partner":
            rows = rows.filter(partner_id=partners_named(program, [asked[name]]).get(asked[name]))
        else:
            rows = rows.filter(**{(kind.columns or {}).get(name, name): asked[name]})
    if "id" in asked:
        rows = rows.filter(external_id__in=asked["id"])
    if "at_from" in asked:
        rows = rows.filter(at__gte=asked["at_from"])
    return rows.filter(at__lt=asked["at_to"]) if "at_to" in asked else rows


for _kind in KINDS:
    _routes(_kind)
