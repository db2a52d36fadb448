"""Every address of the product, by the package that answers it. Each one must stand in `accounts/policy.py`."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
