"""Writes about connections: making one, rotating its secret, switching it, judging an event again."""

import base64
import binascii
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.connections.judging import judge
from goodword.connections.models import Connection, ReceivedEvent, Secret
from goodword.connections.storing import read_again
from goodword.connections.vault import seal_api_key, seal_secret
from goodword.domain.errors import DomainError, InvalidInput, Problem

OVERLAP_HOURS_MAX: Final = 24 * 7
BACKFILL_DAYS_MAX: Final = 30
"""Stripe lists the events of the last 30 days."""
_GIVEN_SECRET: Final = {
    "stripe": (re.compile(r"whsec_[!-~]{10,200}"), "Stripe shows it as whsec_… beside the endpoint."),
    "standard": (re.compile(r"whsec_[A-Za-z0-9+/_=-]{32,200}"), "It begins with whsec_ and goes on in base64."),
    "woocommerce": (re.compile(r"[!-~]{16,200}"), "At least 16 characters."),
    "shopify": (re.compile(r"[!-~]{16,200}"), "Shopify shows it below the list of webhooks."),
}
MADE_BY_US: Final = frozenset({"standard", "woocommerce"})
"""Kinds whose secret we may make: the others show us theirs."""
_STRIPE_KEY = re.compile(r"(rk|sk)_(live|test)_[A-Za-z0-9_]{8,250}")


class NotRepeatable(DomainError):
    """An event that cannot be judged again now."""

    code = "not_repeatable"


def connect(
    program: Program, *, kind: str, name: str, mode: str, secret: str, api_key: str = "", actor: Actor, now: datetime
) -> tuple[Connection, str]:
    """A new connection and its secret: the one given, or one of our making where none is and the kind allows it."""
    problems = [] if name.strip() and len(name) <= 100 else [Problem("required", "Give it a name.", "name")]
    if kind not in dict(Connection.KINDS) or mode not in {"live", "test"}:
        problems.append(Problem("unknown_kind", "Choose what to connect, live or test.", "kind", kind[:20]))
        raise InvalidInput(problems)
    text = secret.strip() or (new_secret(kind) if kind in MADE_BY_US else "")
    problems += [*_wrong_secret(kind, text), *_wrong_key(kind, mode, api_key.strip())]
    if problems:
        raise InvalidInput(problems)
    with active_program(program), transaction.atomic():
        made = Connection(
            program=program, kind=kind, name=name.strip(), address=secrets.token_urlsafe(32), mode=mode,
            created_at=now, created_by=actor.label,
        )  # fmt: skip
        seal_api_key(made, api_key.strip())
        made.save(force_insert=True)
        _add_secret(made, text, now)
        record_audit(action="connection.made", obj=made, after={"kind": kind, "mode": mode}, actor=actor)
    return made, text


def new_secret(kind: str) -> str:
    """32 random bytes, as this kind writes them."""
    raw = secrets.token_bytes(32)
    return f"whsec_{base64.b64encode(raw).decode()}" if kind == "standard" else base64.urlsafe_b64encode(raw).decode()


def _wrong_secret(kind: str, text: str) -> list[Problem]:
    form, words = _GIVEN_SECRET[kind]
    if form.fullmatch(text) and (kind != "standard" or _is_standard(text)):
        return []
    return [Problem("invalid_secret", "This is not the signing secret.", "secret", "", words)]


def _is_standard(text: str) -> bool:
    try:
        return len(base64.b64decode(text.removeprefix("whsec_") + "==")) >= 24
    except (binascii.Error, ValueError):
        return False


def _wrong_key(kind: str, mode: str, text: str) -> list[Problem]:
    if not text:
        return []
    if kind != "stripe":
        return [Problem("not_needed", "Only Stripe's list of events is read with a key.", "api_key")]
    found = _STRIPE_KEY.fullmatch(text)
    if found is None:
        words = "Make a restricted key that may read Events and Promotion codes; it begins with rk_."
        return [Problem("invalid_key", "This is no key of Stripe.", "api_key", "", words)]
    if found[2] != mode:
        return [Problem("mode_mismatch", f"This is a {found[2]} key; the connection is {mode}.", "api_key")]
    return []


def _add_secret(connection: Connection, text: str, now: datetime) -> None:
    row = Secret(program_id=connection.program_id, connection=connection, created_at=now)
    seal_secret(row, text)
    row.save(force_insert=True)


def rotate_secret(connection: Connection, *, secret: str, overlap_hours: int, actor: Actor, now: datetime) -> str:
    """A new secret; the ones before are believed for `overlap_hours` more, then no longer."""
    text = secret.strip() or (new_secret(connection.kind) if connection.kind in MADE_BY_US else "")
    problems = _wrong_secret(connection.kind, text)
    if not 0 <= overlap_hours <= OVERLAP_HOURS_MAX:
        message = f"The old secret may go on for 0 to {OVERLAP_HOURS_MAX} hours."
        problems.append(Problem("out_of_range", message, "overlap_hours", str(overlap_hours)))
    if problems:
        raise InvalidInput(problems)
    with transaction.atomic():
        locked = Connection.objects.select_for_update().get(pk=connection.pk)
        ends_at = now + timedelta(hours=overlap_hours)
        Secret.objects.filter(connection=locked, ends_at=None).update(ends_at=ends_at)
        _add_secret(locked, text, now)
        after = {"old_secret_ends_at": ends_at.isoformat()}
        record_audit(action="connection.secret_rotated", obj=locked, after=after, actor=actor)
    return text


def give_api_key(connection: Connection, *, api_key: str, actor: Actor) -> None:
    """Keep a key to Stripe's list of events, replace it, or forget it (empty)."""
    if problems := _wrong_key(connection.kind, connection.mode, api_key.strip()):
        raise InvalidInput(problems)
    with transaction.atomic():
        locked = Connection.objects.select_for_update().get(pk=connection.pk)
        seal_api_key(locked, api_key.strip())
        locked.catch_up_problem = ""
        locked.save(update_fields=["api_key_sealed", "catch_up_problem"])
        action = "connection.key_given" if api_key.strip() else "connection.key_forgotten"
        record_audit(action=action, obj=locked, actor=actor)


def switch(connection: Connection, *, on: bool, reason: str, actor: Actor) -> None:
    """Turn a connection on or off. While it is off its address answers like one that does not exist."""
    with transaction.atomic():
        locked = Connection.objects.select_for_update().get(pk=connection.pk)
        if locked.is_on == on:
            return
        locked.is_on = on
        locked.save(update_fields=["is_on"])
        action = "connection.switched_on" if on else "connection.switched_off"
        record_audit(action=action, obj=locked, reason=reason, actor=actor)


def replay(event: ReceivedEvent, *, actor: Actor, now: datetime) -> ReceivedEvent:
    """Read and judge a stored event again. What it says was recorded before stays as it is: nothing comes twice."""
    with transaction.atomic():
        locked = ReceivedEvent.objects.select_for_update().select_related("connection__program").get(pk=event.pk)
        if locked.outcome == "received":
            raise NotRepeatable("This event is just being judged.", remedy="Look again in a minute.")
        if locked.pared_at is not None:
            words = f"Its body was dropped on {locked.pared_at:%Y-%m-%d}."
            raise NotRepeatable(words, remedy="Send it again from the other system, or import the sale from a file.")
        before = {"outcome": locked.outcome, "reason": locked.reason}
        read_again(locked, now)
        label = f"{locked.type} {locked.event_id}"[:200]
        record_audit(action="connection.event_replayed", obj=locked, label=label, before=before, actor=actor)
    judge(locked.pk, now)
    locked.refresh_from_db()
    return locked
