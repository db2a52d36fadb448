"""How many clicks could be kept nowhere: a small file, made while there is room and written over when there is none.

Nobody who follows a link waits for it. `goodword doctor` and `/health/ready` read it; a person removes it. No Django.
"""

import fcntl
import logging
import os
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_log = logging.getLogger("goodword.ingest")
_RECORD: Final = struct.Struct(">8sQQQ")
_CHECKSUM: Final = struct.Struct(">I")
_MAGIC: Final = b"GWLOST01"
_BYTES: Final = _RECORD.size + _CHECKSUM.size


@dataclass(frozen=True, slots=True)
class Loss:
    """How many clicks, and when the first and the last of them were made."""

    clicks: int
    first: datetime
    last: datetime


class Losses:
    """Counts in memory what this process lost, and in the file what all of this data folder did."""

    def __init__(self, path: Path) -> None:
        self.path, self.clicks = path, 0

    def open(self) -> None:
        """Take the room. Where that is not possible, the log and the count in memory remain."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._add(0, time.time())
        except OSError as error:
            _log.error("losses of clicks can be told by this log alone: %s", error)

    def add(self, clicks: int) -> None:
        """So many clicks are lost. Never raises: the visitors are sent on."""
        self.clicks += clicks
        try:
            self._add(clicks, time.time())
        except OSError as error:
            _log.error("%d clicks are lost in all, which could not be written down: %s", self.clicks, error)

    def _add(self, clicks: int, now: float) -> None:
        with _locked(self.path) as descriptor:
            lost, first, last = _read(os.pread(descriptor, _BYTES, 0)) or (0, 0, 0)
            if clicks:
                lost, first, last = lost + clicks, first or int(now), int(now)
            record = _RECORD.pack(_MAGIC, lost, first, last)
            os.pwrite(descriptor, record + _CHECKSUM.pack(zlib.crc32(record)), 0)
            os.fdatasync(descriptor)


def loss_of(path: Path) -> Loss | None:
    """What the file tells; None when nothing was ever lost."""
    try:
        found = _read(path.read_bytes()[:_BYTES])
    except OSError:
        return None
    if found is None or not found[0]:
        return None
    return Loss(found[0], *(datetime.fromtimestamp(second, UTC) for second in found[1:]))


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _read(content: bytes) -> tuple[int, int, int] | None:
    record = content[: _RECORD.size]
    if len(content) < _BYTES or content[_RECORD.size :] != _CHECKSUM.pack(zlib.crc32(record)):
        return None
    magic, lost, first, last = _RECORD.unpack(record)
    return (lost, first, last) if magic == _MAGIC else None
