"""Clicks go after 13 months as whole months, salts after theirs, and a visitor can be made nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import AuditEntry
from goodword.ledger.invariants import Examined
from goodword.referrals.click_retention import KEPT, erase_visitor, forget_clicks, keep_months
from goodword.referrals.click_salts import salt_of
from goodword.referrals.fact_rows import settlement_facts
from goodword.referrals.models import Click, ClickSalt, ClicksByDay, Customer, Touch
from goodword.referrals.services import record_facts
from goodword.referrals.verify import clicks_without_touch, miscounted_days, strange_clicks
from tests import cast
from tests.counted import count_anew
from tests.database import as_owner

pytestmark = pytest.mark.django_db
NOW = timezone.now()
OLD = NOW - KEPT - timedelta(days=40)


@pytest.fixture
def link():
    return cast.link(cast.acme().alder)


def counted_up_to_now():
    """As if all that is stored had been counted by an earlier transaction."""
    with connection.cursor() as cursor, as_owner(cursor):
        cursor.execute("UPDATE referrals_click SET batch = '1'")
        cursor.execute("UPDATE referrals_clickcursor SET upto = '2'")


def months_there():
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'referrals_click'::regclass")
        return {row[0] for row in cursor.fetchall()}


def test_tables_for_the_next_three_months_are_made_ahead():
    there = months_there()
    later = NOW + timedelta(days=62)
    assert keep_months(later) >= 1
    assert keep_months(later) == 0
    assert len(months_there()) > len(there)


def test_months_go_when_they_are_thirteen_months_over_and_counted(link):
    with connection.cursor() as cursor:
        cursor.execute("SELECT referrals_click_months(%s, %s)", [OLD, OLD])
    old, young = cast.click(link, at=OLD), cast.click(link, at=NOW - timedelta(days=300))
    waiting = cast.click(link, at=OLD - timedelta(days=200))
    assert forget_clicks(NOW) == 0, "not counted yet"
    assert Click.unscoped.count() == 3
    count_anew()
    counted_up_to_now()
    assert forget_clicks(NOW) == 1
    assert set(Click.unscoped.values_list("pk", flat=True)) == {young.pk}, (old, waiting)
    assert ClicksByDay.unscoped.filter(aspect="").count() == 3, "what was counted by day stays"


def test_a_longer_window_of_a_program_keeps_its_clicks_longer(link):
    link.program.attribution = {"windows": {"link": 600}}
    link.program.save()
    cast.click(link, at=OLD)
    counted_up_to_now()
    forget_clicks(NOW)
    assert Click.unscoped.exists()


def test_no_younger_month_is_dropped_whatever_the_application_asks(link):
    click = cast.click(link, at=NOW - timedelta(days=100))
    counted_up_to_now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT referrals_click_drop(%s)", [NOW + timedelta(days=999)])
    assert Click.unscoped.get() == click


def test_salts_go_soon_after_their_month():
    salt_of(datetime(2026, 5, 10, tzinfo=UTC))
    forget_clicks(datetime(2026, 6, 2, tzinfo=UTC))
    assert ClickSalt.objects.count() == 1
    forget_clicks(datetime(2026, 6, 5, tzinfo=UTC))
    assert not ClickSalt.objects.exists()


def test_an_erased_visitor_is_nobody_and_what_was_earned_stays(link):
    item = {"id": "c-1", "visitors": ["v-1", "v-2"]}
    cast.click(link, visitor="v-1", network="203.0.113.0", address_hash=b"h", agent="Safari on iOS", agent_hash=b"a")
    record_facts(link.program, "customer", [item], source="api", actor=SYSTEM, now=cast.NOW)
    assert erase_visitor(link.program, "v-1", reason="asked for it", actor=SYSTEM) == 1
    click, touch = Click.unscoped.get(), Touch.unscoped.get()
    assert (click.network, click.address_hash, click.agent, click.agent_hash) == ("", None, "", None)
    assert click.visitor == touch.visitor != "v-1"
    assert set(Customer.unscoped.get().visitors) == {click.visitor, "v-2"}
    assert [each.visitor for each in settlement_facts(link.program, ["c-1"]).touches] == [click.visitor]
    assert "v-1" not in str(AuditEntry.objects.get(action="customer.visitor_erased").after)


def offenders(check, program):
    return list(check(Examined(program, NOW, {})))


def test_verify_names_clicks_that_are_strange_untouched_or_miscounted(link):
    record_facts(link.program, "customer", [{"id": "c-1", "visitors": ["v-1"]}], source="api", actor=SYSTEM, now=NOW)
    click = cast.click(link, visitor="v-1", at=NOW - timedelta(days=2))
    count_anew()
    counted_up_to_now()
    checks = (strange_clicks, clicks_without_touch, miscounted_days)
    assert [offenders(check, link.program) for check in checks] == [[], [], []]
    with connection.cursor() as cursor, as_owner(cursor):
        cursor.execute("DELETE FROM referrals_touch")
        cursor.execute("UPDATE referrals_clicksbyday SET people = people + 1")
    assert str(click.pk) in offenders(clicks_without_touch, link.program)[0]
    assert str(link.pk) in offenders(miscounted_days, link.program)[0]
    with connection.cursor() as cursor, as_owner(cursor):
        cursor.execute("UPDATE referrals_click SET partner_id = gen_random_uuid()")
    assert str(click.pk) in offenders(strange_clicks, link.program)[0]
