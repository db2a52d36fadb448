"""Connections of the hot path to PostgreSQL, without Django: one that writes clicks, and a few for everything else.

What is written stands in `store.py` and `events`; here only how to reach the database and how to tell its troubles.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from asyncpg.exceptions import (
    DataError,
    IntegrityConstraintViolationError,
    InterfaceError,
    PostgresError,
)

CONNECT_SECONDS = 3.0
COMMAND_SECONDS = 5.0
SIDE_CONNECTIONS = 3

Trouble = (PostgresError, InterfaceError, OSError, asyncio.TimeoutError, asyncpg.InternalClientError)
"""What a database that is away, restarting, full or too slow answers with."""
BadRow = (DataError, IntegrityConstraintViolationError, ValueError, TypeError, OverflowError)
"""What one row that cannot be stored makes of a statement: the others are not to blame."""


def address() -> tuple[str, dict[str, str]]:
    """Where the database is, and the settings of a session there."""
    session = {"application_name": "goodword ingest", "jit": "off"}
    if role := os.environ.get("GOODWORD_ROLE_IN_USE"):
        session["role"] = role
    return os.environ.get("DATABASE_URL", "postgresql://goodword@127.0.0.1/goodword"), session


BY_INDEX: Final = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""For a session that looks up few rows of tables that grow fast: their statistics are always late."""


async def connect(settings: Mapping[str, str] | None = None) -> Any:
    """A connection of its own."""
    dsn, session = address()
    session |= settings or {}
    return await asyncpg.connect(dsn, server_settings=session, timeout=CONNECT_SECONDS, command_timeout=COMMAND_SECONDS)


class Side:
    """A few connections for what is rare: looking up a link, replaying a spool, reading keys."""

    def __init__(self) -> None:
        self._pool: Any = None

    async def open(self) -> None:
        """Get ready; nothing is connected before it is needed."""
        dsn, session = address()
        self._pool = await asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=SIDE_CONNECTIONS,
            server_settings=session,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            max_inactive_connection_lifetime=60,
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """One of them, for as long as it takes."""
        async with self._pool.acquire(timeout=CONNECT_SECONDS) as one:
            yield one

    async def close(self) -> None:
        """Give all of them back."""
        if self._pool is not None:
            self._pool.terminate()
