"""From what lines are due to what must be posted: the difference between target and books, one transaction a line.

Pure: reading and writing is done by `services.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring as quoted
from typing import NamedTuple
from uuid import UUID

from goodword.domain.chart import (
    NOTHING_BOOKED,
    Booked,
    Bucket,
    Posting,
    Subject,
    accrual,
    difference,
    recipe_of,
    target,
)
from goodword.domain.money import to_decimal
from goodword.ledger.chain import canonical_json
from goodword.ledger.services import NewTransaction

_MEMO = {
    "accrual": "Commission on {0}",
    "correction": "Commission on {0} corrected",
    "clawback": "Commission on {0} taken back",
    "maturity": "Commission on {0} is due",
    "hold": "Commission on {0} held",
    "release": "Commission on {0} released",
}
Step = Mapping[str, str]


class Due(NamedTuple):
    """What one line is worth now and when it matures, with what explains it: `steps` is canonical JSON."""

    line: str
    partner: UUID
    partner_id: str
    conversion: str
    conversion_at: datetime
    matures_at: datetime
    matures_on: str
    kind: str
    rule: str
    terms: str
    currency: str
    share_ppm: int
    basis: int
    rate: str
    amount: int
    steps: str


@dataclass(frozen=True, slots=True)
class Holds:
    """Which partners and which single lines are held now."""

    partners: frozenset[UUID]
    lines: frozenset[str]

    def cover(self, due: Due) -> bool:
        return (bool(self.partners) and due.partner in self.partners) or due.line in self.lines


def bucket_of(due: Due, holds: Holds, as_of: datetime) -> Bucket:
    """Held when a hold covers it, else pending until it matures, then payable."""
    if holds.cover(due):
        return "held"
    return "payable" if due.matures_at <= as_of else "pending"


def differences(
    dues: Iterable[Due], booked: Mapping[str, Booked], holds: Holds, as_of: datetime
) -> Iterator[NewTransaction]:
    """The transactions that take the books of these lines to what they are due; none for lines that agree."""
    for due in dues:
        new = booked_to(due, booked.get(due.line, NOTHING_BOOKED), holds, as_of)
        if new is not None:
            yield new


def booked_to(due: Due, known: Booked, holds: Holds, as_of: datetime) -> NewTransaction | None:
    """The transaction that takes the books of one line to what it is due; none when they agree."""
    bucket = bucket_of(due, holds, as_of)
    if not known.entries and due.amount > 0:  # nearly every line, once: nothing to compare
        return _transaction(due, "accrual", 0, accrual(Subject(due.line, due.partner), due.amount, bucket), as_of)
    wanted = target(due.amount, bucket, known.moved)
    if known[:4] == tuple(wanted.values()):
        return None
    legs = difference(Subject(due.line, due.partner), known, wanted)
    return _transaction(due, recipe_of(known, wanted), known.entries, legs, as_of)


def _transaction(due: Due, kind: str, entries: int, legs: list[Posting], as_of: datetime) -> NewTransaction:
    # The cause names the state of the line's books it starts from: whoever computed the same difference from the
    # same books is refused by the unique cause, lock or no lock.
    return NewTransaction(
        kind,
        "line",
        f"{due.line}@{entries}",
        due.currency,
        legs,
        _effective(due, kind, as_of),
        _MEMO[kind].format(due.conversion)[:300],
        evidence=_evidence(due),
    )


def _effective(due: Due, kind: str, as_of: datetime) -> datetime:
    """An accrual belongs to the conversion, a maturity to its day, everything else to the moment it was found."""
    if kind == "accrual":
        return due.conversion_at
    return due.matures_at if kind == "maturity" else as_of


def _evidence(due: Due) -> str:
    """The line, its terms and its steps as they are now, in canonical JSON (written by hand: keys in order)."""
    line = (
        f'"amount":"{to_decimal(due.amount, due.currency)}","basis":"{to_decimal(due.basis, due.currency)}",'
        f'"conversion":{quoted(due.conversion)},"kind":"{due.kind}","line":{quoted(due.line)},'
        f'"matures_on":"{due.matures_on}","partner":"{due.partner_id}","rate":{quoted(due.rate)},'
        f'"rule":{quoted(due.rule)},"share_ppm":{due.share_ppm}'
    )
    return f'{{"line":{{{line}}},"steps":{due.steps},"terms":{quoted(due.terms)}}}'


def steps_json(steps: Iterable[Step]) -> str:
    """Steps as canonical JSON: the same text that `canonical_json` writes, without its general machinery."""
    return f"[{','.join(map(_step_json, steps))}]"


def _step_json(step: Step) -> str:
    if len(step) != 3:
        return canonical_json(step)
    return f'{{"do":{quoted(step["do"])},"from":{quoted(step["from"])},"is":{quoted(step["is"])}}}'


def withdrawn(line: str, owner: UUID, currency: str, as_of: datetime, *, conversion: str, terms: str) -> Due:
    """A line that settlement no longer knows is due nothing: what was booked of it is taken back."""
    return Due(
        line, owner, "", conversion, as_of, as_of, as_of.date().isoformat(), "withdrawn", "", terms, currency,
        0, 0, "", 0, "[]",
    )  # fmt: skip
