"""The public pages as a Django application."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "goodword.site"
    label = "goodword_site"
