"""Operations on connections: which there are, what they sent, judging an event again. Secrets are for pages alone."""

from typing import Any

from django.utils import timezone
from ninja import Router

from goodword.accounts.actors import actor_of
from goodword.api.operations import Call, Operation, by_id, serve
from goodword.api.queries import Page, choice_filter, page_of, page_query, text_filter
from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.selectors import connections, events_of, summary
from goodword.connections.services import replay
from goodword.objects.schemas import ConnectionAnswer, ReceivedEventAnswer, page_schema

router = Router()
_OUTCOMES = [outcome for outcome, _ in ReceivedEvent.OUTCOMES]
_EVENTS = page_query(
    outcome=choice_filter("what became of it", *_OUTCOMES), q=text_filter("its id, or an id of a payment or customer")
)


def _shown(one: Connection) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "kind": one.kind,
        "name": one.name,
        "mode": one.mode,
        "is_on": one.is_on,
        "created_at": one.created_at,
    }


def list_connections(request: Call) -> Page:
    """Connections, the newest first."""
    page = page_of(request, connections(), order=("-id",))
    return Page([_shown(row) for row in page.rows], page.next)


def list_received_events(request: Call) -> Page:
    """What a connection sent, the latest first."""
    asked = request.asked
    rows = events_of(request.target, outcome=asked.get("outcome", ""), words=asked.get("q", ""))
    page = page_of(request, rows, order=("-received_at", "id"))
    return Page([summary(row) for row in page.rows], page.next)


def get_received_event(request: Call) -> dict[str, Any]:
    """One event, without its body."""
    return summary(request.target)


def replay_received_event(request: Call) -> dict[str, Any]:
    """Judge a stored event again."""
    return summary(replay(request.target, actor=actor_of(request), now=timezone.now()))


for _operation, _handler in (
    (
        Operation("GET", "/connections", "list-connections", "List connections", page_schema(ConnectionAnswer),
                  query=page_query(), tags=["connections"]),
        list_connections,
    ),
    (
        Operation("GET", "/connections/{connection}/events", "list-received-events", "List what a connection sent",
                  page_schema(ReceivedEventAnswer), query=_EVENTS, target=by_id(Connection), tags=["connections"]),
        list_received_events,
    ),
    (
        Operation("GET", "/received-events/{received}", "get-received-event", "Read what became of an event",
                  ReceivedEventAnswer, target=by_id(ReceivedEvent), tags=["connections"]),
        get_received_event,
    ),
    (
        Operation("POST", "/received-events/{received}/replay", "replay-received-event", "Judge an event again",
                  ReceivedEventAnswer, target=by_id(ReceivedEvent), tags=["connections"]),
        replay_received_event,
    ),
):  # fmt: skip
    serve(router, _operation, _handler)
