"""Many rows into PostgreSQL at once, by COPY. Knows text and tables, nothing of what the rows mean."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

_CHUNK_CHARS = 1 << 16  # small enough that the server reads one chunk while the next is made
NULL = r"\N"
"""How COPY writes a missing value."""


def escaped(text: str) -> str:
    """A text as COPY reads it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write rows whose fields are text already in COPY's own writing (`escaped`, `NULL`); says how many there were.

    Errors are Django's, as for any other statement.
    """
    return copy_lines(table, columns, ("\t".join(row) + "\n" for row in rows))


def copy_lines(table: str, columns: Sequence[str], lines: Iterable[str]) -> int:
    """As `copy_rows`, of whole lines: fields with a tab between them and a line feed at the end.

    The server takes in what was written while the next lines are made: let the work of making them be in `lines`.
    """
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.db.validate_no_broken_transaction()
        with _copy(cursor, f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            return _write(copy, lines)


def _write(copy: Any, lines: Iterable[str]) -> int:
    count = size = 0
    chunk: list[str] = []
    for line in lines:
        chunk.append(line)
        size += len(line)
        if size >= _CHUNK_CHARS:
            copy.write("".join(chunk))
            count += len(chunk)
            chunk.clear()
            size = 0
    if chunk:
        copy.write("".join(chunk))
    return count + len(chunk)


def _copy(cursor: Any, statement: str) -> Any:
    return cursor.copy(statement)
