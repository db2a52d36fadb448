"""The counting of clicks killed at its N-th database statement, and what must be there then: all of a run or nothing.

Django must be set up before this is imported.
"""

import os
import signal
import sys
from datetime import timedelta
from typing import Any

from django.db import connections

from campaigns._crash_worker import counted
from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import Program
from goodword.ledger.invariants import Examined
from goodword.referrals.counting import count_clicks
from goodword.referrals.models import Click, ClicksByDay, ClicksByHour, KnownBrowser, Touch, UnsettledFact
from goodword.referrals.services import record_facts
from goodword.referrals.verify import clicks_without_touch, miscounted_days
from tests import cast

SIGHTS = ("people", "by_qr", "repeated", "machines")


def sweep() -> dict[str, int]:
    """Kill at 1, 2, 3 ... until a run ends by itself: each run is the recovery of the one before."""
    program, before, after = _prepared(), None, None
    kills = 0
    while True:
        before = before or _found(program)
        killed = _run_killed(program, kills + 1)
        found = _found(program)
        if found != before:
            after = after or found
            assert found == after, f"killed at {kills + 1}: half of it stayed\n{found}\n{after}"
        if not killed:
            break
        kills += 1
    assert after, "nothing was counted"
    assert count_clicks().clicks == 0, "counted twice"
    assert _found(program) == after
    broken = [*clicks_without_touch(_examined(program)), *miscounted_days(_examined(program))]
    assert not broken, broken
    return {"kills": kills, "touches": after["touches"], "days": len(after["days"])}


def _prepared() -> Program:
    """Clicks of a known customer, of one who is still to be looked at again, of nobody, twice, and of a machine."""
    program = cast.program(name="Counting", slug=f"counting-{os.getpid()}")
    links = [cast.link(cast.partner(program, name=name)) for name in ("Alder", "Birch")]
    at = cast.NOW - timedelta(days=1)
    for visitor in ("v-1", "v-2"):
        item = {"id": f"c-{visitor}", "visitors": [visitor]}
        record_facts(program, "customer", [item], source="api", actor=SYSTEM, now=cast.NOW)
    KnownBrowser.unscoped.filter(program=program, visitor="v-1").update(look_again=False)
    UnsettledFact.objects.filter(program=program).delete()
    for link in links:
        for visitor in ("v-1", "v-2", "v-3"):
            cast.click(link, visitor=visitor, at=at, sub_id="footer")
        cast.click(link, visitor="v-3", at=at + timedelta(seconds=3), via_qr=True)
        cast.click(link, at=at, not_attributable="bot")
    return program


def _run_killed(program: Program, at: int) -> bool:
    """Count in a child that kills itself at its `at`-th statement; whether it died of it."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            counted(lambda number: os.kill(os.getpid(), signal.SIGKILL) if number == at else None)
            count_clicks()
        except BaseException as error:  # noqa: BLE001
            print(f"the counting failed: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, (
        f"the counting of {program.slug} ended with an error"
    )
    return os.WIFSIGNALED(status)


def _found(program: Program) -> dict[str, Any]:
    days = ClicksByDay.unscoped.filter(program=program).order_by("link_id", "aspect", "value")
    return {
        "days": list(days.values_list("link_id", "aspect", "value", *SIGHTS)),
        "hours": list(ClicksByHour.unscoped.filter(program=program).order_by("link_id").values_list(*SIGHTS)),
        "repeated": Click.unscoped.filter(program=program, repeated=True).count(),
        "touches": Touch.unscoped.filter(program=program).count(),
        "marks": sorted(UnsettledFact.objects.filter(program=program).values_list("customer", "since")),
        "to look at": KnownBrowser.unscoped.filter(program=program, look_again=True).count(),
    }


def _examined(program: Program) -> Examined:
    return Examined(program, cast.NOW, {})
