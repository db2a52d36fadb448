"""Webhooks by API: endpoints, the log, sending again; refusals at saving with their codes (B36 to B44)."""

import pytest

from goodword.accounts.models import AuditEntry
from goodword.api.models import AnsweredCall
from goodword.webhooks.models import Endpoint
from tests import cast
from tests.webhooks.receiver import Clock, receiving
from tests.webhooks.scene import sale, tell

pytestmark = pytest.mark.django_db
PATH = "/api/v1/webhook-endpoints"


@pytest.fixture
def acme():
    return cast.acme()


@pytest.fixture
def client(acme):
    return cast.with_key(cast.api_key(acme.program, "manage")[1])


def post(client, path=PATH, **body):
    return client.post(path, body, content_type="application/json")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"url": "http://crm.example.com/"}, "https_required"),  # B36
        ({"url": "https://10.0.0.1/"}, "private_address"),  # B37
        ({"url": "https://[64:ff9b::a00:1]/"}, "private_address"),  # B38
        ({"url": "https://2130706433/"}, "private_address"),  # B39
        ({"url": "https://a:b@crm.example.com/"}, "invalid_url"),  # B42
        ({"url": "https://crm.example.com:6379/"}, "port_not_allowed"),  # B42
        ({"url": "https://testserver.example.com/"}, "self_target"),  # B43
        ({"headers": {"X-A": "b\r\nHost: c"}}, "invalid_header"),  # B44
        ({"kinds": ["sale.recorder"]}, "unknown_event"),
        ({"kinds": []}, "required"),
    ],
)
def test_b36_to_b44_what_may_not_be_is_refused_at_saving(client, settings, wish, code):
    settings.BASE_URL = "https://testserver.example.com"
    answer = post(client, **({"url": "https://crm.example.com/", "kinds": ["*"]} | wish))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not Endpoint.unscoped.exists()


def test_everything_that_is_wrong_is_told_at_once(client):
    answer = post(client, url="http://a.example.com", kinds=["x"], headers={"Host": "b"})
    assert {one["code"] for one in answer.json()["errors"]} == {"https_required", "unknown_event", "reserved_header"}


def test_the_secret_is_in_the_first_answer_alone(client):
    wish = {"url": "https://crm.example.com/", "kinds": ["sale.recorded"], "headers": {"X-Token": "theirs"}}
    once = {"headers": {"Idempotency-Key": "k-1"}, "content_type": "application/json"}
    first, again = (client.post(PATH, wish, **once) for _ in range(2))
    assert first.json()["secret"].startswith("whsec_")
    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert "secret" not in again.json()
    assert "whsec_" not in str(AnsweredCall.unscoped.values_list("answer", flat=True))
    shown = client.get(f"{PATH}/{first.json()['id']}").json()
    assert (shown["header_names"], shown["state"]) == (["X-Token"], "new")
    assert "theirs" not in str(shown)


def test_an_endpoint_is_changed_switched_off_and_on(client):
    made = post(client, url="https://crm.example.com/", kinds=["*"]).json()
    path = f"{PATH}/{made['id']}"

    def patch(**body):
        return client.patch(path, body, content_type="application/json")

    assert patch(kinds=["sale.recorded"], description="The CRM").json()["kinds"] == ["sale.recorded"]
    assert patch(enabled=False).json()["state"] == "off"
    assert post(client, f"{path}/test").json()["code"] == "endpoint_off"
    assert patch(enabled=True).json()["enabled"] is True
    assert patch(url=None).status_code == 422
    assert patch(url="https://127.0.0.1/").status_code == 422


def test_the_log_is_read_and_sent_again(acme, client, settings):
    with receiving() as receiver:
        settings.WEBHOOK_LOOPBACK = frozenset({receiver.name})
        made = post(client, url=receiver.url, kinds=["sale.recorded"]).json()
        sale(acme.program, "s-1")
        clock = Clock(AuditEntry.objects.latest("at").at)
        tell(clock)
        (listed,) = client.get(f"/api/v1/webhook-deliveries?endpoint={made['id']}&state=delivered").json()["items"]
        one = client.get(f"/api/v1/webhook-deliveries/{listed['id']}").json()
        assert (one["payload"]["data"]["id"], [a["status"] for a in one["attempts"]]) == ("s-1", [204])
        assert post(client, f"/api/v1/webhook-deliveries/{listed['id']}/replay").status_code == 202
        again = post(client, f"{PATH}/{made['id']}/replay", since="2020-01-01T00:00:00Z", delivered=True)
        assert again.json() == {"events": 1}
        assert post(client, f"{PATH}/{made['id']}/test").status_code == 202


def test_a_key_that_only_reads_sees_no_webhook(acme):
    reader = cast.with_key(cast.api_key(acme.program, "read")[1])
    assert reader.get(PATH).status_code == 403
