"""Messages on their way: signed, tried again, in order, bounded; nobody waits for another's receiver."""

import pytest

from tests.webhooks.receiver import receiving
from tests.webhooks.scene import kinds, sale, scene, tell

pytestmark = pytest.mark.django_db


def test_a_sale_arrives_signed_and_as_the_api_shows_it(settings):
    with receiving() as receiver:
        here = scene(receiver, settings)
        sale(here.program, "s-1")
        assert tell(here.clock) == 1
        (message,) = receiver.messages(here.secret)
    assert (message["type"], message["version"]) == ("sale.recorded", 1)
    assert message["data"]["amount"] == "100.00"
    assert kinds(here.program) == ["sale.recorded"]
