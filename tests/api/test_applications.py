"""Applications through the API: the same partner comes out of them as on the page."""

import pytest

from goodword.accounts.scope import active_program
from goodword.partners.models import Partner, PartnerUser
from goodword.payouts.models import PayoutRun
from goodword.referrals.models import Link
from tests import cast
from tests.api.client import Caller
from tests.payouts.test_runs import payee

pytestmark = pytest.mark.django_db
ANN = {"name": "Ann's Blog", "contact_name": "Ann", "email": "ann@blog.example", "audience": "Runners"}


@pytest.fixture
def acme():
    found = cast.acme()
    type(found.program).objects.filter(pk=found.program.pk).update(
        site_url="https://shop.example.com/", allowed_hosts=["shop.example.com"]
    )
    return found


@pytest.fixture
def api(acme):
    return Caller(acme.program)


def test_an_approved_applicant_has_terms_a_seat_and_a_first_link(api, acme):
    sent = api.post("/applications", ANN)
    assert sent.status_code == 201, sent.content
    approved = api.post(f"/applications/{sent.json()['id']}/approve", {})
    assert approved.status_code == 200, approved.content
    partner = approved.json()["partner"]
    links = api.get(f"/links?partner={partner}").json()["items"]
    assert [(link["label"], link["destination"]) for link in links] == [("First link", "https://shop.example.com/")]
    assert api.get(f"/agreements?partner={partner}").json()["items"]
    assert PartnerUser.unscoped.filter(partner__name="Ann's Blog").count() == 1


def test_a_decided_application_is_not_decided_again(api, acme):
    one = cast.application(acme.program).public_id
    assert api.post(f"/applications/{one}/reject", {"reason": "No fit"}).json()["status"] == "rejected"
    assert api.post(f"/applications/{one}/approve", {}).status_code == 409
    assert not Link.unscoped.filter(label="First link").exists()


def test_who_applies_must_be_reachable_and_waits_once(api):
    assert {problem["field"] for problem in api.post("/applications", {"name": "Ann"}).json()["errors"]} == {
        "contact_name",
        "email",
    }
    api.post("/applications", ANN)
    again = api.post("/applications", ANN)
    assert (again.status_code, again.json()["code"]) == (409, "already_applied")


def test_a_key_that_only_reads_sees_where_an_address_leads_and_not_whose_it_is(acme):
    cast.application(acme.program, email="ann@blog.example")
    reader, manager = Caller(acme.program, "read"), Caller(acme.program, "manage")
    assert reader.get("/applications").json()["items"][0]["email"] == "a•••@blog.example"
    assert manager.get("/applications").json()["items"][0]["email"] == "ann@blog.example"
    Partner.unscoped.filter(pk=acme.alder.pk).update(email="alice@alder.example", emails=["al@alder.example"])
    seen = reader.get(f"/partners/{acme.alder.public_id}").json()
    assert (seen["email"], seen["emails"]) == ("a•••@alder.example", ["a•••@alder.example"])


@pytest.mark.parametrize(("document", "said"), [({}, "are empty"), ({"rules": []}, "have no rule")])
def test_terms_that_pay_nothing_are_not_published(api, acme, document, said):
    api.post("/terms", {"key": "gold", "name": "Gold"})
    refused = api.post("/terms/gold/versions", {"document": document})
    problem = refused.json()["errors"][0]
    assert refused.status_code == 422
    assert (problem["field"], problem["code"]) == ("rules", "required")
    assert said in problem["detail"]
    assert "add a rule" in problem["remedy"]


def test_rates_over_the_whole_sale_are_not_published_by_a_program_alone(api, acme):
    document = {"rules": [{"key": "launch", "pay": {"percent": "101%"}}]}
    refused = api.post("/terms/standard/versions", {"document": document})
    assert (refused.status_code, refused.json()["code"]) == (409, "second_person_needed")
    assert "“launch” pays 101%" in refused.json()["detail"]


def test_numbers_of_a_document_come_back_as_they_were_sent(api, acme):
    sent = '{"document": {"rules": [{"key": "a", "pay": {"percent": "5%"}, "when": {"properties.size": 1.50}}]}}'
    made = api.post("/terms/standard/versions", sent)
    assert made.status_code == 201, made.content
    assert b"1.5" in made.content
    assert b'"1.5' not in made.content


def test_a_paused_program_records_facts_and_decides_nothing(api, acme):
    type(acme.program).objects.filter(pk=acme.program.pk).update(status="paused")
    at = "2026-05-01T09:30:00Z"
    sold = {"id": "s", "customer": "c", "currency": "EUR", "amount": "1.00", "at": at}
    assert api.post("/sales", sold).status_code == 201
    assert api.put("/customers/c", {"email": "ann@example.com"}).status_code == 201
    refused = api.post("/applications", ANN)
    assert (refused.status_code, refused.json()["code"]) == (403, "program_paused")


def test_a_key_prepares_a_run_and_no_more(acme):
    with active_program(acme.program):
        payee(acme.program, "Ada", l1=6000)
    key = Caller(acme.program, "payouts:write")
    run = key.post("/payout-runs", {"currency": "EUR"})
    assert run.status_code == 201, run.content
    assert (run.json()["state"], run.json()["amount"], len(run.json()["payouts"])) == ("prepared", "60.00", 1)
    assert "account" not in run.json()["payouts"][0]
    assert key.get("/payouts").status_code == 403
    assert PayoutRun.unscoped.get().prepared_by == key.key.created_by
    assert key.post("/payout-runs", {"currency": "EUR"}).json()["code"] == "nothing_to_pay"
