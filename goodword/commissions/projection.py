"""Lines and outcomes as rows: written by COPY, and only where they differ from the rows that are there."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from goodword.accounts.models import Program
from goodword.commissions.booking import Due, steps_json
from goodword.commissions.models import Line, Outcome
from goodword.domain.ids import parse_public_id
from goodword.domain.settlement import Line as Settled
from goodword.domain.settlement import Settlement, Zone, moment
from goodword.ledger.copying import copy_rows, escaped

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

    row: list[str]
    digest: str
    due: Due


class Projector:
    """Turns the engine's lines into rows and dues of one program."""

    def __init__(self, program: Program, sold: Mapping[str, Sold]) -> None:
        self._program = str(program.pk)
        self._sold = sold
        self._zone = Zone(program.timezone)
        self.partner_key = lru_cache(maxsize=None)(lambda text: parse_public_id("partner", text))
        self._first_instant = lru_cache(maxsize=None)(self._first_instant_of)

    def project(self, lines: Iterable[Settled]) -> Iterator[Projected]:
        """Each line in the engine's order; its position counts within its conversion."""
        position, conversion = 0, None
        for line in lines:
            position = position + 1 if line.conversion == conversion else 0
            conversion = line.conversion
            yield self._projected(line, position)

    def _projected(self, line: Settled, position: int) -> Projected:
        sold = self._sold[line.conversion]
        matures_at, matures_text = self._first_instant(line.matures_on)
        at, partner = moment(sold.at), self.partner_key(line.partner)
        matures_on, steps = line.matures_on.isoformat(), steps_json(line.steps)
        row = [
            self._program, escaped(line.line), str(partner), escaped(line.conversion), at.isoformat(),
            escaped(sold.customer), line.kind, str(line.level), escaped(line.rule), escaped(line.terms), line.currency,
            str(line.share_ppm), str(line.basis), escaped(line.rate), str(line.amount), matures_on, matures_text,
            "{" + ",".join(line.reasons) + "}", escaped(steps), str(position),
        ]  # fmt: skip
        digest = _digest(row)
        row.append(digest)
        due = Due(
            line.line, partner, line.partner, line.conversion, at, matures_at, matures_on, line.kind, line.rule,
            line.terms, line.currency, line.share_ppm, line.basis, line.rate, line.amount, steps,
        )  # fmt: skip
        return Projected(row, digest, due)

    def _first_instant_of(self, day: date) -> tuple[datetime, str]:
        at = moment(self._zone.first_instant(day.toordinal()))
        return at, at.isoformat()


def _digest(row: list[str]) -> str:
    return hashlib.blake2b("\t".join(row).encode(), digest_size=16).hexdigest()


def digest_of_row(row: Line) -> str:
    """The digest that a stored line has when nobody touched it."""
    return _digest([
        str(row.program_id), escaped(row.line), str(row.partner_id), escaped(row.conversion),
        row.conversion_at.isoformat(), escaped(row.customer), row.kind, str(row.level), escaped(row.rule),
        escaped(row.terms), row.currency, str(row.share_ppm), str(row.basis_minor), escaped(row.rate),
        str(row.amount_minor), row.matures_on.isoformat(), row.matures_at.isoformat(),
        "{" + ",".join(row.reasons) + "}", escaped(steps_json(row.steps)), str(row.position),
    ])  # fmt: skip


def due_of_row(row: Line) -> Due:
    """What is due on a stored line: the same as when it was settled."""
    return Due(
        row.line, row.partner_id, row.partner.public_id, row.conversion, row.conversion_at, row.matures_at,
        row.matures_on.isoformat(), row.kind, row.rule, row.terms, row.currency, row.share_ppm, row.basis_minor,
        row.rate, row.amount_minor, steps_json(row.steps),
    )  # fmt: skip


def add_lines(rows: Iterable[list[str]]) -> None:
    """Write rows where none stand under their ids, as they come."""
    copy_rows("commissions_line", _COLUMNS, rows)


def replace_lines(program: Program, rows: list[list[str]], gone: Iterable[str]) -> None:
    """Put these rows in the place of whatever stands under their ids, and take away the lines that are gone."""
    replaced = [*(row[1] for row in rows), *gone]
    if not replaced:
        return
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM commissions_line WHERE program_id = %s AND line = ANY (%s)", [program.pk, replaced])
    if rows:
        copy_rows("commissions_line", _COLUMNS, rows)


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
        rows = ([key, escaped(conversion), outcome] for conversion, outcome in outcomes.items())
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
