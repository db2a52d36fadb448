"""Clicks are counted once, whatever order they and the customers behind them become known in."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Event

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodword.accounts.actors import SYSTEM
from goodword.domain.ids import uuid7
from goodword.referrals.counting import REPEATED_WITHIN, Window, count_clicks, count_window
from goodword.referrals.models import Click, ClicksByDay, ClicksByHour, Touch, UnsettledFact
from goodword.referrals.services import record_facts
from goodword.server.click_loop import ClickLoop
from tests import cast
from tests.counted import count_anew
from tests.database import as_owner
from tests.server.waiting import until

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WITHIN = REPEATED_WITHIN.total_seconds()


@pytest.fixture
def link(db):
    return cast.link(cast.acme().alder)


def customer(program, *visitors, name="c-1"):
    item = {"id": name, "visitors": list(visitors)}
    record_facts(program, "customer", [item], source="api", actor=SYSTEM, now=cast.NOW)


def figures(link):
    fields = ("people", "by_qr", "repeated", "machines")
    return {(row.aspect, row.value): tuple(getattr(row, name) for name in fields)
            for row in ClicksByDay.unscoped.filter(link=link)}  # fmt: skip


def test_what_people_and_machines_do_is_counted_apart(link):
    cast.click(link, at=NOON, visitor="v-1", via_qr=True, sub_id="footer", referrer_host="blog.example")
    cast.click(link, at=NOON + timedelta(seconds=3), visitor="v-1", via_qr=True, sub_id="footer")
    cast.click(link, at=NOON + timedelta(hours=10), not_attributable="bot", utm_campaign="spring")
    assert count_anew().clicks == 3
    assert figures(link) == {
        ("", ""): (1, 1, 1, 1),
        ("sub", "footer"): (1, 1, 1, 0),
        ("host", "blog.example"): (1, 1, 0, 0),
        ("campaign", "spring"): (0, 0, 0, 1),
        ("why", "bot"): (0, 0, 0, 1),
    }
    hours = ClicksByHour.unscoped.filter(link=link).order_by("hour").values_list("people", "repeated", "machines")
    assert list(hours) == [(1, 1, 0), (0, 0, 1)]


def test_clicks_before_a_customer_is_known_become_touches_with_it(link):
    first = cast.click(link, visitor="v-1")
    cast.click(link, visitor="v-2")
    cast.click(link, visitor="v-1", not_attributable="bot")
    assert (count_anew().touches, Touch.unscoped.count()) == (0, 0)
    customer(link.program, "v-1")
    touch = Touch.unscoped.get()
    assert (touch.external_id, touch.click_id, touch.at) == (first.public_id, first.pk, first.at)
    assert (touch.partner_id, touch.visitor, touch.channel) == (link.partner_id, "v-1", "link")


def test_clicks_after_a_customer_is_known_become_touches_when_they_are_counted(link):
    customer(link.program, "v-1")
    UnsettledFact.objects.all().delete()
    click = cast.click(link, visitor="v-1")
    assert count_anew().touches == 1
    assert Touch.unscoped.get().external_id == click.public_id
    mark = UnsettledFact.objects.get()
    assert (mark.customer, mark.since) == ("c-1", click.at)
    assert count_anew().touches == 0


def test_a_click_of_another_program_is_nobody_of_this_one(link):
    cast.click(cast.link(cast.partner(cast.program(slug="other"), name="Other")), visitor="v-1")
    customer(link.program, "v-1")
    count_anew()
    assert not Touch.unscoped.exists()


def test_an_earlier_click_that_comes_late_makes_the_counted_one_the_repetition(link):
    later = cast.click(link, at=NOON + timedelta(seconds=4), visitor="v-1", via_qr=True)
    count_anew()
    with connection.cursor() as cursor:
        with as_owner(cursor):  # as if it had been stored and counted by an earlier transaction
            cursor.execute("UPDATE referrals_click SET batch = '1'")
        earlier = cast.click(link, at=NOON, visitor="v-1")
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        count_window(cursor, Window(2, (), cursor.fetchone()[0] + 1, ()))
    repeated = dict(Click.unscoped.values_list("pk", "repeated"))
    assert repeated == {later.pk: True, earlier.pk: False}
    assert figures(link)["", ""] == (1, 0, 1, 0)


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("click"),
            st.sampled_from(["v-1", "v-2", "v-3"]),
            st.integers(0, 1),
            st.sampled_from([0, 2, 9, 10, 11, 25, 3600]),
            st.sampled_from(["", "", "bot"]),
            st.integers(0, 1),
        ),
        st.tuples(st.just("commit"), st.integers(0, 1)),
        st.tuples(st.just("count"), st.sampled_from([1, 2, 50_000])),
        st.tuples(st.just("customer"), st.sampled_from(["c-1", "c-2"]), st.sampled_from(["v-1", "v-2", "v-1 v-2"])),
        st.tuples(st.just("settle")),
    ),
    max_size=25,
)


class Story:
    """One program, two writers of clicks whose transactions stay open as long as they like, and a settlement."""

    def __init__(self, url):
        self.program = cast.program(name="Story", slug=f"story-{uuid7().hex}")
        self.links = [cast.link(cast.partner(self.program, name=name)) for name in ("Alder", "Birch")]
        self.writers = [psycopg.connect(url) for _ in range(2)]
        self.seen = {}

    def click(self, visitor, link, seconds, why, writer):
        chosen = self.links[link]
        self.writers[writer].execute(
            "INSERT INTO referrals_click (id, at, program_id, partner_id, link_id, visitor, not_attributable)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [uuid7(), NOON + timedelta(seconds=seconds), self.program.pk, chosen.partner_id, chosen.pk, visitor, why],
        )

    def commit(self, writer):
        self.writers[writer].commit()

    def count(self, clicks_max):
        count_clicks(clicks_max=clicks_max)

    def customer(self, name, visitors):
        customer(self.program, *visitors.split(), name=name)

    def settle(self):
        marks = UnsettledFact.objects.filter(program=self.program)
        for name in set(marks.values_list("customer", flat=True)):
            self.seen[name] = self.touches_of(name)
        marks.delete()

    def touches_of(self, name):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT t.external_id FROM referrals_touch t JOIN referrals_customer c ON c.program_id = t.program_id"
                " AND t.visitor = ANY (c.visitors) WHERE c.program_id = %s AND c.external_id = %s",
                [self.program.pk, name],
            )
            return {row[0] for row in cursor.fetchall()}

    def close(self):
        for writer in self.writers:
            writer.close()

    def end(self):
        for writer in self.writers:
            writer.commit()
        while count_clicks(clicks_max=3).more:
            pass
        count_clicks()
        self.settle()


@pytest.mark.django_db(transaction=True)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(told=steps)
def test_any_order_of_clicks_commits_customers_and_counts_ends_as_if_all_had_come_at_once(database_url, told):
    with closing(Story(database_url)) as story:
        for verb, *values in told:
            getattr(story, verb)(*values)
        story.end()
    clicks = list(Click.unscoped.filter(program=story.program))
    people = [click for click in clicks if not click.not_attributable]
    assert {click.pk for click in clicks if click.repeated} == repeated_among(people)
    counted = Counter()
    for row in ClicksByHour.unscoped.filter(program=story.program):
        counted.update(people=row.people, repeated=row.repeated, machines=row.machines)
    assert counted == Counter(
        people=sum(not click.repeated for click in people),
        repeated=sum(click.repeated for click in people),
        machines=len(clicks) - len(people),
    )
    known = {name for verb, *values in told if verb == "customer" for name in values[1].split()}
    touches = set(Touch.unscoped.filter(program=story.program).values_list("click_id", flat=True))
    assert touches == {click.pk for click in people if click.visitor in known}
    for name in {values[0] for verb, *values in told if verb == "customer"}:
        assert story.seen[name] == story.touches_of(name), "settled without a touch that is there"


def repeated_among(people):
    return {
        one.pk
        for one in people
        for other in people
        if one.visitor == other.visitor and one.link_id == other.link_id and (other.at, other.pk) < (one.at, one.pk)
        and (one.at - other.at).total_seconds() < WITHIN
    }  # fmt: skip


def test_f16_a_click_that_arrives_45_days_late_is_credited_from_its_own_moment(link):
    customer(link.program, "v-1")
    UnsettledFact.objects.all().delete()
    late = cast.click(link, visitor="v-1", at=NOON - timedelta(days=45))
    count_anew()
    assert (Touch.unscoped.get().at, UnsettledFact.objects.get().since) == (late.at, late.at)
    assert ClicksByDay.unscoped.get(aspect="").day == late.at.date()


@pytest.mark.django_db(transaction=True)
def test_f38_a_restore_into_a_server_with_younger_transactions_counts_nothing_twice_and_misses_nothing():
    link = cast.link(cast.acme().alder)
    cast.click(link)
    assert count_clicks().clicks == 1
    cast.click(link)
    with connection.cursor() as cursor, as_owner(cursor):  # as a dump of a server that had come much further holds it
        cursor.execute("UPDATE referrals_click SET batch = '9000000000'")
        last = "(SELECT id FROM referrals_click ORDER BY id DESC LIMIT 1)"
        cursor.execute(f"UPDATE referrals_click SET batch = '9000000007' WHERE id = {last}")
        cursor.execute("UPDATE referrals_clickcursor SET upto = '9000000005', but = '{}'")
    cast.click(link)  # the first one after the restore, before anybody counts
    assert count_clicks().clicks == 2
    assert count_clicks().clicks == 0
    assert figures(link)["", ""][0] == 3


@pytest.mark.django_db(transaction=True)
def test_a_worker_counts_a_click_within_seconds():
    link = cast.link(cast.acme().alder)
    with ClickLoop():
        cast.click(link)
        until(lambda: ClicksByHour.unscoped.filter(link=link).exists(), seconds=60)


@pytest.mark.django_db(transaction=True)
def test_a_click_that_is_counted_while_its_customer_is_being_recorded_becomes_a_touch_at_the_second_look():
    link, recorded, counted = cast.link(cast.acme().alder), Event(), Event()

    def record():
        with closing(connection), transaction.atomic():
            customer(link.program, "v-1")
            recorded.set()
            assert counted.wait(60)

    with ThreadPoolExecutor(1) as other:
        work = other.submit(record)
        assert recorded.wait(60)
        click = cast.click(link, visitor="v-1")
        assert count_clicks().touches == 0
        counted.set()
        work.result()
    assert count_clicks().touches == 1
    assert Touch.unscoped.get().click_id == click.pk
