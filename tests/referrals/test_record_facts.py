"""Recording facts: once and for ever, whatever arrives twice, at once or in bulk."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction

from goodword.accounts.actors import SYSTEM
from goodword.domain.errors import InvalidInput
from goodword.referrals.errors import IdempotencyMismatch
from goodword.referrals.models import Conversion, Customer, Refund, Touch, UnsettledFact
from goodword.referrals.services import check_facts, record_facts
from tests import cast
from tests.database import as_owner

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def program(db):
    return make_program()


def make_program():
    return cast.program(currency="USD", timezone="UTC")


def sale(name="s1", **fields):
    return {
        "id": name,
        "customer": "c1",
        "currency": "USD",
        "amount": "120.00",
        "at": "2026-05-01T09:30:00Z",
    } | fields


def record(program, kind, *items, source="api"):
    return record_facts(program, kind, items, source=source, actor=SYSTEM, now=NOW)


def test_a_sale_is_stored_once_and_says_so_again(program):
    first = record(program, "sale", sale())
    again = record(program, "sale", sale(amount="120.0", at="2026-05-01T11:30:00+02:00"))
    assert (first.new, again.new, again.duplicates) == (1, 0, 1)
    assert first.rows[0].key == again.rows[0].key


def test_the_same_id_with_other_content_is_refused_and_nothing_changes(program):
    record(program, "sale", sale())
    with pytest.raises(IdempotencyMismatch) as refused:
        record(program, "sale", sale("s0"), sale(amount="120.01"))
    assert refused.value.problems[0].field == "items[1].id"
    assert list(Conversion.unscoped.values_list("external_id", "amount_minor")) == [("s1", 12000)]


def test_sales_and_events_share_one_name_space(program):
    record(program, "sale", sale())
    with pytest.raises(IdempotencyMismatch):
        record(program, "event", {"id": "s1", "name": "lead", "customer": "c1", "at": "2026-05-01T09:30:00Z"})


def test_one_bad_item_stores_none_of_the_batch(program):
    with pytest.raises(InvalidInput):
        record(program, "sale", sale("a"), sale("b", amount="1.001"), sale("c"))
    assert not Conversion.unscoped.exists()


def test_a_refund_may_come_before_its_sale_when_it_says_its_currency(program):
    refund = {"id": "r1", "sale": "s1", "amount": "20.00", "at": "2026-05-02T00:00:00Z"}
    with pytest.raises(InvalidInput) as refused:
        record(program, "refund", refund)
    assert refused.value.problems[0].code == "required"
    record(program, "refund", refund | {"currency": "USD"})
    record(program, "sale", sale())
    assert record(program, "refund", refund).duplicates == 1
    assert Refund.unscoped.count() == 1


def test_a_sale_in_another_currency_than_its_stored_refund_is_refused(program):
    record(
        program,
        "refund",
        {"id": "r1", "sale": "s1", "amount": "20.00", "currency": "EUR", "at": "2026-05-02T00:00:00Z"},
    )
    with pytest.raises(InvalidInput) as refused:
        record(program, "sale", sale())
    assert refused.value.problems[0].code == "currency_mismatch"


def test_a_customer_may_be_completed_later(program):
    record(program, "customer", {"id": "c1", "email": "Ann@Example.com"})
    found = record(program, "customer", {"id": "c1", "email": "Ann@Example.com", "country": "DE"})
    assert (found.new, found.replaced) == (0, 1)
    assert Customer.unscoped.get().country == "DE"


def test_recording_asks_for_the_settlement_of_the_customer(program):
    record(program, "sale", sale(), sale("s2"))
    record(program, "refund", {"id": "r1", "sale": "s1", "amount": "20.00", "at": "2026-05-02T00:00:00Z"})
    assert list(UnsettledFact.objects.values_list("customer", "cause")) == [("c1", "sale"), ("c1", "refund")]


def test_a_repetition_asks_for_no_settlement(program):
    record(program, "sale", sale())
    UnsettledFact.objects.all().delete()
    record(program, "sale", sale())
    assert not UnsettledFact.objects.exists()


def test_a_touch_of_a_visitor_asks_for_the_settlement_of_the_customer_it_became(program):
    partner = cast.partner(program, external_id="P-7")
    record(program, "customer", {"id": "c9", "visitors": ["v1"]})
    UnsettledFact.objects.all().delete()
    touch = {"id": "t1", "partner": "P-7", "visitor": "v1", "channel": "link", "at": "2026-05-01T00:00:00Z"}
    record(program, "touch", touch)
    assert Touch.unscoped.get().partner == partner
    assert list(UnsettledFact.objects.values_list("customer", flat=True)) == ["c9"]


def test_free_sales_come_in_with_files_only(program):
    with pytest.raises(InvalidInput) as refused:
        record(program, "sale", sale(amount="0.00"))
    assert refused.value.problems[0].code == "amount_must_be_positive"
    assert record(program, "sale", sale(amount="0.00"), source="import").new == 1


def test_a_file_may_repeat_itself_but_not_contradict_itself(program):
    assert record(program, "sale", sale(), sale(), source="import").duplicates == 1
    with pytest.raises(InvalidInput) as refused:
        record(program, "sale", sale("x"), sale("x", amount="1.00"), source="import")
    assert refused.value.problems[0].code == "duplicate_in_batch"


def test_bulk_and_single_rows_store_the_same(program):
    other = make_program()
    items = [
        sale(
            f"s{i}",
            lines=[{"product": "a", "amount": "120.00"}],
            properties={"tier": i % 3, "r": "x\\y"},
        )
        for i in range(700)
    ]
    record(program, "sale", *items)
    for item in items[:3]:
        record(other, "sale", item)
    fields = [f.name for f in Conversion._meta.fields if f.name not in {"id", "program"}]
    bulk = Conversion.unscoped.filter(program=program, external_id__in=["s0", "s1", "s2"]).order_by("external_id")
    single = Conversion.unscoped.filter(program=other).order_by("external_id")
    assert list(bulk.values(*fields)) == list(single.values(*fields))


def test_a_bulk_load_over_known_facts_stores_only_the_new(program):
    items = [sale(f"s{i}") for i in range(1200)]
    record(program, "sale", *items[:600])
    found = record(program, "sale", *items)
    assert (found.new, found.duplicates) == (600, 600)


def test_a_check_says_what_recording_would_say(program):
    record(program, "sale", sale())
    found = check_facts(program, "sale", [sale(), sale("s2"), sale("s3", currency="BTC")], source="import", now=NOW)
    assert (len(found.rows), found.duplicates) == (2, 1)
    assert [(p.code, p.field) for p in found.problems] == [("unknown_currency", "items[2].currency")]
    assert Conversion.unscoped.count() == 1


def at_once(count, work):
    """Run the work in several threads that start together; the results, or the errors."""
    start, results = threading.Barrier(count), []

    def run(number):
        try:
            start.wait()
            results.append(work(number))
        except Exception as error:  # noqa: BLE001
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_look_then_insert_stores_twice_without_the_constraint(self):
        """The race itself: without the permanent key every worker finds nothing and inserts."""
        program = make_program()
        with connection.cursor() as cursor, as_owner(cursor):
            cursor.execute("drop index conversion_external_id")
        looked = threading.Barrier(4)

        def naive(_number):
            found = Conversion.unscoped.filter(program=program, external_id="s1").exists()
            looked.wait()
            if not found:
                Conversion.unscoped.create(
                    program=program, external_id="s1", payload_hash="", recorded_at=NOW, customer="c", at=NOW
                )

        try:
            at_once(4, naive)
            assert Conversion.unscoped.count() == 4
        finally:
            with connection.cursor() as cursor, as_owner(cursor):
                Conversion.unscoped.all().delete()
                cursor.execute(
                    "create unique index conversion_external_id on referrals_conversion (program_id, external_id) "
                    "where retracted_at is null"
                )

    def test_many_workers_with_the_same_sales_store_each_once(self):
        program = make_program()
        items = [sale(f"s{i}") for i in range(20)]
        found = at_once(6, lambda n: record(program, "sale", *(items if n % 2 else items[::-1])))
        assert Conversion.unscoped.count() == 20
        assert sum(result.new for result in found) == 20

    def test_many_bulk_loads_of_the_same_file_store_each_sale_once(self):
        program = make_program()
        items = [sale(f"s{i}") for i in range(800)]
        found = at_once(3, lambda _n: record(program, "sale", *items, source="import"))
        assert Conversion.unscoped.count() == 800
        assert sum(result.new for result in found) == 800

    def test_of_two_contents_for_one_id_exactly_one_wins(self):
        program = make_program()
        found = at_once(6, lambda n: record(program, "sale", sale(amount=f"{n % 2 + 1}.00")))
        assert Conversion.unscoped.count() == 1
        winner = Conversion.unscoped.get().amount_minor
        assert sum(isinstance(result, IdempotencyMismatch) for result in found) == 3
        assert winner in {100, 200}

    @pytest.mark.parametrize("turns", [True, False], ids=["taking turns", "the race itself"])
    def test_a_refund_that_meets_its_sale_asks_for_the_settlement_of_the_customer(self, monkeypatch, turns):
        program, refund = make_program(), {"id": "r1", "sale": "s1", "amount": "1.00", "currency": "USD"}
        refund["at"] = "2026-05-02T00:00:00Z"
        if not turns:
            monkeypatch.setattr("goodword.referrals.services.take_turns", lambda *_: None)

        def record_refund():
            record(program, "refund", refund)
            connections.close_all()

        other = threading.Thread(target=record_refund)
        with transaction.atomic():
            record(program, "sale", sale())
            other.start()
            until(lambda: not other.is_alive() or somebody_waits())
        other.join()
        asked = set(UnsettledFact.objects.values_list("customer", "cause"))
        assert (("c1", "refund") in asked) is turns


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from pg_locks join pg_database on oid = database "
            "where datname = current_database() and locktype = 'advisory' and not granted"
        )
        return cursor.fetchone() is not None


def until(happened, seconds=30):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
