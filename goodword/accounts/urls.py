"""Addresses about a person's own account: our own, and those of allauth under `/account/`."""

from django.urls import URLPattern, URLResolver, include, path

from goodword.accounts import views

own: list[URLPattern | URLResolver] = [
    path("home", views.home, name="home"),
    path("home/seat", views.take_seat, name="take-seat"),
    path("account/security", views.security, name="security"),
    path("account/invitation/<str:token>", views.invitation, name="invitation"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((own, "accounts"))),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
]
