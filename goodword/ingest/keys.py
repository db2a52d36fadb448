"""API keys in memory, as far as the front needs them: may this caller tell of events, and of which program?

A key that is not plainly good is left to the pages, which say what is wrong with it.
"""

import hashlib
import re
import secrets
import time
import zlib
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from goodword.ingest.database import Side

KEPT_MAX: Final = 10_000
KEPT_SECONDS: Final = 50.0
_FORM: Final = re.compile(r"[Bb]earer +(gw_live_([0-9a-z]{8})_([0-9a-z]{32}))([0-9a-z]{6}) *")
_SCOPES: Final = {"events:write", "manage"}
_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
# Reading a key notes that it is used, at most once a minute: as the pages do.
_FIND: Final = """
WITH found AS (
    SELECT k.id, k.secret_hash, k.scopes, k.mode, k.expires_at, k.revoked_at, p.id AS program, p.currency, p.timezone
      FROM accounts_apikey k JOIN accounts_program p ON p.id = k.program_id WHERE k.prefix = $1
), noted AS (
    UPDATE accounts_apikey k SET last_used_at = now() FROM found
     WHERE k.id = found.id AND found.secret_hash = $2
       AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute')
)
SELECT * FROM found
"""


class Key(NamedTuple):
    """A key that may tell of events."""

    program: UUID
    currency: str
    timezone: str
    expires_at: datetime | None
    good_until: float


class Keys:
    """Keys by the header they came in. `forget` when anything about keys or programs has changed."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._known: dict[str, Key] = {}

    def forget(self) -> None:
        """Ask the database again from now on."""
        self._known.clear()

    def known(self, header: str) -> Key | None:
        """The key of this header, if it was found good a moment ago."""
        key = self._known.get(header)
        if key is None or key.good_until < time.monotonic():
            return None
        return None if key.expires_at is not None and key.expires_at <= datetime.now(UTC) else key

    async def find(self, header: str) -> Key | None:
        """Look the key up; None when it is not plainly good."""
        form = _FORM.fullmatch(header)
        if form is None or _checksum(form[1]) != form[4]:
            return None
        digest = hashlib.sha256(form[3].encode()).hexdigest()
        async with self._side.connection() as connection:
            row = await connection.fetchrow(_FIND, form[2], digest)
        if row is None or not _is_good(row, digest):
            return None
        if len(self._known) >= KEPT_MAX:
            self._known.clear()
        until = time.monotonic() + KEPT_SECONDS
        key = self._known[header] = Key(row["program"], row["currency"], row["timezone"], row["expires_at"], until)
        return self.known(header) and key


def _is_good(row: Any, digest: str) -> bool:
    right = secrets.compare_digest(row["secret_hash"], digest)
    return right and row["mode"] == "live" and row["revoked_at"] is None and bool(_SCOPES & set(row["scopes"]))


def _checksum(body: str) -> str:
    value, chars = zlib.crc32(body.encode()), ""
    while len(chars) < 6:
        value, digit = divmod(value, 36)
        chars = _ALPHABET[digit] + chars
    return chars
