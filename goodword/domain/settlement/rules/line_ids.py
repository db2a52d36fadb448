"""The stable ids of lines, written in bulk: BLAKE2b (RFC 7693) of conversion, partner, rule, kind and level.

The same ids as `line_id` in `result.py`: the same five always give the same id, and no other five do.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from goodword.domain.settlement.result import KINDS
from goodword.domain.settlement.rules import tables
from goodword.domain.settlement.rules.bytes_in_place import fetch_place, put
from goodword.domain.settlement.rules.compiling import array, entry, rule, world_of, world_type
from goodword.domain.settlement.rules.digests import BLOCK, DIGEST, LANES, put_digest, put_four_digests
from goodword.domain.settlement.rules.layout import BONUS, Table
from goodword.domain.settlement.rules.texts import Texts, texts_of
from goodword.domain.settlement.rules.writing import put_name, put_number

ID_SIZE: Final = 36
_AHEAD: Final = 8
_KINDS: Final = texts_of(KINDS)
_HEX: Final = np.frombuffer(b"0123456789abcdef", np.uint8)


@rule
def _put_hex(data: Table, at: int, digests: Table, lane: int) -> None:
    for word in range(DIGEST // 8):
        number = digests[word * LANES + lane]
        for _ in range(8):
            byte = number & np.uint64(255)
            data[at] = _HEX[byte >> np.uint64(4)]
            data[at + 1] = _HEX[byte & np.uint64(15)]
            number >>= np.uint64(8)
            at += 2


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
    "sizes": _AT,
    "hash": np.dtype(np.uint64),
    "digests": np.dtype(np.uint64),
    "data": _BYTE,
}
_LABELS: Final = world_type(_ITEMS)
(
    _ids, _id_starts, _partners, _partner_starts, _keys, _key_starts, _kinds, _kind_starts, _message, _words, _sizes,
    _hash, _digests, _data,
) = (array(name, item, _LABELS) for name, item in _ITEMS.items())  # fmt: skip


@entry
def _write(worlds: Any, labels: Any, lo: int, hi: int, first_bonus_key: int, room: int) -> None:
    w, p = worlds[0], labels[0]
    words, sizes, digests, data = _words(p), _sizes(p), _digests(p), _data(p)
    for first in range(lo, hi, LANES):
        lanes, last = min(LANES, hi - first), hi - 1
        for ahead in range(first, first + lanes):
            fetch_place(_partner_starts(p), tables.lines(w, min(ahead + 2 * _AHEAD, last)).partner)
            soon = tables.lines(w, min(ahead + _AHEAD, last)).partner
            fetch_place(_partners(p), _partner_starts(p)[soon])
        for lane in range(lanes):
            sizes[lane] = _put_label(w, p, first + lane, lane * room, first_bonus_key)
        put_four_digests(words, room // 8, sizes, digests)
        for lane in range(lanes):
            if sizes[lane] > BLOCK:
                _digest_alone(p, lane, room)
            _put_hex(data, put(data, ID_SIZE * (first + lane - lo), "lin_"), digests, lane)


@rule
def _put_label(w: Any, p: Any, row: int, start: int, first_bonus_key: int) -> int:
    """What the id of a line is made of, from `start` on, and zeros to the end of its block; how long it is."""
    line, message = tables.lines(w, row), _message(p)
    if line.kind == BONUS:
        key = first_bonus_key + tables.bonuses(w, line.rule).key
    else:
        key = np.int64(tables.rules(w, line.rule).key)
    at = _put_measured(message, start, _ids(p), _id_starts(p), line.conversion)
    at = _put_measured(message, at, _partners(p), _partner_starts(p), line.partner)
    at = _put_measured(message, at, _keys(p), _key_starts(p), key)
    at = put_name(message, at, _kinds(p), _kind_starts(p), line.kind)
    size = put_number(message, at, line.level) - start
    for i in range(size, (size + BLOCK - 1) // BLOCK * BLOCK):
        message[start + i] = 0
    return size


@rule
def _digest_alone(p: Any, lane: int, room: int) -> None:
    """The digest of a message of more than one block."""
    hash_, digests = _hash(p), _digests(p)
    put_digest(_words(p), lane * room // 8, _sizes(p)[lane], hash_)
    for word in range(DIGEST // 8):
        digests[word * LANES + lane] = hash_[word]


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
    room = ((256 + labels.longest) // BLOCK + 1) * BLOCK
    words = np.empty(LANES * room // 8, np.uint64)
    data = np.empty(ID_SIZE * (hi - lo), np.uint8)
    buffers = {
        "message": words.view(np.uint8),
        "words": words,
        "sizes": np.zeros(LANES, np.int64),
        "hash": np.empty(8, np.uint64),
        "digests": np.empty(DIGEST // 8 * LANES, np.uint64),
        "data": data,
    }
    texts = zip(_ITEMS, [*labels.ids, *labels.partners, *labels.keys, *_KINDS], strict=False)
    _write(world, world_of({**dict(texts), **buffers}, _LABELS), lo, hi, labels.first_bonus_key, room)
    return data
