"""Secrets of connections at rest: sealed like payout accounts, each bound to its own row."""

from collections.abc import Sequence
from datetime import datetime

from goodword.connections.models import Connection, Secret
from goodword.payouts.vault import open_sealed, seal


def seal_secret(secret: Secret, text: str) -> None:
    """Put the text into the row, readable for this row alone."""
    secret.sealed = seal(text, bound_to=f"connection secret {secret.pk}")
    secret.hint = text[-4:]


def secrets_of(connection: Connection, now: datetime) -> Sequence[str]:
    """Every secret that is believed now, the newest first."""
    rows = Secret.unscoped.filter(connection=connection).order_by("-created_at")
    return [
        open_sealed(bytes(row.sealed), bound_to=f"connection secret {row.pk}") for row in rows if row.is_believed(now)
    ]


def seal_api_key(connection: Connection, text: str) -> None:
    """Keep the key to the other system's list of events; empty forgets it."""
    connection.api_key_sealed = seal(text, bound_to=f"connection key {connection.pk}") if text else b""


def api_key_of(connection: Connection) -> str:
    """The key to the other system's list of events; empty when there is none."""
    sealed = bytes(connection.api_key_sealed)
    return open_sealed(sealed, bound_to=f"connection key {connection.pk}") if sealed else ""
