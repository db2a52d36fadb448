"""Operations on webhooks: endpoints, what was sent to them, and sending again."""

import json
from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Field, Router

from goodword.accounts.access import find_among
from goodword.accounts.actors import actor_of
from goodword.api.idempotency import Answer
from goodword.api.inputs import ENDPOINT_CHANGES, NEW_ENDPOINT, REPLAY
from goodword.api.operations import Body, Call, Operation, serve
from goodword.api.problems import Refusal
from goodword.api.queries import Page, choice_filter, page_of, page_query, text_filter
from goodword.domain.ids import MalformedId, parse_public_id, public_id
from goodword.objects.schemas import Answered, page_schema
from goodword.objects.shown import as_json
from goodword.webhooks.endpoints import Wish, change_endpoint, create_endpoint, switch_off, switch_on
from goodword.webhooks.models import Attempt, Delivery, Endpoint
from goodword.webhooks.replaying import Range, replay_delivery, replay_range, send_test
from goodword.webhooks.selectors import deliveries_of, endpoints_of, state_of

router = Router()


class EndpointAnswer(Answered):
    """A receiver of events. The values of its own headers are never shown."""

    id: str
    url: str
    description: str | None = None
    kinds: list[str] = Field(..., description="the events that it wants; * is all")
    header_names: list[str]
    enabled: bool
    state: str = Field(..., description="new, works, failing, off")
    off_since: datetime | None = None
    off_because: str | None = Field(None, description="person, failures (three days of them), gone (it answered 410)")
    failing_since: datetime | None = None
    last_success_at: datetime | None = None
    created_at: datetime


class NewEndpointAnswer(EndpointAnswer):
    """A new receiver. Its secret is in this one answer and nowhere else."""

    secret: str | None = Field(None, description="absent when the same request is sent again")


class AttemptAnswer(Answered):
    """One try to deliver."""

    number: int
    at: datetime
    milliseconds: int
    status: int | None = None
    failure: str | None = Field(None, description="absent: it was taken")
    detail: str | None = None
    answer: str | None = Field(None, description="the beginning of what was answered")


class DeliveryAnswer(Answered):
    """One event on its way to one endpoint."""

    id: str
    endpoint: str
    event: str
    type: str
    at: datetime = Field(..., description="when it happened")
    state: str = Field(..., description="waiting, delivered, given_up")
    attempts_made: int
    next_at: datetime | None = None
    settled_at: datetime | None = None


class DeliveryWithAttempts(DeliveryAnswer):
    """A delivery with what is sent, and every try."""

    payload: dict[str, Any]
    attempts: list[AttemptAnswer]


class ReplayAnswer(Answered):
    """How many events are on their way again."""

    events: int


def _endpoint_shown(endpoint: Endpoint) -> dict[str, Any]:
    same = ("url", "kinds", "header_names", "off_since", "failing_since", "last_success_at", "created_at")
    return {
        **{name: getattr(endpoint, name) for name in same},
        "id": endpoint.public_id,
        "description": endpoint.description or None,
        "enabled": endpoint.off_since is None,
        "state": state_of(endpoint),
        "off_because": endpoint.off_because or None,
    }


def _delivery_shown(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.public_id,
        "endpoint": public_id("webhook_endpoint", delivery.endpoint_id),
        "event": delivery.event.public_id,
        "type": delivery.event.kind,
        "at": delivery.event.at,
        "state": delivery.state,
        "attempts_made": delivery.attempts_made,
        "next_at": delivery.next_at if delivery.state == "waiting" else None,
        "settled_at": delivery.settled_at,
    }


def _attempt_shown(attempt: Attempt) -> dict[str, Any]:
    texts = {name: getattr(attempt, name) or None for name in ("failure", "detail", "answer")}
    return {name: getattr(attempt, name) for name in ("number", "at", "milliseconds", "status")} | texts


def _endpoint(request: Call, name: str) -> Endpoint:
    return find_among(endpoints_of(request.program), name)


def _delivery(request: Call, name: str) -> Delivery:
    return find_among(deliveries_of(request.program), name)


def list_endpoints(request: Call) -> Page:
    """The endpoints of the program, newest first."""
    page = page_of(request, endpoints_of(request.program), order=("-id",))
    return Page([_endpoint_shown(row) for row in page.rows], page.next)


def post_endpoint(request: Call) -> Answer:
    """A new endpoint, with its secret. A repetition of the request does not show it again."""
    wish = Wish(**request.given)
    endpoint, secret = create_endpoint(request.program, wish, actor=actor_of(request), now=timezone.now())
    shown = _endpoint_shown(endpoint)
    kept = as_json(NewEndpointAnswer, shown)
    return Answer(201, as_json(NewEndpointAnswer, {**shown, "secret": secret}), kept=kept)


def get_endpoint(request: Call) -> dict[str, Any]:
    """One endpoint."""
    return _endpoint_shown(request.target)


def patch_endpoint(request: Call) -> dict[str, Any]:
    """Change an endpoint; what is not given stays."""
    endpoint, given = request.target, dict(request.given)
    enabled = given.pop("enabled", None)
    if given:
        known = {name: getattr(endpoint, name) for name in ("url", "kinds", "description")}
        emptied = {"description": "", "headers": {}}
        said = {name: emptied.get(name) if value is None else value for name, value in given.items()}
        _refuse_emptied(said)
        endpoint = change_endpoint(endpoint, Wish(**(known | said)), actor=actor_of(request))
    if enabled is not None and enabled != (endpoint.off_since is None):
        if enabled:
            endpoint = switch_on(endpoint, actor=actor_of(request))
        else:
            endpoint = switch_off(endpoint, actor=actor_of(request), now=timezone.now())
    return _endpoint_shown(endpoint)


def _refuse_emptied(said: dict[str, Any]) -> None:
    for name, value in said.items():
        if value is None:
            raise Refusal("required", f"{name} cannot be empty", field=name, remedy=f"give {name}, or leave it out")


def try_endpoint(request: Call) -> dict[str, Any]:
    """Send a test event to this endpoint alone."""
    return _delivery_shown(send_test(request.target, actor=actor_of(request), now=timezone.now()))


def replay_endpoint(request: Call) -> dict[str, Any]:
    """Send the events of a time again, in their order: those that were not delivered, or all."""
    given, now = request.given, timezone.now()
    wanted = Range(given["since"], given.get("until", now), delivered=given.get("delivered", False))
    return {"events": replay_range(request.target, wanted, actor=actor_of(request), now=now)}


def list_deliveries(request: Call) -> Page:
    """Deliveries, newest event first."""
    rows = deliveries_of(request.program)
    if "endpoint" in request.asked:
        rows = rows.filter(endpoint=_named(request.asked["endpoint"]))
    if "state" in request.asked:
        rows = rows.filter(state=request.asked["state"])
    page = page_of(request, rows, order=("-number", "id"))
    return Page([_delivery_shown(row) for row in page.rows], page.next)


def _named(name: str) -> Any:
    try:
        return parse_public_id("webhook_endpoint", name)
    except MalformedId:
        raise Refusal(
            "unknown_endpoint", f"no endpoint {name[:40]!r}", field="endpoint", value=name[:40],
            remedy="give the id of an endpoint of this program",
        ) from None  # fmt: skip


def get_delivery(request: Call) -> dict[str, Any]:
    """One delivery with every try."""
    tried = Attempt.unscoped.filter(delivery=request.target).order_by("number")
    payload = json.loads(request.target.event.payload)
    return {**_delivery_shown(request.target), "payload": payload, "attempts": [_attempt_shown(one) for one in tried]}


def again(request: Call) -> dict[str, Any]:
    """Send one message again, under its old id."""
    return _delivery_shown(replay_delivery(request.target, actor=actor_of(request), now=timezone.now()))


_ENDPOINTS, _TAGS = "/webhook-endpoints", ["webhooks"]
_ONE, _DELIVERY = f"{_ENDPOINTS}/{{webhook_endpoint}}", "/webhook-deliveries/{webhook_delivery}"
_LIST = page_query(
    endpoint=text_filter("id of the endpoint"),
    state=choice_filter("how it stands", *(state for state, _ in Delivery.STATES)),
)
for _operation, _handler in (
    (Operation("GET", _ENDPOINTS, "list-webhook-endpoints", "List webhook endpoints", page_schema(EndpointAnswer),
               query=page_query(), tags=_TAGS), list_endpoints),
    (Operation("POST", _ENDPOINTS, "create-webhook-endpoint", "Create a webhook endpoint", NewEndpointAnswer, 201,
               Body(NEW_ENDPOINT), tags=_TAGS), post_endpoint),
    (Operation("GET", _ONE, "get-webhook-endpoint", "Read a webhook endpoint", EndpointAnswer, target=_endpoint,
               tags=_TAGS), get_endpoint),
    (Operation("PATCH", _ONE, "update-webhook-endpoint", "Change a webhook endpoint, or switch it on or off",
               EndpointAnswer, 200, Body(ENDPOINT_CHANGES, nulls=True), target=_endpoint, tags=_TAGS), patch_endpoint),
    (Operation("POST", f"{_ONE}/test", "test-webhook-endpoint", "Send a test event", DeliveryAnswer, 202,
               target=_endpoint, tags=_TAGS), try_endpoint),
    (Operation("POST", f"{_ONE}/replay", "replay-webhook-endpoint", "Send the events of a time again", ReplayAnswer,
               202, Body(REPLAY), target=_endpoint, tags=_TAGS), replay_endpoint),
    (Operation("GET", "/webhook-deliveries", "list-webhook-deliveries", "List webhook deliveries",
               page_schema(DeliveryAnswer), query=_LIST, tags=_TAGS), list_deliveries),
    (Operation("GET", _DELIVERY, "get-webhook-delivery", "Read a webhook delivery with every try",
               DeliveryWithAttempts, target=_delivery, tags=_TAGS), get_delivery),
    (Operation("POST", f"{_DELIVERY}/replay", "replay-webhook-delivery", "Send one message again", DeliveryAnswer,
               202, target=_delivery, tags=_TAGS), again),
):  # fmt: skip
    serve(router, _operation, _handler)
