"""A file as it comes: what its content is, whether it is UTF-8, its hash. Nothing here knows of columns or facts."""

import codecs
import hashlib
from dataclasses import dataclass
from typing import BinaryIO, Final

from goodword.referrals.importing.errors import EmptyFile, FileTooLarge, NotACsvFile, WrongEncoding

CHUNK: Final = 1 << 20
_MARKS: Final = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook (.xlsx)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format", "a database"),
)
_OTHER_ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is known of a file before its columns are looked at."""

    size: int
    content_hash: str


def inspect(file: BinaryIO, *, size_max: int) -> Inspected:
    """Read the file once: refuse what is no UTF-8 text or too large, and take its SHA-256.

    Memory stays at one chunk, whatever the size.
    """
    file.seek(0)
    start = file.read(CHUNK)
    _refuse_other_content(start)
    digest, scan, size, chunk = hashlib.sha256(), _Utf8(), 0, start
    while chunk:
        size += len(chunk)
        if size > size_max:
            raise FileTooLarge(
                f"the file is larger than {size_max // CHUNK} MB",
                remedy="split it, or import it with `goodword import` on the server",
            )
        digest.update(chunk)
        scan.read(chunk)
        chunk = file.read(CHUNK)
    scan.finish()
    file.seek(0)
    return Inspected(size, digest.hexdigest())


def _refuse_other_content(start: bytes) -> None:
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        raise EmptyFile("the file is empty", remedy="choose a file with a header and at least one row")
    for mark, name in _MARKS:
        if start.startswith(mark):
            raise NotACsvFile(
                f"the content is {name}, not CSV text", remedy="export it as CSV (UTF-8) and choose that file"
            )
    for mark, name in _OTHER_ENCODINGS:
        if start.startswith(mark):
            raise _encoding(f"the file is {name}", start[0], 0, 1)


class _Utf8:
    """Decodes chunk by chunk and says where the first byte stands that is not UTF-8 text."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._offset, self._line, self._waiting = 0, 1, b""
        self._after_return = False

    def read(self, chunk: bytes) -> None:
        try:
            self._decoder.decode(chunk)
        except UnicodeDecodeError as error:
            self._refuse(self._waiting + chunk, error.start, "the text is not UTF-8")
        if (nul := chunk.find(b"\0")) >= 0:
            self._refuse(self._waiting + chunk, nul + len(self._waiting), "there is a zero byte in the text")
        self._waiting = self._decoder.getstate()[0]
        self._offset += len(chunk)
        self._line += _line_ends(chunk) - (self._after_return and chunk.startswith(b"\n"))
        self._after_return = chunk.endswith(b"\r")

    def finish(self) -> None:
        if self._waiting:
            raise _encoding("the last character is cut off", self._waiting[0], self._offset - 1, self._line)

    def _refuse(self, seen: bytes, at: int, what: str) -> None:
        offset = self._offset - len(self._waiting) + at
        raise _encoding(what, seen[at], offset, self._line + _line_ends(seen[:at]))


def _line_ends(text: bytes) -> int:
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def _encoding(what: str, byte: int, offset: int, line: int) -> WrongEncoding:
    return WrongEncoding(
        f"{what}: the first such byte is 0x{byte:02X} at position {offset}, line {line}",
        remedy="save the file as UTF-8 (in Excel: CSV UTF-8) and choose it again",
        line=line,
    )
