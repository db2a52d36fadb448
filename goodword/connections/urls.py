"""The addresses that other systems send their webhooks to."""

from django.urls import path

from goodword.connections import receiving

app_name = "connections"
urlpatterns = [path("hooks/<str:address>", receiving.receive, name="receive")]
