"""Addresses of this package. Each name needs its row in `accounts/policy.py`."""

from django.urls import URLPattern, URLResolver, include, path

app_name = "backoffice"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("goodword.backoffice.payout_urls")),
]
