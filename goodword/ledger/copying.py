"""Many rows into PostgreSQL at once, by COPY. Knows text and tables, nothing of what the rows mean."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from queue import Queue
from threading import Thread
from typing import Any

from django.db import connection

_CHUNK_CHARS = 1 << 16  # small enough that the server reads one chunk while the next is made
_STATEMENTS_AHEAD = 4
_SWITCH_SECONDS = 0.0005  # a thread that made room in the socket is not to wait long for its turn
NULL = r"\N"
"""How COPY writes a missing value."""


def row_of(fields: Sequence[str]) -> str:
    """Texts as one row of COPY, without the line feed. Nearly all have nothing to escape: one look at all tells."""
    row = "\t".join(fields)
    if "\\" in row or "\n" in row or "\r" in row or row.count("\t") != len(fields) - 1:
        return "\t".join(map(_escaped, fields))
    return row


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write rows whose fields are texts; says how many there were. Errors are Django's, as for any other statement."""
    return copy_lines(table, columns, (row_of(row) + "\n" for row in rows))


def copy_lines(table: str, columns: Sequence[str], lines: Iterable[str]) -> int:
    """As `copy_rows`, of whole lines in COPY's own writing: a `row_of` fields, NULL where none is, and a line feed.

    The server takes in what was written while the next lines are made: let the work of making them be in `lines`.
    """
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.db.validate_no_broken_transaction()
        return _written(cursor, _statement(table, columns), lines)


class Writer:
    """COPY statements that a thread gives to the database, one after another, while the next lines are made."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._statements: Queue[tuple[str, str] | None] = Queue(_STATEMENTS_AHEAD)
        self._failures: list[Exception] = []
        self._thread = Thread(target=self._write, name="goodword-copy", daemon=True)
        self._thread.start()

    def copy(self, table: str, columns: Sequence[str], lines: list[str]) -> None:
        """Have these lines (see `copy_lines`) written. Raises what a statement before has met."""
        self._raise()
        self._statements.put((_statement(table, columns), "".join(lines)))

    def close(self) -> None:
        """Wait until all is written; whatever a statement has met is raised."""
        self._statements.put(None)
        self._thread.join()
        self._raise()

    def _raise(self) -> None:
        if self._failures:
            raise self._failures[0]

    def _write(self) -> None:
        while found := self._statements.get():
            statement, text = found
            if self._failures:
                continue  # nothing is written behind a failure; what waits is taken, so that nobody waits for room
            try:
                with self._cursor.copy(statement) as copy:
                    copy.write(text)
            except Exception as failure:  # noqa: BLE001 - the one who writes is told: see _raise
                self._failures.append(failure)


@contextmanager
def writing() -> Iterator[Writer]:
    """A writer of COPY statements. Until its end the connection is the writer's alone. Errors are Django's."""
    with connection.wrap_database_errors, connection.cursor() as cursor, _short_turns():
        cursor.db.validate_no_broken_transaction()
        writer = Writer(cursor)
        try:
            yield writer
        finally:
            writer.close()


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let threads take turns more often than Python does by itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _SWITCH_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _written(cursor: Any, statement: str, lines: Iterable[str]) -> int:
    count = size = 0
    chunk: list[str] = []
    with cursor.copy(statement) as copy:
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


def _statement(table: str, columns: Sequence[str]) -> str:
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN"
