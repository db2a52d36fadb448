"""The Django application of the hot path: for its tables alone."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    name = "goodword.ingest"
    label = "ingest"
