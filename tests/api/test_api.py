"""The REST API as a caller sees it: facts in once, everything readable, pages that lose nothing."""

import json
from datetime import timedelta

import pytest
from django.db.models import F

from goodword.accounts.scope import active_program
from goodword.api import limits
from goodword.api.models import Bucket
from goodword.api.v1 import description
from goodword.domain.ids import uuid7
from goodword.ledger.services import post
from goodword.referrals.models import Conversion
from tests import cast
from tests.api.client import Caller, sale
from tests.books import accrued

PNG = b"\x89PNG"


@pytest.fixture
def acme(db):
    return cast.acme()


@pytest.fixture
def api(acme):
    return Caller(acme.program)


def test_a_sale_is_recorded_and_reads_as_it_was_sent(api):
    sent = sale(tax="20.00", lines=[{"product": "a", "amount": "100.00", "quantity": 2}], properties={"size": 1.5})
    made = api.post("/sales", sent)
    assert made.status_code == 201, made.content
    assert {**made.json(), **sent} == made.json()
    assert api.get("/sales/s-1").json() == made.json()


def test_the_same_sale_again_gets_the_first_answer_again(api):
    first = api.post("/sales", sale())
    again = api.post("/sales", sale(amount="120.0"))
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


def test_a_batch_answers_in_the_order_given_and_the_same_again(api):
    batch = {"items": [sale("b"), sale("a")]}
    first = api.post("/sales/batch", batch)
    assert [item["id"] for item in first.json()["items"]] == ["b", "a"]
    assert api.post("/sales/batch", batch).json() == first.json()


def test_every_kind_of_fact_can_be_sent_read_and_listed(api, acme):
    at = "2026-05-01T09:30:00Z"
    partner = acme.alder.public_id
    for plural, fact in {
        "customers": {"id": "c-1", "email": "ann@example.com", "visitors": ["v-1"]},
        "touches": {"id": "t-1", "partner": partner, "visitor": "v-1", "channel": "form", "at": at},
        "sales": sale(),
        "events": {"id": "e-1", "name": "lead", "customer": "c-1", "value": "10.00", "at": at},
        "refunds": {"id": "r-1", "sale": "s-1", "amount": "1.00", "at": at},
        "cancels": {"id": "x-1", "sale": "s-1", "at": at},
        "credits": {
            "id": "k-1",
            "customer": "c-1",
            "shares": [{"partner": partner, "percent": "60%"}],
            "reason": "they met",
            "at": at,
        },
        "rates": {"id": "f-1", "from": "USD", "to": "EUR", "rate": "0.91", "at": at},
    }.items():
        made = api.post(f"/{plural}", fact)
        assert made.status_code == 201, (plural, made.content)
        assert {**made.json(), **fact} == made.json()
        assert api.get(f"/{plural}/{fact['id']}").json() == made.json()
        assert api.get(f"/{plural}").json()["items"] == [made.json()]


def test_a_customer_can_be_put_again_with_more(api):
    assert api.put("/customers/c-1", {"email": "first@example.com"}).status_code == 201
    api.post("/customers", {"id": "c-1", "email": "ann@example.com"})
    again = api.put("/customers/c-1", {"email": "ann@example.com", "country": "DE"})
    assert (again.status_code, again.json()["country"]) == (200, "DE")
    assert api.put("/customers/c-1", {"id": "c-2"}).json()["code"] == "id_mismatch"


def test_ids_with_slashes_and_spaces_can_be_read(api):
    api.post("/sales", sale())
    made = api.post("/sales", sale("shop 7/2026 é"))
    assert api.get("/sales?id=shop%207%2F2026%20%C3%A9").json()["items"] == [made.json()]
    spaced = api.post("/sales", sale("shop 8 é"))
    assert api.get("/sales/shop%208%20%C3%A9").json() == spaced.json()


def test_partners_are_made_changed_paused_and_resumed(api):
    api.post("/groups", {"key": "gold", "name": "Gold"})
    made = api.post(
        "/partners", {"name": "Bright", "external_id": "P-7", "group": "gold", "domains": ["bright.example"]}
    )
    assert made.status_code == 201, made.content
    path = f"/partners/{made.json()['id']}"
    assert api.patch(path, {"country": "DE"}).json() == {**made.json(), "country": "DE"}
    emptied = api.patch(path, {"country": None, "group": None, "domains": None}).json()
    assert (emptied.get("country"), emptied.get("group"), emptied["domains"]) == (None, None, [])
    assert api.patch(path, {"name": None}).json()["code"] == "required"
    assert api.post(f"{path}/pause", {"reason": "no answer"}).json()["status"] == "paused"
    assert api.post(f"{path}/resume", "").json()["status"] == "active"
    found = api.get("/partners?external_id=P-7").json()["items"]
    assert [one["name"] for one in found] == ["Bright"]


def test_partners_are_put_on_published_terms(api, acme):
    document = {"rules": [{"key": "all", "on": "sale", "pay": {"percent": "30%"}}]}
    assert api.post("/terms", {"key": "gold", "name": "Gold"}).status_code == 201
    made = api.post("/terms/gold/versions", {"document": document, "note": "more"})
    assert made.status_code == 201, made.content
    agreed = api.post(
        "/agreements", {"partner": acme.alder.public_id, "terms": "gold@1", "starts_at": "2026-12-01T00:00:00Z"}
    )
    assert agreed.status_code == 201, agreed.content
    assert api.get(f"/agreements/{agreed.json()['id']}").json() == agreed.json()
    assert api.get("/terms/gold/versions/1").json() == made.json()
    assert {one["key"]: one.get("latest") for one in api.get("/terms").json()["items"]} == {"standard": 1, "gold": 1}


def test_links_and_codes_are_made_shown_and_revoked(api, acme):
    partner = acme.alder.public_id
    link = api.post("/links", {"partner": partner, "destination": "https://shop.example/x", "key": "Alder-Go"}).json()
    assert link["url"].endswith("/r/acme/alder-go")
    code = api.post("/codes", {"partner": partner, "key": "ALDER10", "offer": "10% off"}).json()
    for path in (f"/links/{link['id']}", f"/codes/{code['id']}"):
        assert api.get(f"{path}/qr").content.startswith(b"<svg")
        assert api.get(f"{path}/qr?format=png").content.startswith(PNG)
        assert "revoked_at" in api.post(f"{path}/revoke", {"reason": "over"}).json()
        assert "revoked_at" in api.get(path).json()


def test_what_facts_came_to_can_be_read(api, acme):
    line = cast.line(acme.alder, line="l-1", steps=[{"do": "basis"}])
    cast.outcome(acme.program, conversion="s-9")
    payout = cast.payout(acme.alder)
    assert api.get("/commission-lines").json()["items"][0]["amount"] == "20.00"
    assert "steps" not in api.get("/commission-lines").json()["items"][0]
    assert api.get(f"/commission-lines/{line.line}").json()["steps"] == [{"do": "basis"}]
    assert api.get("/outcomes?conversion=s-9").json()["items"] == [{"conversion": "s-9", "outcome": "no_touch"}]
    assert api.get(f"/payouts/{payout.public_id}").json()["amount"] == "20.00"
    assert api.get("/balances").json() == {"items": []}
    assert Caller(acme.program, "read").get("/ledger/transactions").json() == {"items": []}
    assert api.get("/program").json()["document"]["currency"] == "EUR"


def test_the_journal_of_one_line_is_listed(api, acme):
    with active_program(acme.program):
        post(acme.program, [accrued(acme.alder, line="l-1"), accrued(acme.alder, line="l-2")], now=cast.NOW)
    found = api.get("/ledger/transactions?line=l-2").json()["items"]
    assert [one["memo"] for one in found] == ["Commission l-2"]
    assert api.get("/ledger/transactions?line=l-3").json() == {"items": []}


def test_an_idempotency_key_carries_a_request_out_once(api):
    first = api.post("/groups", {"key": "gold", "name": "Gold"}, **{"Idempotency-Key": "k-1"})
    again = api.post("/groups", {"key": "gold", "name": "Gold"}, **{"Idempotency-Key": "k-1"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.get("/groups").json()["items"]) == 1


def test_a_refused_request_does_not_use_up_its_idempotency_key(api):
    bad = api.post("/groups", {"key": "gold"}, **{"Idempotency-Key": "k-1"})
    good = api.post("/groups", {"key": "gold", "name": "Gold"}, **{"Idempotency-Key": "k-1"})
    assert (bad.status_code, good.status_code) == (422, 201)


def test_a_key_with_too_few_scopes_changes_nothing(acme):
    reader = Caller(acme.program, "read")
    assert reader.post("/sales", sale()).status_code == 403
    assert not Conversion.unscoped.exists()


def test_the_same_id_in_two_programs_is_two_sales(api, db):
    other = Caller(cast.eve().program)
    api.post("/sales", sale())
    assert other.get("/sales/s-1").status_code == 404
    assert other.post("/sales", sale(amount="1.00")).status_code == 201


def test_lists_use_the_same_number_of_queries_whatever_their_length(api, acme, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def grow(number):
        extra = cast.partner(acme.program, group=cast.group(acme.program))
        cast.agreement(extra)
        cast.line(extra, conversion=f"s-{number}")
        cast.payout(extra)
        for make in (cast.link, cast.code, cast.touch):
            make(extra)
        api.post("/sales", sale(f"s-{number}"))
        api.post("/customers", {"id": f"c-{number}"})

    lists = [path for path, item in description()["paths"].items() if "get" in item and "{" not in path]
    lists = [path.removeprefix("/api/v1") for path in lists if not path.endswith("/program")]
    reader = Caller(acme.program, "read", "manage")
    grow(0)

    def count(path):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert reader.get(path).status_code == 200
        # A key takes a new lease of calls now and then, whatever the list: that is not the list's.
        return len([query for query in seen if "api_bucket" not in query["sql"]])

    few = {path: count(path) for path in lists}
    for number in range(1, 6):
        grow(number)
    assert {path: count(path) for path in lists} == few


def test_a_page_of_a_list_shows_each_row_once_while_rows_come_and_go(api):
    for number in range(9):
        api.post("/sales", sale(f"s-{number}", at=f"2026-05-0{number + 1}T00:00:00Z"))
    seen, path = [], "/sales?limit=2"
    for turn in range(20):
        page = api.get(path).json()
        seen += [one["id"] for one in page["items"]]
        if turn == 1:
            Conversion.unscoped.filter(external_id__in=["s-8", "s-4"]).update(retracted_at=cast.NOW)
            api.post("/sales", sale("new", at="2026-05-31T00:00:00Z"))
        if "next" not in page:
            break
        path = f"/sales?limit=2&cursor={page['next']}"
    assert len(seen) == len(set(seen))
    assert set(seen) >= {f"s-{number}" for number in (7, 6, 5, 3, 2, 1, 0)}


def test_the_description_names_every_operation_with_its_refusals():
    document = description()
    assert document["openapi"] == "3.1.0"
    for path, item in document["paths"].items():
        for method, operation in item.items():
            wanted = {"400", "401", "403", "404", "422", "429"} | ({"409", "413", "415"} if method != "get" else set())
            assert wanted <= set(operation["responses"]), (path, method)
            named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert named == {part.strip("{}") for part in path.split("/") if part.startswith("{")}, path


def test_what_may_be_left_out_of_an_answer_is_not_called_required():
    for name, schema in description()["components"]["schemas"].items():
        for field, one in schema.get("properties", {}).items():
            nullable = {"type": "null"} in one.get("anyOf", [])
            assert not (nullable and field in schema.get("required", [])), f"{name}.{field}"


def test_the_description_is_served_to_everybody(client, db):
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert json.loads(answer.content)["info"]["title"] == "Goodword"


def test_a_key_that_calls_too_often_is_told_to_wait(api, monkeypatch):
    monkeypatch.setattr(limits, "BURST", 2)
    monkeypatch.setattr(limits, "PER_SECOND", 0.01)
    limits._leases.clear()
    answers = [api.get("/sales") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "rate_limited"
    assert 1 < int(answers[2].headers["Retry-After"]) <= 101


@pytest.mark.django_db
def test_the_limit_holds_over_processes(monkeypatch):
    """A process that forgets its leases stands for another one: both take from one bucket."""
    monkeypatch.setattr(limits, "BURST", 60)
    monkeypatch.setattr(limits, "PER_SECOND", 0.01)
    taken, key = 0, str(uuid7())
    for _ in range(4):
        limits._leases.clear()
        while limits.take(key, 1000.0) == 0:
            taken += 1
    assert taken == 60
    limits._leases.clear()
    assert limits.take(str(uuid7()), 1000.0) == 0


@pytest.mark.django_db
def test_tokens_come_back_with_time(monkeypatch):
    monkeypatch.setattr(limits, "BURST", 2)
    monkeypatch.setattr(limits, "PER_SECOND", 0.1)
    key = str(uuid7())
    assert [limits.take(key, 0.0) == 0 for _ in range(3)] == [True, True, False]
    Bucket.objects.filter(key=key).update(since=F("since") - timedelta(seconds=11))
    assert limits.take(key, 0.0) == 0


@pytest.mark.django_db
def test_a_key_that_calls_now_and_then_wastes_no_tokens(monkeypatch):
    monkeypatch.setattr(limits, "PER_SECOND", 0.01)
    key = str(uuid7())
    for second in range(10):
        assert limits.take(key, float(2 * second)) == 0
    assert Bucket.objects.get(key=key).tokens == pytest.approx(limits.BURST - 10, abs=0.1)


@pytest.mark.django_db
def test_a_busy_key_asks_the_database_seldom(monkeypatch, django_assert_max_num_queries):
    key = str(uuid7())
    with django_assert_max_num_queries(12):
        assert all(limits.take(key, 0.0) == 0 for _ in range(180))
