"""API keys: made, checked and revoked here. A key is shown once; only the SHA-256 of its secret is kept.

Form: `gw_live_<prefix>_<secret><checksum>`. The prefix finds the row, the checksum lets a scanner know a real key.
A publishable key (`gw_pub_<prefix><checksum>`) is no secret: it works from pages on the program's allowed hosts alone.
"""

import hashlib
import re
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote_plus, urlsplit

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from goodword.accounts.actors import VISITOR, Actor
from goodword.accounts.models import ApiKey, Program, User
from goodword.accounts.rules import PAGE_SCOPES, SCOPES
from goodword.accounts.scope import active_program
from goodword.accounts.services import record_audit
from goodword.domain.errors import DomainError, InvalidInput, Problem
from goodword.domain.links import is_allowed_host

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_PREFIX_LENGTH, _SECRET_LENGTH, _CHECKSUM_LENGTH = 8, 32, 6
_FORM = re.compile(r"gw_(live|test)_([0-9a-z]{8})_([0-9a-z]{32})([0-9a-z]{6})")
_PUBLISHABLE = re.compile(r"gw_pub_([0-9a-z]{8})([0-9a-z]{6})")
_USE_IS_NOTED_EVERY = timedelta(minutes=1)


class KeyRefused(DomainError):
    """A request without a usable key; `status` is 401, or 400 for a key in the address."""

    code = "key_refused"

    def __init__(self, code: str, message: str, remedy: str, status: int = 401) -> None:
        self.code, self.status = code, status
        super().__init__(message, field="Authorization", remedy=remedy)


@dataclass(frozen=True, slots=True)
class _Parts:
    mode: str
    prefix: str
    secret: str


def _checksum(body: str) -> str:
    value, chars = zlib.crc32(body.encode()), ""
    while len(chars) < _CHECKSUM_LENGTH:
        value, digit = divmod(value, 36)
        chars = _ALPHABET[digit] + chars
    return chars


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_key(
    program: Program, *, name: str, scopes: Sequence[str], expires_at: datetime | None, actor: Actor, created_by: User
) -> tuple[ApiKey, str]:
    """A new key of the program, and its text, which nobody can read again later."""
    now = timezone.now()
    _check_wish(name, scopes, expires_at, now)
    prefix, secret = _random(_PREFIX_LENGTH), _random(_SECRET_LENGTH)
    body = f"gw_live_{prefix}_{secret}"
    key = ApiKey.unscoped.create(
        program=program, name=name.strip(), prefix=prefix, secret_hash=_hash(secret), scopes=sorted(set(scopes)),
        expires_at=expires_at, created_by=created_by,
    )  # fmt: skip
    after = {"prefix": prefix, "scopes": key.scopes, "expires_at": expires_at}
    record_audit(action="key.created", obj=key, label=key.name, after=after, actor=actor, program=program)
    return key, publishable_text(key) if key.is_publishable else body + _checksum(body)


def publishable_text(key: ApiKey) -> str:
    """A publishable key as pages carry it; it can be read again at any time."""
    body = f"gw_pub_{key.prefix}"
    return body + _checksum(body)


def _check_wish(name: str, scopes: Sequence[str], expires_at: datetime | None, now: datetime) -> None:
    problems = []
    if not name.strip() or len(name) > 100:
        problems.append(Problem("required", "A key needs a name of at most 100 characters.", "name", name[:40]))
    if not scopes or set(scopes) - SCOPES:
        known = ", ".join(ApiKey.SCOPES)
        problems.append(Problem("unknown_scope", f"Choose at least one of {known}.", "scopes", ", ".join(scopes)[:40]))
    elif set(scopes) & PAGE_SCOPES and (set(scopes) - PAGE_SCOPES or "browser" not in scopes):
        message = "A key for web pages can be read by everybody, so it may do nothing else."
        problems.append(Problem("mixed_scopes", message, "scopes", ", ".join(scopes)[:40], "make two keys"))
    if expires_at is not None and expires_at <= now:
        problems.append(
            Problem(
                "out_of_range", "The last day of a key must be in the future.", "expires_at", f"{expires_at:%Y-%m-%d}"
            )
        )
    if problems:
        raise InvalidInput(problems)


@transaction.atomic
def revoke_key(key: ApiKey, *, actor: Actor, reason: str = "") -> None:
    """End a key at once. Revoking it again changes nothing."""
    locked = ApiKey.unscoped.select_for_update().get(pk=key.pk)
    if locked.revoked_at is not None:
        return
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at"])
    record_audit(
        action="key.revoked", obj=locked, label=locked.name, reason=reason, actor=actor, program=locked.program
    )


def authenticate_key(request: HttpRequest) -> ApiKey:
    """The key of the `Authorization: Bearer` header; raises KeyRefused with a distinct code.

    Only who shows the right secret learns that a key has expired or was revoked.
    """
    _refuse_key_in_address(request)
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise KeyRefused("key_missing", "This address needs an API key.", "send the header Authorization: Bearer gw_…")
    if (found := _PUBLISHABLE.fullmatch(text.strip())) is not None:
        return _publishable(request, found)
    parts = _parse(text.strip())
    key = ApiKey.unscoped.select_related("program").filter(prefix=parts.prefix).first()
    known = key.secret_hash if key else _hash("no such key")
    right = secrets.compare_digest(known, _hash(parts.secret))
    if key is None or not right or key.mode != parts.mode:
        raise KeyRefused("key_unknown", "There is no such API key.", "make a new key in the settings of the program")
    return _usable(key, timezone.now())


def _publishable(request: HttpRequest, found: re.Match[str]) -> ApiKey:
    """The publishable key, when the page that calls is on a host of the program. Only browsers are held by that."""
    key = ApiKey.unscoped.select_related("program").filter(prefix=found[1]).first()
    if _checksum(found[0][:-_CHECKSUM_LENGTH]) != found[2] or key is None or not key.is_publishable:
        raise KeyRefused("key_unknown", "There is no such API key.", "make a new key in the settings of the program")
    host = host_of_page(request)
    if not is_allowed_host(host, key.program.allowed_hosts):
        named = f"The host {host[:80]}" if host else "A call that names no page"
        raise KeyRefused(
            "origin_not_allowed", f"{named} may not use this key.",
            "call from a page on an allowed host of the program; servers use a secret key", 403,
        )  # fmt: skip
    return _usable(key, timezone.now())


def host_of_page(request: HttpRequest) -> str:
    """The host of the page that makes this call, as the browser says it; empty where it says none."""
    try:
        return urlsplit(request.headers.get("Origin", "")).hostname or ""
    except ValueError:
        return ""


def _parse(text: str) -> _Parts:
    match = _FORM.fullmatch(text)
    if match is None or _checksum(text[:-_CHECKSUM_LENGTH]) != match[4]:
        raise KeyRefused("key_malformed", "This is not an API key.", "check that the whole key was copied")
    return _Parts(match[1], match[2], match[3])


def _usable(key: ApiKey, now: datetime) -> ApiKey:
    if key.revoked_at is not None:
        raise KeyRefused("key_revoked", f"This key was revoked on {key.revoked_at:%Y-%m-%d}.", "use another key")
    if key.expires_at is not None and key.expires_at <= now:
        raise KeyRefused("key_expired", f"This key expired on {key.expires_at:%Y-%m-%d}.", "make a new key")
    if key.mode != "live":
        raise KeyRefused("key_wrong_mode", "This is a test key; this server holds live data.", "use a live key")
    idle = Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_IS_NOTED_EVERY)
    ApiKey.unscoped.filter(idle, pk=key.pk).update(last_used_at=now)
    return key


def _refuse_key_in_address(request: HttpRequest) -> None:
    """An address ends up in logs and histories: a key seen there must be replaced, so its page says so."""
    match = _FORM.search(unquote_plus(request.get_full_path()))
    if match is None:
        return
    _flag(match[2], match[3])
    raise KeyRefused(
        "key_in_url", "An API key must never stand in an address.",
        "send it in the Authorization header, and replace this key: addresses are kept in logs", 400,
    )  # fmt: skip


@transaction.atomic
def _flag(prefix: str, secret: str) -> None:
    key = ApiKey.unscoped.select_for_update().filter(prefix=prefix, exposed_at=None).first()
    if key is None or not secrets.compare_digest(key.secret_hash, _hash(secret)):
        return
    key.exposed_at = timezone.now()
    key.save(update_fields=["exposed_at"])
    with active_program(key.program):
        record_audit(action="key.exposed", obj=key, label=key.name, reason="sent in an address", actor=VISITOR)
