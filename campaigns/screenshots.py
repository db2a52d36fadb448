"""Photographs every page for a person to look at: with data and with none, and states like refused forms and dialogs.

    ./run.sh campaign screenshots                  everything, into .screenshots/: 375 and 1280 pixels, light and dark
    ./run.sh campaign screenshots --only partner   pages and states whose name contains these letters

Also walks all pages right to left and with text of 200%. Exits with 1 when a page fails, is wider than the screen,
complains on the console or has findings of axe. Makes a database of its own.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / ".screenshots"
CLEAN = "Nothing is wrong that a machine can see. Now look at the pictures."
SETS = ("data", "none", "account", "states", "rtl", "large")


def main() -> int:
    """The number of problems decides the exit code; each is printed."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--only", default="", help="a pattern that the name of a page contains")
    given.add_argument("--sets", nargs="*", default=SETS, choices=SETS, help="which of the walks")
    given.add_argument("--light", action="store_true", help="only the light theme, without axe")
    options = given.parse_args()
    from bench._ground import product

    with product():
        problems = _photograph(options.only, options.sets, light=options.light)
    print(f"{len(problems)} problems, named above." if problems else CLEAN)
    return 1 if problems else 0


def _photograph(only: str, sets: list[str], *, light: bool) -> list[str]:
    from tests.web.living import served

    with served() as (browser, live):
        return _walks(browser, live, only, sets, light=light)


def _walks(browser: Any, live: str, only: str, sets: list[str], *, light: bool) -> list[str]:
    from tests.web import scenes, showcase
    from tests.web.walking import DESKTOP, FOUR, LARGE_TEXT, LIGHT, PHONE, RIGHT_TO_LEFT, Look, Visitor, walk

    busy, bare = showcase.busy(), showcase.bare()
    busy = scenes.people(busy)
    vars(busy).update(busy.ids)
    rtl = [Look(size, "light", extra=RIGHT_TO_LEFT) for size in (DESKTOP, PHONE)]
    large = [Look(size, "light", extra=LARGE_TEXT) for size in (DESKTOP, PHONE)]
    four = LIGHT if light else FOUR
    ways = {
        "data": lambda to: walk(to(four), busy, busy.ids, only),
        "none": lambda to: walk(to(four), bare, {}, only),
        "account": lambda to: scenes.show(to(four), busy, scenes.ACCOUNT, only),
        "states": lambda to: scenes.show(to(four), busy, scenes.STATES, only),
        "rtl": lambda to: walk(to(rtl), busy, busy.ids, only),
        "large": lambda to: walk(to(large), busy, busy.ids, only),
    }
    problems: list[str] = []
    for name in sets:
        problems += _set(name, ways[name], lambda looks, name=name: Visitor(browser, live, name, looks, FOLDER / name))
    return problems


def _set(name: str, way: Callable[[Any], Any], to: Callable[[Any], Any]) -> list[str]:
    """One walk. What stops it is its last problem; the other walks go on."""
    began, visitors, stopped = time.monotonic(), [], list[str]()
    try:
        way(lambda looks: visitors.append(to(looks)) or visitors[-1])
    except Exception as error:  # noqa: BLE001  (the findings of all walks are told, whatever stops one of them)
        stopped = [f"{name}: the walk stopped: {str(error)[:300]}"]
    pictures = len(list((FOLDER / name).glob("*.png")))
    print(f"{name}: {pictures} pictures in {time.monotonic() - began:.0f} s", flush=True)
    problems = [problem for visitor in visitors for problem in visitor.problems] + stopped
    retried = [f"{one} (second try)" for visitor in visitors for one in visitor.retried]
    print("\n".join([*problems, *retried]), flush=True)
    return problems


if __name__ == "__main__":
    sys.exit(main())
