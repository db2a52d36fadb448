"""`Idempotency-Key`: a request is carried out once, however often it is sent. The key is kept for ever."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from goodword.accounts.access import ApiRequest
from goodword.api.models import AnsweredCall
from goodword.api.problems import Refusal

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class Answer(NamedTuple):
    """What a request is answered with. `kept` is what a repetition gets, where that is not the same: no secrets."""

    status: int
    body: Any
    replayed: bool = False
    kept: Any = None


def once(request: ApiRequest, given: Mapping[str, Any], act: Callable[[], Answer]) -> Answer:
    """Carry the request out, or give the answer it got the first time. A refused request leaves no trace.

    Only POST needs it: reading, replacing and changing the same again come to the same.
    """
    key = request.headers.get("Idempotency-Key")
    # What everybody can call from a web page must not use up the keys of the program's own servers.
    if key is None or request.method != "POST" or request.api_key.is_publishable:
        return act()
    if not _KEY.fullmatch(key):
        raise Refusal(
            "invalid_idempotency_key",
            "the idempotency key cannot be used",
            field="Idempotency-Key",
            value=key[:40],
            remedy="1 to 255 printable ASCII characters without spaces",
        )
    said = json.dumps([request.method, request.get_full_path(), given], sort_keys=True, default=str)
    digest = hashlib.sha256(said.encode()).hexdigest()
    with transaction.atomic():
        _refuse_while_running(request, key)
        known = AnsweredCall.objects.filter(key=key).first()
        return _again(known, digest) if known else _first(request, key, digest, act)


def _refuse_while_running(request: ApiRequest, key: str) -> None:
    """The same key in two places at once: the second is told to wait, and holds no connection meanwhile."""
    digest = hashlib.blake2b(f"call {request.program.pk} {key}".encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest, signed=True)])
        free = cursor.fetchone()[0]
    if not free:
        raise Refusal(
            "in_progress",
            "a request with this key is being carried out",
            field="Idempotency-Key",
            value=key[:40],
            remedy="send it again in a moment",
            headers={"Retry-After": "1"},
        )


def _again(known: AnsweredCall, digest: str) -> Answer:
    if known.request_hash != digest:
        raise Refusal(
            "idempotency_mismatch",
            "this key was used for another request",
            field="Idempotency-Key",
            value=known.key[:40],
            remedy="use a new key for a new request",
        )
    return Answer(known.status, known.answer, replayed=True)


def _first(request: ApiRequest, key: str, digest: str, act: Callable[[], Answer]) -> Answer:
    answer = act()
    AnsweredCall.objects.create(
        program=request.program,
        key=key,
        request_hash=digest,
        status=answer.status,
        answer=answer.body if answer.kept is None else answer.kept,
        answered_at=timezone.now(),
    )
    return answer
