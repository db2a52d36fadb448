"""The row of a click, packed as PostgreSQL's binary COPY takes it, and its time-ordered id in the two forms it has.

Packing while the visit is decided costs a fifth of handing the values to a driver. What is stored is only what may be
kept of address and browser. Storing rows is for `store.py` and `spool.py`.
"""

import os
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final
from uuid import UUID

from goodword.domain.click_privacy import agent_family, keyed_hash, network_of
from goodword.domain.ids import PREFIXES

TABLE: Final = "referrals_click"
COLUMNS: Final = (
    "id", "program_id", "partner_id", "link_id", "visitor", "at", "via_qr", "not_attributable", "privacy_signal",
    "repeated", "sub_id", "referrer_host", "dropped", "utm_source", "utm_campaign", "network", "address_hash", "agent",
    "agent_hash",
)  # fmt: skip
_KEY_BYTES: Final = 16
_FIRST: Final = struct.pack(">hi", len(COLUMNS), _KEY_BYTES)
_TEXT_OID: Final = 1043  # character varying
_AGENT_LENGTH_MAX: Final = 40
_EPOCH_MICROSECONDS: Final = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01
_NULL: Final = struct.pack(">i", -1)
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER: Final = struct.pack(">h", -1)
_size = struct.Struct(">i").pack
_moment = struct.Struct(">iq").pack

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = [a + b for a in _ALPHABET for b in _ALPHABET]
_PREFIX: Final = f"{PREFIXES['touch']}_"
_ENTROPY: Final = 10
_DRAWN_AT_ONCE: Final = 512


def key_of(row: bytes) -> bytes:
    """The id of a packed row."""
    return row[len(_FIRST) : len(_FIRST) + _KEY_BYTES]


def copied(rows: Iterable[bytes]) -> bytes:
    """Packed rows as a whole stream of binary COPY."""
    return b"".join((_SIGNATURE, *rows, _TRAILER))


def packed(key: bytes, link: bytes, visitor: str, now_ns: int, *parts: bytes) -> bytes:
    """A row: its id, the link's columns (`packed_link`), visitor and time, then `packed_visit` and the sender's two."""
    who = visitor.encode()
    at = _moment(8, now_ns // 1000 - _EPOCH_MICROSECONDS)
    return b"".join((_FIRST, key, link, _size(len(who)), who, at, *parts))


def packed_link(program: UUID, partner: UUID, link: UUID) -> bytes:
    """The columns that all clicks of a link share."""
    return b"".join(_size(16) + key.bytes for key in (program, partner, link))


@lru_cache(maxsize=8192)
def packed_visit(  # noqa: PLR0917 - the columns in their order
    via_qr: bool,
    not_attributable: str,
    privacy_signal: bool,
    sub_id: str,
    referrer_host: str,
    dropped: tuple[str, ...],
    utm_source: str,
    utm_campaign: str,
) -> bytes:
    """The columns from `via_qr` to `utm_campaign`."""
    names = b"".join(map(_text, dropped))
    shape = struct.pack(">iiiii", 1, 0, _TEXT_OID, len(dropped), 1) if dropped else struct.pack(">iii", 0, 0, _TEXT_OID)
    return b"".join(
        (
            _flag(via_qr),
            _text(not_attributable),
            _flag(privacy_signal),
            _flag(False),
            _text(sub_id),
            _text(referrer_host),
            _size(len(shape) + len(names)),
            shape,
            names,
            _text(utm_source),
            _text(utm_campaign),
        )
    )


def _text(value: str) -> bytes:
    raw = value.encode()
    return _size(len(raw)) + raw


def _flag(value: bool) -> bytes:
    return b"\0\0\0\1\1" if value else b"\0\0\0\1\0"


def _bytes(value: bytes | None) -> bytes:
    return _NULL if value is None else _size(len(value)) + value


@dataclass(slots=True)
class ClickIds:
    """UUIDv7 keys with their public form (`tch_...`), made together: the time's part of the text changes once a ms."""

    _millisecond: int = -1
    _time_bytes: bytes = b""
    _time_text: str = ""
    _entropy: bytes = b""
    _used: int = 0

    def next(self, now_ns: int) -> tuple[bytes, str]:
        """A new key, and the same key as people and shops see it."""
        now = now_ns // 1_000_000
        if now != self._millisecond:
            self._turn(now)
        used = self._used
        if used >= len(self._entropy):
            self._entropy, used = os.urandom(_ENTROPY * _DRAWN_AT_ONCE), 0
        self._used = used + _ENTROPY
        drawn = int.from_bytes(self._entropy[used : used + _ENTROPY], "big")
        # Version 7 in the top four of the lower 80 bits, the variant in bits 63 and 62.
        low = drawn & 0x0FFF_3FFF_FFFF_FFFF_FFFF | 0x7000_8000_0000_0000_0000
        pairs = _PAIRS
        text = (
            f"{self._time_text}{pairs[low >> 70]}{pairs[low >> 60 & 1023]}{pairs[low >> 50 & 1023]}"
            f"{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}"
            f"{pairs[low & 1023]}"
        )
        return self._time_bytes + low.to_bytes(10, "big"), text

    def _turn(self, now: int) -> None:
        value = now & (2**48 - 1)
        self._millisecond, self._time_bytes = now, value.to_bytes(6, "big")
        self._time_text = _PREFIX + "".join(_PAIRS[value >> shift & 1023] for shift in (40, 30, 20, 10, 0))


@dataclass(slots=True)
class Sender:
    """What of a visitor's address and browser is kept this month, packed; the raw values go no further than here.

    Without a salt nothing is hashed: anybody could work out what a hash without one stands for.
    """

    month: date
    salt: bytes
    of_address: Callable[[str], bytes] = field(init=False)
    of_agent: Callable[[str], bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.of_address = lru_cache(maxsize=16_384)(self._of_address)
        self.of_agent = lru_cache(maxsize=4096)(self._of_agent)

    def _of_address(self, address: str) -> bytes:
        return _text(network_of(address)) + _bytes(keyed_hash(self.salt, address) if self.salt else None)

    def _of_agent(self, agent: str) -> bytes:
        family = agent_family(agent)[:_AGENT_LENGTH_MAX]
        return _text(family) + _bytes(keyed_hash(self.salt, agent) if self.salt else None)
