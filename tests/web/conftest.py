"""What the tests of pages share: a server over two programs, one of them without data."""

from types import SimpleNamespace

import pytest
from django.test import TransactionTestCase, override_settings
from pytest_django.live_server_helper import LiveServer

from tests import fronting
from tests.web import showcase


@pytest.fixture(scope="module")
def shop(django_db_setup, django_db_blocker):
    """A server over two programs that all tests of a file look at; one of them has no data."""
    with django_db_blocker.unblock():
        server = LiveServer("localhost")
        with fronting.before(server.url) as url, override_settings(BASE_URL=url, CSRF_TRUSTED_ORIGINS=[url]):
            yield SimpleNamespace(url=url, busy=showcase.busy(), bare=showcase.bare())
        server.stop()
        TransactionTestCase("run")._fixture_teardown()
