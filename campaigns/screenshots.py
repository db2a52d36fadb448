"""Photographs every page for a person to look at: with data and with none, and states like refused forms and dialogs.

    ./run.sh campaign screenshots                  everything, into .screenshots/: 375 and 1280 pixels, light and dark
    ./run.sh campaign screenshots --only partner   pages and states whose name contains these letters

Also walks all pages right to left and with text of 200%. Exits with 1 when a page fails, is wider than the screen,
complains on the console or has findings of axe. Makes a database of its own.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / ".screenshots"
SETS = ("data", "none", "account", "states", "rtl", "large")


def main() -> int:
    """The number of problems decides the exit code; each is printed."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--only", default="", help="a pattern that the name of a page contains")
    given.add_argument("--sets", nargs="*", default=SETS, choices=SETS, help="which of the walks")
    options = given.parse_args()
    from bench._ground import product

    with product():
        problems = _photograph(options.only, options.sets)
    print("\n".join(problems) or "Nothing is wrong that a machine can see. Now look at the pictures.")
    return 1 if problems else 0


def _photograph(only: str, sets: list[str]) -> list[str]:
    import logging

    from django.conf import settings
    from django.test import override_settings
    from django.test.utils import setup_test_environment
    from pytest_django.live_server_helper import LiveServer

    from tests import browsing

    setup_test_environment()
    logging.disable(logging.ERROR)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with browsing.chromium() as browser:
        server = LiveServer("localhost")
        with override_settings(BASE_URL=server.url, CSRF_TRUSTED_ORIGINS=[server.url]):
            problems = _walks(browser, server.url, only, sets)
        server.stop()
    return problems


def _walks(browser: Any, live: str, only: str, sets: list[str]) -> list[str]:
    from tests.web import scenes, showcase
    from tests.web.walking import DESKTOP, FOUR, LARGE_TEXT, PHONE, RIGHT_TO_LEFT, Look, Visitor, walk

    busy, bare = showcase.busy(), showcase.bare()
    busy = scenes.people(busy)
    vars(busy).update(busy.ids)
    rtl = [Look(size, "light", extra=RIGHT_TO_LEFT) for size in (DESKTOP, PHONE)]
    large = [Look(size, "light", extra=LARGE_TEXT) for size in (DESKTOP, PHONE)]
    ways = {
        "data": lambda to: walk(to(FOUR), busy, busy.ids, only),
        "none": lambda to: walk(to(FOUR), bare, {}, only),
        "account": lambda to: scenes.show(to(FOUR), busy, scenes.ACCOUNT, only),
        "states": lambda to: scenes.show(to(FOUR), busy, scenes.STATES, only),
        "rtl": lambda to: walk(to(rtl), busy, busy.ids, only),
        "large": lambda to: walk(to(large), busy, busy.ids, only),
    }
    problems = []
    for name in sets:
        began = time.monotonic()
        done = ways[name](lambda looks, name=name: Visitor(browser, live, name, looks, FOLDER / name))
        problems += done.problems
        print(
            f"{name}: {len(list((FOLDER / name).glob('*.png')))} pictures in {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return problems


if __name__ == "__main__":
    sys.exit(main())
