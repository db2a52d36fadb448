"""Clicks that a program's server tells of: once under their id, and in batches, all or none."""

import pytest

from goodword.referrals.models import Click, ToldClick
from tests import cast
from tests.api.client import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    made = cast.acme()
    cast.link(made.alder, key="spring")
    cast.link(made.alder, key="autumn")
    return Caller(made.program)


def test_f14_a_click_told_again_under_its_id_is_one(api):
    first, again = (api.post("/track/click", {"id": "visit-1", "via": "spring"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == first.json() | {"replayed": True}
    assert Click.unscoped.count() == ToldClick.unscoped.count() == 1


def test_b13_the_id_of_another_click_is_a_conflict(api):
    api.post("/track/click", {"id": "visit-1", "via": "spring"})
    answer = api.post("/track/click", {"id": "visit-1", "via": "autumn"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_mismatch")
    assert Click.unscoped.count() == 1


def test_a_batch_of_clicks_is_stored_with_its_known_ones_answered(api):
    first = api.post("/track/click", {"id": "visit-0", "via": "spring"}).json()
    items = [{"id": f"visit-{number}", "via": "SPRING", "visitor": "v-1"} for number in range(1, 4)]
    answer = api.post("/track/click/batch", {"items": [{"id": "visit-0", "via": "spring"}, *items, {"via": "autumn"}]})
    told = answer.json()["items"]
    assert (answer.status_code, told[0]) == (202, first | {"replayed": True})
    assert [one["replayed"] for one in told] == [True, False, False, False, False]
    assert {one["visitor"] for one in told[1:4]} == {"v-1"}
    assert Click.unscoped.count() == 5


def test_b16_a_batch_with_wrong_clicks_stores_none_and_names_each(api):
    answer = api.post("/track/click/batch", {"items": [{"via": "spring"}, {"via": "nobodys"}, {"vai": "spring"}]})
    assert answer.status_code == 422
    assert {problem["field"] for problem in answer.json()["errors"]} == {"items[2].via", "items[2].vai"}
    answer = api.post("/track/click/batch", {"items": [{"via": "spring"}, {"via": "nobodys"}]})
    assert [problem["field"] for problem in answer.json()["errors"]] == ["items[1].via"]
    assert not Click.unscoped.exists()


def test_b17_an_id_twice_in_a_batch_is_refused_with_both_places(api):
    answer = api.post("/track/click/batch", {"items": [{"id": "v", "via": "spring"}] * 2})
    problem = answer.json()["errors"][0]
    assert (answer.status_code, problem["code"], problem["field"]) == (422, "duplicate_in_batch", "items[1].id")
    assert "at 0 and at 1" in problem["detail"]


def test_b18_a_batch_over_the_limit_is_refused_with_the_limit(api):
    answer = api.post("/track/click/batch", {"items": [{"via": "spring"}] * 1001})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_items")


def test_the_same_idempotency_key_stores_one_click(api):
    answers = [api.post("/track/click", {"via": "spring"}, **{"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert answers[0].json()["click_id"] == answers[1].json()["click_id"]
    assert Click.unscoped.count() == 1
