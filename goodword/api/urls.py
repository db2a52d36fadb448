"""Addresses of the API, below `/api/`. Each operation needs its row in `accounts/policy.py`."""

from django.urls import URLPattern, URLResolver, path

from goodword.api.v1 import api, openapi

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/openapi.json", openapi, name="api-openapi"),
    path("v1/", api.urls),
]
