"""Secrets of endpoints and the values of their own headers: made, sealed at rest, opened to sign and to send."""

import base64
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from standardwebhooks import Webhook

from goodword.payouts.vault import open_sealed, seal
from goodword.webhooks.models import Endpoint, Secret

SECRET_BYTES: Final = 32
OLD_SECRETS_MAX: Final = 1
"""How many besides the newest one may sign: who rotates twice within the overlap ends the oldest at once."""
USER_AGENT: Final = "Goodword-Webhooks/1"


def new_secret(endpoint: Endpoint, now: datetime) -> str:
    """A new lasting secret, and its text, which nobody can read again later."""
    text = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
    row = Secret(program_id=endpoint.program_id, endpoint=endpoint, made_at=now)
    row.sealed = seal(text, bound_to=_bound(row))
    row.save(force_insert=True)
    return text


def end_lasting_secret(endpoint: Endpoint, now: datetime, overlap: timedelta) -> None:
    """Let the lasting secret sign beside the next one until the overlap is over."""
    for place, row in enumerate(live_secrets(endpoint, now)):
        row.ends_at = now if place >= OLD_SECRETS_MAX else min(row.ends_at or now + overlap, now + overlap)
        row.save(update_fields=["ends_at"])


def live_secrets(endpoint: Endpoint, now: datetime) -> list[Secret]:
    """The rows of the secrets that sign now, the newest first; still sealed."""
    live = Secret.unscoped.filter(Q(ends_at=None) | Q(ends_at__gt=now), endpoint=endpoint)
    return list(live.order_by("-made_at", "-pk"))


def signing_secrets(endpoint: Endpoint, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first."""
    return [open_sealed(bytes(row.sealed), bound_to=_bound(row)) for row in live_secrets(endpoint, now)]


def sealed_headers(endpoint: Endpoint, headers: Mapping[str, str]) -> bytes:
    """An endpoint's own headers, encrypted for its row alone."""
    return seal(json.dumps(dict(headers)), bound_to=f"webhook headers {endpoint.pk}") if headers else b""


def opened_headers(endpoint: Endpoint) -> dict[str, str]:
    """An endpoint's own headers."""
    if not endpoint.headers_sealed:
        return {}
    text = open_sealed(bytes(endpoint.headers_sealed), bound_to=f"webhook headers {endpoint.pk}")
    found: dict[str, str] = json.loads(text)
    return found


def signed_headers(message_id: str, payload: str, signing: list[str], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks, with a signature for each secret."""
    signatures = [Webhook(secret).sign(message_id, now, payload) for secret in signing]
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _bound(row: Secret) -> str:
    return f"webhook secret {row.pk}"
