"""BLAKE2b (RFC 7693) of 16 bytes without a key: of one message of any length, and of four short ones side by side,
which takes hardly longer than one. Knows nothing of lines.
"""

from typing import Any, Final

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from goodword.domain.settlement.rules.bytes_in_place import start_of
from goodword.domain.settlement.rules.compiling import entry, rule
from goodword.domain.settlement.rules.layout import Table

BLOCK: Final = 128
DIGEST: Final = 16
LANES: Final = 4
"""Messages side by side: four words of 64 bits are what most processors work on at a time."""
_types: Any = numba.types
_START: Final = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1, 0x510E527FADE682D1,
        0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    np.uint64,
)  # fmt: skip
_SHAPE: Final = 0x01010000 ^ DIGEST
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
_ROUNDS: Final = 12
_QUARTERS: Final = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip


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
    for row in range(_ROUNDS):
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


@rule
def put_digest(words: Table, first: int, size: int, hash_: Table) -> None:
    """The hash of a message of `size` bytes that begins with the word `first` and ends in zeros, to a whole block.

    The digest is the first two words of the eight of `hash_`.
    """
    for i in range(8):
        hash_[i] = _START[i]
    hash_[0] ^= np.uint64(_SHAPE)
    blocks = max((size + BLOCK - 1) // BLOCK, 1)
    for block in range(blocks):
        last = block == blocks - 1
        _compress(hash_, words, first + 16 * block, size if last else (block + 1) * BLOCK, last)


@intrinsic  # type: ignore[misc, unused-ignore]
def put_four_digests(typing: Any, words: Any, room: Any, sizes: Any, digests: Any) -> Any:
    """The digests of four messages of one block at most, each in `room` words of its own and followed by zeros.

    `digests`: the first words of all four, then their second words.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        room = context.cast(builder, arguments[1], signature.args[1], _types.int64)
        message = [_gathered(builder, arguments[0], room, word) for word in range(16)]
        counted = _lanes_at(builder, arguments[2], 0)
        for place, word in enumerate(_four(builder, message, builder.load(counted, align=8))):
            builder.store(word, _lanes_at(builder, arguments[3], place * LANES), align=8)
        return context.get_dummy_value()

    return _types.void(words, room, sizes, digests), generate


_WORD: Final = ir.IntType(64)
_WORDS: Final = ir.VectorType(_WORD, LANES)


def _same(number: int) -> Any:
    return ir.Constant(_WORDS, [number & (2**64 - 1)] * LANES)


def _lanes_at(builder: Any, start: Any, at: int) -> Any:
    place = builder.gep(start, [ir.Constant(_WORD, at)])
    return builder.bitcast(place, _WORDS.as_pointer())


def _gathered(builder: Any, start: Any, room: Any, word: int) -> Any:
    """One word of each message."""
    found: Any = ir.Constant(_WORDS, ir.Undefined)
    for lane in range(LANES):
        at = builder.add(builder.mul(room, ir.Constant(_WORD, lane)), ir.Constant(_WORD, word))
        number = builder.load(builder.gep(start, [at]))
        found = builder.insert_element(found, number, ir.Constant(ir.IntType(32), lane))
    return found


def _four(builder: Any, message: Any, counted: Any) -> list[Any]:
    """The first two words of the hashes of single blocks."""
    start = [int(number) for number in _START]
    first = [start[0] ^ _SHAPE, *start[1:]]
    v = [_same(number) for number in (*first, *start)]
    v[12] = builder.xor(v[12], counted)
    v[14] = _same(~start[6])
    for round_ in range(_ROUNDS):
        order = _ORDER[16 * round_ : 16 * (round_ + 1)].tolist()
        for place, (a, b, c, d) in enumerate(_QUARTERS):
            x, y = message[order[2 * place]], message[order[2 * place + 1]]
            for added, (turn_d, turn_b) in ((x, (32, 24)), (y, (16, 63))):
                v[a] = builder.add(builder.add(v[a], v[b]), added)
                v[d] = _turned(builder, builder.xor(v[d], v[a]), turn_d)
                v[c] = builder.add(v[c], v[d])
                v[b] = _turned(builder, builder.xor(v[b], v[c]), turn_b)
    return [builder.xor(_same(first[i]), builder.xor(v[i], v[i + 8])) for i in range(2)]


def _turned(builder: Any, number: Any, by: int) -> Any:
    return builder.or_(builder.lshr(number, _same(by)), builder.shl(number, _same(64 - by)))


@entry
def digest(words: Table, size: int, hash_: Table) -> None:
    """`put_digest` for Python."""
    put_digest(start_of(words), 0, size, start_of(hash_))


@entry
def four_digests(words: Table, sizes: Table, digests: Table) -> None:
    """`put_four_digests` for Python."""
    put_four_digests(start_of(words), len(words) // LANES, start_of(sizes), start_of(digests))
