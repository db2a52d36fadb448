"""Lines and outcomes as rows: written by COPY, and only where they differ from the rows that are there."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from goodword.accounts.models import Program
from goodword.commissions.booking import Due, steps_json
from goodword.commissions.models import Line, Outcome
from goodword.domain.ids import parse_public_id
from goodword.domain.settlement import Line as Settled
from goodword.domain.settlement import Settlement, Zone, moment
from goodword.ledger.copying import copy_lines, copy_rows, row_of

_COLUMNS = (
    "program_id", "line", "partner_id", "conversion", "conversion_at", "customer", "kind", "level", "rule", "terms",
    "currency", "share_ppm", "basis_minor", "rate", "amount_minor", "matures_on", "matures_at", "reasons", "steps",
    "position", "digest",
)  # fmt: skip


class Sold(NamedTuple):
    """What a line needs to know of its conversion."""

    customer: str
    at: int


class Projected(NamedTuple):
    """A line as a row for COPY, its digest, and what is due on it."""

    row: str
    digest: str
    due: Due


class Projector:
    """Turns the engine's lines into rows and dues of one program."""

    def __init__(self, program: Program, sold: Mapping[str, Sold]) -> None:
        self._program = str(program.pk)
        self._sold = sold
        self._zone = Zone(program.timezone)
        self._partner = lru_cache(maxsize=None)(_partner)
        self._maturity = lru_cache(maxsize=None)(self._maturity_of)

    def project(self, lines: Iterable[Settled]) -> Iterator[Projected]:
        """Each line in the engine's order; its position counts within its conversion."""
        position, conversion = 0, None
        for line in lines:
            position = position + 1 if line.conversion == conversion else 0
            conversion = line.conversion
            yield self._projected(line, position)

    def _projected(self, line: Settled, position: int) -> Projected:
        (
            key, conversion, partner_id, rule, terms, kind, level, currency, share_ppm, basis, rate, amount, day, _,
            reasons, *_,
        ) = line  # fmt: skip
        customer, sold_at = self._sold[conversion]
        partner, partner_text = self._partner(partner_id)
        matures_at, matures_at_text, matures_on = self._maturity(day)
        at, steps = moment(sold_at), line.steps_json
        fields = row_of((
            self._program, key, partner_text, conversion, at.isoformat(), customer, kind, str(level), rule, terms,
            currency, str(share_ppm), str(basis), rate, str(amount), matures_on, matures_at_text,
            f"{{{','.join(reasons)}}}", steps, str(position),
        ))  # fmt: skip
        digest = _digest(fields)
        due = Due(
            key, partner, partner_id, conversion, at, matures_at, matures_on, kind, rule, terms, currency, share_ppm,
            basis, rate, amount, steps,
        )  # fmt: skip
        return Projected(f"{fields}\t{digest}\n", digest, due)

    def _maturity_of(self, day: date) -> tuple[datetime, str, str]:
        at = moment(self._zone.first_instant(day.toordinal()))
        return at, at.isoformat(), day.isoformat()


def _partner(public_id: str) -> tuple[UUID, str]:
    key = parse_public_id("partner", public_id)
    return key, str(key)


def _digest(fields: str) -> str:
    return hashlib.blake2b(fields.encode(), digest_size=16).hexdigest()


def digest_of_row(row: Line) -> str:
    """The digest that a stored line has when nobody touched it."""
    return _digest(row_of([
        str(row.program_id), row.line, str(row.partner_id), row.conversion, row.conversion_at.isoformat(), row.customer,
        row.kind, str(row.level), row.rule, row.terms, row.currency, str(row.share_ppm), str(row.basis_minor), row.rate,
        str(row.amount_minor), row.matures_on.isoformat(), row.matures_at.isoformat(), f"{{{','.join(row.reasons)}}}",
        steps_json(row.steps), str(row.position),
    ]))  # fmt: skip


def due_of_row(row: Line) -> Due:
    """What is due on a stored line: the same as when it was settled."""
    return Due(
        row.line, row.partner_id, row.partner.public_id, row.conversion, row.conversion_at, row.matures_at,
        row.matures_on.isoformat(), row.kind, row.rule, row.terms, row.currency, row.share_ppm, row.basis_minor,
        row.rate, row.amount_minor, steps_json(row.steps),
    )  # fmt: skip


def add_lines(rows: Iterable[str]) -> None:
    """Write rows where none stand under their ids, as they come."""
    copy_lines("commissions_line", _COLUMNS, rows)


def replace_lines(program: Program, rows: Mapping[str, str], gone: Iterable[str]) -> None:
    """Put these rows in the place of whatever stands under their ids, and take away the lines that are gone."""
    replaced = [*rows, *gone]
    if not replaced:
        return
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM commissions_line WHERE program_id = %s AND line = ANY (%s)", [program.pk, replaced])
    if rows:
        copy_lines("commissions_line", _COLUMNS, rows.values())


def write_outcomes(program: Program, outcomes: Mapping[str, str], gone: Iterable[str]) -> None:
    """Put these outcomes in the place of what stands for their conversions; take away those that are gone."""
    replaced = [*outcomes, *gone]
    if not replaced:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM commissions_outcome WHERE program_id = %s AND conversion = ANY (%s)", [program.pk, replaced]
        )
    key = str(program.pk)
    if outcomes:
        rows = ((key, conversion, outcome) for conversion, outcome in outcomes.items())
        copy_rows("commissions_outcome", ("program_id", "conversion", "outcome"), rows)


def stored_outcomes(program: Program, conversions: Iterable[str] | None = None) -> dict[str, str]:
    """The outcome of every conversion, or of these, that has one."""
    rows = Outcome.unscoped.filter(program=program)
    if conversions is not None:
        rows = rows.filter(conversion__in=list(conversions))
    return dict(rows.values_list("conversion", "outcome"))


def outcomes_of(settlement: Settlement) -> dict[str, str]:
    """The engine's outcomes by conversion."""
    return {each.conversion: each.outcome for each in settlement.outcomes}


def lines_digest(program: Program) -> str:
    """SHA-256 over all lines and outcomes of a program, byte for byte: equal when a rebuild changed nothing."""
    digest = hashlib.sha256()
    for table, key in (("commissions_line", "line"), ("commissions_outcome", "conversion")):
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                f'SELECT each::text FROM {table} AS each WHERE program_id = %s ORDER BY {key} COLLATE "C"',  # noqa: S608
                [program.pk],
            )
            for (text,) in cursor:
                digest.update(text.encode() + b"\n")
    return digest.hexdigest()
