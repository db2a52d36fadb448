"""Settlements written to files: JSON lines, CSV or Parquet, whole or not at all."""

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from goodword.domain.settlement import Line, Outcome, Settlement, line_to_json, outcome_to_json

SUFFIXES = (".jsonl", ".csv", ".parquet")
_BATCH_ROWS = 50_000
_STEP = pa.struct([("do", pa.string()), ("from", pa.string()), ("is", pa.string())])
_LINE = pa.schema(
    [
        *[(name, pa.string()) for name in ("line", "conversion", "partner", "rule", "terms", "kind", "currency")],
        ("share_ppm", pa.int64()),
        *[(name, pa.string()) for name in ("basis", "rate", "amount", "matures_on", "state")],
        ("reasons", pa.list_(pa.string())),
        ("steps", pa.list_(_STEP)),
    ]
)
_OUTCOME = pa.schema([("conversion", pa.string()), ("outcome", pa.string())])
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def write_settlement(settlement: Settlement, path: Path) -> None:
    """Write lines and outcomes; for CSV and Parquet the outcomes go beside them, as NAME.outcomes.csv."""
    if path.suffix == ".jsonl":
        _replace({path: lambda file: write_json_lines(settlement, file)})
        return
    beside = path.with_name(f"{path.stem}.outcomes{path.suffix}")
    if path.suffix == ".csv":
        lines, outcomes = list(map(line_to_json, settlement.lines)), list(map(outcome_to_json, settlement.outcomes))
        _replace(
            {
                path: lambda file: _write_csv(file, _LINE.names, lines),
                beside: lambda file: _write_csv(file, _OUTCOME.names, outcomes),
            }
        )
        return
    _replace(
        {
            path: lambda file: _write_parquet(file, _LINE, settlement.lines, line_to_json),
            beside: lambda file: _write_parquet(file, _OUTCOME, settlement.outcomes, outcome_to_json),
        }
    )


def write_json_lines(settlement: Settlement, file: TextIO) -> None:
    """Every line, then every outcome, one JSON object each."""
    file.writelines(json.dumps(line_to_json(line), ensure_ascii=False) + "\n" for line in settlement.lines)
    file.writelines(json.dumps(outcome_to_json(outcome), ensure_ascii=False) + "\n" for outcome in settlement.outcomes)


def _replace(writers: dict[Path, Callable[[TextIO], None]]) -> None:
    """Write each file beside its place, and put all in place only when all are whole."""
    written: list[tuple[str, Path]] = []
    try:
        for path, write in writers.items():
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            written.append((name, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
        for name, path in written:
            Path(name).replace(path)
    finally:
        for name, _ in written:
            Path(name).unlink(missing_ok=True)


def _write_csv(file: TextIO, names: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(name, row[name]) for name in names])


def _cell(name: str, value: Any) -> Any:
    """A cell: reasons in one, steps as JSON, and no text that a spreadsheet would take for a formula."""
    if name == "steps":
        return json.dumps(value, ensure_ascii=False)
    if name == "reasons":
        return " ".join(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def _write_parquet(
    file: TextIO, schema: pa.Schema, records: Sequence[Any], to_json: Callable[[Any], dict[str, Any]]
) -> None:
    with pq.ParquetWriter(file.buffer, schema) as writer:
        for start in range(0, len(records), _BATCH_ROWS):
            rows = [to_json(record) for record in records[start : start + _BATCH_ROWS]]
            writer.write_table(pa.Table.from_pylist(rows, schema))


__all__ = ["SUFFIXES", "Line", "Outcome", "write_json_lines", "write_settlement"]
