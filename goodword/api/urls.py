"""Addresses of the API, below `/api/`. Each operation needs its row in `accounts/policy.py`."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
