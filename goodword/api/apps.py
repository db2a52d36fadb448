"""The app of the REST API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Holds the answers to requests that carried an idempotency key."""

    name = "goodword.api"
