"""The Django application of this package."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "goodword.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
