"""The Django application of this package."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "goodword.mail"
    label = "mail"
    default_auto_field = "django.db.models.BigAutoField"
