"""The Django application of this package."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "goodword.webhooks"
    label = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"
