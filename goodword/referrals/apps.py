"""The Django application of this package."""

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "goodword.referrals"
    label = "referrals"
    default_auto_field = "django.db.models.BigAutoField"
