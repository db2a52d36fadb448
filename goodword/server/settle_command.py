"""`goodword settle`: settle files without a database. Exit codes: 0 done, 2 bad input (all of it listed, nothing
written), 1 a failure of ours.
"""

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from goodword.domain.collector import collector_paused
from goodword.domain.errors import DomainError, Problem
from goodword.domain.money import to_decimal
from goodword.domain.settlement import FactReader, FactSet, Notice, Program, instant
from goodword.domain.settlement.fields import Problems, parse_instant
from goodword.domain.settlement.read_program import parse_program
from goodword.domain.settlement.rules.prepare import prepare
from goodword.domain.settlement.rules.prepared import Prepared
from goodword.domain.settlement.strict_json import BadJson, lines_of_paths, read_json
from goodword.server.errors import OperatorError, problem_text
from goodword.server.fact_columns import prepare_folders
from goodword.server.fact_files import decoded, read_fact_files, unreadable
from goodword.server.line_files import SUFFIXES, LineWriter, is_folder, writer_to
from goodword.server.settle_progress import Progress, progress_for
from goodword.server.settle_run import Settled, settle_and_write
from goodword.server.settle_spark import Asked, Cluster, settle_on_spark

DONE, FAILED, BAD_INPUT = 0, 1, 2


def settle_files(
    program: str,
    facts: Sequence[str],
    *,
    as_of: str | None = None,
    out: str | None = None,
    summary: bool = False,
    progress: bool | None = None,
    cluster: Cluster | None = None,
) -> int:
    """Settle the facts of files under the program of a file; returns the exit code.

    Lines go to `out` (.jsonl, .csv, .parquet or a folder), or to standard output when neither `out` nor `summary` is
    asked for. `progress` tells on standard error how far it is; None: when that is a terminal. `cluster`: settle on
    Spark, where the facts can be parted.
    """
    try:
        telling = progress_for(wanted=progress)
        request = _Request(program, facts, as_of, out)
        request.only_totals = out is None and summary
        with collector_paused():
            settled = request.settled(telling, cluster)
        telling.done(settled.lines)
        _tell_notices(settled.notices)
        if summary:
            print_summary(settled)
    except DomainError as refused:
        return _tell_problems(refused.problems)
    except OperatorError:
        raise
    except Exception:  # noqa: BLE001 - the edge: a bug of ours is told as one, with what is needed to find it
        traceback.print_exc()
        print(
            "goodword settle failed; nothing was written. This is a fault of ours, not of your input.", file=sys.stderr
        )
        return FAILED
    return DONE


class _Request:
    """What is asked for: the program, where the facts are, until when, and where lines go."""

    def __init__(self, program: str, facts: Sequence[str], as_of: str | None, out: str | None) -> None:
        self._facts, self._out, self._problems = facts, out, Problems()
        self.only_totals = False
        moment = parse_instant(as_of) if as_of is not None else None
        if as_of is not None and moment is None:
            remedy = 'give RFC 3339 with an offset: "2026-05-01T10:00:00Z"'
            self._problems.add("invalid_date", "is not an instant", field="--as-of", value=as_of, remedy=remedy)
        if out is not None:
            _check_out(out, self._problems)
        self._until = None if moment is None else instant(moment)
        self._program, self._names, self._document = _read_program(program, self._problems)

    def settled(self, telling: Progress, cluster: Cluster | None) -> Settled:
        """Settle and write. Raises InvalidInput with every problem of arguments, program and facts."""
        if cluster is not None and not self._problems.found:
            asked = Asked(self._document, self._facts, self._until)
            settled = settle_on_spark(asked, self._writing, telling, cluster)
            if settled is not None:
                return settled
        prepared = self._prepared(telling)
        telling.prepared(len(prepared.facts.conversions))
        with self._writing() as writer:
            return settle_and_write(prepared, writer, telling)

    @contextmanager
    def _writing(self) -> Iterator[LineWriter | None]:
        """Where lines go, put in place when all of them are written; none where only totals are asked for."""
        if self.only_totals:
            yield None
            return
        with writer_to(self._out) as writer:
            yield writer
            writer.place()

    def _prepared(self, telling: Progress) -> Prepared:
        """Folders of Parquet files are read in columns. What cannot be is read in records, which find what is wrong and
        come to the same.
        """
        known = self._program
        if known is not None and not self._problems.found:
            in_columns = prepare_folders(known, self._facts, self._until, telling.read)
            if in_columns is not None:
                return in_columns
        home = (known.currency, known.timezone) if known else ("USD", "UTC")
        reader = FactReader(*home, self._names, self._problems)
        read_fact_files(reader, self._facts, telling.read)
        found: FactSet = reader.finish()
        assert known is not None, "a program that could not be read is a problem"
        return prepare(known, found, self._until)


def _check_out(out: str, problems: Problems) -> None:
    path = Path(out)
    if path.suffix not in SUFFIXES and not is_folder(out):
        remedy = f"end it in {', '.join(SUFFIXES)} or, for a folder, in /"
        problems.add("unknown_format", "has no known ending", field="--out", value=str(path), remedy=remedy)
    elif not path.parent.is_dir():
        problems.add(
            "unwritable_file", "is in no folder", field="--out", value=str(path), remedy="make the folder first"
        )


def _read_program(path: str, problems: Problems) -> tuple[Program | None, list[str], Any]:
    """The program, the names of its terms, also of terms that are wrong, so that facts can still be checked, and the
    document.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        problems.take(unreadable(path, error))
        return None, [], None
    text = decoded(raw.removeprefix(b"\xef\xbb\xbf"), file=path, line=1)
    if isinstance(text, Problem):
        problems.take(text)
        return None, [], None
    problems.file = path
    try:
        document = read_json(text)
    except BadJson as error:
        problems.take(
            Problem(error.code, error.message, "", error.problem.value, error.problem.remedy, path, error.line)
        )
        return None, [], None
    lines = lines_of_paths(text)
    problems.line_of = lambda field: _line_of(lines, field)
    program = parse_program(document, problems)
    problems.line_of = None
    terms = document.get("terms") if isinstance(document, dict) else None
    return program, list(terms) if isinstance(terms, dict) else [], document


def _line_of(lines: dict[str, int], field: str) -> int:
    """The line of a field, or of what it should stand in."""
    while field not in lines:
        cut = max(field.rfind("."), field.rfind("["), 0)
        field = field[:cut]
    return lines[field]


def _tell_problems(problems: Sequence[Problem]) -> int:
    for problem in problems:
        print(problem_text(problem), file=sys.stderr)
    count = len(problems)
    print(f"{count} problem{'s' * (count != 1)}{' or more' * (count >= 100)}; nothing was written", file=sys.stderr)
    return BAD_INPUT


def _tell_notices(notices: Sequence[Notice]) -> None:
    words = {"unmatched": "its sale is not known", "quarantined": "refunds exceed the amount; the excess has no effect"}
    for notice in notices:
        print(f"{notice.notice}: refund {notice.refund} of sale {notice.sale}: {words[notice.notice]}", file=sys.stderr)


def print_summary(settled: Settled) -> None:
    """Totals per partner, currency and state, and the notices."""
    totals = settled.totals
    rows = [("partner", "currency", "state", "lines", "amount")]
    rows += [(t.partner, t.currency, t.state, str(t.lines), to_decimal(t.amount, t.currency)) for t in totals]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        cells = [row[i].ljust(widths[i]) if i < 3 else row[i].rjust(widths[i]) for i in range(5)]
        print("  ".join(cells).rstrip())
    print(f"{settled.lines} lines, {settled.outcomes} conversions without a line")
    for notice in settled.notices:
        print(f"{notice.notice}  refund {notice.refund}  sale {notice.sale}")
