"""Pauses Python's collector of cycles while millions of records are made. Knows nothing of what they are."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's search for reference cycles: a settlement makes none, but keeps millions of small records to its
    end, and looking through them again and again, to find nothing, would take a quarter of its time.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
