"""Headless Chromium for tests: started, kept off the network, photographed."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT

# The headless shell is the same engine without a window around it, which takes less time.
CANDIDATES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Pictures are for people to look at, and take a third of the time: GOODWORD_PICTURES=1 ./run.sh test tests/web
PICTURES = os.environ.get("GOODWORD_PICTURES") == "1"
# Only what is wrong leaves the page: the whole answer is a hundred times longer.
_AXE = """axe.run(document, {resultTypes: ['violations']}).then((found) =>
    found.violations.map((one) => [one.id, one.nodes[0].html, one.nodes[0].failureSummary]))"""
QUIET_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--metrics-recording-only",
    # Every name but the loopback ones leads nowhere, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
OUR_MACHINE = re.compile(r"^(https?|wss?)://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/|^(data|blob|about):")


def program() -> str:
    named = os.environ.get("GOODWORD_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CANDIDATES)), None)
    assert found, "No Chromium was found: ./run.sh test installs it, or name it in GOODWORD_CHROMIUM."
    return found


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread; Django would otherwise refuse every query beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(QUIET_FLAGS))
        try:
            yield browser
        finally:
            browser.close()
            os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


def open_page(browser: Any) -> tuple[Any, list[str]]:
    """A page in a context of its own, and the list that collects what goes wrong on it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    troubles: list[str] = []
    context.route(lambda address: not OUR_MACHINE.match(address), lambda route: _refuse(route, troubles))
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
    page.on("console", lambda message: _listen(message, troubles))
    return page, troubles


def axe_findings(page: Any) -> list[str]:
    """What axe finds wrong with the page that is open: the rule, the first element, and why. Half a second of work."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    return [f"axe {rule}: {html[:160]} {why[:160]}" for rule, html, why in page.evaluate(_AXE)]


def picture(page: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(path), full_page=True)
    return path


def pictures(page: Any, folder: Path, name: str, widths: tuple[int, ...]) -> list[Path]:
    size = page.viewport_size
    taken = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 812 if width < 600 else 900})
        taken.append(picture(page, folder / f"{name}-{width}.png"))
    page.set_viewport_size(size)
    return taken


def _refuse(route: Any, troubles: list[str]) -> None:
    troubles.append(f"the page asked for {route.request.url}")
    route.abort()


def _listen(message: Any, troubles: list[str]) -> None:
    if message.type == "error" and "Content Security Policy" in message.text:
        troubles.append(message.text)
