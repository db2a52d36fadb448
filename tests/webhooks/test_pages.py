"""The pages of webhooks, clicked through as people do; who may see a secret."""

import pytest
from django.utils import timezone

from goodword.webhooks.models import Endpoint
from tests import cast
from tests.webhooks.receiver import Clock, receiving
from tests.webhooks.scene import sale, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return cast.acme()


def office(acme, path=""):
    return f"/p/{acme.program.slug}/settings/webhooks{path}"


def test_an_owner_adds_a_webhook_and_reads_its_secret_once(acme):
    olga = cast.sign_in(acme.olga)
    given = {
        "url": "https://crm.example.com/in",
        "description": "Our CRM",
        "everything": "on",
        "headers": "X-Token: abc",
    }
    made = olga.post(office(acme, "/new"), given)
    endpoint = Endpoint.unscoped.get()
    assert b"whsec_" in made.content
    page = olga.get(office(acme, f"/{endpoint.public_id}")).content.decode()
    assert "whsec_" not in page
    assert "X-Token" in page
    assert "abc" not in page.partition("<dl")[2].partition("</dl>")[0]


def test_a_refused_address_says_why_beside_its_field(acme):
    answer = cast.sign_in(acme.olga).post(office(acme, "/new"), {"url": "https://10.0.0.1/", "everything": "on"})
    assert answer.status_code == 422
    assert "is no public address" in answer.content.decode()


def test_a_manager_works_with_webhooks_but_sees_no_secret(acme):
    endpoint = cast.webhook(acme.program)
    bob = cast.sign_in(acme.bob)
    assert bob.get(office(acme, f"/{endpoint.public_id}")).status_code == 200
    assert bob.get(office(acme, "/new")).status_code == 403
    assert bob.post(office(acme, f"/{endpoint.public_id}/secret")).status_code == 403
    assert cast.sign_in(acme.vic).get(office(acme)).status_code == 403


def test_the_log_shows_what_came_back_and_sends_again(acme, settings):
    with receiving(500) as receiver:
        settings.WEBHOOK_LOOPBACK = frozenset({receiver.name})
        olga = cast.sign_in(acme.olga)
        olga.post(office(acme, "/new"), {"url": receiver.url, "everything": "on"})
        endpoint = Endpoint.unscoped.get()
        sale(acme.program, "s-1")
        clock = Clock(timezone.now())
        tell(clock)
        page = olga.get(office(acme, f"/{endpoint.public_id}")).content.decode()
        assert "A sale was recorded." in page
        assert "It did not answer with 2xx" in page
        today = f"{timezone.now():%Y-%m-%d}"
        receiver.answers = [204]
        olga.post(office(acme, f"/{endpoint.public_id}/again"), {"since": today, "until": today})
        clock.at = timezone.now()
        tell(clock)
        assert "Delivered" in olga.get(office(acme, f"/{endpoint.public_id}?state=delivered")).content.decode()


def test_a_webhook_is_switched_off_and_on_and_removed(acme):
    endpoint = cast.webhook(acme.program)
    bob = cast.sign_in(acme.bob)
    path = office(acme, f"/{endpoint.public_id}")
    bob.post(f"{path}/off", {"reason": "maintenance"})
    assert Endpoint.unscoped.get().off_because == "person"
    bob.post(f"{path}/on")
    assert Endpoint.unscoped.get().off_since is None
    bob.post(f"{path}/remove", {"reason": ""})
    assert bob.get(path).status_code == 404
