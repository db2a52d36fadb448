"""The Django application of this package."""

from django.apps import AppConfig


class CommissionsConfig(AppConfig):
    name = "goodword.commissions"
    label = "commissions"
    default_auto_field = "django.db.models.BigAutoField"
