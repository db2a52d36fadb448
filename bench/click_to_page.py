"""How long after a visit a partner sees it on their page, while other visits come as fast as the machine takes them.

Needs `wrk`. The whole product runs: front, pages and worker on a durable database. Prints each look's seconds, and the
same without the other visits; ends with 1 when the slowest took longer than the promised 5 seconds.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench._ground import product, tell
from bench.ingest import CONNECTIONS, HEADERS, _count, _free_port, _wait_for

PROMISED_SECONDS = 5.0
LOOKS = int(os.environ.get("BENCH_LOOKS", "15"))
SETTLE_SECONDS = 2.0


def main() -> int:
    assert shutil.which("wrk"), "wrk is not installed: apt-get install wrk"
    with product():
        cookie = _stage()
        with _product_runs() as port:
            quiet = _looks(port, cookie)
            with _load(port) as began:
                busy = _looks(port, cookie)
                rate = (_count("referrals_click") - began[0]) / (time.monotonic() - began[1])
    print(f"other visits meanwhile: {rate:,.0f}/s, all of them stored")
    tell("click-to-page", {"alone": quiet, "under load": busy}, unit="s", against="alone")
    print("  seconds under load:", " ".join(f"{each:.2f}" for each in busy))
    return int(max(busy) > PROMISED_SECONDS)


def _stage() -> str:
    """A partner with two links; gives the partner's session cookie."""
    from django.conf import settings

    from tests import cast

    program = cast.program(slug="bench", currency="EUR", allowed_hosts=["shop.example"])
    partner = cast.partner(program)
    for key in ("spring", "mine"):
        cast.link(partner, key=key, label=key, destination="https://shop.example/new")
    browser = cast.sign_in(cast.seat(partner))
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


@contextmanager
def _product_runs() -> Iterator[int]:
    """Front, pages and worker, as `goodword serve` starts them."""
    from goodword.server.process_tree import part_command
    from goodword.server.web import meeting_place, web_parts

    port = _free_port()
    with meeting_place():
        parts = web_parts("127.0.0.1", port, processes=1, threads=2)
        commands = [part.command for part in parts] + [part_command("worker", "--concurrency", "2")]
        started = [subprocess.Popen(command) for command in commands]
        try:
            _wait_for(port)
            yield port
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                process.wait(timeout=60)


@contextmanager
def _load(port: int) -> Iterator[tuple[int, float]]:
    """Visits through another link, as many as are answered; how many clicks there were, and when it began."""
    words = [word for name, value in HEADERS.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", "-d600s", *words, f"http://127.0.0.1:{port}/r/bench/spring"]
    visits = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        time.sleep(SETTLE_SECONDS)
        yield _count("referrals_click"), time.monotonic()
        assert visits.poll() is None, "the load ended early"
    finally:
        visits.kill()
        visits.wait()


def _looks(port: int, cookie: str) -> list[float]:
    """Visit one link and ask for the partner's page until it counts the visit, again and again."""
    return [_seen_after(port, cookie) for _ in range(LOOKS)]


def _seen_after(port: int, cookie: str) -> float:
    before = _counted_on_page(port, cookie)
    _get(port, "/r/bench/mine", HEADERS)  # a new visitor each time: no cookie is sent
    visited = time.monotonic()
    while _counted_on_page(port, cookie) <= before:
        assert time.monotonic() - visited < 60, "the visit never came to the page"
        time.sleep(0.05)
    return time.monotonic() - visited


def _counted_on_page(port: int, cookie: str) -> int:
    page = _get(port, "/portal/bench/share", {"Cookie": cookie})
    found = re.search(r'class="share-name"[^>]*>mine</a>.{0,200}?([\d,]+) (?:person|people)', page, re.DOTALL)
    assert found, page[:2000]
    return int(found[1].replace(",", ""))


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _get(port: int, path: str, headers: Mapping[str, str]) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=dict(headers))
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as answer:
        if answer.code != 302:
            raise
        return ""


if __name__ == "__main__":
    sys.exit(main())
