"""What web pages tell with a publishable key: only from allowed hosts, only of visits we saw, and never of money."""

import json
from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.commissions.models import Line
from goodword.commissions.services import settle_program
from goodword.domain.errors import InvalidInput
from goodword.referrals.models import Click, Conversion, Customer, PageLead
from tests import cast

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"


class Page:
    """The script in a page: `page.tell("click", via="spring")`."""

    def __init__(self, text, origin=SHOP):
        self._client, self._headers = cast.with_key(text), {"Origin": origin, "User-Agent": CHROME}

    def send(self, method, what, body="", **more):
        path = f"/api/v1/track/browser/{what}"
        return self._client.generic(method, path, body, content_type="application/json", headers=self._headers | more)

    def tell(self, what, **said):
        return self.send("POST", what, json.dumps(said))

    def proof(self, **said):
        return self.tell("click", **said).json()["visitor"]


@pytest.fixture
def acme():
    made = cast.acme()
    Program.objects.filter(pk=made.program.pk).update(allowed_hosts=["shop.example"])
    made.program.refresh_from_db()
    made.link = cast.link(made.alder, key="spring")
    made.key, made.text = cast.api_key(made.program, "browser")
    made.page = Page(made.text)
    return made


def trusting(acme):
    return Page(cast.api_key(acme.program, "browser", "browser:leads")[1])


def test_a_direct_link_becomes_a_click_of_its_partner_with_what_may_be_kept(acme):
    told = acme.page.tell("click", via="SPRING", referrer="https://blog.example/post?secret=1").json()
    click = Click.unscoped.get()
    assert told["click_id"] == click.public_id
    assert (click.partner, click.referrer_host, click.agent) == (acme.alder, "blog.example", "Chrome on Linux")
    assert (click.network, click.not_attributable) == ("127.0.0.0", "")


def test_the_page_opened_again_through_the_same_link_is_the_same_visit(acme):
    first = acme.page.tell("click", via="spring").json()
    again = acme.page.tell("click", via="spring", click_id=first["click_id"])
    assert (again.status_code, again.json()["click_id"], again.json()["replayed"]) == (200, first["click_id"], True)
    assert Click.unscoped.count() == 1


def test_another_partners_link_is_another_click_of_the_same_browser(acme):
    cast.link(cast.partner(acme.program), key="autumn")
    first = acme.page.tell("click", via="spring").json()
    acme.page.tell("click", via="autumn", click_id=first["click_id"])
    assert len({click.visitor for click in Click.unscoped.all()}) == 1
    assert Click.unscoped.count() == 2


def test_r12_a_machine_that_tells_of_a_visit_is_not_attributed_and_proves_nothing(acme):
    told = acme.page.send("POST", "click", json.dumps({"via": "spring"}), **{"User-Agent": "curl/8.0"})
    assert Click.unscoped.get().not_attributable == "bot"
    answer = acme.page.tell("lead", visitor=told.json()["visitor"], customer="c-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_click")


def test_a_lead_waits_for_somebody_to_vouch_for_it(acme):
    proof = acme.page.proof(via="spring")
    answer = acme.page.tell("lead", visitor=proof, customer={"id": "c-1", "email": "ann@example.com"})
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    lead = PageLead.unscoped.get()
    assert (lead.partner, lead.host, lead.network, lead.customer) == (acme.alder, "shop.example", "127.0.0.0", "c-1")
    assert not Conversion.unscoped.exists()
    assert not Customer.unscoped.exists()


def test_the_click_of_a_redirect_proves_a_visit_too(acme):
    click = cast.click(acme.link, at=timezone.now())
    proof = acme.page.proof(click_id=click.public_id)
    acme.page.tell("lead", visitor=proof, customer="c-1")
    assert PageLead.unscoped.get().click == click.pk


def test_a_confirmed_lead_is_recorded_as_told_by_a_browser_and_credited(acme):
    acme.page.tell("lead", visitor=acme.page.proof(via="spring"), customer="c-1", properties={"plan": "pro"})
    server = cast.with_key(cast.api_key(acme.program, "events:write")[1])
    address = f"/api/v1/page-leads/{PageLead.unscoped.get().public_id}/confirm"
    assert server.post(address).json()["state"] == "counted"
    event = Conversion.unscoped.get()
    assert (event.source, event.name, event.properties) == ("browser", "lead", {"plan": "pro"})
    assert (Customer.unscoped.get().source, Customer.unscoped.get().visitors) == (
        "browser",
        [Click.unscoped.get().visitor],
    )
    again = server.post(address)
    assert (again.status_code, again.json()["code"]) == (409, "lead_decided")


def test_a_refused_lead_is_never_recorded(acme):
    acme.page.tell("lead", visitor=acme.page.proof(via="spring"), customer="c-1")
    bob = cast.sign_in(acme.bob)
    lead = PageLead.unscoped.get()
    bob.post(f"/p/acme/page-leads/{lead.public_id}/refuse", {"reason": "Not one of ours."})
    lead.refresh_from_db()
    assert (lead.state, lead.reason, lead.decided_by) == ("refused", "Not one of ours.", acme.bob)
    assert bob.post(f"/p/acme/page-leads/{lead.public_id}/confirm").status_code == 302
    assert not Conversion.unscoped.exists()


def test_leads_of_new_customers_count_at_once_where_the_key_says_so(acme):
    page = trusting(acme)
    told = page.tell("lead", visitor=page.proof(via="spring"), customer="c-1").json()
    assert told["state"] == "counted"
    assert Conversion.unscoped.get().external_id == told["id"]


def test_r13_a_page_cannot_take_a_known_customer_for_a_partner(acme):
    cast.customer(acme.program, external_id="c-1", visitors=["v-own"])
    page = trusting(acme)
    assert page.tell("lead", visitor=page.proof(via="spring"), customer="c-1").json()["state"] == "waiting"
    assert Customer.unscoped.get().visitors == ["v-own"]


@pytest.mark.parametrize("kind", ["sale", "refund"])
def test_r13_a_page_cannot_tell_of_money(acme, kind):
    answer = trusting(acme).tell(kind, id="s-1", amount="9999.00")
    assert (answer.status_code, answer.json()["code"]) == (422, "server_only")
    assert "server" in answer.json()["errors"][0]["remedy"]


def test_the_same_lead_told_again_is_one_and_takes_no_id_of_a_server(acme):
    page = trusting(acme)
    proof = page.proof(via="spring")
    first, again = (page.tell("lead", visitor=proof, customer="c-1", id="order-1") for _ in range(2))
    assert (first.status_code, again.status_code, again.json()["replayed"]) == (202, 200, True)
    assert Conversion.unscoped.get().external_id.startswith("web-")


@pytest.mark.parametrize("change", ["", "other program", "old", "cut"])
def test_a_stranger_cannot_make_up_a_visitor(acme, change):
    visit = cast.click(acme.link, at=timezone.now())
    salt = f"goodword.page-visit.{cast.program().pk if change == 'other program' else acme.program.pk}"
    proof = {
        "": "tch_01m81gb1vyfg0tp2mnwf65a4cz",
        "other program": signing.dumps(visit.public_id, salt=salt),
        "old": "eyJ4IjoxfQ:1aaaaa:abc",
        "cut": acme.page.proof(via="spring")[:-2],
    }[change]
    answer = acme.page.tell("lead", visitor=proof, customer="c-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_visitor")
    assert not PageLead.unscoped.exists()


def test_b56_a_click_id_that_is_made_up_of_elsewhere_or_too_old_proves_nothing(acme):
    eve = cast.eve()
    elsewhere = cast.click(cast.link(eve.partner), at=timezone.now())
    old = cast.click(acme.link, at=timezone.now() - timedelta(days=91))
    for click in ("tch_01m81gb1vyfg0tp2mnwf65a4cz", elsewhere.public_id, old.public_id):
        answer = acme.page.tell("click", click_id=click)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_click")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://shop.example.evil.example", "null", "", "https://["]
)
def test_pages_on_other_hosts_are_refused_and_learn_nothing(acme, origin):
    answer = Page(acme.text, origin).tell("click", via="spring")
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in answer
    assert not Click.unscoped.exists()


@pytest.mark.parametrize(
    ("origin", "allowed"), [(SHOP, True), ("https://www.shop.example", True), ("https://evil.example", False)]
)
def test_a_preflight_lets_pages_on_allowed_hosts_call(acme, origin, allowed):
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    answer = Page("", origin).send("OPTIONS", "lead", **asks)
    assert (answer.status_code, answer["Vary"]) == (204, "Origin")
    assert answer.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert answer.get("Access-Control-Allow-Headers") == ("authorization, content-type" if allowed else None)
    assert "Access-Control-Allow-Credentials" not in answer


def test_the_page_can_read_why_it_was_refused(acme):
    answer = acme.page.tell("lead", visitor="x")
    assert answer.status_code == 422
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert {problem["field"] for problem in answer.json()["errors"]} == {"customer"}


def test_a_key_for_pages_opens_nothing_else(acme):
    for path in ("/api/v1/sales", "/api/v1/customers"):
        answer = acme.page._client.get(path, headers={"Origin": SHOP})
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")
    assert acme.page._client.post("/api/v1/track/sale", {}, headers={"Origin": SHOP}).status_code == 403


def test_a_key_for_pages_has_no_secret_and_can_be_read_again(acme):
    listed = cast.sign_in(acme.olga).get("/p/acme/settings/keys").content.decode()
    assert acme.text in listed
    assert acme.text.startswith("gw_pub_")
    secret = acme.text.replace("gw_pub_", "gw_live_")
    assert cast.with_key(secret).get("/api/v1/sales").status_code == 401


def test_a_key_is_for_pages_or_for_servers(acme):
    for scopes in (("browser", "manage"), ("browser:leads",)):
        with pytest.raises(InvalidInput) as refused:
            cast.api_key(acme.program, *scopes)
        assert refused.value.problems[0].code == "mixed_scopes"


def test_a_revoked_key_ends_at_once(acme):
    acme.key.revoked_at = timezone.now()
    acme.key.save()
    assert acme.page.tell("click", via="spring").json()["code"] == "key_revoked"


def test_r06_one_visitor_cannot_send_leads_by_the_dozen(acme):
    proof = acme.page.proof(via="spring")
    answers = [acme.page.tell("lead", visitor=proof, customer=f"c-{number}") for number in range(7)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 2
    assert int(answers[-1]["Retry-After"]) > 0
    assert PageLead.unscoped.count() == 5


def test_r12_one_network_cannot_make_visits_by_the_hundred(acme, monkeypatch):
    monkeypatch.setattr("goodword.api.browser.NETWORK_BURST", 3.0)
    answers = [acme.page.tell("click", via="spring") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202] * 3 + [429] * 2
    assert Click.unscoped.count() == 3


def test_a_page_cannot_use_up_the_idempotency_keys_of_servers(acme):
    acme.page.send("POST", "click", json.dumps({"via": "spring"}), **{"Idempotency-Key": "order-1"})
    server = cast.with_key(cast.api_key(acme.program, "events:write")[1])
    body = json.dumps({"via": "spring"})
    answer = server.post(
        "/api/v1/track/click", body, content_type="application/json", headers={"Idempotency-Key": "order-1"}
    )
    assert answer.status_code == 202


def test_a_waiting_lead_pays_nobody_and_a_confirmed_one_pays_as_any(acme):
    acme.page.tell("lead", visitor=acme.page.proof(via="spring"), customer="c-1")
    now = timezone.now()
    sale = {
        "id": "s-1",
        "customer": "c-1",
        "currency": "EUR",
        "amount": "100.00",
        "at": (now + timedelta(seconds=1)).isoformat(),
    }
    server = cast.with_key(cast.api_key(acme.program, "events:write")[1])
    assert server.post("/api/v1/track/sale", json.dumps(sale), content_type="application/json").status_code == 202
    settle_program(acme.program, now=now + timedelta(seconds=5))
    assert not Line.unscoped.exists()
    server.post(f"/api/v1/page-leads/{PageLead.unscoped.get().public_id}/confirm")
    settle_program(acme.program, now=now + timedelta(seconds=6))
    assert Line.unscoped.get().amount_minor == 2_000


def test_the_list_of_leads_shows_what_waits_and_where_it_came_from(acme):
    acme.page.tell("lead", visitor=acme.page.proof(via="spring"), customer="c-1")
    shown = cast.sign_in(acme.bob).get("/p/acme/page-leads").content.decode()
    for words in ("1 lead waits", "c-1", "shop.example", "Alder Advice", "Confirm"):
        assert words in shown
    listed = cast.with_key(cast.api_key(acme.program, "read")[1]).get("/api/v1/page-leads").json()["items"]
    assert [(one["customer"], one["state"], one["host"]) for one in listed] == [("c-1", "waiting", "shop.example")]


def test_the_link_of_a_paused_partner_counts_no_visit(acme):
    acme.alder.status = "paused"
    with active_program(acme.program):
        acme.alder.save()
    answer = acme.page.tell("click", via="spring")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_link")


def test_b05_a_page_writes_strict_json_too(acme):
    answer = acme.page.send("POST", "click", '{"via": "spring", "via": "other"}')
    assert (answer.status_code, answer.json()["code"]) == (400, "duplicate_key")


def test_a_live_test_follows_a_lead_of_a_page(acme):
    trial = cast.live_test(acme.link, started_at=timezone.now())
    proof = acme.page.proof(click_id=trial.click)
    assert acme.page.tell("lead", visitor=proof, customer="c-1").status_code == 202
