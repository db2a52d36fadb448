"""The verbs of endpoints: make, change, rotate the secret, switch off and on, remove. Sending is in `delivery.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from goodword.accounts.actors import SYSTEM, Actor
from goodword.accounts.models import Program
from goodword.accounts.services import record_audit
from goodword.domain.errors import DomainError, InvalidInput, Problem
from goodword.domain.webhook_targets import Surroundings, header_problems, own_hosts, read_target
from goodword.ledger.models import Chain
from goodword.webhooks.catalog import ALL, KINDS
from goodword.webhooks.errors import EndpointOff, EndpointOn, TooManyEndpoints, UrlTaken
from goodword.webhooks.models import Delivery, Endpoint, Reading, RecordedFacts, Secret
from goodword.webhooks.secrets import end_lasting_secret, new_secret, sealed_headers

ENDPOINTS_MAX: Final = 20
OVERLAP: Final = timedelta(hours=24)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What an endpoint shall be. `headers` None: those that it has stay."""

    url: str
    kinds: Sequence[str]
    description: str = ""
    headers: Mapping[str, str] | None = None


def surroundings() -> Surroundings:
    """What this installation is, for the rules of targets."""
    hosts = [urlsplit(settings.BASE_URL).hostname or "", *settings.ALLOWED_HOSTS]
    return Surroundings(own_hosts([host for host in hosts if host not in _LOOPBACK]), settings.WEBHOOK_LOOPBACK)


@transaction.atomic
def create_endpoint(program: Program, wish: Wish, *, actor: Actor, now: datetime) -> tuple[Endpoint, str]:
    """A new endpoint of the program, told of everything from now on, and its secret, which is shown this once."""
    _check(wish)
    Program.objects.select_for_update(no_key=True, of=("self",)).get(pk=program.pk)
    _refuse_more(program, wish.url)
    endpoint = Endpoint(program=program, url=wish.url, description=wish.description, created_at=now)
    endpoint.kinds = _tidy(wish.kinds)
    _put_headers(endpoint, wish.headers or {})
    endpoint.save(force_insert=True)
    secret = new_secret(endpoint, now)
    entry = record_audit(action="webhook.created", obj=endpoint, after=_said(endpoint), actor=actor, program=program)
    _begin_reading(program, entry.sequence)
    return endpoint, secret


@transaction.atomic
def change_endpoint(endpoint: Endpoint, wish: Wish, *, actor: Actor) -> Endpoint:
    """Send elsewhere, or other things. Messages on their way go to the new address."""
    _check(wish)
    locked = _locked(endpoint)
    if wish.url != locked.url:
        _refuse_same(locked.program, wish.url)
    before, headers_before = _said(locked), bytes(locked.headers_sealed)
    locked.url, locked.description, locked.kinds = wish.url, wish.description, _tidy(wish.kinds)
    if wish.headers is not None:
        _put_headers(locked, wish.headers)
    if _said(locked) == before and bytes(locked.headers_sealed) == headers_before:
        return locked
    locked.save()
    record_audit(
        action="webhook.changed", obj=locked, before=before, after=_said(locked), actor=actor, program=locked.program
    )
    return locked


@transaction.atomic
def rotate_secret(endpoint: Endpoint, *, actor: Actor, now: datetime, overlap: timedelta = OVERLAP) -> str:
    """A new secret. The one before signs too until the overlap is over, also what is queued already."""
    locked = _locked(endpoint)
    end_lasting_secret(locked, now, overlap)
    text = new_secret(locked, now)
    after = {"old_one_ends_at": now + overlap}
    record_audit(action="webhook.secret_rotated", obj=locked, after=after, actor=actor, program=locked.program)
    return text


@transaction.atomic
def switch_off(endpoint: Endpoint, *, actor: Actor, now: datetime, reason: str = "") -> Endpoint:
    """Send nothing more there. What waits is given up; it can be sent again once the endpoint is on."""
    locked = _locked(endpoint)
    if locked.off_since is not None:
        raise EndpointOff("this endpoint is off already", field="endpoint", remedy="there is nothing to do")
    _turn_off(locked, "person", now)
    record_audit(action="webhook.switched_off", obj=locked, reason=reason, actor=actor, program=locked.program)
    return locked


def give_up_on(locked: Endpoint, because: str, now: datetime) -> None:
    """Switch a locked endpoint off that takes nothing any more, in the caller's transaction. The team gets a letter."""
    since = locked.failing_since
    _turn_off(locked, because, now)
    after = {"because": because, "failing_since": since, "url": locked.url}
    record_audit(action="webhook.disabled", obj=locked, after=after, actor=SYSTEM, program=locked.program)


@transaction.atomic
def switch_on(endpoint: Endpoint, *, actor: Actor) -> Endpoint:
    """Send again, from now on. What happened meanwhile is sent when somebody asks for it."""
    locked = _locked(endpoint)
    if locked.off_since is None:
        raise EndpointOn("this endpoint is on already", field="endpoint", remedy="there is nothing to do")
    read_target(locked.url, surroundings())
    locked.off_since, locked.off_because = None, ""
    locked.failures_in_row, locked.failing_since, locked.rest_until = 0, None, None
    locked.save()
    record_audit(action="webhook.switched_on", obj=locked, actor=actor, program=locked.program)
    return locked


@transaction.atomic
def remove_endpoint(endpoint: Endpoint, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """Take an endpoint away for good, with its secrets. When it was the last one, nothing is noted any more."""
    Program.objects.select_for_update(no_key=True, of=("self",)).get(pk=endpoint.program_id)
    locked = _locked(endpoint)
    if locked.removed_at is not None:
        return
    if locked.off_since is None:
        _turn_off(locked, "person", now)
    locked.removed_at, locked.headers_sealed = now, b""
    locked.save()
    Secret.unscoped.filter(endpoint=locked).delete()
    record_audit(action="webhook.removed", obj=locked, reason=reason, actor=actor, program=locked.program)
    if not Endpoint.unscoped.filter(program=locked.program, removed_at=None).exists():
        Reading.objects.filter(program=locked.program).delete()
        RecordedFacts.objects.filter(program=locked.program).delete()


def _check(wish: Wish) -> None:
    """Everything that is wrong with a wish, at once."""
    problems = list(header_problems(wish.headers or {}))
    try:
        read_target(wish.url, surroundings())
    except DomainError as refused:
        problems += refused.problems
    if len(wish.description) > 200 or not (wish.description.isprintable() or not wish.description):
        problems.append(
            Problem("too_long", "the description is not one line of at most 200 characters", "description",
                    remedy="shorten it")
        )  # fmt: skip
    problems += _kind_problems(wish.kinds)
    if problems:
        raise InvalidInput(problems)


def _kind_problems(kinds: Sequence[str]) -> list[Problem]:
    if not kinds:
        return [Problem("required", "no event is chosen", "kinds", remedy=f"choose some, or {ALL} for all")]
    unknown = [kind for kind in kinds if kind not in KINDS and kind != ALL]
    return [
        Problem("unknown_event", f"there is no event {kind[:40]!r}", "kinds", kind[:40], _near(kind))
        for kind in unknown[:20]
    ]


def _near(kind: str) -> str:
    near = get_close_matches(kind[:40], KINDS, n=1)
    return f"did you mean {near[0]}?" if near else "docs/webhooks.md lists them"


def _tidy(kinds: Sequence[str]) -> list[str]:
    return [ALL] if ALL in kinds else [kind for kind in KINDS if kind in kinds]


def _put_headers(endpoint: Endpoint, headers: Mapping[str, str]) -> None:
    endpoint.header_names = sorted(headers)
    endpoint.headers_sealed = sealed_headers(endpoint, headers)


def _refuse_more(program: Program, url: str) -> None:
    if Endpoint.unscoped.filter(program=program, removed_at=None).count() >= ENDPOINTS_MAX:
        raise TooManyEndpoints(
            f"{ENDPOINTS_MAX} endpoints are the most", field="url", value=url[:80], remedy="remove one first"
        )
    _refuse_same(program, url)


def _refuse_same(program: Program, url: str) -> None:
    if Endpoint.unscoped.filter(program=program, removed_at=None, url=url).exists():
        raise UrlTaken(
            "this address is an endpoint already", field="url", value=url[:80], remedy="change that endpoint"
        )


def _begin_reading(program: Program, audit_sequence: int) -> None:
    """From here on changes are told of. The caller holds the end of the audit chain."""
    chain = Chain.unscoped.filter(program=program).values_list("sequence", flat=True).first()
    Reading.objects.get_or_create(
        program=program, defaults={"audit_sequence": audit_sequence, "ledger_sequence": chain or 0}
    )


def _locked(endpoint: Endpoint) -> Endpoint:
    rows = Endpoint.unscoped.select_for_update(no_key=True, of=("self",)).select_related("program")
    return rows.get(pk=endpoint.pk)


def _turn_off(locked: Endpoint, because: str, now: datetime) -> None:
    locked.off_since, locked.off_because = now, because
    locked.rest_until = None
    locked.save()
    Delivery.unscoped.filter(endpoint=locked, state="waiting").update(
        state="given_up", settled_at=now, claimed_until=None
    )


def _said(endpoint: Endpoint) -> dict[str, Any]:
    """What the audit trail keeps: no values of headers, no secrets."""
    return {
        "url": endpoint.url,
        "description": endpoint.description,
        "kinds": endpoint.kinds,
        "headers": endpoint.header_names,
    }
