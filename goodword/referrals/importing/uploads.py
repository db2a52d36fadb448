"""Uploaded files in the database: kept in chunks while a person decides, read back as one file."""

import io
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final

from django.db import transaction

from goodword.accounts.models import Program, User
from goodword.referrals.importing.files import CHUNK, inspect
from goodword.referrals.importing.layout import Layout
from goodword.referrals.models import Upload, UploadChunk

KEPT: Final = timedelta(days=1)
NAME_MAX: Final = 255


def keep_upload(
    program: Program, *, kind: str, name: str, file: BinaryIO, size_max: int, by: User | None, now: datetime
) -> Upload:
    """Check what can be checked without columns and keep the file; uploads older than a day go."""
    found = inspect(file, size_max=size_max)
    with transaction.atomic():
        Upload.unscoped.filter(program=program, uploaded_at__lt=now - KEPT).delete()
        upload = Upload.unscoped.create(
            program=program,
            kind=kind,
            file_name=shown_name(name),
            size=found.size,
            content_hash=found.content_hash,
            uploaded_at=now,
            uploaded_by=by,
        )
        for number, data in enumerate(iter(lambda: file.read(CHUNK), b"")):
            UploadChunk.objects.create(program=program, upload=upload, number=number, data=data)
    return upload


def shown_name(name: str) -> str:
    """A file's name as we show it: its last part, printable, not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[-NAME_MAX:] or "file.csv"


def set_layout(upload: Upload, layout: Layout) -> None:
    """Remember how the file is to be read; what an earlier dry run said no longer holds."""
    upload.layout, upload.preview = layout.to_json(), None
    upload.save(update_fields=["layout", "preview"])


def opened(upload: Upload) -> BinaryIO:
    """The upload as a file that can be read and rewound; one chunk is in memory at a time."""
    return io.BufferedReader(_Chunks(upload))


class _Chunks(io.RawIOBase):
    """Chunks of the database as one seekable byte stream."""

    def __init__(self, upload: Upload) -> None:
        self._upload, self._at = upload, 0
        self._number, self._data = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._upload.size}[whence]
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        number, skip = divmod(self._at, CHUNK)
        if number != self._number:
            chunks = UploadChunk.objects.filter(upload=self._upload, number=number)
            self._number, self._data = number, b"".join(map(bytes, chunks.values_list("data", flat=True)))
        part = self._data[skip : skip + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
