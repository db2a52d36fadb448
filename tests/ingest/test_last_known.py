"""The file of last known links: written when changes settle, whole or not at all, and read back as it was."""

import asyncio
import errno
from uuid import UUID

import pytest

from goodword.domain.ids import uuid7
from goodword.ingest import last_known as module
from goodword.ingest.last_known import LATEST_SECONDS, LastKnown, NotOurs, read_back, written
from goodword.ingest.links import LinkTable, link_of


def link(key="spring", destination="https://shop.example/größe?q=ä&gw_click=x#oben", **fields):
    row = {
        "id": uuid7(), "key": key, "destination": destination, "partner_id": uuid7(), "program_id": UUID(int=7),
        "slug": "acme", "inactive": False, "allowed_hosts": ["shop.example", "*.shop.example"],
        "attribution": '{"windows": []}',
    }  # fmt: skip
    return link_of(row | fields)


class Kept:
    """A table and its file, with a clock that a test moves."""

    def __init__(self, path):
        self.table, self.path, self.now = LinkTable(), path, 0.0
        self.file = LastKnown(path, self.table, clock=lambda: self.now)

    def look(self, seconds=2.0):
        self.now += seconds
        asyncio.run(self.file.look())
        return self.path.exists() and len(read_back(self.path.read_bytes())[1])


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "links")


def test_links_are_read_back_as_they_were():
    links = [link(), link("inactive", inactive=True), link("plain", "https://shop.example/")]
    assert read_back(written(links))[1] == links


def test_a_table_is_written_once_it_has_settled_and_not_again_before_it_changes(kept):
    assert not kept.look()
    kept.table.replace_all([link()])
    assert not kept.look()
    assert kept.look() == 1
    before = kept.path.stat().st_ino
    assert kept.look() == 1
    assert kept.path.stat().st_ino == before


def test_a_table_that_never_settles_is_written_at_intervals(kept):
    looks = 0
    while not kept.look():
        looks += 1
        kept.table.renew([link(f"key-{looks}")], gone=lambda _: False)
    assert LATEST_SECONDS / 2 <= looks <= LATEST_SECONDS / 2 + 3


def test_a_file_that_somebody_removed_is_written_again(kept):
    kept.table.replace_all([link()])
    kept.look()
    kept.look()
    kept.path.unlink()
    assert kept.look() == 1


@pytest.mark.parametrize("damage", [slice(0, 5), slice(0, -1), slice(1, None), slice(0, 0)], ids=str)
def test_a_torn_file_is_not_ours(damage):
    with pytest.raises(NotOurs):
        read_back(written([link(), link("other")])[damage])


def test_a_changed_letter_and_another_release_are_not_ours():
    content = written([link()])
    for other in (content.replace(b"shop.example", b"evil.example"), content.replace(b'"version":1', b'"version":2')):
        with pytest.raises(NotOurs):
            read_back(other)


def test_f12_a_full_disk_leaves_the_old_file_and_is_tried_again(kept, monkeypatch, caplog):
    kept.table.replace_all([link()])
    kept.look()
    kept.look()
    kept.table.replace_all([link(), link("second")])

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", full)
        assert [kept.look() for _ in range(4)] == [1, 1, 1, 1]
    assert caplog.text.count("cannot be written") == 1
    assert [path.name for path in kept.path.parent.iterdir()] == [kept.path.name]
    assert kept.look() == 2


def test_f10_the_new_table_is_flushed_before_it_takes_the_place_of_the_old_one(kept, monkeypatch):
    done = []
    monkeypatch.setattr(module.os, "fsync", lambda _: done.append("flush"))
    monkeypatch.setattr(module, "flush_folder", lambda _: done.append("flush folder"))
    replace = module.Path.replace
    monkeypatch.setattr(module.Path, "replace", lambda old, new: (done.append("replace"), replace(old, new)))
    kept.table.replace_all([link()])
    asyncio.run(kept.file.keep())
    assert done == ["flush", "replace", "flush folder"]
    assert [path.name for path in kept.path.parent.iterdir()] == [kept.path.name]
