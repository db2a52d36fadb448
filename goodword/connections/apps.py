"""The Django application of this package."""

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "goodword.connections"
    label = "connections"
    default_auto_field = "django.db.models.BigAutoField"
