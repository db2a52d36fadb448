"""The command `goodword`. Reads options and calls who does the work; loads only what a command needs."""

import os
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goodword.server.database import Provided

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Goodword runs a company's referral partner program.",
    epilog="Settings and running it for real: docs/operations.md",
)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Data folder (else GOODWORD_DATA, else ./goodword-data).", show_default=False),
]
Host = Annotated[str, typer.Option("--host", help="Address to listen at.", envvar="GOODWORD_HOST")]
Port = Annotated[int, typer.Option("--port", help="Port to listen at.", min=1, max=65535, envvar="GOODWORD_PORT")]
Processes = Annotated[
    int | None, typer.Option("--processes", help="Web processes (else one per core, up to 4).", min=1)
]
Threads = Annotated[int, typer.Option("--threads", help="Threads in each web process.", min=1, max=64)]
LinksHost = Annotated[
    str, typer.Option("--links-host", help="Address of a listener for links alone.", envvar="GOODWORD_LINKS_HOST")
]
LinksPort = Annotated[
    int | None,
    typer.Option(
        "--links-port", help="Port of a listener for links alone.", min=1, max=65535, envvar="GOODWORD_LINKS_PORT"
    ),
]
Concurrency = Annotated[int, typer.Option("--concurrency", help="Jobs at the same time.", min=1, max=64)]


class Engine(StrEnum):
    """What settles."""

    local = "local"
    spark = "spark"


DEFAULT_HOST, DEFAULT_PORT, DEFAULT_THREADS, DEFAULT_CONCURRENCY = "127.0.0.1", 8000, 2, 4


def main() -> None:
    """Run a command; what a person can put right is told in a sentence, without a traceback."""
    from goodword.server.errors import OperatorError

    try:
        app()
    except OperatorError as error:
        _fail(str(error))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"goodword {metadata.version('goodword')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Goodword runs a company's referral partner program."""


@app.command()
def serve(
    *,
    data: Data = None,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    processes: Processes = None,
    threads: Threads = DEFAULT_THREADS,
    concurrency: Concurrency = DEFAULT_CONCURRENCY,
    links_host: LinksHost = DEFAULT_HOST,
    links_port: LinksPort = None,
) -> None:
    """Start everything: database, migrations, web and worker. Ctrl-C stops it in order."""
    from goodword.server import serving

    _tell_address(host, port)
    links = (links_host, links_port) if links_port else None
    plan = serving.Plan(data, host, port, processes, threads, concurrency, links)
    raise typer.Exit(serving.serve(plan, say=_say))


@app.command()
def demo(
    *,
    data: Data = None,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    processes: Processes = None,
    threads: Threads = DEFAULT_THREADS,
    concurrency: Concurrency = DEFAULT_CONCURRENCY,
    load_only: Annotated[bool, typer.Option("--load-only", help="Load, settle, tell the figures, and stop.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over with an empty embedded database.")] = False,
    customers: Annotated[int | None, typer.Option("--customers", help="Only so many customers.", min=100)] = None,
) -> None:
    """Load a year and a half of real purchases with simulated partners, settle them, and serve the result."""
    from goodword.server import demo_serving, serving

    if load_only:
        demo_serving.load_demo(data, fresh=fresh, customers=customers, say=_say, tell=typer.echo)
        return
    _tell_address(host, port)
    plan = serving.Plan(data, host, port, processes, threads, concurrency)
    raise typer.Exit(demo_serving.serve_demo(plan, fresh=fresh, customers=customers, say=_say))


@app.command()
def web(
    *,
    data: Data = None,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    processes: Processes = None,
    threads: Threads = DEFAULT_THREADS,
    links_host: LinksHost = DEFAULT_HOST,
    links_port: LinksPort = None,
) -> None:
    """Only answer requests, on the database that DATABASE_URL names (else the embedded one)."""
    from goodword.server.process_tree import ProcessTree
    from goodword.server.web import check_port, default_processes, meeting_place, web_parts

    _tell_address(host, port)
    check_port(host, port)
    links = (links_host, links_port) if links_port else None
    with _database(data), meeting_place():
        parts = web_parts(host, port, processes=processes or default_processes(), threads=threads, links=links)
        raise typer.Exit(ProcessTree(parts, say=_say).run())


@app.command(hidden=True)
def front(*, host: Host = DEFAULT_HOST, port: Port = DEFAULT_PORT, links_only: bool = False) -> None:
    """A part of web: answers links and events, and hands the rest to the pages."""
    from goodword.server.web import serve_front

    with _database(None):
        serve_front(host, port, links_only=links_only)


@app.command(hidden=True)
def pages(*, processes: Processes = None, threads: Threads = DEFAULT_THREADS) -> None:
    """A part of web: makes the pages that the front hands over."""
    from goodword.server.web import default_processes, serve_pages

    with _database(None):
        serve_pages(processes=processes or default_processes(), threads=threads)


@app.command()
def worker(*, data: Data = None, concurrency: Concurrency = DEFAULT_CONCURRENCY) -> None:
    """Only run jobs, on the database that DATABASE_URL names (else the embedded one)."""
    from goodword.server.worker import run_worker

    with _django(data):
        run_worker(concurrency=concurrency)


@app.command()
def database(*, data: Data = None) -> None:
    """Only keep the database up, for psql, pg_dump and pg_restore, until Ctrl-C."""
    from goodword.server.database import hold

    with _database(data) as provided:
        typer.echo(provided.url)
        hold()


@app.command()
def migrate(*, data: Data = None) -> None:
    """Bring the database to the level of this release. Only one process at a time does it."""
    with _django(data):
        from goodword.server import migrate as migrations

        applied = migrations.migrate(verbosity=0)
    typer.echo(f"{len(applied)} migrations applied." if applied else "Nothing to do: every migration is applied.")


@app.command()
def settle(
    *,
    program: Annotated[str, typer.Option("--program", help="The program document (JSON).")],
    facts: Annotated[list[str], typer.Option("--facts", help="A .jsonl file, - or a folder; repeatable.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="RFC 3339; the latest fact when left out.")] = None,
    out: Annotated[str | None, typer.Option("--out", help="Where lines go: .jsonl, .csv, .parquet, a folder.")] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Totals per partner, currency and state.")] = False,
    progress: Annotated[
        bool | None, typer.Option("--progress/--no-progress", help="Tell how far it is (else when at a terminal).")
    ] = None,
    engine: Annotated[Engine, typer.Option("--engine", help="Settle here, or on Apache Spark.")] = Engine.local,
    master: Annotated[str, typer.Option("--master", help="The address of Spark's master.")] = "local[*]",
    work: Annotated[str | None, typer.Option("--work", help="A folder that all Spark workers see.")] = None,
) -> None:
    """Settle files without a database. Exit code 2 when the input is not as it must be."""
    from goodword.domain.collector import collector_paused
    from goodword.server.settle_command import settle_files
    from goodword.server.settle_spark import Cluster

    cluster = Cluster(master, work) if engine is Engine.spark else None
    with collector_paused():
        code = settle_files(program, facts, as_of=as_of, out=out, summary=summary, progress=progress, cluster=cluster)
    raise typer.Exit(code)


@app.command(name="check-statement")
def check_statement(
    *,
    file: Annotated[str, typer.Argument(help="A statement, CSV or JSON lines.", metavar="FILE")],
) -> None:
    """Redo every sum of an exported statement. Exit code 1 when a figure differs, 2 when the file is none."""
    from goodword.domain.check_statement import main as check

    raise typer.Exit(check([file]))


@app.command(name="import")
def import_(
    *,
    kind: Annotated[str, typer.Argument(help="What the rows are: sales, refunds, partners, ...")],
    file: Annotated[Path, typer.Argument(help="A CSV file, UTF-8, with a header.")],
    program: Annotated[str, typer.Option("--program", help="The program's short name.")],
    column: Annotated[list[str] | None, typer.Option("--column", help="FIELD=COLUMN; repeatable.")] = None,
    value: Annotated[list[str] | None, typer.Option("--value", help="FIELD=TEXT for every row; repeatable.")] = None,
    delimiter: Annotated[str, typer.Option("--delimiter", help="Between columns (else as the header shows).")] = "",
    numbers: Annotated[str, typer.Option("--numbers", help="How amounts are written.")] = "plain",
    dates: Annotated[str, typer.Option("--dates", help="How dates are written.")] = "iso",
    zone: Annotated[str, typer.Option("--zone", help="Time zone of times without an offset.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave wrong rows out.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Import the same content once more.")] = False,
    data: Data = None,
) -> None:
    """Import a CSV file: all of it or nothing. Exit code 2 when the file is not as it must be."""
    with _django(data):
        from goodword.server.data_commands import Wish, import_csv

        words = (delimiter, numbers, dates, zone)
        code = import_csv(Wish(kind, file, program, column or [], value or [], *words, dry_run, skip_bad, again))
    raise typer.Exit(code)


export_app = typer.Typer(no_args_is_help=True, help="Write what the product holds to files.")
app.add_typer(export_app, name="export")


@export_app.command(name="facts")
def export_facts(
    *,
    program: Annotated[str, typer.Option("--program", help="The program's short name.")],
    out: Annotated[Path, typer.Option("--out", help="A folder; it is made when missing.")],
    data: Data = None,
) -> None:
    """Write a program and its facts as `goodword settle` reads them."""
    with _django(data):
        from goodword.server.data_commands import export_program

        code = export_program(program, out)
    raise typer.Exit(code)


@app.command(name="erase-visitor")
def erase_visitor(
    *,
    program: Annotated[str, typer.Option("--program", help="The program's short name.")],
    visitor: Annotated[str, typer.Option("--visitor", help="The visitor's id: the part before : in gw_visitor.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the trail: the number of the request, say.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Make a visitor nobody, in clicks and in received webhooks. What was earned stays. It cannot be undone."""
    with _django(data):
        from goodword.server.data_commands import erase

        code = erase(program, visitor, reason, ask=not yes)
    raise typer.Exit(code)


@app.command()
def verify(
    *,
    program: Annotated[str, typer.Option("--program", help="Its short name; every program when left out.")] = "",
    data: Data = None,
) -> None:
    """Examine the books: one line for each invariant. Exit code 1, and payouts stopped, when one is violated."""
    with _django(data):
        from goodword.server.data_commands import verify_books

        code = verify_books(program)
    raise typer.Exit(code)


@app.command()
def rates(
    *,
    program: Annotated[str, typer.Option("--program", help="The program's short name.")],
    currency: Annotated[list[str], typer.Option("--currency", help="A currency that sales come in; repeatable.")],
    since: Annotated[datetime, typer.Option("--since", formats=["%Y-%m-%d"], help="First day, e.g. 2026-01-01.")],
    data: Data = None,
) -> None:
    """Record exchange rates to the program's currency from the European Central Bank's history."""
    with _django(data):
        from goodword.server.rates import load_rates

        typer.echo(load_rates(program, currency, since.date()))


@app.command()
def doctor(*, data: Data = None, host: Host = DEFAULT_HOST, port: Port = DEFAULT_PORT) -> None:
    """Look at this installation: one line for each check, and what to do. Exit code 1 when something fails."""
    from goodword.server import doctor_command

    raise typer.Exit(doctor_command.run(data, host, port))


@contextmanager
def _database(data: Path | None) -> "Iterator[Provided]":
    from goodword.server.database import provided

    with provided(data, say=_say) as database:
        yield database


@contextmanager
def _django(data: Path | None) -> "Iterator[Provided]":
    with _database(data) as database:
        from goodword.server.database import set_up_django

        set_up_django()
        yield database


def _tell_address(host: str, port: int) -> None:
    """The settings build links from GOODWORD_BASE_URL; without one, people open what we listen at."""
    reachable = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104
    os.environ.setdefault("GOODWORD_BASE_URL", f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{port}")


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _fail(text: str) -> None:
    typer.echo(f"goodword: {text}", err=True)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
