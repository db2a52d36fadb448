"""Clicks in files while the database is away: framed, checksummed, on disk before anybody is told that they are kept.

A file belongs to the process that holds its lock. It is written until the database is back, replayed, and removed.
What stands behind a frame that was not written whole was never acknowledged.
"""

import fcntl
import logging
import os
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from goodword.domain.ids import uuid7
from goodword.ingest.clicks import COLUMNS

_log = logging.getLogger("goodword.ingest")
MAGIC: Final = b"GWSP" + zlib.crc32(" ".join(COLUMNS).encode()).to_bytes(4, "big")
"""Names the columns as well: rows of a release with others are left for that release."""
HEAD_BYTES: Final = len(MAGIC) + 16
_FRAME: Final = struct.Struct(">II")
FRAME_MAX: Final = 64 * 1024 * 1024
DEFAULT_MAX: Final = 256 * 1024 * 1024
SUFFIX: Final = ".clicks"


class SpoolFull(Exception):
    """The spool holds as much as it may."""


class SpoolFile:
    """One file of frames, locked by this process."""

    def __init__(self, path: Path, descriptor: int, key: UUID) -> None:
        self.path, self.key, self._descriptor = path, key, descriptor
        self.end = os.fstat(descriptor).st_size

    def append(self, frame: bytes) -> None:
        """Write a frame and flush it to the disk. When either fails, nothing of it is left behind."""
        try:
            written = 0
            while written < len(frame):
                written += os.pwrite(self._descriptor, frame[written:], self.end + written)
            os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.end)
            raise
        self.end += len(frame)

    def frames_after(self, place: int) -> Iterator[tuple[bytes, int]]:
        """The whole frames from this place on (0: the first), each with the place behind it."""
        place = max(place, HEAD_BYTES)
        while (found := self._frame_at(place)) is not None:
            rows, place = found
            yield rows, place
        if place < self.end:
            _log.warning("%s: %d bytes at its end are no whole frame", self.path.name, self.end - place)

    def _frame_at(self, place: int) -> tuple[bytes, int] | None:
        head = os.pread(self._descriptor, _FRAME.size, place)
        if len(head) < _FRAME.size:
            return None
        size, checksum = _FRAME.unpack(head)
        if not 0 < size <= FRAME_MAX:
            return None
        body = os.pread(self._descriptor, size, place + _FRAME.size)
        if len(body) != size or zlib.crc32(body) != checksum:
            return None
        return body, place + _FRAME.size + size

    def finish(self, place: int) -> None:
        """Everything up to here is in the database: remove the file; one with more that is unreadable stays."""
        if place < self.end:
            self.path.rename(self.path.with_suffix(".rest"))
        else:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


class Spool:
    """The spool files of one folder. `append` and `closed_files` are called from other threads than the loop's."""

    def __init__(self, folder: Path, *, most: int = DEFAULT_MAX) -> None:
        self.folder, self._most = folder, most
        self._open: SpoolFile | None = None
        self._closed: dict[Path, SpoolFile] = {}
        self._lock = threading.Lock()

    def append(self, rows: Sequence[bytes]) -> None:
        """Keep these packed rows on disk, as one frame. Raises SpoolFull or OSError with nothing kept."""
        body = b"".join(rows)
        frame = _FRAME.pack(len(body), zlib.crc32(body)) + body
        with self._lock:
            if self.size() + len(frame) > self._most:
                raise SpoolFull(f"the spool in {self.folder} holds its {self._most} bytes")
            if self._open is None:
                self._open = self._new_file()
            self._open.append(frame)

    def size(self) -> int:
        """Bytes in all files of the folder."""
        if not self.folder.is_dir():
            return 0
        return sum(path.stat().st_size for path in self.folder.glob(f"*{SUFFIX}"))

    def closed_files(self) -> list[SpoolFile]:
        """The files to replay, oldest first: the one just written, which gets no more, and those of dead processes."""
        with self._lock:
            if self._open is not None:
                self._closed[self._open.path] = self._open
                self._open = None
            for path in self.folder.glob(f"*{SUFFIX}") if self.folder.is_dir() else ():
                if path not in self._closed and (found := _taken_over(path)) is not None:
                    self._closed[path] = found
            return sorted(self._closed.values(), key=lambda file: file.path)

    def finish(self, file: SpoolFile, place: int) -> None:
        """Everything of this file up to this place is in the database."""
        with self._lock:
            self._closed.pop(file.path, None)
            file.finish(place)

    def _new_file(self) -> SpoolFile:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = uuid7()
        path = self.folder / f"{key}{SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.pwrite(descriptor, MAGIC + key.bytes, 0)
            os.fsync(descriptor)
            flush_folder(self.folder)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return SpoolFile(path, descriptor, key)


def flush_folder(folder: Path) -> None:
    """A new name is safe only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _taken_over(path: Path) -> SpoolFile | None:
    """A file that no living process writes; None when somebody does, or when it was not even begun."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    head = os.pread(descriptor, HEAD_BYTES, 0)
    if len(head) == HEAD_BYTES and head.startswith(MAGIC):
        return SpoolFile(path, descriptor, UUID(bytes=head[len(MAGIC) :]))
    _log.warning("%s is no spool file, or was never begun", path.name)
    os.close(descriptor)
    return None
