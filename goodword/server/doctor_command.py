"""`goodword doctor`: prints the findings."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import typer

from goodword.server import doctor
from goodword.server.database import provided, set_up_django
from goodword.server.embedded import data_folder
from goodword.server.errors import EmbeddedError

SIGNS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


def run(data: Path | None, host: str, port: int) -> int:
    """1 when a check fails, else 0."""
    failed = 0
    for finding in _findings(data, host, port):
        failed += finding.level == "fail"
        _print(finding)
    return 1 if failed else 0


def _findings(data: Path | None, host: str, port: int) -> Iterator[doctor.Finding]:
    folder = data_folder(data)
    yield from doctor.examine_machine(folder, host, port)
    if "DATABASE_URL" not in os.environ and not (folder / "postgres").exists():
        yield doctor.Finding("database", "warn", "the embedded one is not made yet", "`goodword serve` makes it.")
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(provided(data))
        except EmbeddedError as error:
            yield doctor.Finding("database", "fail", str(error))
            return
        set_up_django()
        yield from doctor.examine_database()


def _print(finding: doctor.Finding) -> None:
    sign, color = SIGNS[finding.level]
    remedy = f"\n       -> {finding.remedy}" if finding.remedy and finding.level != "ok" else ""
    typer.echo(f"{typer.style(sign, fg=color)}  {finding.name}: {finding.text}{remedy}")
