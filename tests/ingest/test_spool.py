"""The spool file: what it acknowledged is there after a power cut, a full disk, a torn end, and a dead process."""

import errno
import os
from pathlib import Path

import pytest

from goodword.domain.ids import uuid7
from goodword.ingest import spool as module
from goodword.ingest.clicks import packed, packed_link, packed_visit
from goodword.ingest.spool import Spool, SpoolFull


def click(number=0):
    keys = [uuid7() for _ in range(3)]
    return packed(
        uuid7().bytes,
        packed_link(*keys),
        f"visitor-{number}",
        10**18,
        packed_visit(False, "", False, "", "", (), "", ""),
    )


def read(spool):
    return b"".join(rows for file in spool.closed_files() for rows, _ in file.frames_after(0))


def test_what_was_spooled_is_read_back_as_it_was(tmp_path):
    rows = [click(number) for number in range(5)]
    spool = Spool(tmp_path)
    spool.append(rows[:2])
    spool.append(rows[2:])
    assert read(spool) == b"".join(rows)


def test_reading_goes_on_from_a_place(tmp_path):
    spool = Spool(tmp_path)
    rows = [click(), click()]
    spool.append(rows[:1])
    spool.append(rows[1:])
    file = spool.closed_files()[0]
    (_, first), (_, second) = file.frames_after(0)
    assert [found for found, _ in file.frames_after(first)] == rows[1:]
    assert list(file.frames_after(second)) == []


def test_a_file_that_was_replayed_is_gone_and_the_next_click_begins_a_new_one(tmp_path):
    spool = Spool(tmp_path)
    spool.append([click()])
    file = spool.closed_files()[0]
    spool.finish(file, file.end)
    assert list(tmp_path.iterdir()) == []
    spool.append([click()])
    assert read(spool)


class Disk:
    """Records every write and flush, and can rebuild each file as the platters have it after a power cut.

    Whatever was written after the last flush of its file is gone; of the last of it, a part may have arrived.
    """

    def __init__(self, monkeypatch):
        self.written, self.safe = {}, {}
        pwrite, flush = os.pwrite, os.fdatasync

        def write(descriptor, data, offset):
            self.written.setdefault(_path(descriptor), []).append((bytes(data), offset))
            return pwrite(descriptor, data, offset)

        def flushed(descriptor):
            flush(descriptor)
            self.safe[_path(descriptor)] = len(self.written[_path(descriptor)])

        monkeypatch.setattr(module.os, "pwrite", write)
        monkeypatch.setattr(module.os, "fdatasync", flushed)
        monkeypatch.setattr(module.os, "fsync", lambda one: flushed(one) if _path(one) in self.written else flush(one))

    def cut_power(self, folder, torn=0):
        """The folder as it is found again."""
        for path, writes in self.written.items():
            kept = writes[: self.safe.get(path, 0)]
            lost = writes[self.safe.get(path, 0) :]
            with (folder / Path(path).name).open("w+b") as file:
                for data, offset in [*kept, *((data[:torn], offset) for data, offset in lost[:1])]:
                    file.seek(offset)
                    file.write(data)


def _path(descriptor):
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


@pytest.mark.parametrize("torn", [0, 1, 7, 8, 30])
def test_f10_what_was_acknowledged_survives_a_power_cut_and_nothing_else_appears(tmp_path, monkeypatch, torn):
    disk = Disk(monkeypatch)
    spool, after = Spool(tmp_path / "before"), tmp_path / "after"
    after.mkdir()
    acknowledged = [[click(number)] for number in range(3)]
    for rows in acknowledged:
        spool.append(rows)
    flush = module.os.fdatasync
    monkeypatch.setattr(module.os, "fdatasync", lambda _: flush and None)  # power goes before this one is flushed
    spool.append([click(99)])
    disk.cut_power(after, torn)
    assert read(Spool(after)) == b"".join(row for rows in acknowledged for row in rows)


def test_f10_a_torn_or_damaged_end_is_no_click(tmp_path):
    spool = Spool(tmp_path)
    rows = [click()]
    spool.append(rows)
    spool.append([click(1)])
    path = next(tmp_path.iterdir())
    damaged = bytearray(path.read_bytes())
    damaged[-3] ^= 1
    path.write_bytes(damaged)
    assert read(spool) == b"".join(rows)


def test_f12_a_full_disk_keeps_nothing_of_the_row_and_everything_before_it(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    rows = [click()]
    spool.append(rows)
    pwrite = os.pwrite

    def half(descriptor, data, offset):
        if len(data) > 20:
            return pwrite(descriptor, data[: len(data) // 2], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(module.os, "pwrite", half)
        with pytest.raises(OSError, match="No space"):
            spool.append([click(1)])
    rows.append(click(2))
    spool.append(rows[1:])
    assert read(spool) == b"".join(rows)


def test_f12_the_spool_has_a_bound(tmp_path):
    spool, row = Spool(tmp_path, most=1500), click()
    for _ in range(5):
        spool.append([row])
    with pytest.raises(SpoolFull):
        spool.append([row] * 5)
    assert read(spool) == row * 5
    assert spool.size() <= 1500


def test_the_file_of_a_living_process_is_left_alone_and_that_of_a_dead_one_is_taken_over(tmp_path):
    first, second = Spool(tmp_path), Spool(tmp_path)
    first.append([click()])
    assert second.closed_files() == []
    os.close(first._open._descriptor)  # what the kernel does when a process ends
    assert read(second)


def test_a_file_that_is_none_of_ours_is_not_touched(tmp_path):
    (tmp_path / "odd.clicks").write_bytes(b"something else")
    assert Spool(tmp_path).closed_files() == []
    assert (tmp_path / "odd.clicks").exists()
