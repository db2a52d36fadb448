"""The settlement itself: facts in, lines out. Facts become tables, the rules fold them, and what they put out is
published. The rules and their compiler are loaded by the first settlement: most processes never settle.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from goodword.domain.money import OutOfRange
from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import FactSet, Instant
from goodword.domain.settlement.result import Settlement

if TYPE_CHECKING:
    from goodword.domain.settlement.rules.prepared import Prepared


def settle(program: Program, facts: FactSet, as_of: Instant | None = None, *, compiled: bool = True) -> Settlement:
    """What a set of facts is worth under a program: a pure function of the set.

    Order and batching of the facts never change the result. Facts after `as_of` are ignored; None stands for the
    latest `at` of any fact. The same arguments always give the same lines, in the same order. `compiled` false: the
    same rules as ordinary Python, a hundred times slower.

    Raises OutOfRange where an amount reaches 10^15 minor units or a period's volume 10^18.
    """
    from goodword.domain.settlement.rules.prepare import prepare

    with _no_collection():
        return settle_prepared(prepare(program, facts, as_of), compiled=compiled)


def settle_prepared(prepared: "Prepared", *, compiled: bool = True) -> Settlement:
    """The settlement of facts that are tables already."""
    from goodword.domain.settlement.rules.publish import Publisher
    from goodword.domain.settlement.rules.run import TooLarge, settle_tables

    try:
        run = settle_tables(prepared.facts, prepared.exact_rates, compiled=compiled)
    except TooLarge as found:
        raise _out_of_range(str(prepared.names.conversions[found.conversion]), found.volume) from None
    publisher = Publisher(prepared)
    chunk = publisher.publish(run.tables, compiled=compiled)
    return Settlement(chunk.lines(), publisher.outcomes(run.outcomes), prepared.notices)


def _out_of_range(conversion: str, volume: bool) -> OutOfRange:
    what = "the volume of a period reaches 10^18" if volume else "an amount reaches 10^15"
    return OutOfRange(
        f"with conversion {conversion!r} {what} minor units or more",
        field="amount",
        value=conversion[:40],
        remedy="look for a wrong amount, exchange rate, quantity or flat",
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the cycle collector: a settlement makes no cycles, and walking its records again and again halves it."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()
