"""The Django application of this package."""

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "goodword.payouts"
    label = "payouts"
    default_auto_field = "django.db.models.BigAutoField"
