"""Programs and facts on their way out: the program document, and the files of facts that `goodword settle` reads.

Rows are read in `fact_rows.py`; nothing is judged here.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from django.db import connection, transaction

from goodword.accounts.models import Program
from goodword.domain.settlement import fact_to_json, records
from goodword.domain.settlement.strict_json import json_text, pretty_json
from goodword.partners.models import TermsVersion
from goodword.referrals.fact_rows import SOURCES, fact_records, settlement_facts
from goodword.referrals.models import Refund

__all__ = ["export_facts", "program_document", "settlement_facts", "written_whole"]

FactObject = dict[str, Any]
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def program_document(program: Program) -> dict[str, Any]:
    """The program document of `settlement.md` section 2: the program's settings and every terms version it has."""
    versions = TermsVersion.unscoped.filter(program=program).select_related("terms").order_by("terms__key", "number")
    return document_with(program, {version.settlement_key: version.document for version in versions})


def document_with(program: Program, terms: dict[str, Any]) -> dict[str, Any]:
    """The program's settings as a program document, with these terms."""
    document: dict[str, Any] = {
        "program": program.slug,
        "currency": program.currency,
        "timezone": program.timezone,
        "rounding": program.rounding,
        "terms_at": program.terms_at,
        "self_referral": program.self_referral,
        "hold_days": program.hold_days,
        "attribution": program.attribution,
        "terms": terms,
    }
    optional = {"guardrail": program.guardrail, "budget": program.budget}
    return document | {key: value for key, value in optional.items() if value is not None}


def export_facts(program: Program, folder: Path) -> dict[str, int]:
    """Write program.json and facts/KIND.jsonl, all as of one moment, and say how many facts there are of each kind.

    A kind without facts has no file, and one left by an earlier export is removed.
    """
    files = folder / "facts"
    files.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    with _one_moment():
        document = program_document(program)
        for kind in SOURCES:
            name = records.KIND_OF[kind]
            path = files / f"{name}.jsonl"
            counts[name] = _write_lines(path, _objects(program, kind))
            if not counts[name]:
                path.unlink()
    with written_whole(folder / "program.json") as file:
        file.write(pretty_json(document) + "\n")
    return counts


def _objects(program: Program, kind: type[records.Fact]) -> Iterator[FactObject]:
    foreign = _foreign_refunds(program) if kind is records.Refund else {}
    for fact in fact_records(program, kind, ordered=True):
        yield fact_to_json(fact, foreign.get(fact.id, program.currency))


def _foreign_refunds(program: Program) -> dict[str, str]:
    """The currency of each refund that is not in the program's: a refund's record leaves it to the sale."""
    found = Refund.unscoped.filter(program=program, retracted_at=None).exclude(currency=program.currency)
    return dict(found.values_list("external_id", "currency"))


@contextmanager
def _one_moment() -> Iterator[None]:
    """One snapshot for all statements, so that no refund stands in a file without the sale it came after."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read read only")
        yield


def _write_lines(path: Path, objects: Iterable[FactObject]) -> int:
    count = 0
    with written_whole(path) as file:
        for found in objects:
            file.write(_line(found) + "\n")
            count += 1
    return count


def _line(found: FactObject) -> str:
    try:
        return _encode(found)
    except TypeError:
        return json_text(found)  # slower, but it writes the exact number of a property


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A text file that appears under its name only when it is complete and on the disk."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
