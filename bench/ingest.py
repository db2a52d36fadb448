"""What the hot path takes: durable clicks and events a second, beside a bare handler and a server of the usual shape.

Needs `wrk`, `node` and `npm` (the reference server's packages are installed into a scratch folder). Our links come from
memory, the reference's from the database: that is part of what is compared, and said with every figure.
"""

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from bench._ground import product, tell

SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONNECTIONS, BATCH_CONNECTIONS, BATCH, CUSTOMERS = 128, 16, 100, 2000
HERE = Path(__file__).parent
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
HEADERS = {
    "User-Agent": BROWSER,
    "Accept": "text/html,application/xhtml+xml",
    "Accept-Language": "en",
    "Referer": "https://blog.example/review",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
}
SAID = "our links come from memory, the reference's from the database"


@dataclass(frozen=True)
class Round:
    """What wrk saw in one round."""

    rate: float
    answered: int
    p50_ms: float
    p99_ms: float


def main() -> None:
    assert shutil.which("wrk"), "wrk is not installed: apt-get install wrk"
    with product(), tempfile.TemporaryDirectory(prefix="goodword-bench-ref-") as scratch:
        stage = _stage()
        with _servers(Path(scratch)) as ports:
            _clicks(ports)
            _events(ports, stage, 1)
            _events(ports, stage, BATCH)


def _events(ports: dict[str, int], stage: dict[str, Any], each: int) -> None:
    """Sales with customer and click, one by one or a hundred at a time: ours and the reference's."""
    name, connections = ("events", CONNECTIONS) if each == 1 else (f"batches of {each}", BATCH_CONNECTIONS)
    numbers = itertools.count()

    def run(server: str, delay: float = 0) -> Round:
        script = _selling(stage[server], f"{each}-{next(numbers)}", each, stage["key"]) + _pacing(delay)
        path = "/v1/track/sale" if each == 1 else "/v1/track/sale/batch"
        return _wrk(f"http://127.0.0.1:{ports[server]}{path}", connections, [], script=script)

    ways = {
        "ours": lambda: _counted(lambda: run("ours"), "referrals_conversion", each),
        "reference (Hono + pg)": lambda: _counted(lambda: run("reference"), "ref_event", each),
    }
    run("ours"), run("reference")  # the customers' first sales, and the code warmed up
    _look_over()
    found = _rounds(ways)
    results = {way: [one.rate * each for one in rounds] for way, rounds in found.items()}
    print(f"{name.capitalize()} with customer and click; {SAID}:")
    tell(f"ingest-{name.replace(' ', '-')}", results, unit="events/s", against="reference (Hono + pg)")
    for way, rounds in found.items():
        p50, p99 = _middle(one.p50_ms for one in rounds), _middle(one.p99_ms for one in rounds)
        print(f"  {way}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    if each == 1:
        half = _paced(_middle(results["ours"]) / 2, lambda delay: run("ours", delay))
        print(f"  at half of the top rate ({half.rate:,.0f}/s): p50 {half.p50_ms:.1f} ms, p99 {half.p99_ms:.1f} ms")


def _look_over() -> None:
    """Fresh tables have no statistics: what the database's own housekeeping does in its first minute, done now."""
    from django.db import connection

    from goodword.server import rights

    with rights.as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _selling(clicks: list[str], run: str, each: int, key: str) -> str:
    """A script for wrk: sales with ids of their own, of customers who came through a click each and come back."""
    return _SELLING % {"clicks": ", ".join(f'"{one}"' for one in clicks), "run": run, "each": each, "key": key}


_SELLING = """
local clicks, run, each, count = {%(clicks)s}, "%(run)s", %(each)d, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %(key)s"
local function sale()
  count = count + 1
  local who = count %% #clicks + 1
  return string.format('{"id":"%%s-%%d","customer":"c-%%d","click_id":"%%s","currency":"EUR","amount":"%%d.90",' ..
    '"at":"2026-11-0%%dT09:30:00Z"}', run, count, who, clicks[who], count %% 90 + 1, count %% 9 + 1)
end
function request()
  if each == 1 then return wrk.format(nil, nil, nil, sale()) end
  local items = {}
  for place = 1, each do items[place] = sale() end
  return wrk.format(nil, nil, nil, '{"items":[' .. table.concat(items, ",") .. "]}")
end
"""


def _clicks(ports: dict[str, int]) -> None:
    ways = {
        "limit (bare handler, nothing stored)": lambda: _click_round(ports["limit"]),
        "ours": lambda: _counted(lambda: _click_round(ports["ours"]), "referrals_click"),
        "reference (Hono + pg)": lambda: _click_round(ports["reference"]),
    }
    found = _rounds(ways)
    results = {name: [one.rate for one in rounds] for name, rounds in found.items()}
    print(f"Clicks; {SAID}:")
    tell("ingest-clicks", results, unit="clicks/s", against="reference (Hono + pg)")
    for name, rounds in found.items():
        p50, p99 = _middle(one.p50_ms for one in rounds), _middle(one.p99_ms for one in rounds)
        print(f"  {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    ours, limit = (_middle(results[name]) for name in ("ours", "limit (bare handler, nothing stored)"))
    print(f"  ours is {ours / limit:.2f} of the limit")
    half = _paced(ours / 2, lambda delay: _click_round(ports["ours"], delay=delay))
    print(f"  at half of the top rate ({half.rate:,.0f}/s): p50 {half.p50_ms:.1f} ms, p99 {half.p99_ms:.1f} ms")
    _exact_clicks(ports["ours"])


def _click_round(port: int, *, delay: float = 0) -> Round:
    headers = [word for name, value in HEADERS.items() for word in ("-H", f"{name}: {value}")]
    return _wrk(f"http://127.0.0.1:{port}/r/bench/spring", CONNECTIONS, headers, script=_pacing(delay))


def _pacing(delay: float) -> str:
    """A pause before each request: wrk alone sends as fast as it is answered."""
    return f"function delay() return math.random(0, {2 * delay:.0f}) end\n" if delay else ""


def _paced(rate: float, run: Callable[[float], Round]) -> Round:
    """A round at about this rate: the pause between two requests of one connection is found by trying."""
    delay = 1000 * CONNECTIONS / rate
    found = run(delay)
    for _ in range(2):
        delay = max(1.0, delay + 1000 * CONNECTIONS * (1 / rate - 1 / found.rate))
        found = run(delay)
    return found


def _wrk(address: str, connections: int, words: list[str], *, script: str = "") -> Round:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        words = [*words, "-s", file.name] if script else words
        command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS:g}s", "--latency", *words, address]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in told, told
    assert "Socket errors" not in told, told
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])
    answered = int(re.search(r"(\d+) requests in", told)[1])
    return Round(rate, answered, _milliseconds(told, "50%"), _milliseconds(told, "99%"))


def _milliseconds(told: str, line: str) -> float:
    value, unit = re.search(rf"{line}\s+([\d.]+)(us|ms|s)", told).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def _counted(run: Callable[[], Round], table: str, each: int = 1) -> Round:
    """A round after which the rows are counted: wrk drops what is on its way when it stops, no more may differ."""
    before = _settled(table)
    found = run()
    rows = _settled(table) - before
    on_its_way = (CONNECTIONS if each == 1 else BATCH_CONNECTIONS) * each
    assert found.answered * each <= rows <= found.answered * each + on_its_way, (found.answered * each, rows)
    return found


def _exact_clicks(port: int, count: int = 20_000) -> None:
    """So many visits, every answer read: as many rows, exactly."""
    lines = [
        "GET /r/bench/spring HTTP/1.1\r\nHost: x\r\n",
        *(f"{name}: {value}\r\n" for name, value in HEADERS.items()),
    ]
    request = ("".join(lines) + "\r\n").encode()
    before = _settled("referrals_click")
    answered = _ask_exactly(port, [request] * count, b"HTTP/1.1 302")
    rows = _count("referrals_click") - before
    print(f"  {answered:,} visits, every answer read: {rows:,} rows")
    assert rows == answered == count


def _ask_exactly(port: int, requests: list[bytes], good: bytes) -> int:
    """Send these requests over some connections, each after the answer to the one before; how many were answered so."""
    import asyncio

    async def one(mine: list[bytes]) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answered = 0
        for request in mine:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            answered += head.startswith(good)
        writer.close()
        return answered

    async def every() -> int:
        return sum(await asyncio.gather(*(one(requests[start::32]) for start in range(32))))

    return asyncio.run(every())


def _rounds(ways: dict[str, Callable[[], Round]]) -> dict[str, list[Round]]:
    found: dict[str, list[Round]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(way())
    return found


def _middle(values: Any) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def _count(table: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def _settled(table: str) -> int:
    """The rows, once those that were still on their way are there."""
    rows = -1
    while (now := _count(table)) != rows:
        rows = now
        time.sleep(0.3)
    return rows


def _stage() -> dict[str, Any]:
    """A program with a thousand links, the same for the reference, and a key."""
    from django.db import connection

    from goodword.domain.ids import public_id
    from tests import cast

    program = cast.program(slug="bench", currency="EUR")
    partner = cast.partner(program)
    cast.link(partner, key="spring", destination="https://shop.example/new?size=m")
    for number in range(1000):
        cast.link(partner, key=f"link-{number}", destination=f"https://shop.example/page/{number}")
    from goodword.server import rights

    with rights.as_owner(), connection.cursor() as cursor:
        cursor.execute(_REFERENCE_TABLES)
        cursor.execute("GRANT ALL ON ref_link, ref_partner, ref_click, ref_event, ref_commission TO PUBLIC")
        cursor.execute(_CLICKS_BEFORE, [CUSTOMERS])
        cursor.execute("SELECT id FROM ref_click ORDER BY id")
        theirs = [str(key) for (key,) in cursor.fetchall()]
    ours = [public_id("touch", UUID(key)) for key in theirs]
    return {"ours": ours, "reference": theirs, "key": cast.api_key(program, "events:write")[1]}


# Clicks made a moment ago, known to both: ids with the time in front, as the front makes them.
_CLICKS_BEFORE = """
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0') || '7000' || '8' ||
        substr(md5(n::text), 1, 15))::uuid AS id, n FROM generate_series(1, %s) n;
INSERT INTO referrals_click (id, program_id, partner_id, link_id, visitor, at, via_qr, not_attributable, privacy_signal,
    repeated, sub_id, referrer_host, dropped, utm_source, utm_campaign, network, agent)
SELECT made.id, link.program_id, link.partner_id, link.id, 'visitor-' || made.n, now(), false, '', false, false, '', '',
    '{}', '', '', '', '' FROM made, referrals_link link WHERE link.key = 'spring';
INSERT INTO ref_click SELECT made.id, link.id, link.partner, md5(made.n::text), now(), '', ''
  FROM made, ref_link link WHERE link.key = 'spring';
"""


_REFERENCE_TABLES = """
CREATE TABLE ref_partner (id uuid PRIMARY KEY, rate numeric NOT NULL);
CREATE TABLE ref_link (id uuid PRIMARY KEY, program text NOT NULL, key text NOT NULL, partner uuid NOT NULL,
    destination text NOT NULL, UNIQUE (program, key));
CREATE TABLE ref_click (id uuid PRIMARY KEY, link uuid NOT NULL, partner uuid NOT NULL, visitor text NOT NULL,
    at timestamptz NOT NULL, agent text, referrer text);
CREATE INDEX ON ref_click (visitor);
CREATE TABLE ref_event (id text PRIMARY KEY, customer text NOT NULL, partner uuid, amount numeric NOT NULL,
    currency text NOT NULL, at timestamptz NOT NULL);
CREATE INDEX ON ref_event (customer);
CREATE TABLE ref_commission (event text PRIMARY KEY, partner uuid NOT NULL, amount numeric NOT NULL,
    currency text NOT NULL);
INSERT INTO ref_partner SELECT id, 0.2 FROM partners_partner;
INSERT INTO ref_link SELECT l.id, p.slug, l.key, l.partner_id, l.destination
  FROM referrals_link l JOIN accounts_program p ON p.id = l.program_id;
"""


@contextmanager
def _servers(scratch: Path) -> Iterator[dict[str, int]]:
    from goodword.server.process_tree import part_command

    ports = {name: _free_port() for name in ("limit", "ours", "reference")}
    shutil.copy(HERE / "_reference_server.mjs", scratch / "server.mjs")
    install = ["npm", "install", "--silent", "--no-fund", "--no-audit", "hono@4", "@hono/node-server@2", "pg@8"]
    subprocess.run(install, cwd=scratch, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    environment = {
        **os.environ,
        "GOODWORD_PAGES": "127.0.0.1:9",
        "REFERENCE_PORT": str(ports["reference"]),
        "REFERENCE_DATABASE": _for_node(os.environ["DATABASE_URL"]),
        "NODE_ENV": "production",
    }
    commands = {
        "limit": ([sys.executable, "-m", "bench._bare_front", str(ports["limit"])], None),
        "ours": (part_command("front", "--port", str(ports["ours"])), None),
        "reference": (["node", "server.mjs"], scratch),
    }
    started = [subprocess.Popen(words, cwd=folder, env=environment) for words, folder in commands.values()]
    try:
        for port in ports.values():
            _wait_for(port)
        yield ports
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(timeout=30)


def _for_node(url: str) -> str:
    """The address as `pg` reads it: it wants the socket's folder as the host."""
    from urllib.parse import parse_qs, quote, urlsplit

    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    if "host" not in asked:
        return url
    port = asked.get("port", ["5432"])[0]
    host, who = quote(asked["host"][0], safe=""), f"{parts.username or ''}:{parts.password or ''}"
    return f"postgresql://{who}@{host}:{port}{parts.path}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens at {port}"
            time.sleep(0.1)
        else:
            time.sleep(1)
            return


if __name__ == "__main__":
    main()
