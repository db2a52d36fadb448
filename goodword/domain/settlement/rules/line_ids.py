"""The stable ids of lines, written in bulk: BLAKE2b (RFC 7693) of conversion, partner, rule, kind and level.

The same ids as `line_id` in `result.py`: the same five always give the same id, and no other five do.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from goodword.domain.settlement.result import KINDS
from goodword.domain.settlement.rules import tables
from goodword.domain.settlement.rules.bytes_in_place import put, start_of
from goodword.domain.settlement.rules.compiling import array, entry, rule, world_of, world_type
from goodword.domain.settlement.rules.layout import BONUS, Table
from goodword.domain.settlement.rules.texts import Texts, texts_of
from goodword.domain.settlement.rules.writing import put_name, put_number

ID_SIZE: Final = 36
_BLOCK: Final = 128
_DIGEST: Final = 16
_START: Final = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1, 0x510E527FADE682D1,
        0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    np.uint64,
)  # fmt: skip
_ORDER: Final = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    np.uint8,
).ravel()  # fmt: skip
_KINDS: Final = texts_of(KINDS)
_HEX: Final = np.frombuffer(b"0123456789abcdef", np.uint8)


@rule
def _mix(a: Any, b: Any, c: Any, d: Any, x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    a = a + b + x
    d = d ^ a
    d = (d >> np.uint64(32)) | (d << np.uint64(32))
    c = c + d
    b = b ^ c
    b = (b >> np.uint64(24)) | (b << np.uint64(40))
    a = a + b + y
    d = d ^ a
    d = (d >> np.uint64(16)) | (d << np.uint64(48))
    c = c + d
    b = b ^ c
    b = (b >> np.uint64(63)) | (b << np.uint64(1))
    return a, b, c, d


@rule
def _compress(hash_: Table, words: Table, first: int, counted: int, last: bool) -> None:
    """Mix one block, the sixteen words from `first` on, into the hash."""
    a0, a1, a2, a3 = hash_[0], hash_[1], hash_[2], hash_[3]
    b0, b1, b2, b3 = hash_[4], hash_[5], hash_[6], hash_[7]
    c0, c1, c2, c3 = _START[0], _START[1], _START[2], _START[3]
    d0, d1, d2, d3 = _START[4] ^ np.uint64(counted), _START[5], _START[6], _START[7]
    if last:
        d2 = ~d2
    for row in range(12):
        at = 16 * row
        a0, b0, c0, d0 = _mix(a0, b0, c0, d0, words[first + _ORDER[at]], words[first + _ORDER[at + 1]])
        a1, b1, c1, d1 = _mix(a1, b1, c1, d1, words[first + _ORDER[at + 2]], words[first + _ORDER[at + 3]])
        a2, b2, c2, d2 = _mix(a2, b2, c2, d2, words[first + _ORDER[at + 4]], words[first + _ORDER[at + 5]])
        a3, b3, c3, d3 = _mix(a3, b3, c3, d3, words[first + _ORDER[at + 6]], words[first + _ORDER[at + 7]])
        a0, b1, c2, d3 = _mix(a0, b1, c2, d3, words[first + _ORDER[at + 8]], words[first + _ORDER[at + 9]])
        a1, b2, c3, d0 = _mix(a1, b2, c3, d0, words[first + _ORDER[at + 10]], words[first + _ORDER[at + 11]])
        a2, b3, c0, d1 = _mix(a2, b3, c0, d1, words[first + _ORDER[at + 12]], words[first + _ORDER[at + 13]])
        a3, b0, c1, d2 = _mix(a3, b0, c1, d2, words[first + _ORDER[at + 14]], words[first + _ORDER[at + 15]])
    hash_[0] ^= a0 ^ c0
    hash_[1] ^= a1 ^ c1
    hash_[2] ^= a2 ^ c2
    hash_[3] ^= a3 ^ c3
    hash_[4] ^= b0 ^ d0
    hash_[5] ^= b1 ^ d1
    hash_[6] ^= b2 ^ d2
    hash_[7] ^= b3 ^ d3


@entry
def digest(message: Table, words: Table, size: int, hash_: Table) -> None:
    """The hash of the first `size` bytes of a message. `words` is the same memory, to the end of the last block."""
    _digest(start_of(message), start_of(words), size, start_of(hash_))


@rule
def _digest(message: Table, words: Table, size: int, hash_: Table) -> None:
    for i in range(8):
        hash_[i] = _START[i]
    hash_[0] ^= np.uint64(0x01010000 ^ _DIGEST)
    blocks = max((size + _BLOCK - 1) // _BLOCK, 1)
    for i in range(size, blocks * _BLOCK):
        message[i] = 0
    for block in range(blocks):
        last = block == blocks - 1
        _compress(hash_, words, 16 * block, size if last else (block + 1) * _BLOCK, last)


@rule
def _put_hex(data: Table, at: int, hash_: Table) -> None:
    for i in range(_DIGEST):
        byte = (hash_[i // 8] >> np.uint64(8 * (i % 8))) & np.uint64(255)
        data[at + 2 * i] = _HEX[byte >> np.uint64(4)]
        data[at + 2 * i + 1] = _HEX[byte & np.uint64(15)]


@rule
def _put_measured(message: Table, at: int, names: Table, starts: Table, code: int) -> int:
    """A name after its length in characters."""
    size = 0
    for i in range(starts[code], starts[code + 1]):
        size += (names[i] & 192) != 128
    at = put_number(message, at, size)
    at = put(message, at, ":")
    return put_name(message, at, names, starts, code)


_BYTE, _AT = np.dtype(np.uint8), np.dtype(np.int64)
_ITEMS: Final[dict[str, np.dtype[Any]]] = {
    "ids": _BYTE,
    "id_starts": _AT,
    "partners": _BYTE,
    "partner_starts": _AT,
    "keys": _BYTE,
    "key_starts": _AT,
    "kinds": _BYTE,
    "kind_starts": _AT,
    "message": _BYTE,
    "words": np.dtype(np.uint64),
    "hash": np.dtype(np.uint64),
    "data": _BYTE,
}
_LABELS: Final = world_type(_ITEMS)
(
    _ids, _id_starts, _partners, _partner_starts, _keys, _key_starts, _kinds, _kind_starts, _message, _words, _hash,
    _data,
) = (array(name, item, _LABELS) for name, item in _ITEMS.items())  # fmt: skip


@entry
def _write(worlds: Any, labels: Any, lo: int, hi: int, first_bonus_key: int) -> None:
    w, p = worlds[0], labels[0]
    message, words, hash_ = _message(p), _words(p), _hash(p)
    for row in range(lo, hi):
        line = tables.lines(w, row)
        if line.kind == BONUS:
            key = first_bonus_key + tables.bonuses(w, line.rule).key
        else:
            key = np.int64(tables.rules(w, line.rule).key)
        size = _put_measured(message, 0, _ids(p), _id_starts(p), line.conversion)
        size = _put_measured(message, size, _partners(p), _partner_starts(p), line.partner)
        size = _put_measured(message, size, _keys(p), _key_starts(p), key)
        size = put_name(message, size, _kinds(p), _kind_starts(p), line.kind)
        size = put_number(message, size, line.level)
        _digest(message, words, size, hash_)
        _put_hex(_data(p), put(_data(p), ID_SIZE * (row - lo), "lin_"), hash_)


class Labels(NamedTuple):
    """The names that ids are made of. `keys`: those of rules, then those of bonuses."""

    ids: Texts
    partners: Texts
    keys: Texts
    first_bonus_key: int
    longest: int
    """Bytes that the three longest take together."""


def line_ids(world: Table, lo: int, hi: int, labels: Labels) -> Table:
    """The ids of the lines of rows lo to hi of a world, each of ID_SIZE bytes."""
    words = np.empty(((256 + labels.longest) // _BLOCK + 1) * _BLOCK // 8, np.uint64)
    data = np.empty(ID_SIZE * (hi - lo), np.uint8)
    buffers = {"message": words.view(np.uint8), "words": words, "hash": np.empty(8, np.uint64), "data": data}
    texts = zip(_ITEMS, [*labels.ids, *labels.partners, *labels.keys, *_KINDS], strict=False)
    _write(world, world_of({**dict(texts), **buffers}, _LABELS), lo, hi, labels.first_bonus_key)
    return data
