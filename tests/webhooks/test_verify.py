"""I45 of `goodword verify`: what was committed is told once, and nothing else is."""

import pytest
from django.db import connection
from django.utils import timezone

from goodword.accounts.actors import SYSTEM
from goodword.accounts.scope import active_program
from goodword.commissions.services import settle_program
from goodword.commissions.verify import verify
from goodword.partners.services import pause_partner
from goodword.referrals.services import create_code
from goodword.webhooks.gathering import gather
from goodword.webhooks.models import Reading
from tests.webhooks.receiver import receiving
from tests.webhooks.scene import events, sale, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(settings):
    """A program of which everything was told: codes, sales, what they earned."""
    with receiving() as receiver:
        found = scene(receiver, settings)
        with active_program(found.program):
            for name in ("save-1", "save-2"):
                create_code(found.program, found.alder, key=name, actor=SYSTEM)
            for name in ("s-1", "s-2"):
                sale(found.program, name, code="save-1")
            settle_program(found.program, now=timezone.now())
            pause_partner(found.alder, reason="a rest", actor=SYSTEM)
        gather(timezone.now())
        yield found


def offenders(program):
    found = verify(program, now=timezone.now(), only=["I45"])
    return [sentence for result in found for sentence in result.offenders]


def test_i45_holds_of_what_was_told(told):
    assert {event.source.partition(":")[0] for event in events(told.program)} >= {"audit", "ledger", "sale"}
    assert offenders(told.program) == []


def test_i45_holds_while_something_is_not_yet_read(told):
    with active_program(told.program):
        sale(told.program, "s-3", code="save-1")
        settle_program(told.program, now=timezone.now())
    assert offenders(told.program) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM webhooks_event WHERE number = (SELECT max(number) FROM webhooks_event WHERE kind ~ '^code')",
         ["in number", "is told in no event"]),
        ("UPDATE webhooks_event SET source = 'ledger:999999' WHERE number = (SELECT max(number) FROM webhooks_event)",
         ["never committed"]),
        ("DELETE FROM webhooks_event WHERE source = (SELECT max(source) FROM webhooks_event WHERE source ~ 'ledger')",
         ["in number", "of the ledger"]),
        ("UPDATE webhooks_delivery SET number = number + 100 WHERE id = (SELECT id FROM webhooks_delivery LIMIT 1)",
         ["has number"]),
    ],
    ids=["untold", "told of nothing", "untold money", "delivery"],
)  # fmt: skip
def test_i45_finds_what_was_not_told_and_what_never_was(told, owner, statement, words):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM webhooks_delivery") if "event" in statement else None
        cursor.execute(statement)
    found = " ".join(offenders(told.program))
    assert [word for word in words if word not in found] == []


def test_i45_finds_a_reading_that_went_back(told):
    Reading.objects.update(audit_sequence=0)
    assert "never committed or not yet read" in " ".join(offenders(told.program))
