"""Addresses of this package. Each name needs its row in `accounts/policy.py`."""

from django.urls import URLPattern, URLResolver

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = []
