"""The front that really runs, under load: asked to stop, given the same a thousand times, given too much."""

import asyncio
import json
import os
import re
import signal
from itertools import count

import psutil
import pytest

from goodword.domain.ids import parse_public_id
from goodword.referrals.models import Click, Conversion
from tests import cast, fronting, wire
from tests.api.client import Caller
from tests.ingest.asking import ask, followed
from tests.ingest.crowd import Line, all_at_once, event, visit
from tests.server.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
AT = "2026-11-20T09:30:00Z"


@pytest.fixture
def acme():
    found = cast.acme()
    cast.link(found.alder, key="spring")
    return found


@pytest.fixture
def key(acme):
    return Caller(acme.program).text


def sale(name):
    return {"id": name, "customer": "c-1", "currency": "EUR", "amount": "120.00", "at": AT}


def click_of(head):
    return parse_public_id("touch", re.search(r"tch_[0-9a-z]{26}", head)[0])


def test_told_to_stop_under_load_it_answers_what_it_took_and_loses_nothing(live, acme, key):
    clicks, sales, numbers = set(), set(), count()

    async def visitor(address):
        line = Line(address)
        while answer := await line.ask(visit()):
            assert answer[0] == 302
            clicks.add(click_of(answer[1]))

    async def shop(address):
        line = Line(address)
        while answer := await line.ask(event(key, sale(f"s-{next(numbers)}"))):
            assert answer[0] == 202, answer
            sales.add(json.loads(answer[2])["id"])

    async def load(address):
        asked = [asyncio.ensure_future(one(address)) for one in (visitor, shop) for _ in range(12)]
        while len(clicks) < 200 or len(sales) < 200:  # noqa: ASYNC110 - it is a crowd, and no event of ours
            await asyncio.sleep(0.01)
        os.kill(_front(address), signal.SIGTERM)
        await asyncio.wait_for(asyncio.gather(*asked), 60)

    with fronting.before(live) as address:
        followed(address)
        asyncio.run(load(address))
    stored = set(Click.unscoped.values_list("pk", flat=True))
    assert clicks <= stored
    assert len(stored) == len(clicks) + 1  # that of `followed`: whatever was stored was answered
    assert set(Conversion.unscoped.values_list("external_id", flat=True)) == sales


def _front(address):
    """The process that listens there."""
    port = int(address.rpartition(":")[2])
    here = [one for one in psutil.Process().children() if str(port) in one.cmdline()]
    return here[0].pid


def test_f14_a_thousand_times_the_same_at_once_is_one(front, key):
    answers = asyncio.run(all_at_once(front, [event(key, sale("s-1"))] * 1000))
    statuses = [answer[0] for answer in answers]
    assert (statuses.count(202), statuses.count(200)) == (1, 999)
    assert all(json.loads(body)["replayed"] for status, _, body in answers if status == 200)
    assert Conversion.unscoped.count() == 1


def test_f34_a_flood_on_a_database_that_does_not_answer_is_refused_and_taken_later(live, acme, key):
    names = [f"shop-{number}" for number in range(15)]
    bodies = {name: {"items": [sale(f"{name}-{number}") for number in range(1000)]} for name in names}
    refused, taken = [], set()

    async def shop(address, name):
        line = Line(address)
        while True:
            status, head, body = await line.ask(event(key, bodies[name], "sale/batch"))
            if status in (200, 202):
                taken.update(one["id"] for one in json.loads(body)["items"])
                return
            assert (status, "retry-after: 1" in head) == (503, True), body
            refused.append(name)
            await asyncio.sleep(0.1)

    async def flood(address, strung):
        asked = [asyncio.ensure_future(shop(address, name)) for name in names]
        visited = asyncio.ensure_future(Line(address).ask(visit()))
        while not refused:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        strung.mend()
        await asyncio.gather(*asked)
        return await visited

    with wire.strung() as strung, fronting.before(live, DATABASE_URL=strung.url) as address:
        followed(address)
        assert ask(f"{address}/v1/track/lead", {"id": "l", "customer": "c", "at": AT},
                   **{"Authorization": f"Bearer {key}", "Content-Type": "application/json"})[0] == 202  # fmt: skip
        strung.hold()
        status, head, _ = asyncio.run(flood(address, strung))
        assert status == 302
        until(lambda: Click.unscoped.filter(pk=click_of(head)).count())
    assert len(taken) == 15_000
    assert Conversion.unscoped.filter(name="sale").count() == 15_000
