"""The numbers of the locks by which transactions that record facts tied to one another wait for their turn.

References fall into a fixed number of buckets per program, so that a batch of any size holds few locks.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from uuid import UUID

BUCKETS: Final = 64


def turns_of(program: UUID, names: Iterable[str] | None) -> list[int]:
    """The locks that facts with these references take, in the order to take them; None: all of the program's."""
    places = range(BUCKETS) if names is None else {_place(name) for name in names}
    return sorted(_turn(program, place) for place in places)


def _place(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=4).digest()) % BUCKETS


@lru_cache(maxsize=64 * BUCKETS)
def _turn(program: UUID, place: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"facts {program} {place}".encode(), digest_size=8).digest(), signed=True)
