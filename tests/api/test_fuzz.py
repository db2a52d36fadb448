"""Whatever is sent, the API answers with what its description says, and never with a failure of its own."""

from types import SimpleNamespace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, seed, settings

from goodword.api import limits
from tests import cast
from tests.api.client import Caller
from tests.api.fuzzing import Made, calls


def stage() -> SimpleNamespace:
    """A program with one object of most kinds, and what addresses call them."""
    acme = cast.acme()
    program, alder = acme.program, acme.alder
    facts = {
        "sale_id": cast.sale(program, external_id="s-1"),
        "customer_id": cast.customer(program, external_id="c-1"),
        "touch_id": cast.touch(alder, external_id="t-1"),
        "credit_id": cast.credit(program, external_id="k-1"),
        "rate_id": cast.rate(program, external_id="f-1"),
    }
    known = {name: [fact.external_id] for name, fact in facts.items()}
    known |= {"partner": [alder.public_id], "terms_key": ["standard"], "number": ["1"]}
    known |= {"link": [cast.link(alder).public_id], "code": [cast.code(alder, key="save10").public_id]}
    known |= {"line": [cast.line(alder).line], "payout": [cast.payout(alder).public_id]}
    connection = cast.connection(program)
    known |= {"connection": [connection.public_id], "received": [cast.received_event(connection).public_id]}
    return SimpleNamespace(api=Caller(program, "read", "manage", "events:write"), known=known)


def check(api: Caller, call: Made) -> int:
    """Make the call, undo it, and judge the answer."""
    with transaction.atomic():
        answer = api.send(call.method, call.path.removeprefix("/api/v1"), call.body, call.content_type, **call.headers)
        transaction.set_rollback(True)
    where = f"{call.method} {call.path} {call.body[:500]!r}: {answer.status_code} {answer.content[:500]!r}"
    assert answer.status_code < 500, where
    # 404 and 405 may come from an address that a made-up id has turned into another one.
    assert str(answer.status_code) in call.answers | {"404", "405", "431"}, where
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json", where
        assert answer.json()["code"], where
    return answer.status_code


@pytest.fixture
def scene(db, monkeypatch):
    monkeypatch.setattr(limits, "take", lambda *_: 0)
    return stage()


def test_no_call_makes_the_api_fail(scene):
    answers = set()

    @seed(20261122)
    @settings(max_examples=250, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False)
    @given(call=calls(scene.known))
    def every(call: Made) -> None:
        answers.add(check(scene.api, call))

    every()
    # The calls reach the depths: they are not all stopped at the door.
    assert {200, 201, 404, 422} <= answers
