"""The Django application of this package."""

from django.apps import AppConfig
from django.core import checks


class AccountsConfig(AppConfig):
    name = "goodword.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from goodword.accounts.routes import check_policy  # noqa: PLC0415  (needs the loaded apps)

        checks.register(check_policy, checks.Tags.urls)
