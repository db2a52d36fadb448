"""The salt of each month, under which addresses and browsers of clicks are hashed. Only its keeping lives here.

Without the salt nobody can tell which address a hash was made of; equal hashes of one month stay equal.
"""

import secrets
from datetime import UTC, date, datetime

from goodword.domain.click_privacy import HASH_BYTES
from goodword.referrals.models import ClickSalt


def salt_of(at: datetime) -> bytes:
    """The salt of the month of this moment (UTC); made when it is asked for first."""
    month = month_of(at)
    ClickSalt.objects.bulk_create([ClickSalt(month=month, salt=secrets.token_bytes(HASH_BYTES))], ignore_conflicts=True)
    return bytes(ClickSalt.objects.get(month=month).salt)


def month_of(at: datetime) -> date:
    """The first day of the month of this moment (UTC)."""
    return at.astimezone(UTC).date().replace(day=1)
