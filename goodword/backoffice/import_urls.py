"""Addresses of the import pages. Each name needs its row in `accounts/policy.py`."""

from django.urls import URLPattern, path

from goodword.backoffice import import_views as views

urlpatterns: list[URLPattern] = [
    path("imports", views.imports, name="imports"),
    path("imports.csv", views.imports_csv, name="imports-csv"),
    path("imports/new", views.import_new, name="import-new"),
    path("imports/waiting/<str:upload>", views.import_map, name="import-map"),
    path("imports/waiting/<str:upload>/preview", views.import_preview, name="import-preview"),
    path("imports/waiting/<str:upload>/problems.csv", views.import_problems_csv, name="import-problems-csv"),
    path("imports/waiting/<str:upload>/drop", views.import_drop, name="import-drop"),
    path("imports/<str:made>", views.import_page, name="import"),
    path("imports/<str:made>/undo", views.import_undo, name="import-undo"),
]
