"""The month's salt of click hashes in memory: read from the database, where it is made once for everybody.

While no salt can be read, networks and families are kept without hashes: a hash that nobody can compare says nothing.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Final

from goodword.ingest.clicks import Sender
from goodword.ingest.database import Side, Trouble

AGAIN_SECONDS: Final = 1.0
_MAKE: Final = """
INSERT INTO referrals_clicksalt (month, salt) VALUES ($1, decode(replace(gen_random_uuid()::text
    || gen_random_uuid()::text, '-', ''), 'hex')) ON CONFLICT (month) DO NOTHING
"""
_READ: Final = "SELECT salt FROM referrals_clicksalt WHERE month = $1"


class Salts:
    """`now` is what this month's clicks are kept with."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self.now = Sender(_month(datetime.now(UTC)), b"")
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Never ends: reads this month's salt, then waits for the next month."""
        while True:
            now = datetime.now(UTC)
            try:
                self.now = await self._read(now)
                self.ready.set()
            except Trouble:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            following = (now.replace(day=28) + timedelta(days=4)).replace(day=1, hour=0, minute=0, second=0)
            await asyncio.sleep(min((following - now).total_seconds() + 0.001, 3600))

    async def _read(self, now: datetime) -> Sender:
        month = _month(now)
        async with self._side.connection() as connection:
            salt = await connection.fetchval(_READ, month)
            if salt is None:
                await connection.execute(_MAKE, month)
                salt = await connection.fetchval(_READ, month)
        return Sender(month, bytes(salt))


def _month(now: datetime) -> date:
    return now.date().replace(day=1)
