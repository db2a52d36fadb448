"""Operations that a shop's server calls as things happen: a sale, a lead, a refund, a click. See `ingest/`.

The front answers the plain ones before they get here; what it does not take by itself is carried out here.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from ninja import Field as Told
from ninja import Router

from goodword.accounts.actors import actor_of
from goodword.api.idempotency import Answer
from goodword.api.operations import Body, Call, Operation, serve
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.fact_rules import PROBLEMS_MAX, without_position
from goodword.domain.fields import Field, Shape, identifier, read_object, text
from goodword.domain.moments import Clock
from goodword.domain.tracked import FACT_OF, tracked_shape
from goodword.objects.schemas import Answered, answer_of_batch
from goodword.referrals.told_clicks import record_clicks
from goodword.referrals.tracking import record_tracked, shown

router = Router()
_SOME_CLOCK = Clock(datetime(2026, 1, 1, tzinfo=UTC))
_NOTHING = Shape("this address", {})


class TrackedAnswer(Answered):
    """What was understood of an event."""

    id: str = Told(..., description="as it was sent")
    replayed: bool = Told(..., description="it was known already: nothing was stored again")
    customer: str | None = Told(None, description="the customer's id")
    click: dict[str, Any] | None = Told(None, description="the click id it carried, whether it was found, and why not")
    code: dict[str, Any] | None = Told(None, description="the code it carried, and the partner whose it is")


class ClickAnswer(Answered):
    """A click that was told."""

    id: str | None = Told(None, description="as it was sent")
    click_id: str = Told(..., description="what a sale or lead carries later")
    visitor: str = Told(..., description="the browser, for its next click")
    replayed: bool = Told(False, description="it was known already: nothing was stored again")


def _routes(kind: str) -> None:
    shape, path = tracked_shape(kind, _SOME_CLOCK), f"/track/{kind}"
    serve(
        router,
        Operation(
            "POST", f"{path}/batch", f"track-{kind}s", f"Tell of up to 1,000 {kind}s, all or none",
            answer_of_batch(TrackedAnswer), status=202, tags=["track"], body=Body(shape, batch=True), query=_NOTHING,
        ),
        _many(kind),
    )  # fmt: skip
    serve(
        router,
        Operation(
            "POST", path, f"track-{kind}", f"Tell of a {kind} as it happens",
            TrackedAnswer, status=202, tags=["track"], body=Body(shape, raw=True), query=_NOTHING,
        ),
        _one(kind),
    )  # fmt: skip


def _one(kind: str) -> Callable[[Call], Answer]:
    def act(request: Call) -> Answer:
        try:
            return _record(request, kind, [request.given], lambda told: told[0])
        except InvalidInput as refused:
            refused.problems = tuple(without_position(problem) for problem in refused.problems)
            raise

    return act


def _many(kind: str) -> Callable[[Call], Answer]:
    return lambda request: _record(request, kind, request.given["items"], lambda told: {"items": told})


def _record(request: Call, kind: str, items: list[Any], show: Callable[[list[Mapping[str, Any]]], Any]) -> Answer:
    found = record_tracked(request.program, kind, items, actor=actor_of(request), now=timezone.now())
    replayed = not any(one.stored.is_new for one in found)
    return Answer(200 if replayed else 202, show([shown(one) for one in found]), replayed=replayed)


_CLICK = Shape(
    "a click",
    {
        "via": Field(text(40), {"type": "string", "maxLength": 40, "description": "the key of the link"}, True),
        "visitor": Field(identifier(64), {"type": "string", "maxLength": 64, "description": "the browser, if known"}),
        "id": Field(identifier(200), {"type": "string", "maxLength": 200, "description": "the same again counts once"}),
    },
)


def _click(request: Call) -> Answer:
    try:
        return _told_clicks(request, [request.given], lambda told: told[0])
    except InvalidInput as refused:
        refused.problems = tuple(without_position(problem) for problem in refused.problems)
        raise


def _clicks(request: Call) -> Answer:
    problems: list[Problem] = []
    items = []
    for position, given in enumerate(request.given["items"]):
        if len(problems) < PROBLEMS_MAX:
            items.append(read_object(_CLICK, given, problems, f"items[{position}]"))
    if problems:
        raise InvalidInput(problems[:PROBLEMS_MAX])
    return _told_clicks(request, items, lambda told: {"items": told})


def _told_clicks(request: Call, items: list[Any], show: Callable[[list[dict[str, Any]]], Any]) -> Answer:
    found = record_clicks(request.program, items, now=timezone.now())
    told = [
        ({"id": one.id} if one.id else {}) | {"click_id": one.click, "visitor": one.visitor, "replayed": not one.is_new}
        for one in found
    ]
    replayed = not any(one.is_new for one in found)
    return Answer(200 if replayed else 202, show(told), replayed=replayed)


for _kind in FACT_OF:
    _routes(_kind)
serve(
    router,
    Operation(
        "POST", "/track/click/batch", "track-clicks", "Tell of up to 1,000 visits, all or none",
        answer_of_batch(ClickAnswer), status=202, tags=["track"], body=Body(_CLICK, batch=True), query=_NOTHING,
    ),
    _clicks,
)  # fmt: skip
serve(
    router,
    Operation(
        "POST", "/track/click", "track-click", "Tell of a visit to a page of yours that a partner led to",
        ClickAnswer, status=202, tags=["track"], body=Body(_CLICK), query=_NOTHING,
    ),
    _click,
)  # fmt: skip
