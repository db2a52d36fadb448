"""The settlement itself: facts in, lines out. Facts become tables, the rules fold them, and what they put out is
published. The rules and their compiler are loaded by the first settlement: most processes never settle.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from goodword.domain.collector import collector_paused
from goodword.domain.money import OutOfRange
from goodword.domain.settlement.checkpoint import Checkpoint, ReachesBack, Unfit, merged
from goodword.domain.settlement.program import Program
from goodword.domain.settlement.records import FactSet, Instant
from goodword.domain.settlement.result import Settlement

if TYPE_CHECKING:
    from goodword.domain.settlement.rules.layout import Table
    from goodword.domain.settlement.rules.prepared import Prepared
    from goodword.domain.settlement.rules.run import Run


def settle(program: Program, facts: FactSet, as_of: Instant | None = None, *, compiled: bool = True) -> Settlement:
    """What a set of facts is worth under a program: a pure function of the set.

    Order and batching of the facts never change the result. Facts after `as_of` are ignored; None stands for the
    latest `at` of any fact. The same arguments always give the same lines, in the same order. `compiled` false: the
    same rules as ordinary Python, a hundred times slower.

    Raises OutOfRange where an amount reaches 10^15 minor units or a period's volume 10^18.
    """
    from goodword.domain.settlement.rules.prepare import prepare

    with collector_paused():
        return settle_prepared(prepare(program, facts, as_of), compiled=compiled)


def settle_prepared(prepared: "Prepared", *, compiled: bool = True) -> Settlement:
    """The settlement of facts that are tables already."""
    from goodword.domain.settlement.rules.run import settle_tables

    with _in_words(prepared):
        run = settle_tables(prepared.facts, prepared.exact_rates, compiled=compiled)
    return _published(prepared, run, compiled=compiled)


def settle_piecemeal(
    prepared: "Prepared", take: "Callable[[Mapping[str, Table]], None]", *, lines_at_once: int | None = None
) -> "Table":
    """The same settlement without ever holding all lines: as soon as they are many, `take` gets the tables that a
    `Publisher` publishes, and has them for itself. Returns the outcome's code of each conversion.
    """
    from goodword.domain.settlement.rules.run import LINES_AT_ONCE, Run, settle_in_pieces

    with _in_words(prepared), collector_paused():
        run = Run(prepared.facts, prepared.exact_rates, lines_at_once=lines_at_once or LINES_AT_ONCE)
        settle_in_pieces(run, take)
    outcomes: Table = run.outcomes
    return outcomes


def settle_saving(program: Program, facts: FactSet, as_of: Instant) -> tuple[Settlement, Checkpoint | None]:
    """As `settle`, with a checkpoint to go on from; none where later conversions can change earlier lines."""
    from goodword.domain.settlement.rules.prepare import prepare
    from goodword.domain.settlement.rules.run import settle_tables
    from goodword.domain.settlement.saved_state import can_be_continued, saved

    with collector_paused():
        prepared = prepare(program, facts, as_of)
        with _in_words(prepared):
            run = settle_tables(prepared.facts, prepared.exact_rates)
        return _published(prepared, run), saved(run, prepared) if can_be_continued(prepared.facts) else None


def settle_on(program: Program, facts: FactSet, as_of: Instant, known: Checkpoint) -> tuple[Settlement, Checkpoint]:
    """The lines and outcomes of the conversions that came after a checkpoint, and what is known after them.

    `known` speaks of every partner and customer among the facts that had conversions before. A customer's conversions
    count as taken up to its record's `last`; of those before, the facts need only hold sales with codes and what set
    locks. The result is what `settle` says of these conversions from all facts, as long as each came after all
    others of its customer and of the partners it pays, and nothing about earlier ones has changed: that is the caller's
    to see. Raises Unfit where the checkpoint does not serve, ReachesBack where lines change earlier ones, OutOfRange as
    `settle`.
    """
    from goodword.domain.settlement.rules.prepare import prepare
    from goodword.domain.settlement.rules.run import Run
    from goodword.domain.settlement.saved_state import can_be_continued, reaches_back, restore, saved

    with collector_paused():
        prepared = prepare(program, facts, as_of)
        if not can_be_continued(prepared.facts):
            raise Unfit("later conversions can change earlier lines")
        run = Run(prepared.facts, prepared.exact_rates)
        restore(run, prepared, known)
        rows = _fresh(prepared, known)
        with _in_words(prepared):
            run.only(rows)
        if reaches_back(run):
            raise ReachesBack
        return _published(prepared, run), _with_the_unseen(saved(run, prepared), known, prepared)


def _with_the_unseen(new: Checkpoint, known: Checkpoint, prepared: "Prepared") -> Checkpoint:
    """What customers have with partners that the facts no longer name stays known."""
    seen = {str(name) for name in prepared.names.partners}
    old = known.customers
    customers = {
        name: merged(record, old[name], seen) if name in old else record for name, record in new.customers.items()
    }
    return new._replace(customers=customers)


def _fresh(prepared: "Prepared", known: Checkpoint) -> list[int]:
    """The rows of conversions after the last one known of their customer."""
    lasts = [known.customers[name]["last"] if name in known.customers else None for name in prepared.names.customers]
    conversions = prepared.facts.conversions
    found = zip(conversions["customer"].tolist(), conversions["at"].tolist(), strict=True)
    return [row for row, (customer, at) in enumerate(found) if (last := lasts[customer]) is None or at > last]


def _published(prepared: "Prepared", run: "Run", *, compiled: bool = True) -> Settlement:
    from goodword.domain.settlement.rules.publish import Publisher

    publisher = Publisher(prepared)
    chunk = publisher.publish(run.tables, compiled=compiled)
    return Settlement(chunk.lines(), publisher.outcomes(run.outcomes), prepared.notices)


@contextmanager
def _in_words(prepared: "Prepared") -> Iterator[None]:
    """Say what is too large by the name of its conversion."""
    from goodword.domain.settlement.rules.run import TooLarge

    try:
        yield
    except TooLarge as found:
        raise _out_of_range(str(prepared.names.conversions[found.conversion]), found.volume) from None


def _out_of_range(conversion: str, volume: bool) -> OutOfRange:
    what = "the volume of a period reaches 10^18" if volume else "an amount reaches 10^15"
    return OutOfRange(
        f"with conversion {conversion!r} {what} minor units or more",
        field="amount",
        value=conversion[:40],
        remedy="look for a wrong amount, exchange rate, quantity or flat",
    )
