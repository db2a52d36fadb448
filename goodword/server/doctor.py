"""What is wrong with this installation, and what to do about it. Looks, and changes nothing."""

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from goodword.ingest.losses import loss_of
from goodword.ingest.places import LOSSES_NAME
from goodword.server.database import SECRET_KEY_LENGTH_MIN, is_private, secret_key_path

Level = Literal["ok", "warn", "fail"]

SERVER_VERSION_MIN = 15
CLOCK_OFFSET_SECONDS_MAX = 2.0
DISK_FREE_SHARE_WARN, DISK_FREE_SHARE_FAIL = 0.10, 0.03
DISK_FREE_BYTES_FAIL = 200 * 1024 * 1024
WRITE_SECONDS_WARN = 1.0
LOSS_IS_NEW = timedelta(hours=1)


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do."""

    name: str
    level: Level
    text: str
    remedy: str = ""


Check = Callable[[Any], Finding]


def examine_machine(folder: Path, host: str, port: int) -> Iterator[Finding]:
    yield check_data_folder(folder)
    yield check_disk(folder)
    yield check_secret_key(folder)
    yield check_time_zones()
    yield check_port(host, port)
    yield from check_webhooks()
    yield from check_clicks(folder)


def examine_database() -> Iterator[Finding]:
    """The checks that need the database, on a new connection: a kept one may work where new ones are refused."""
    from django.db import DatabaseError, connection

    fresh = connection.copy()
    try:
        with fresh.cursor() as cursor:
            yield Finding("database", "ok", _where(fresh.settings_dict))
            for check in DATABASE_CHECKS:
                yield _guarded(check, cursor)
        yield from check_schema()
    except DatabaseError as error:
        yield Finding(
            "database",
            "fail",
            f"{_where(fresh.settings_dict)} cannot be reached: {_first_line(error)}",
            "Check DATABASE_URL and that the server runs; without DATABASE_URL, `goodword serve` brings its own.",
        )
    finally:
        fresh.close()


# -- the machine


def check_data_folder(folder: Path) -> Finding:
    if not folder.exists():
        remedy = "`goodword serve` makes it, or name another one with --data."
        return Finding("data folder", "warn", f"{folder} is not there yet", remedy)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding("data folder", "fail", f"{folder} may not be written", "Give it to this user, or use --data.")
    postgres = folder / "postgres"
    if postgres.exists() and not is_private(postgres):
        return Finding("data folder", "fail", f"{postgres} is open to others", f"chmod 700 {postgres}")
    return Finding("data folder", "ok", str(folder))


def check_disk(folder: Path) -> Finding:
    usage = shutil.disk_usage(next(path for path in [folder, *folder.parents] if path.exists()))
    share = usage.free / usage.total
    text = f"{usage.free / 1e9:.1f} GB free ({share:.0%})"
    remedy = f"Make room on the disk of {folder}. A full disk stops every write."
    if share < DISK_FREE_SHARE_FAIL or usage.free < DISK_FREE_BYTES_FAIL:
        return Finding("disk", "fail", text, remedy)
    return Finding("disk", "warn", text, remedy) if share < DISK_FREE_SHARE_WARN else Finding("disk", "ok", text)


def check_secret_key(folder: Path) -> Finding:
    name = "secret key"
    source = os.environ.get("GOODWORD_SECRET_KEY_FILE") or (
        str(secret_key_path(folder)) if "GOODWORD_SECRET_KEY" not in os.environ else ""
    )
    path = Path(source) if source else None
    if path and not path.exists():
        remedy = "`goodword serve` makes one, or set GOODWORD_SECRET_KEY_FILE."
        return Finding(name, "warn" if path == secret_key_path(folder) else "fail", f"{path} is not there", remedy)
    if path and not is_private(path):
        return Finding(name, "fail", f"{path} can be read by others", f"chmod 600 {path}")
    key = path.read_text(encoding="utf-8").strip() if path else os.environ["GOODWORD_SECRET_KEY"]
    if len(key) < SECRET_KEY_LENGTH_MIN or len(set(key)) < 8:
        length = f"at least {SECRET_KEY_LENGTH_MIN} random characters"
        return Finding(name, "fail", "the key is too short or too simple", f"Use {length}; people then sign in again.")
    return Finding(name, "ok", f"in {path}" if path else "in GOODWORD_SECRET_KEY")


def check_time_zones() -> Finding:
    try:
        for name in ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"):
            ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        return Finding("time zones", "fail", f"{error}", "Install the package tzdata.")
    return Finding("time zones", "ok", "known")


def check_port(host: str, port: int) -> Finding:
    """A free port is fine, and so is one where we answer ourselves."""
    from goodword.server.errors import PortTaken
    from goodword.server.web import check_port

    try:
        check_port(host, port)
    except PortTaken as error:
        if _we_answer(host, port):
            return Finding("port", "ok", f"goodword answers on {host}:{port}")
        return Finding("port", "warn", str(error), "Give `goodword serve` another --port.")
    except OSError as error:
        return Finding("port", "fail", f"{host} is no address of this machine: {error}", "Choose another --host.")
    return Finding("port", "ok", f"{host}:{port} is free")


def check_webhooks() -> Iterator[Finding]:
    """A line only where webhooks may go to this machine itself: nobody needs to read that they may not."""
    if named := os.environ.get("GOODWORD_WEBHOOK_LOOPBACK"):
        remedy = "Take GOODWORD_WEBHOOK_LOOPBACK away on a server: it is for developers."
        yield Finding("webhooks", "warn", f"may be sent to {named} on this machine", remedy)


def check_clicks(folder: Path) -> Iterator[Finding]:
    """Lines only where there is something to tell: clicks that wait in the spool, and clicks that were lost."""
    spool = Path(os.environ.get("GOODWORD_SPOOL") or folder / "spool")
    if waiting := [path.stat().st_size for path in spool.glob("*.clicks")]:
        text = f"{sum(waiting) / 1e6:.1f} MB of clicks wait in {spool} for the database"
        yield Finding("spool", "warn", text, "They are taken over when the front runs and the database answers.")
    if damaged := [path.name for path in spool.glob("*.rest")]:
        text = f"{', '.join(sorted(damaged)[:3])} in {spool} could not be read to the end"
        yield Finding("spool", "warn", text, "Keep it with a report of what happened to the disk, then remove it.")
    if loss := loss_of(folder / LOSSES_NAME):
        text = f"{loss.clicks:,} clicks could be kept nowhere, the last at {loss.last:%Y-%m-%d %H:%M} UTC"
        remedy = f"Make room (the disk, GOODWORD_SPOOL_MAX_MB), then remove {folder / LOSSES_NAME}."
        is_new = datetime.now(UTC) - loss.last < LOSS_IS_NEW
        yield Finding("clicks", "fail" if is_new else "warn", text, remedy)


# -- the database; each check gets a cursor


def check_server_version(cursor: Any) -> Finding:
    cursor.execute("SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version')")
    major, text = cursor.fetchone()
    if major < SERVER_VERSION_MIN:
        remedy = f"Goodword needs PostgreSQL {SERVER_VERSION_MIN} or newer: upgrade the server."
        return Finding("server version", "fail", f"PostgreSQL {text}", remedy)
    return Finding("server version", "ok", f"PostgreSQL {text}")


def check_durability(cursor: Any) -> Finding:
    names = ("fsync", "synchronous_commit", "full_page_writes")
    cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(names)])
    off = [name for name, setting in cursor.fetchall() if setting == "off"]
    if off:
        remedy = "Set them to on: without them a power cut loses money that was already acknowledged."
        return Finding("durability", "fail", f"{', '.join(sorted(off))} is off", remedy)
    return Finding("durability", "ok", f"{' and '.join(names[:2])} are on")


def check_encoding(cursor: Any) -> Finding:
    cursor.execute("SELECT current_setting('server_encoding')")
    encoding = cursor.fetchone()[0]
    if encoding != "UTF8":
        return Finding("encoding", "fail", f"the database stores {encoding}", "Create it anew with ENCODING 'UTF8'.")
    return Finding("encoding", "ok", encoding)


def check_clock(cursor: Any) -> Finding:
    before = time.time()
    cursor.execute("SELECT clock_timestamp()")
    there = cursor.fetchone()[0]
    here = datetime.fromtimestamp((before + time.time()) / 2, tz=UTC)
    offset = (there - here).total_seconds()
    text = f"{abs(offset):.1f} s {'ahead of' if offset < 0 else 'behind'} the database"
    if abs(offset) > CLOCK_OFFSET_SECONDS_MAX:
        return Finding("clock", "fail", f"this machine is {text}", "Set both clocks by a time service (NTP).")
    return Finding("clock", "ok", f"within {CLOCK_OFFSET_SECONDS_MAX:.0f} s of the database")


def check_time_zone_data(cursor: Any) -> Finding:
    cursor.execute("SELECT count(*) FROM pg_timezone_names WHERE name IN ('Europe/Berlin', 'America/New_York')")
    if cursor.fetchone()[0] != 2:
        return Finding("server time zones", "fail", "names are missing", "Install tzdata on the database machine.")
    return Finding("server time zones", "ok", "known")


def check_write(cursor: Any) -> Finding:
    """A durable write that leaves no row: a message in the write-ahead log, committed and flushed."""
    started = time.monotonic()
    cursor.execute("SELECT pg_logical_emit_message(true, 'goodword', 'write probe')")
    took = time.monotonic() - started
    if took > WRITE_SECONDS_WARN:
        return Finding("write", "warn", f"a durable write took {took:.1f} s", "Look at the disk and at other load.")
    return Finding("write", "ok", f"a durable write took {took * 1000:.0f} ms")


def check_rights(cursor: Any) -> Finding:
    """Does the database itself, and not our triggers alone, refuse to change what is only ever added to?"""
    from goodword.server import rights

    cursor.execute(
        "SELECT current_user, pg_has_role(current_user, relowner, 'MEMBER') OR (SELECT rolsuper FROM pg_roles"
        " WHERE rolname = current_user) FROM pg_class WHERE oid = to_regclass('ledger_entry')"
    )
    found = cursor.fetchone()
    if not found:
        return Finding("rights", "warn", "there are no tables yet", "Run `goodword migrate`.")
    if found[1]:
        remedy = "See docs/operations.md, 'Two roles'."
        return Finding(
            "rights", "warn", f"{found[0]} owns the tables: only triggers keep the books append-only", remedy
        )
    if other := rights.differing(cursor):
        remedy = "Run `goodword migrate` as the owner."
        return Finding("rights", "fail", f"{found[0]} has not its own rights on {', '.join(other[:5])}", remedy)
    return Finding("rights", "ok", f"{found[0]} may add to the books and change nothing in them")


def check_extensions(cursor: Any) -> Finding:
    needed = _needed_extensions()
    cursor.execute("SELECT name, installed_version FROM pg_available_extensions WHERE name = ANY(%s)", [sorted(needed)])
    found = dict(cursor.fetchall())
    if missing := sorted(needed - set(found)):
        remedy = "Install PostgreSQL's contrib package on the database machine."
        return Finding("extensions", "fail", f"the server lacks {', '.join(missing)}", remedy)
    if waiting := sorted(name for name in needed if not found[name]):
        remedy = f"Run `goodword migrate`, or as superuser: CREATE EXTENSION {waiting[0]};"
        return Finding("extensions", "warn", f"not yet created: {', '.join(waiting)}", remedy)
    return Finding("extensions", "ok", ", ".join(sorted(needed)))


def check_schema() -> Iterator[Finding]:
    from goodword.server import migrate

    if newer := migrate.unknown():
        remedy = "The database was migrated by a newer release: install that one."
        yield Finding("schema", "fail", f"{len(newer)} unknown migrations, such as {newer[0]}", remedy)
    elif waiting := migrate.unapplied():
        remedy = "Run `goodword migrate` (`goodword serve` does it by itself)."
        yield Finding("schema", "fail", f"{len(waiting)} migrations not applied, such as {waiting[0]}", remedy)
    else:
        yield Finding("schema", "ok", "every migration is applied")


DATABASE_CHECKS: tuple[Check, ...] = (
    check_server_version,
    check_durability,
    check_encoding,
    check_clock,
    check_time_zone_data,
    check_write,
    check_rights,
    check_extensions,
)
# What a load balancer asks every few seconds: may this process take writes?
READY_CHECKS: tuple[Check, ...] = (check_clock, check_write)


def _guarded(check: Check, cursor: Any) -> Finding:
    """A check that the server refuses is a finding, not a crash."""
    from django.db import DatabaseError

    try:
        return check(cursor)
    except DatabaseError as error:
        name = check.__name__.removeprefix("check_").replace("_", " ")
        return Finding(name, "fail", _first_line(error), "See the server's log.")


def _needed_extensions() -> set[str]:
    from django.contrib.postgres.operations import CreateExtension
    from django.db.migrations.loader import MigrationLoader

    migrations = MigrationLoader(None).disk_migrations.values()
    operations = (operation for migration in migrations for operation in migration.operations)
    return {"plpgsql"} | {operation.name for operation in operations if isinstance(operation, CreateExtension)}


def _we_answer(host: str, port: int) -> bool:
    request = b"GET /health/live HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(request)
            answer = b""
            while part := connection.recv(4096):
                answer += part
    except OSError:
        return False
    return b"goodword" in answer


def _where(database: dict[str, Any]) -> str:
    return f"{database['NAME']} at {database['HOST'] or 'localhost'}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
