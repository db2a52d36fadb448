"""The address that other systems send to: limits, signature, then the event is stored, and only then judged.

Whoever gets 200 can forget the event. Nothing here depends on what is in it.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from goodword.accounts.refusals import problem
from goodword.connections.bodies import NotTaken, body_of
from goodword.connections.judging import judge
from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.signatures import NotSigned
from goodword.connections.storing import Arrival, OtherContent, store
from goodword.connections.systems import SYSTEMS
from goodword.connections.vault import secrets_of

log = logging.getLogger(__name__)
_REFUSAL_IS_NOTED_EVERY: Final = timedelta(minutes=1)
_WOOCOMMERCE_PING: Final = re.compile(rb"webhook_id=[0-9]{1,12}")


@csrf_exempt
def receive(request: HttpRequest, address: str) -> HttpResponse:
    """One webhook. The answer says that it is stored, not what it was worth."""
    now = timezone.now()
    connection = Connection.unscoped.select_related("program").filter(address=address, is_on=True).first()
    if connection is None:
        return problem(404, "not_found", "There is nothing here.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        body = body_of(request)
        if _is_ping(connection, headers, body):
            return JsonResponse({"received": True, "outcome": "ping"})
        SYSTEMS[connection.kind].verify(headers, body, secrets_of(connection, now), now)
        event, is_new = store(connection, Arrival(body, _kept(connection, headers), now))
    except NotTaken as refused:
        return problem(refused.status, refused.code, refused.message)
    except NotSigned as refused:
        _note_refusal(connection, refused.code, now)
        return problem(401, refused.code, refused.message)
    except OtherContent as refused:
        _note_refusal(connection, refused.code, now)
        return problem(409, refused.code, refused.message)
    return _answer(event, now, is_new=is_new)


def _answer(event: ReceivedEvent, now: datetime, *, is_new: bool) -> HttpResponse:
    if is_new and event.outcome == "received":
        try:
            judge(event.pk, now, at_once=True)
        except Exception as error:  # noqa: BLE001  (it is stored: the worker judges it in a moment)
            log.error("%s is left to the worker: %s", event.pk, type(error).__name__)  # noqa: TRY400
    answer = JsonResponse({"received": True, "id": event.public_id, "repeated": not is_new})
    if not is_new:
        answer.headers["Idempotent-Replayed"] = "true"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _kept(connection: Connection, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that say what an event is; those that prove it are not kept."""
    return {name: headers[name][:500] for name in SYSTEMS[connection.kind].headers if name in headers}


def _is_ping(connection: Connection, headers: Mapping[str, str], body: bytes) -> bool:
    """WooCommerce tries an address with an unsigned ping before it lets anybody save it. It says nothing."""
    unsigned = "x-wc-webhook-signature" not in headers
    return connection.kind == "woocommerce" and unsigned and _WOOCOMMERCE_PING.fullmatch(body) is not None


def _note_refusal(connection: Connection, code: str, now: datetime) -> None:
    """For the page: that somebody calls without the right secret, usually because it was copied wrong."""
    old = Q(refused_at=None) | Q(refused_at__lt=now - _REFUSAL_IS_NOTED_EVERY)
    Connection.unscoped.filter(old, pk=connection.pk).update(refused_at=now, refused_reason=code[:60])
