"""Kills the front, the pages, the worker and the database under load, and looks for every answer that was given.

    ./run.sh campaign kill_ingest --kills 300

Its own embedded database in a folder of its own; nothing else is touched. While parts die, visitors follow links and
shops tell of sales, alone and in batches; a shop sends again what was not answered, with the same id. In the end every
click whose visitor was sent on with an id is stored once, every sale that was answered is stored once, and nothing
twice; every stored sale has its one commission line, of the right amount, nothing waits to be settled, and the books
hold (reliability.md F01, F02, F03, F08, F23).
"""

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

VISITORS, SHOPS, BATCHERS, BATCH = 8, 6, 2, 20
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
VICTIMS = ("front", "front's process", "database", "worker", "pages")
PATIENCE_SECONDS = 120.0
SETTLED_SECONDS = 900.0
FAULTS = (
    "clicks lost", "clicks doubled", "sales lost", "sales doubled", "commissions missing", "commissions doubled",
    "commissions wrong", "invariants violated",
)  # fmt: skip


@dataclass(slots=True)
class Told:
    """What the front promised, and how often it could not be asked."""

    clicks: list[str] = field(default_factory=list)
    sales: set[str] = field(default_factory=set)
    again: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    unreached: int = 0
    sent_on_without_id: int = 0
    stop: bool = False


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--kills", type=int, default=300)
    words.add_argument("--seed", type=int, default=4)
    words.add_argument("--minutes", type=float, default=120.0, help="kill no further part after that")
    asked = words.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="goodword-kills-"))
    try:
        found = _campaign(folder, asked, random.Random(asked.seed))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(found, indent=1))
    raise SystemExit(1 if any(found[name] for name in FAULTS) else 0)


def _campaign(folder: Path, asked: argparse.Namespace, chance: random.Random) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "GOODWORD_OWNER_URL")
    }
    log = (folder.parent / f"{folder.name}.log").open("w+")
    serve = subprocess.Popen(
        [sys.executable, "-m", "campaigns._kill_serve", str(folder), str(port)], env=environment, stderr=log
    )
    try:
        _until(lambda: _is_ready(port))
        key = _stage(folder)
        told = Told()
        killed = asyncio.run(_under_load(folder, serve.pid, port, key, told, asked, chance))
        found = {"kills": sum(killed.values()), "killed": dict(killed), **_judged(folder, told)}
    finally:
        serve.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            serve.wait(timeout=90)
        serve.kill()
        log.close()
    Path(log.name).unlink()
    return found


def _stage(folder: Path) -> str:
    """A program with a link and a key, in the campaign's own database."""
    from goodword.server import database
    from goodword.server.embedded import Cluster

    os.environ["DATABASE_URL"] = Cluster(folder).url()
    os.environ["GOODWORD_APP_ROLE"] = ""
    database.set_up_django()
    from tests import cast

    program = cast.program(slug="kills", currency="EUR")
    partner = cast.partner(program)
    cast.agreement(partner)
    cast.code(partner, key="save-10")
    cast.link(partner, key="spring", destination="https://shop.example/")
    return cast.api_key(program, "events:write")[1]


async def _under_load(  # noqa: PLR0917
    folder: Path, serve: int, port: int, key: str, told: Told, asked: argparse.Namespace, chance: random.Random
) -> Counter[str]:
    load = [asyncio.create_task(_visitor(port, told)) for _ in range(VISITORS)]
    load += [asyncio.create_task(_shop(port, key, told, f"shop-{n}", 1)) for n in range(SHOPS)]
    load += [asyncio.create_task(_shop(port, key, told, f"batch-{n}", BATCH)) for n in range(BATCHERS)]
    killed: Counter[str] = Counter()
    last = time.monotonic() + 60 * asked.minutes
    for number in range(asked.kills):
        if time.monotonic() > last:
            break
        await _answered(told)
        await asyncio.sleep(chance.uniform(0, 0.7))
        victim = VICTIMS[number % len(VICTIMS)]
        while not _kill(folder, serve, victim):  # noqa: ASYNC110 - it is being started again
            await asyncio.sleep(0.05)
        killed[victim] += 1
        if number % 25 == 24:
            print(
                number + 1, "kills,", len(told.clicks), "clicks,", len(told.sales), "sales", file=sys.stderr, flush=True
            )
    await _answered(told)
    told.stop = True
    await asyncio.gather(*load)
    return killed


async def _answered(told: Told) -> None:
    """Wait until clicks and sales are taken again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    clicks, sales = len(told.clicks), len(told.sales)
    while len(told.clicks) < clicks + 20 or len(told.sales) < sales + 20:
        assert time.monotonic() < deadline, "it did not come back"
        await asyncio.sleep(0.02)


def _kill(folder: Path, serve: int, victim: str) -> bool:
    from goodword.server.embedded import Cluster

    if victim == "database":
        found = Cluster(folder).processes()[:1]
    else:
        part = "front" if victim.startswith("front") else victim
        try:
            found = [one for one in psutil.Process(serve).children() if part in one.cmdline()]
            if victim == "front's process":
                found = [child for one in found for child in one.children()][:1]
        except psutil.Error:  # one of them is ending this moment
            return False
    for one in found[:1]:
        with suppress(psutil.NoSuchProcess):
            one.kill()
            return True
    return False


async def _visitor(port: int, told: Told) -> None:
    request = f"GET /r/kills/spring HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {BROWSER}\r\n\r\n".encode()
    async for status, head, _ in _asking(port, lambda: request, told):
        found = re.search(rb"gw_click=(tch_[0-9a-z]{26})", head)
        if status == 302 and found:
            told.clicks.append(found[1].decode())
        elif status == 302:
            told.sent_on_without_id += 1
        else:
            told.refused[status] += 1


async def _shop(port: int, key: str, told: Told, name: str, each: int) -> None:
    """Tells of sales; what was not answered is told again, as it was."""
    count, waiting = 0, b""

    def request() -> bytes:
        nonlocal count, waiting
        if not waiting:
            count += 1
            waiting = _sales_request(key, name, count, each)
        return waiting

    async for status, _, body in _asking(port, request, told):
        if status in (200, 202):
            said = json.loads(body)
            for one in said["items"] if each > 1 else [said]:
                told.sales.add(one["id"])
                told.again += one["replayed"]
            waiting = b""
        else:
            told.refused[status] += 1
            await asyncio.sleep(0.05)


def _sales_request(key: str, name: str, count: int, each: int) -> bytes:
    sales = [
        {
            "id": f"{name}-{count}-{number}",
            "customer": f"{name}-{count % 50}",
            "visitor": f"{name}-{count % 50}",
            "currency": "EUR",
            "amount": "10.00",
            "code": "save-10",
            "at": "2026-11-01T09:30:00Z",
        }
        for number in range(each)
    ]
    path, body = ("/batch", {"items": sales}) if each > 1 else ("", sales[0])
    text = json.dumps(body)
    head = f"POST /v1/track/sale{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


async def _asking(port: int, request: Any, told: Told) -> Any:
    """Ask over one connection, opened anew whenever it breaks; a broken answer is no answer."""
    writer = None
    while not told.stop:
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request())
            async with asyncio.timeout(30):
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            told.unreached += 1
            if writer is not None:
                writer.close()
            writer = None
            await asyncio.sleep(0.05)
            continue
        yield int(head[9:12]), head, body
        await asyncio.sleep(0.005)
    if writer is not None:
        writer.close()


def _judged(folder: Path, told: Told) -> dict[str, Any]:
    """What was promised against what is stored, once the spool is empty."""
    from django.db import connection

    from goodword.domain.ids import parse_public_id

    _until(lambda: not list((folder / "spool").glob("*")))
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, count(*) FROM referrals_click GROUP BY id")
        clicks = dict(cursor.fetchall())
        cursor.execute("SELECT external_id, count(*) FROM referrals_conversion GROUP BY external_id")
        sales = dict(cursor.fetchall())
        cursor.execute("SELECT count(*), count(DISTINCT external_id) FROM referrals_customer")
        customers, different = cursor.fetchone()
    promised = [parse_public_id("touch", one) for one in told.clicks]
    return {
        "clicks acknowledged": len(promised),
        "clicks lost": sum(one not in clicks for one in promised),
        "clicks doubled": sum(count > 1 for count in clicks.values()) + len(promised) - len(set(promised)),
        "sales acknowledged": len(told.sales),
        "sales lost": len(told.sales - sales.keys()),
        "sales doubled": sum(count > 1 for count in sales.values()) + customers - different,
        **_credited(set(sales)),
        "sales answered again": told.again,
        "sent on without an id": told.sent_on_without_id,
        "refused": dict(told.refused),
        "not reached": told.unreached,
    }


def _credited(sales: set[str]) -> dict[str, Any]:
    """F03: whatever was killed between a sale and its commission, in the end each sale has one, of 20 % of EUR 10."""
    from django.utils import timezone

    from goodword.accounts.models import Program
    from goodword.commissions.models import Line
    from goodword.commissions.verify import verify
    from goodword.referrals.models import UnsettledFact

    begun = time.monotonic()
    try:
        _until(lambda: not UnsettledFact.objects.exists(), seconds=SETTLED_SECONDS)
    except AssertionError:
        print(UnsettledFact.objects.count(), "facts wait;", _jobs(), file=sys.stderr, flush=True)
        raise
    program = Program.objects.get(slug="kills")
    lines = list(Line.unscoped.filter(program=program).values_list("conversion", "amount_minor"))
    credited = Counter(conversion for conversion, _ in lines)
    broken = [f"{one.id}: {one.sentence}" for one in verify(program, now=timezone.now()) if not one.holds]
    return {
        "seconds until settled": round(time.monotonic() - begun),
        "commissions": len(lines),
        "commissions missing": len(sales - credited.keys()),
        "commissions doubled": sum(count > 1 for count in credited.values()) + len(credited.keys() - sales),
        "commissions wrong": sum(amount != 200 for _, amount in lines),
        "invariants violated": broken,
    }


def _jobs() -> list[Any]:
    """What the queue holds: for a person who looks why nothing goes on."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, status::text, lock, worker_id, attempts FROM procrastinate_jobs ORDER BY id"
        )
        return list(cursor.fetchall())


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _until(look: Any, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"{look} did not come true in {seconds} s"
        time.sleep(0.2)


if __name__ == "__main__":
    main()
