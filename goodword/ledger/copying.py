"""Many rows into PostgreSQL at once, by COPY. Knows text and tables, nothing of what the rows mean."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

_CHUNK_ROWS = 500
NULL = r"\N"
"""How COPY writes a missing value."""


def escaped(text: str) -> str:
    """A text as COPY reads it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write rows whose fields are text already in COPY's own writing (`escaped`, `NULL`); says how many there were.

    Errors are Django's, as for any other statement.
    """
    count = 0
    chunk: list[str] = []
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.db.validate_no_broken_transaction()
        with _copy(cursor, f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                chunk.append("\t".join(row))
                if len(chunk) == _CHUNK_ROWS:
                    copy.write("\n".join(chunk) + "\n")
                    count += len(chunk)
                    chunk.clear()
            if chunk:
                copy.write("\n".join(chunk) + "\n")
                count += len(chunk)
    return count


def _copy(cursor: Any, statement: str) -> Any:
    return cursor.copy(statement)
