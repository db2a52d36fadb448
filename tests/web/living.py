"""The product as a browser meets it: a live server beside headless Chromium. For campaigns, which have no fixtures."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.test import override_settings
from django.test.utils import setup_test_environment
from pytest_django.live_server_helper import LiveServer

from tests import browsing, fronting


@contextmanager
def served() -> Iterator[tuple[Any, str]]:
    """A browser, and the address of the server."""
    setup_test_environment()
    logging.disable(logging.ERROR)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with browsing.chromium() as browser:
        server = LiveServer("localhost")
        try:
            with fronting.before(server.url) as url, override_settings(BASE_URL=url, CSRF_TRUSTED_ORIGINS=[url]):
                yield browser, url
        finally:
            server.stop()
